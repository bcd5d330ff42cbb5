"""When each job in line starts and ends, as draws: what runs now, then pauses and runs one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from jobs_ui.insights.experience import Experience
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.shuffles import DRAWS, LEVELS, mixed, plus

_RUN, _PAUSE = 0, 1
_ZEROS = (0.0,) * DRAWS
_OFF = mixed([NormalDist().inv_cdf(level) for level in LEVELS], "doubt")


@dataclass(frozen=True, slots=True)
class Place:
    """A job's place in line. Draws are seconds from now on, in mixed order.

    `before` counts the waiting jobs and the running one. `alone`: when it would start if nothing were before it, known
    while nothing runs and nothing has ended since it waits; None where something seen is the reason for it to wait.
    """

    job: QueueJob
    before: int
    start: Sequence[float]
    end: Sequence[float]
    alone: Sequence[float] | None


class Line:
    """The line at one moment. Jobs are put at its end, the earliest first.

    `running` holds the queue since `running_since`; the store's last job ended at `last_end`; all in epoch seconds.
    """

    def __init__(
        self,
        experience: Experience,
        *,
        now: float,
        running: QueueJob | None = None,
        running_since: float = 0.0,
        last_end: float | None = None,
    ) -> None:
        self._experience = experience
        self._running, self._running_since = running, running_since
        self._last_end = last_end
        self._count = 1 if running else 0
        doubt = experience.doubt
        self._off = [math.exp(doubt * off) for off in _OFF]
        # Of the jobs in line so far: their runs at the usual speed, and the pauses before them.
        self._work = self._pauses = _ZEROS
        self._lasting: list[float] | None = None
        # When the first in line could go; while nothing runs it is known from the first one on.
        self._head: Sequence[float] | None = None
        self.move_to(now)

    def move_to(self, now: float) -> None:
        """The same line a little later. Not for one with a fresh job, as each of these has its own reason to wait."""
        self._now = now
        if self._running is not None:
            self._head = self._experience.run_left(self._running.kind, max(now - self._running_since, 0.0))
        elif self._count:
            self._head = self._pause_left()

    def is_fresh(self, job: QueueJob) -> bool:
        """Whether nothing runs and nothing has ended since the job waits: nobody knows of a reason for it to wait."""
        is_late = self._last_end is not None and self._last_end > job.created_at.timestamp()
        return self._running is None and not is_late

    def skip(self, job: QueueJob) -> None:
        """One more at the end, no fresh one, whose own place nobody asks for."""
        self._pause_before(job)
        if self._head is None:
            self._head = self._pause_left()
        self._take(job)

    def append(self, job: QueueJob) -> Place:
        """One more at the end of the line, and when its turn comes."""
        alone = None
        if self.is_fresh(job):
            alone = self._experience.first_wait_left(max(self._now - job.created_at.timestamp(), 0.0))
        self._pause_before(job)
        so_far = self._so_far()
        if self._head is None:
            self._head = self._pause_left() if alone is None else alone
        elif alone is not None:
            # It cannot start before it would have started without those before it.
            self._head = tuple(map(max, self._head, (at - other for at, other in zip(alone, so_far, strict=True))))
        start, before = plus(self._head, so_far), self._count
        self._take(job)
        return Place(job, before, start, plus(self._head, self._so_far()), alone)

    def _pause_before(self, job: QueueJob) -> None:
        if self._count:
            self._pauses = plus(self._pauses, mixed(self._experience.pauses(), job.id, _PAUSE))

    def _take(self, job: QueueJob) -> None:
        self._work = plus(self._work, mixed(self._experience.runs(job.kind), job.id, _RUN))
        self._lasting = None
        self._count += 1

    def _so_far(self) -> list[float]:
        """How long the jobs in line and the pauses before them take together."""
        if self._lasting is None:
            self._lasting = self._experience.pace().lasting(self._work)
        return [(run + pause) * off for run, pause, off in zip(self._lasting, self._pauses, self._off, strict=True)]

    def _pause_left(self) -> tuple[float, ...]:
        return self._experience.pause_left(max(self._now - (self._last_end or self._now), 0.0))
