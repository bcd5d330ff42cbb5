"""Jobs as the queue sees them: who runs, who waits, and in which order.

Jobs API: one job runs at a time; the next one is the pending one that was created first. Stores of one organisation
share the queue, but a key lists the jobs of its own store alone: a position counted from them is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from jobs_ui.status import FAILED, PENDING, STARTED, SUCCESS, job_type


@dataclass(frozen=True, slots=True)
class QueueJob:
    """What the queue needs to know of a job. Times are aware; of a cancelled job, `completed_at` is when it left."""

    id: str
    store: str
    type: str
    status: str
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def place(self) -> tuple[datetime, str]:
        """What the queue is ordered by; ties of `created_at` by id."""
        return self.created_at, self.id

    @property
    def kind(self) -> str:
        """The type under one name, whichever of its names the API sent."""
        return job_type(self.type).name

    @property
    def run_seconds(self) -> float | None:
        """How long it ran; None unless it has ended and both times are known. Never negative, whatever clocks said."""
        if self.status not in {SUCCESS, FAILED} or self.started_at is None or self.completed_at is None:
            return None
        return max((self.completed_at - self.started_at).total_seconds(), 0.0)


def in_line(jobs: Iterable[QueueJob]) -> list[QueueJob]:
    """The jobs that wait, the next one first. Any status but `pending`, an unknown one included, does not wait."""
    return sorted((job for job in jobs if job.status == PENDING), key=lambda job: job.place)


def running_job(jobs: Iterable[QueueJob]) -> QueueJob | None:
    """The job that holds the queue; None where there is none.

    One runs at a time: a job that is said to run although another has started after it, is old news.
    A start that the API has not told yet (it sends `started` without `started_at`) counts as the latest.
    """
    latest: QueueJob | None = None
    for job in jobs:
        is_running = job.status == STARTED
        if not is_running and job.started_at is None:
            continue
        if latest is None or _start(job) >= _start(latest):
            latest = job
    return latest if latest is not None and latest.status == STARTED else None


def _start(job: QueueJob) -> tuple[bool, datetime, bool, str]:
    at = job.started_at
    return at is None, at or job.created_at, job.status == STARTED, job.id
