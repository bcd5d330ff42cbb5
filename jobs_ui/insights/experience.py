"""What is known of the times that make up a wait: runs by type, the speed of late, and the pauses between jobs."""

from __future__ import annotations

from jobs_ui.insights.run_times import Times, Weighted, beyond, cut
from jobs_ui.insights.shuffles import DRAWS
from jobs_ui.insights.speed import Pace, Speed

FEWEST = 5
"""Jobs that have to have run before anything is estimated."""
ENOUGH = 8
"""Runs of a type by which it stands on its own; with fewer, runs of all types stand in for those that are missing."""
DOUBT = (0.5, 1.0, 2.0)
"""Other types' runs count as half, as they are, and double: what they say of this type is less sure."""
LEAST_DOUBT, DOUBT_OF_SPREAD, MOST_DOUBT = 0.2, 0.7, 0.6
"""How `Experience.doubt` comes from the spread of runs: from the least on, and what it is at most."""
_NO_PAUSE = (0.0,) * DRAWS


class Experience:
    """Grows with each job that starts or ends, in the order in which that happened. All times in seconds.

    Pauses: from the end of one job of the store to the start of the next one that waited already; and, of a job that
    had none before it, from its creation to its start. Both hold what the queue itself needs and the work of other
    stores that share it, which nobody here can see.
    """

    def __init__(self) -> None:
        self.speed = Speed()
        self.run_count = 0
        self._runs: dict[str, Times] = {}
        self._all_runs = Times()
        self._stand_ins: dict[str, tuple[int, Weighted]] = {}
        self._pace: Pace | None = None
        self._pauses = Times()
        self._first_waits = Times()

    @property
    def is_enough(self) -> bool:
        """Whether there is any ground for an estimate."""
        return self.run_count >= FEWEST

    def learn_run(self, kind: str, seconds: float) -> None:
        """A job of that type has run."""
        self.run_count += 1
        at_usual_speed = self.speed.learn(kind, seconds)
        self._runs.setdefault(kind, Times()).add(at_usual_speed)
        self._all_runs.add(at_usual_speed)
        self._pace = None

    def learn_pause(self, seconds: float) -> None:
        """A job started so long after the one before it ended."""
        self._pauses.add(seconds)

    def learn_first_wait(self, seconds: float) -> None:
        """A job that had none before it waited so long."""
        self._first_waits.add(seconds)

    def runs(self, kind: str) -> tuple[float, ...]:
        """Equally likely run times of a type at the usual speed."""
        runs = self._runs.get(kind)
        if runs is not None and len(runs) >= ENOUGH:
            return runs.draws()
        return cut(self._with_stand_ins(kind))

    def run_left(self, kind: str, elapsed: float) -> tuple[float, ...]:
        """Equally likely times that a job runs yet, at the present speed, when it has run for `elapsed` seconds."""
        runs = self._runs.get(kind)
        known = runs.weighted() if runs is not None and len(runs) >= ENOUGH else self._with_stand_ins(kind)
        return beyond(known.times(self.speed.factor), elapsed)

    def pace(self) -> Pace:
        """How fast work gets done that is begun now."""
        if self._pace is None:
            draws = self._all_runs.draws()
            self._pace = self.speed.pace(sum(draws) / len(draws))
        return self._pace

    @property
    def doubt(self) -> float:
        """How far the work of a whole line may be off at once, as the standard deviation of a logarithm.

        Draws hold what differs from job to job. What is wrong for all of them alike (the mean of a heavy tail, known
        from a few dozen runs; a speed that changes while they wait) does not even out along a line. The less alike runs
        are, the more it is.
        """
        return min(LEAST_DOUBT + DOUBT_OF_SPREAD * self.speed.spread, MOST_DOUBT)

    def pauses(self) -> tuple[float, ...]:
        """Equally likely pauses before a job that has another one before it."""
        known = self._pauses or self._first_waits
        return known.draws() if known else _NO_PAUSE

    def pause_left(self, elapsed: float) -> tuple[float, ...]:
        """Equally likely times that the queue pauses yet, `elapsed` seconds after a job has ended."""
        known = self._pauses or self._first_waits
        return beyond(known.weighted(), elapsed) if known else _NO_PAUSE

    def first_wait_left(self, elapsed: float) -> tuple[float, ...]:
        """Equally likely times that a job waits yet that has none before it and has waited for `elapsed` seconds."""
        known = self._first_waits or self._pauses
        return beyond(known.weighted(), elapsed) if known else _NO_PAUSE

    def _with_stand_ins(self, kind: str) -> Weighted:
        """The few runs of a type, and those of all types for the ones that it lacks."""
        known = self._stand_ins.get(kind)
        if known is not None and known[0] == self.run_count:
            return known[1]
        own, others = (self._runs.get(kind) or Times()).weighted(), self._all_runs.weighted()
        share = (ENOUGH - len(own.seconds)) / len(DOUBT) / sum(others.weights)
        mixture = list(zip(*own, strict=True))
        for factor in DOUBT:
            mixture += [(seconds * factor, weight * share) for seconds, weight in zip(*others, strict=True)]
        mixture.sort()
        result = Weighted(*zip(*mixture, strict=True))
        self._stand_ins[kind] = self.run_count, result
        return result
