"""Storing jobs: the one way into the mirror, whoever read them (a walk, a refresh, an id that was not known).

What changed is decided by comparing content. Jobs API: `updated_at` is not a change marker, it does not move when a job
completes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from jobs_ui import models
from jobs_ui.jobs_api import Job
from jobs_ui.models import ErrorsState
from jobs_ui.status import FAILED, SUCCESS, is_final, job_type

BATCH = 500
FIRST_INTERVAL = 2
SECOND_READING = timedelta(seconds=60)
SETTLING = timedelta(minutes=10)
MOST_TRIES = 3

CONTENT = (
    "type",
    "status",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "request_id",
    "filter",
    "copied_from",
    "hierarchy_id",
    "files",
    "raw",
)
CLOCKS = ("read_at", "missing_since", "gone_at", "next_read_at", "read_interval", "errors_due_at")


class Stored(NamedTuple):
    """How many jobs were new to the mirror, changed, or the same as before (or older than what the mirror holds)."""

    created: int
    changed: int
    unchanged: int


def store_job(store: str, job: Job, *, now: datetime) -> models.Job:
    """Stores one job as read, and returns the mirror's row of it."""
    store_jobs(store, [job], now=now)
    return models.Job.objects.get(store=store, job_id=job.id)


def store_jobs(store: str, jobs: Iterable[Job], *, now: datetime) -> Stored:
    """Stores jobs as read, in short transactions of at most 500 rows.

    An older reading never replaces a newer one, a final status is never taken back by one that is not, and an unchanged
    job is not written. Of several readings of one job in `jobs` the newest counts.
    """
    newest: dict[str, Job] = {}
    for job in jobs:
        if job.id not in newest or newest[job.id].read_at <= job.read_at:
            newest[job.id] = job
    batch = list(newest.values())
    totals = [0, 0, 0]
    for start in range(0, len(batch), BATCH):
        for index, number in enumerate(_store_batch(store, batch[start : start + BATCH], now)):
            totals[index] += number
    return Stored(*totals)


def _store_batch(store: str, jobs: Sequence[Job], now: datetime) -> Stored:
    created = changed = 0
    waiting = {job.id: job for job in jobs}
    for _ in range(MOST_TRIES):
        with transaction.atomic():
            rows = models.Job.objects.select_for_update().filter(store=store, job_id__in=list(waiting))
            known = {row.job_id: row for row in rows}
            altered = [
                known[job_id] for job_id, job in waiting.items() if job_id in known and _take(known[job_id], job, now)
            ]
            new = [_new_row(store, job, now) for job_id, job in waiting.items() if job_id not in known]
            models.Job.objects.bulk_update(altered, [*CONTENT, *CLOCKS])
            models.Job.objects.bulk_create(new, ignore_conflicts=True)
        changed += len(altered)
        if not new:
            break
        # Another process may have stored one of the new jobs in the same moment: its row stays, and ours is compared
        # with it in another turn.
        ids = [row.job_id for row in new]
        stored = dict(models.Job.objects.filter(store=store, job_id__in=ids).values_list("job_id", "read_at"))
        waiting = {job_id: waiting[job_id] for job_id in ids if stored.get(job_id) != waiting[job_id].read_at}
        created += len(ids) - len(waiting)
        if not waiting:
            break
    return Stored(created, changed, len(jobs) - created - changed)


def content_of(job: Job) -> dict[str, object]:
    """The fields of the mirror's row that hold what the API says. Files by name only: links are secrets that die."""
    return {
        "type": job.type,
        "status": job.status,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "request_id": job.request_id,
        "filter": job.filter,
        "copied_from": job.copied_from or "",
        "hierarchy_id": job.hierarchy_id or "",
        "files": None if (names := file_names(job)) is None else list(names),
        "raw": job.raw,
    }


def file_names(job: Job) -> tuple[str, ...] | None:
    """The names of an export's parts, by the number of the part where a link has none; None while none are written."""
    if job.files is None:
        return None
    return tuple(link.name or f"part_{number}.csv" for number, link in enumerate(job.files, start=1))


def _new_row(store: str, job: Job, now: datetime) -> models.Job:
    row = models.Job(store=store, job_id=job.id, read_at=job.read_at, **content_of(job))
    _set_clocks(row, now, ended_now=_ended_lately(row, now))
    return row


def _take(row: models.Job, job: Job, now: datetime) -> bool:
    """Puts what was read into the row; False where nothing is to be written."""
    if job.read_at < row.read_at or (is_final(row.status) and not is_final(job.status)):
        return False
    content = content_of(job)
    came_back = row.gone_at is not None or row.missing_since is not None
    if not came_back and all(getattr(row, name) == value for name, value in content.items()):
        return False
    was_final = is_final(row.status)
    for name, value in content.items():
        setattr(row, name, value)
    row.read_at = job.read_at
    row.missing_since = row.gone_at = None
    _set_clocks(row, now, ended_now=not was_final or _ended_lately(row, now))
    return True


def _ended_lately(row: models.Job, now: datetime) -> bool:
    return row.completed_at is not None and now - row.completed_at < SETTLING


def _set_clocks(row: models.Job, now: datetime, *, ended_now: bool) -> None:
    """When the job is read by id the next time, and whether its errors are to be read."""
    if not is_final(row.status):
        row.read_interval = FIRST_INTERVAL
        row.next_read_at = now + timedelta(seconds=FIRST_INTERVAL)
        return
    # Files and errors of a job may settle after it has ended: one more look, a minute later.
    row.next_read_at = now + SECOND_READING if ended_now else None
    if has_errors_to_read(row) and (row.errors_state == ErrorsState.NOT_ASKED or ended_now):
        row.errors_due_at = now


def has_errors_to_read(row: models.Job) -> bool:
    """Whether sync reads the job's errors by itself. Jobs API: a price import that succeeds can carry notices."""
    return row.status == FAILED or (row.status == SUCCESS and job_type(row.type).name == "price-import")
