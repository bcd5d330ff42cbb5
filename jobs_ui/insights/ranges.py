"""From draws to a range, and how far ranges have to be stretched so that they hold what they promise.

What is known of run times is never the whole truth: speeds change, and other stores come between. So each range that
was given is compared with what then happened, and the ranges after it are stretched or drawn in a little, low end and
high end each by itself. Too early and too late then are as rare as they are meant to be, whatever the reason was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jobs_ui.insights.shuffles import at_level

TOO_EARLY = 0.02
"""How often the truth may be below the range: small, as it costs little where times are short often and long rarely."""
TOO_LATE = 0.13
"""How often the truth may be above the range."""
COVERAGE = 1 - TOO_EARLY - TOO_LATE
"""How often the truth lies within a range."""
STEP = 0.05
"""How far a miss moves an end, as a logarithm."""
DEEP = 20
"""Jobs in line with which a step is half as long: their outcomes come late and many at once, and would overshoot."""
UNSURE = 5
"""Outcomes up to which steps are longer, as little is known yet."""
LONGEST = 366 * 86400.0
"""Seconds: nothing is estimated further ahead, so that times that make no sense make no impossible dates."""
_LEAST, _MOST, _FIRST = -2.0, 3.0, 0.2


class Span(NamedTuple):
    """A range in seconds from some moment on, both ends included."""

    low: float
    high: float


def raw_span(draws: Sequence[float]) -> Span:
    """The range that the draws promise by themselves; they may come in any order."""
    ordered = sorted(draws)
    return Span(at_level(ordered, TOO_EARLY), at_level(ordered, 1 - TOO_LATE))


@dataclass(slots=True)
class End:
    """One end of a range: by how much it is stretched, as a logarithm, and how often it may be missed."""

    may_miss: float
    stretch: float = _FIRST
    count: int = 0

    def learn(self, *, is_missed: bool, before: int) -> None:
        """The truth came out, of a job that had `before` others before it."""
        step = STEP / (1 + before / DEEP) * (1 + UNSURE / (1 + self.count))
        self.count += 1
        self.stretch += step * ((1 - self.may_miss) if is_missed else -self.may_miss)
        self.stretch = min(max(self.stretch, _LEAST), _MOST)


@dataclass(slots=True)
class Correction:
    """By how much ranges of one sort are stretched."""

    low: End = field(default_factory=lambda: End(TOO_EARLY))
    high: End = field(default_factory=lambda: End(TOO_LATE))

    def applied(self, raw: Span) -> Span:
        """The range to be told, outward to whole seconds: the queue's own pauses are no finer."""
        high = min(raw.high * math.exp(self.high.stretch), LONGEST)
        low = min(raw.low * math.exp(-self.low.stretch), high)
        return Span(math.floor(low), math.ceil(high))
