"""The jobs that have left a queue: what came of them, and how long they ran against what is usual."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from jobs_ui.insights.run_times import UsualTime
from jobs_ui.presentation.against_usual import AgainstUsual, against_usual
from jobs_ui.presentation.durations import ago, duration, hover
from jobs_ui.presentation.rows import what
from jobs_ui.sources.base import JobRecord
from jobs_ui.status import JobStatus, JobType, is_final, job_status, job_type

MOST_ENDED = 10


@dataclass(frozen=True, slots=True)
class EndedRow:
    """A job that has left the queue. `ran` is "" where it did not run, `ended` and the like where that is unknown."""

    job: JobRecord
    type: JobType
    status: JobStatus
    caption: str
    is_code: bool
    url: str
    ran: str
    against: AgainstUsual | None
    ended: str
    ended_iso: str
    ended_hover: str


def ended_rows(jobs: Iterable[JobRecord], usual: dict[str, UsualTime], now: datetime) -> list[EndedRow]:
    """The jobs that ended last, the newest end first. One that was cancelled may have no end that is known."""
    ended = sorted((job for job in jobs if is_final(job.status)), key=_end, reverse=True)
    return [_row(job, usual, now) for job in ended[:MOST_ENDED]]


def _row(job: JobRecord, usual: dict[str, UsualTime], now: datetime) -> EndedRow:
    caption, is_code = what(job)
    ran, end = job.ran(now), job.completed_at
    return EndedRow(
        job=job,
        type=job_type(job.type),
        status=job_status(job.status),
        caption=caption,
        is_code=is_code,
        url=reverse("job_detail", args=[job.job_id]),
        ran=duration(ran) if ran is not None else "",
        against=against_usual(ran, usual.get(job_type(job.type).name)),
        ended=ago(end, now) if end else "",
        ended_iso=end.isoformat() if end else "",
        ended_hover=hover(end) if end else "",
    )


def _end(job: JobRecord) -> datetime:
    return job.completed_at or job.created_at
