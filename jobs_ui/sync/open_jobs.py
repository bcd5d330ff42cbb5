"""Jobs that a walk did not pass, read by id, each on its own clock.

A job that is not final is read soon at first, then at intervals that double up to an hour. One that has just ended is
read once more a minute later. A job is gone only when the API answers 404 for its id twice, a minute apart, while the
list works: never because a list does not show it.

Somebody may read the same job at the same moment ("Read again"), so nothing is written from a row that was loaded
before the call: each update says in its condition what it has seen, and does nothing where that no longer holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from jobs_ui import models
from jobs_ui.jobs_api import (
    CredentialsRefused,
    JobsApiError,
    JobsClient,
    NotFound,
    NotReachable,
    RateLimited,
    TimedOut,
)
from jobs_ui.status import is_final
from jobs_ui.sync.clocks import LONGEST_INTERVAL, SECOND_LOOK, Clock, TimeBox
from jobs_ui.sync.context import SyncContext
from jobs_ui.sync.lease import Fence, no_fence
from jobs_ui.sync.store import store_job

ENDS_THE_ROUND = (NotReachable, TimedOut, RateLimited, CredentialsRefused)
"""After these the next call would fare no better. Anything else is about the one job that was asked for."""


class _Due(NamedTuple):
    """What is known of a job whose time has come."""

    pk: int
    job_id: str
    status: str
    read_at: datetime
    read_interval: int


def ends_reading(failures: list[JobsApiError], *, list_works: bool) -> bool:
    """Whether nothing more is to be read in this round, after the last of these failures.

    Where the list fails as well, any failure tells of the API as a whole.
    """
    return bool(failures) and (not list_works or isinstance(failures[-1], ENDS_THE_ROUND))


def read_due_jobs(
    context: SyncContext, *, passed: set[str], box: TimeBox, list_works: bool = True
) -> list[JobsApiError]:
    """Reads the jobs whose time has come, as far as the time box allows; `passed` are those that the walk just read.

    Returns what failed: such a job is put off, and the others are read all the same. One that ends reading comes last,
    as nothing is read after it. `list_works`: whether the walk of this round did. Raises LeaseLost.
    """
    now = context.clock()
    due = models.Job.objects.filter(store=context.store, next_read_at__lte=now).order_by("next_read_at")
    failures: list[JobsApiError] = []
    for row in [_Due(*values) for values in due.values_list(*_Due._fields)]:
        if row.job_id in passed:
            # One that is still open stays due: as soon as the walk no longer passes it, it is read by id.
            if is_final(row.status):
                _put_off(row, context.clock(), context.fence)
            continue
        if box.is_over() or ends_reading(failures, list_works=list_works):
            continue
        context.beat()
        try:
            read_by_id(context.client, models.Job.objects.get(pk=row.pk), context.clock, context.fence)
        except models.Job.DoesNotExist:
            continue  # pruned meanwhile
        except JobsApiError as error:
            if list_works:
                _put_off(row, context.clock(), context.fence, failed=True)
            else:
                _leave_for_now(row.pk, context.clock(), context.fence)
            failures.append(error)
    return failures


def read_by_id(client: JobsClient, row: models.Job, clock: Clock, fence: Fence = no_fence) -> models.Job:
    """Reads one job that the mirror knows, and sets its clock. A 404 is noted; the second one marks the job as gone.

    Returns the row as it is then. Raises JobsApiError, and what the fence raises.
    """
    asked_at = clock()
    try:
        job = client.get_job(row.job_id)
    except NotFound:
        _note_missing(row.pk, asked_at, fence)
        return models.Job.objects.get(pk=row.pk)
    before = (row.digest, row.read_at)
    stored = store_job(row.store, job, now=clock(), fence=fence, clock_offset=client.clock_offset)
    if (stored.digest, stored.read_at) == before:
        seen = _Due(stored.pk, stored.job_id, stored.status, stored.read_at, stored.read_interval)
        # Whoever asked for it sees that it has been read; nothing else of the row has changed.
        _put_off(seen, clock(), fence, read_at=max(job.read_at, stored.read_at))
        stored.refresh_from_db()
    return stored


def _put_off(row: _Due, now: datetime, fence: Fence, *, failed: bool = False, **changes: object) -> None:
    """The job has not changed, or reading it has failed: the next look comes later.

    There is none for a job that is final, unless this one failed and has not done so for an hour yet.
    """
    interval = min(max(row.read_interval * 2, 1), LONGEST_INTERVAL)
    is_done = is_final(row.status) and not (failed and interval < LONGEST_INTERVAL)
    with transaction.atomic():
        fence()
        models.Job.objects.filter(pk=row.pk, status=row.status, read_at=row.read_at).update(
            read_interval=interval, next_read_at=None if is_done else now + timedelta(seconds=interval), **changes
        )


def _leave_for_now(pk: int, now: datetime, fence: Fence) -> None:
    """The API as a whole may be down: that says nothing of the job, whose interval stays. Others have their turn."""
    with transaction.atomic():
        fence()
        models.Job.objects.filter(pk=pk, next_read_at__lte=now).update(next_read_at=now + SECOND_LOOK)


def _note_missing(pk: int, asked_at: datetime, fence: Fence) -> None:
    with transaction.atomic():
        fence()
        row = models.Job.objects.select_for_update().get(pk=pk)
        if row.read_at > asked_at:
            return  # somebody has seen it since
        if row.missing_since is None:
            row.missing_since = asked_at
        if asked_at - row.missing_since >= SECOND_LOOK and _list_works(row.store):
            row.gone_at = row.gone_at or asked_at
            row.next_read_at = row.errors_due_at = None
        else:
            row.next_read_at = asked_at + SECOND_LOOK
        row.save(update_fields=["missing_since", "gone_at", "next_read_at", "errors_due_at"])


def _list_works(store: str) -> bool:
    """An address that answers 404 to everything would otherwise make every job gone."""
    return models.SyncState.objects.filter(store=store, failing_since=None, last_success_at__isnull=False).exists()
