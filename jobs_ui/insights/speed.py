"""How fast the queue works at present, compared with how fast it worked before, told from all types at once.

When Elastic Path gets slow, every type does, and a type that runs once a day would take weeks to say so. So each run is
compared with what is usual for its type, and a filter over a few dozen possible speeds takes in the outcome: it stays
where it is while runs differ as they always do, and moves within a few runs when all of them do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jobs_ui.insights.shuffles import LEVELS, mixed

STEP = 0.22
"""From one speed to the next, as a logarithm: a quarter more."""
SPEEDS = tuple(STEP * number for number in range(-10, 11))
"""Logarithms of the factors by which run times may differ from the usual: from a ninth to nine times."""
JUMP = 0.01
"""How likely the speed changes from one job to the next."""
SLOWEST_LEARNING = 0.02
"""The weight of the newest run in what is usual for its type, once there are many."""
SHORTEST = 0.2
"""Seconds: of runs that are shorter, nothing is learnt."""
FEW = 3
_AT_FIRST = tuple(math.exp(-2 * abs(speed)) for speed in SPEEDS)


@dataclass(slots=True)
class _Usual:
    """The mean of the logarithms of a type's run times at the usual speed."""

    mean: float
    count: int = 0

    def learn(self, value: float) -> None:
        self.count += 1
        self.mean += max(1 / self.count, SLOWEST_LEARNING) * (value - self.mean)


class Speed:
    """Takes in runs, oldest first.

    `factor`: by how much runs are longer at present. `spread`: by how much a run differs from the usual of its type all
    the same, the mean of logarithms.
    """

    def __init__(self) -> None:
        self._likely = [weight / sum(_AT_FIRST) for weight in _AT_FIRST]
        self._types: dict[str, _Usual] = {}
        self._all = _Usual(0.0)
        self.spread = 0.8
        self._settle()

    def learn(self, kind: str, seconds: float) -> float:
        """Takes in a run of that type; returns how long it would have been at the usual speed, in seconds."""
        length = math.log(max(seconds, SHORTEST))
        usual = self._types.setdefault(kind, _Usual(self._all.mean if self._all.count else length))
        is_known = usual.count >= FEW
        if is_known:
            self._compare(length - usual.mean)
        at_usual_speed = length - self._log
        if is_known:
            surprise = min(abs(at_usual_speed - usual.mean), 3.0)
            self.spread = max(self.spread + 0.03 * (surprise - self.spread), 0.1)
        usual.learn(at_usual_speed)
        self._all.learn(at_usual_speed)
        return seconds / self.factor

    def _compare(self, difference: float) -> None:
        """Bayes' rule: `difference` is the logarithm of a run's length over the usual one."""
        anywhere = JUMP / len(SPEEDS)
        weights = [
            (likely * (1 - JUMP) + anywhere) * math.exp(-abs(difference - speed) / self.spread)
            for speed, likely in zip(SPEEDS, self._likely, strict=True)
        ]
        total = sum(weights)
        self._likely = [weight / total for weight in weights]
        self._settle()

    def _settle(self) -> None:
        self._log = sum(speed * likely for speed, likely in zip(SPEEDS, self._likely, strict=True))
        self.factor = math.exp(self._log)

    def pace(self, usual_run: float) -> Pace:
        """How work gets done from now on. `usual_run`: seconds of work of a job, as speeds change from job to job."""
        now = _cut(self._likely, "now")
        until = [jobs * usual_run for jobs in _UNTIL]
        gained = [(first - later) * end for first, later, end in zip(now, _THEN, until, strict=True)]
        return Pace(now, until, gained)


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed from now on, as draws in mixed order. The further off, the less sure it is.

    Each draw begins at a factor `now`, and after `until` seconds of work goes on at another one; `gained` is how much
    longer the first part takes than it would at that one.
    """

    now: Sequence[float]
    until: Sequence[float]
    gained: Sequence[float]

    def lasting(self, work: Sequence[float]) -> list[float]:
        """How long the work takes: draws in mixed order, seconds at the usual speed."""
        return [
            now * seconds if seconds <= until else then * seconds + gained
            for seconds, now, until, then, gained in zip(work, self.now, self.until, _THEN, self.gained, strict=True)
        ]


def _cut(likely: Sequence[float], purpose: str) -> tuple[float, ...]:
    """Equally likely factors: within a step they are spread evenly."""
    result, place, below = [], 0, 0.0
    for level in LEVELS:
        while below + likely[place] < level and place < len(SPEEDS) - 1:
            below += likely[place]
            place += 1
        within = min((level - below) / likely[place], 1.0)
        result.append(math.exp(SPEEDS[place] + (within - 0.5) * STEP))
    return mixed(result, purpose)


# After how many jobs the speed changes, and to what.
_UNTIL = mixed([-math.log(1 - level) / JUMP for level in LEVELS], "until")
_THEN = _cut([weight / sum(_AT_FIRST) for weight in _AT_FIRST], "then")
