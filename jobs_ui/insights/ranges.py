"""From draws to a range, and how far ranges have to be stretched so that they hold what they promise.

What is known of run times is never the whole truth: speeds change, and other stores come between. So each range that
was given is compared with what then happened: by how much would its ends have had to be stretched to hold? Of these
scores of the recent past, each end takes the one that is exceeded as rarely as it may be missed (conformal prediction,
with weights that fade). Only what has happened already counts, so nothing is promised from hindsight.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jobs_ui.insights.shuffles import at_level

TOO_EARLY = 0.02
"""How often the truth may be below the range: small, as it costs little where times are short often and long rarely."""
TOO_LATE = 0.12
"""How often the truth may be above the range."""
COVERAGE = 0.85
"""How often the truth lies within a range, as promised: a little less than is aimed at, as a history may fall short."""
DEEP = 8
"""Jobs in line with which an outcome weighs half: outcomes of a long line come many at once, and tell the same."""
HALF_LIFE = 150.0
"""After how much newer weight of outcomes one weighs half."""
MOST = 400
"""Outcomes that are kept."""
USEFUL = 3.3
"""A range behind others is stretched to so many times its middle at most: what is wider helps nobody."""
LONGEST = 366 * 86400.0
"""Seconds: nothing is estimated further ahead, so that times that make no sense make no impossible dates."""
_LEAST, _WIDEST = -2.0, 3.0
# Scores and their weights, as if seen before anything was: ranges are often right, and sometimes far from it.
_BEFORE = ((-0.6, 1.5), (0.0, 3.0), (0.3, 2.5), (1.0, 0.1))
_KNOWN_BEFORE = sum(weight for _, weight in _BEFORE)
_GRAIN = 1.0
"""Seconds: what is shorter makes no difference."""


class Span(NamedTuple):
    """A range in seconds from some moment on, both ends included."""

    low: float
    high: float


class Raw(NamedTuple):
    """What draws promise by themselves, in seconds: the ends of the range, and the middle."""

    low: float
    middle: float
    high: float


def raw_span(draws: Sequence[float]) -> Raw:
    """The range that the draws promise by themselves; they may come in any order."""
    ordered = sorted(draws)
    return Raw(at_level(ordered, TOO_EARLY), at_level(ordered, 0.5), at_level(ordered, 1 - TOO_LATE))


class Score(NamedTuple):
    """By how much an end would have had to be stretched to hold, as a logarithm, and what that weighs.

    `falling` is less the higher that is, `older`: the weight of all outcomes before it, `number`: which one it is.
    """

    falling: float
    number: int
    weight: float
    older: float


class End:
    """One end of a range: how often it may be missed, and the scores of those that were given."""

    def __init__(self, may_miss: float) -> None:
        self._may_miss = may_miss
        self._sorted = sorted(
            Score(-value, number, weight, _KNOWN_BEFORE) for number, (value, weight) in enumerate(_BEFORE)
        )
        self._in_order: deque[int] = deque()
        self._by_number: dict[int, Score] = {}
        self._count = len(_BEFORE)
        # What all weigh together, now and before they began to fade.
        self._total = self._ever = _KNOWN_BEFORE
        self._stretch: float | None = None

    def learn(self, value: float, before: int) -> int:
        """The score of a job that had `before` others before it; returns its number, by which it can be revised."""
        weight, number = 1 / (1 + before / DEEP), self._count
        self._count += 1
        self._ever += weight
        self._total = self._total * 0.5 ** (weight / HALF_LIFE) + weight
        self._put(Score(-value, number, weight, self._ever))
        self._in_order.append(number)
        if len(self._in_order) > MOST:
            gone = self._by_number.pop(self._in_order.popleft())
            self._sorted.remove(gone)
            self._total -= self._fading(gone)
        return number

    def revise(self, number: int, value: float) -> None:
        """More is known of that one; of one that is too old to be kept nothing is."""
        if (score := self._by_number.get(number)) is not None:
            self._sorted.remove(score)
            self._put(score._replace(falling=-value))

    def _put(self, score: Score) -> None:
        insort(self._sorted, score)
        self._by_number[score.number] = score
        self._stretch = None

    def _fading(self, score: Score) -> float:
        return score.weight * float(0.5 ** ((self._ever - score.older) / HALF_LIFE))

    @property
    def stretch(self) -> float:
        """By how much the end is to be stretched, as a logarithm."""
        if self._stretch is None:
            self._stretch = min(max(self._quantile(), _LEAST), _WIDEST)
        return self._stretch

    def _quantile(self) -> float:
        left = self._may_miss * self._total
        for score in self._sorted:
            left -= self._fading(score)
            if left < 0:
                return -score.falling
        return -self._sorted[-1].falling


@dataclass(slots=True)
class Correction:
    """By how much ranges of one sort are stretched. `most`: times the middle of a range, for its high end."""

    most: float = math.inf
    low: End = field(default_factory=lambda: End(TOO_EARLY))
    high: End = field(default_factory=lambda: End(TOO_LATE))

    def applied(self, raw: Raw) -> Span:
        """The range to be told, outward to whole seconds: the queue's own pauses are no finer."""
        high = (raw.high + _GRAIN) * math.exp(self.high.stretch) - _GRAIN
        high = max(min(high, max(raw.high, self.most * (raw.middle + _GRAIN)), LONGEST), 0.0)
        low = max(min((raw.low + _GRAIN) * math.exp(-self.low.stretch) - _GRAIN, high), 0.0)
        return Span(math.floor(low), math.ceil(high))

    def outlasted(self, raw: Raw, seconds: float, before: int, score: int | None = None) -> int:
        """It takes longer than so many seconds; returns the number of its score, to hand in when more is known."""
        value = math.log((max(seconds, 0.0) + _GRAIN) / (raw.high + _GRAIN))
        if score is None:
            return self.high.learn(value, before)
        self.high.revise(score, value)
        return score

    def came(self, raw: Raw, seconds: float, before: int, score: int | None = None) -> None:
        """It took so many seconds; `score`: of what was known before, if anything."""
        self.outlasted(raw, seconds, before, score)
        self.low.learn(math.log((raw.low + _GRAIN) / (max(seconds, 0.0) + _GRAIN)), before)
