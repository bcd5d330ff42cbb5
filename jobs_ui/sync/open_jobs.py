"""Jobs that a walk did not pass, read by id, each on its own clock.

A job that is not final is read soon at first, then at intervals that double up to an hour. One that has just ended is
read once more a minute later. A job is gone only when the API answers 404 for its id twice, a minute apart, while the
list works: never because a list does not show it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from jobs_ui import models
from jobs_ui.jobs_api import JobsClient, NotFound
from jobs_ui.status import is_final
from jobs_ui.sync.store import store_job

LONGEST_INTERVAL = 3600
SECOND_LOOK = timedelta(seconds=60)


def read_due_jobs(
    client: JobsClient, store: str, clock: Callable[[], datetime], *, passed: set[str], limit: int
) -> int:
    """Reads up to `limit` jobs whose time has come; `passed` are the ids that the walk just saw. Returns how many.

    Raises JobsApiError where a call failed for good; the jobs after it stay due.
    """
    now = clock()
    due = models.Job.objects.filter(store=store, next_read_at__lte=now).order_by("next_read_at")
    read = 0
    for row in due[: limit + len(passed)]:
        if row.job_id in passed:
            _put_off(row, now)
        elif read < limit:
            read_by_id(client, row, clock)
            read += 1
    return read


def read_by_id(client: JobsClient, row: models.Job, clock: Callable[[], datetime]) -> models.Job:
    """Reads one job that the mirror knows, and sets its clock. A 404 is noted; the second one marks the job as gone."""
    asked_at = clock()
    try:
        job = client.get_job(row.job_id)
    except NotFound:
        return _missing(row, asked_at)
    before = (row.status, row.read_at)
    stored = store_job(row.store, job, now=clock())
    if (stored.status, stored.read_at) == before:
        _put_off(stored, clock())
        # Whoever asked for it sees that it has been read; nothing else of the row has changed.
        models.Job.objects.filter(pk=stored.pk, read_at__lt=job.read_at).update(read_at=job.read_at)
    return stored


def _put_off(row: models.Job, now: datetime) -> None:
    """The job was read and had not changed: the next look comes later, and none where it is final."""
    if is_final(row.status):
        models.Job.objects.filter(pk=row.pk).update(next_read_at=None)
        return
    interval = min(max(row.read_interval * 2, 1), LONGEST_INTERVAL)
    models.Job.objects.filter(pk=row.pk).update(read_interval=interval, next_read_at=now + timedelta(seconds=interval))


def _missing(row: models.Job, asked_at: datetime) -> models.Job:
    if row.missing_since is None:
        row.missing_since = asked_at
        row.next_read_at = asked_at + SECOND_LOOK
    elif asked_at - row.missing_since >= SECOND_LOOK:
        row.gone_at = row.gone_at or asked_at
        row.next_read_at = None
        row.errors_due_at = None
    row.save(update_fields=["missing_since", "gone_at", "next_read_at", "errors_due_at"])
    return row
