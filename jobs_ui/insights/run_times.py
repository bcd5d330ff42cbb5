"""How long something takes, from how long it took: recent times weigh more. All times are in seconds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.shuffles import LEVELS, at_level
from jobs_ui.status import STARTED

MOST = 200
"""Times that are kept; the oldest go first."""
HALF_LIFE = 40
"""After how many newer times one weighs half."""
TAIL = 1.5
"""How heavy the tail beyond all that was seen is taken to be (the exponent of a Pareto distribution)."""
_WEIGHTS = [0.5 ** (age / HALF_LIFE) for age in range(MOST)]
# What has outlasted everything takes the longer yet, the longer it has taken already: shares of that.
_OUTLASTING = [(1.0 - (number + 0.5) / 20) ** (-1.0 / TAIL) - 1.0 for number in range(20)]


class Weighted(NamedTuple):
    """Times in seconds, the shortest first, and what each weighs."""

    seconds: Sequence[float]
    weights: Sequence[float]

    def times(self, factor: float) -> Weighted:
        """The same, each so many times as long."""
        return Weighted([seconds * factor for seconds in self.seconds], self.weights)


class Times:
    """The times that something took, in the order in which they became known."""

    def __init__(self, seconds: Iterable[float] = ()) -> None:
        self._in_order: deque[tuple[float, int]] = deque()
        self._sorted: list[tuple[float, int]] = []
        self._count = 0
        self._weighted: Weighted | None = None
        self._draws: tuple[float, ...] | None = None
        for value in seconds:
            self.add(value)

    def __len__(self) -> int:
        return len(self._in_order)

    def add(self, seconds: float) -> None:
        """One more, the most recent. Less than nothing, as clocks differ, is nothing."""
        entry = (max(seconds, 0.0), self._count)
        self._count += 1
        self._in_order.append(entry)
        insort(self._sorted, entry)
        if len(self._in_order) > MOST:
            self._sorted.remove(self._in_order.popleft())
        self._weighted = self._draws = None

    def weighted(self) -> Weighted:
        """All that are kept."""
        if self._weighted is None:
            newest = self._count - 1
            self._weighted = Weighted(
                [seconds for seconds, _ in self._sorted], [_WEIGHTS[newest - number] for _, number in self._sorted]
            )
        return self._weighted

    def draws(self) -> tuple[float, ...]:
        """DRAWS equally likely times, the shortest first. There has to be one."""
        if self._draws is None:
            self._draws = cut(self.weighted())
        return self._draws


def cut(known: Weighted) -> tuple[float, ...]:
    """DRAWS equally likely values of a sorted, weighted sample, the smallest first."""
    sums = list(accumulate(known.weights))
    total = sums[-1]
    return tuple([known.seconds[bisect_left(sums, level * total)] for level in LEVELS])


def beyond(known: Weighted, elapsed: float) -> tuple[float, ...]:
    """DRAWS equally likely times that are left after `elapsed` seconds, the shortest first.

    They are told from the times that were longer; the fewer these are, the more it is taken for something that has
    outlasted all that was seen. It is never about to be over for ever, and the range grows with what is not known.
    """
    if elapsed <= 0:
        return cut(known)
    place = bisect_right(known.seconds, elapsed)
    over = sum(known.weights[:place]) / sum(known.weights)
    left = [(seconds - elapsed, weight) for seconds, weight in zip(*(part[place:] for part in known), strict=True)]
    # Together as much as the most recent time when nearly all of history is over.
    left += [(elapsed * factor, over / len(_OUTLASTING)) for factor in _OUTLASTING]
    left.sort()
    return cut(Weighted(*zip(*left, strict=True)))


@dataclass(frozen=True, slots=True)
class UsualTime:
    """How long a type usually runs, recent runs weighing more: the middle, 19 of 20 (seconds), and of how many."""

    median: float
    percentile_95: float
    count: int


def usual_time(runs: Times) -> UsualTime | None:
    """The usual of these run times; None where there is none, so that no number is made up."""
    if not len(runs):
        return None
    draws = runs.draws()
    return UsualTime(at_level(draws, 0.5), at_level(draws, 0.95), len(runs))


def usual_times(jobs: Iterable[QueueJob]) -> dict[str, UsualTime]:
    """The usual run time of each type (under its one name) among jobs that have run, in whatever order."""
    runs: dict[str, Times] = {}
    ended = [(job.completed_at, job.id, job.kind, run) for job in jobs if (run := job.run_seconds) is not None]
    for _, _, kind, run in sorted(ended):
        runs.setdefault(kind, Times()).add(run)
    usual = {kind: usual_time(times) for kind, times in runs.items()}
    return {kind: time for kind, time in usual.items() if time is not None}


def is_stuck(job: QueueJob, usual: UsualTime | None, now: datetime) -> bool:
    """Whether the job runs for so long that somebody should look: over an hour and over ten times what 19 of 20 take.

    Without a usual time of its type it is the hour that counts. A start that is not known is no reason.
    """
    if job.status != STARTED or job.started_at is None:
        return False
    longest = timedelta(seconds=usual.percentile_95 * 10) if usual else timedelta(0)
    return now - job.started_at > max(timedelta(hours=1), longest)
