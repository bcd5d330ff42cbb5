"""When each job in line starts and ends, as draws: what runs now, then pauses and runs one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from jobs_ui.insights.experience import Experience
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.shuffles import DRAWS, mixed, plus

_RUN, _PAUSE = 0, 1
_ZEROS = (0.0,) * DRAWS


@dataclass(frozen=True, slots=True)
class Place:
    """A job's place in line. Draws are seconds from now on, in mixed order.

    `before` counts the waiting jobs and the running one. `alone`: when it would start if nothing were before it, known
    while nothing runs. `is_fresh`: since it waits, none has ended, so that nobody knows of a reason for it to wait.
    """

    job: QueueJob
    before: int
    start: tuple[float, ...]
    end: tuple[float, ...]
    alone: tuple[float, ...] | None
    is_fresh: bool


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
        # Of the jobs in line so far: their runs at the usual speed, and the pauses before them.
        self._work = self._pauses = _ZEROS
        self._lasting: list[float] | None = None
        self.move_to(now)

    def move_to(self, now: float) -> None:
        """The same line a little later. Not for one without a running job, where each has its own reason to wait."""
        self._now = now
        # When the first in line could go; of one without a running job it is known from the first one on.
        self._head: tuple[float, ...] | None = None
        if self._running is not None:
            self._head = self._experience.run_left(self._running.kind, max(now - self._running_since, 0.0))

    def skip(self, job: QueueJob) -> None:
        """One more at the end, of a line with a running job, whose own place nobody asks for."""
        self._pauses = plus(self._pauses, mixed(self._experience.pauses(), job.id, _PAUSE))
        self._take(job)

    def append(self, job: QueueJob) -> Place:
        """One more at the end of the line, and when its turn comes."""
        alone, is_fresh = (None, False) if self._running is not None else self._alone(job)
        if self._head is not None:
            self._pauses = plus(self._pauses, mixed(self._experience.pauses(), job.id, _PAUSE))
        so_far = plus(self._pauses, self._lasting_of_work())
        if self._head is None:
            self._head = alone or _ZEROS
        elif alone is not None:
            # It cannot start before it would have started without those before it.
            self._head = tuple(map(max, self._head, (at - other for at, other in zip(alone, so_far, strict=True))))
        start = plus(self._head, so_far)
        before = self._count
        self._take(job)
        end = plus(self._head, plus(self._pauses, self._lasting_of_work()))
        return Place(job, before, start, end, alone, is_fresh)

    def _take(self, job: QueueJob) -> None:
        self._work = plus(self._work, mixed(self._experience.runs(job.kind), job.id, _RUN))
        self._lasting = None
        self._count += 1

    def _lasting_of_work(self) -> list[float]:
        if self._lasting is None:
            self._lasting = self._experience.pace().lasting(self._work)
        return self._lasting

    def _alone(self, job: QueueJob) -> tuple[tuple[float, ...], bool]:
        """When it would start if nothing were before it, and whether it has none to wait for since it is there."""
        created = job.created_at.timestamp()
        if self._last_end is not None and self._last_end > created:
            return self._experience.pause_left(max(self._now - self._last_end, 0.0)), False
        return self._experience.first_wait_left(max(self._now - created, 0.0)), True
