"""Storing jobs: the one way into the mirror, whoever read them (a walk, a refresh, an id that was not known).

What changed is decided by comparing content. Jobs API: `updated_at` is not a change marker, it does not move when a job
completes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from jobs_ui import models
from jobs_ui.day_sums import mark
from jobs_ui.jobs_api import Job
from jobs_ui.search_index import folded
from jobs_ui.status import FAILED, STATUSES, TYPES, is_final, job_type
from jobs_ui.sync.clocks import breathe
from jobs_ui.sync.due import Moments, ended_lately, set_clocks
from jobs_ui.sync.lease import Fence, no_fence

BATCH = 500
MOST_TRIES = 3
# Characters of a filter, or of all messages of a job, that the search by words looks through.
MOST_SEARCHABLE = 500_000
# A job that ended longer ago when it is first seen is no news: nobody is told that it failed.
NEWS = timedelta(hours=24)
# Part of each fingerprint: to be counted up when the same answer of the API is read differently than before.
READER = 1

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
    "files_gone_at",
    "raw",
    "wait_ms",
    "run_ms",
    "digest",
)
CLOCKS = ("read_at", "missing_since", "gone_at", "next_read_at", "read_interval", "errors_due_at")


class Stored(NamedTuple):
    """How many jobs were new to the mirror, changed, or the same as before (or older than what the mirror holds)."""

    created: int
    changed: int
    unchanged: int


def store_job(
    store: str, job: Job, *, now: datetime, fence: Fence = no_fence, clock_offset: timedelta = timedelta(0)
) -> models.Job:
    """Stores one job as read, and returns the mirror's row of it. See `store_jobs`."""
    store_jobs(store, [job], now=now, fence=fence, clock_offset=clock_offset)
    return models.Job.objects.get(store=store, job_id=job.id)


def store_jobs(
    store: str,
    jobs: Iterable[Job],
    *,
    now: datetime,
    fence: Fence = no_fence,
    clock_offset: timedelta = timedelta(0),
    pruned_before: datetime | None = None,
) -> Stored:
    """Stores jobs as read, in short transactions of at most 500 rows. `clock_offset` is the API's clock less ours.

    Final jobs that were created before `pruned_before` and are not in the mirror are left out: they were removed.

    An older reading never replaces a newer one, a final status is never taken back by one that is not, and an unchanged
    job is not written. Of several readings of one job in `jobs` the newest counts. Raises what the fence raises.
    """
    newest: dict[str, Job] = {}
    for job in jobs:
        if job.id not in newest or newest[job.id].read_at <= job.read_at:
            newest[job.id] = job
    batch = _without_pruned(store, list(newest.values()), pruned_before)
    totals = [0, 0, 0]
    for start in range(0, len(batch), BATCH):
        if start:
            breathe()
        moments = Moments(now, now + clock_offset)
        for index, number in enumerate(_store_batch(store, batch[start : start + BATCH], moments, fence)):
            totals[index] += number
    return Stored(*totals)


def _without_pruned(store: str, jobs: list[Job], before: datetime | None) -> list[Job]:
    old = {job.id for job in jobs if before is not None and job.created_at < before and is_final(job.status)}
    if not old:
        return jobs
    known = set(models.Job.objects.filter(store=store, job_id__in=old).values_list("job_id", flat=True))
    return [job for job in jobs if job.id not in old or job.id in known]


class _Known(NamedTuple):
    """What tells whether a job is to be written, without loading it."""

    pk: int
    digest: str
    read_at: datetime
    status: str
    is_missing: bool


def _store_batch(store: str, jobs: Sequence[Job], now: Moments, fence: Fence) -> Stored:
    created = changed = 0
    waiting = {job.id: (job, _digest(job)) for job in jobs}
    for _ in range(MOST_TRIES):
        with transaction.atomic():
            fence()
            known = _known(store, waiting)
            taken = {known[job_id].pk: job for job_id, (job, digest) in waiting.items() if _is_news(known, job, digest)}
            altered = list(models.Job.objects.in_bulk(taken).values())
            lost_filter = [row.pk for row in altered if row.filter and not taken[row.pk].filter]
            were_open = {row.pk for row in altered if not is_final(row.status)}
            moments = [row.created_at for row in altered]
            for row in altered:
                _take(row, taken[row.pk], now)
            # In one order for all: two processes that insert the same jobs wait for each other, and never crosswise.
            new = [_new_row(store, waiting[job_id][0], now) for job_id in sorted(waiting) if job_id not in known]
            models.Job.objects.bulk_update(altered, [*CONTENT, *CLOCKS])
            models.Job.objects.bulk_create(new, ignore_conflicts=True)
            stored = _stored_now(store, new)
            _note_texts([*altered, *(row for row in new if row.pk)], lost_filter)
            _note_unknown_values(store, [*altered, *new])
            _note_failures([row for row in altered if row.pk in were_open], [row for row in new if row.pk], now)
            mark(store, [*moments, *(row.created_at for row in (*altered, *new))], now.here)
        changed += len(altered)
        # Another process may have stored one of the new jobs in the same moment: its row stays, and ours is compared
        # with it in another turn.
        waiting = {job_id: waiting[job_id] for job_id in stored}
        created += len(new) - len(waiting)
        if not waiting:
            break
    return Stored(created, changed, len(jobs) - created - changed)


def _known(store: str, job_ids: Iterable[str]) -> dict[str, _Known]:
    """Locked until the end of the transaction, in one order for all, so that two processes wait for each other."""
    rows = (
        models.Job.objects.select_for_update()
        .filter(store=store, job_id__in=list(job_ids))
        .order_by("pk")
        .values_list("job_id", "pk", "digest", "read_at", "status", "missing_since", "gone_at")
    )
    return {
        job_id: _Known(pk, digest, read_at, status, missing_since is not None or gone_at is not None)
        for job_id, pk, digest, read_at, status, missing_since, gone_at in rows
    }


def _is_news(known: dict[str, _Known], job: Job, digest: str) -> bool:
    old = known.get(job.id)
    if old is None or job.read_at < old.read_at or (is_final(old.status) and not is_final(job.status)):
        return False
    return old.is_missing or old.digest != digest


def _stored_now(store: str, new: Sequence[models.Job]) -> list[str]:
    """Gives the new rows their keys; returns the ids of those of which another process's row is there instead."""
    if not new:
        return []
    rows = models.Job.objects.filter(store=store, job_id__in=[row.job_id for row in new])
    keys = {job_id: (pk, read_at) for job_id, pk, read_at in rows.values_list("job_id", "pk", "read_at")}
    others = []
    for row in new:
        pk, read_at = keys.get(row.job_id, (None, None))
        if read_at == row.read_at:
            row.pk = pk
        elif pk is not None:
            others.append(row.job_id)
    return others


def _note_texts(rows: Iterable[models.Job], lost_filter: Sequence[int]) -> None:
    """What the search by words finds the jobs by; `lost_filter` are the keys of those that had a filter until now."""
    if lost_filter:
        models.JobText.objects.filter(job_id__in=lost_filter, kind=models.JobText.FILTER).delete()
    texts = [
        models.JobText(job_id=row.pk, kind=models.JobText.FILTER, text=searchable(row.filter))
        for row in sorted(rows, key=lambda row: row.pk)
        if row.filter
    ]
    models.JobText.objects.bulk_create(
        texts, update_conflicts=True, update_fields=["text"], unique_fields=["job_id", "kind"]
    )


def searchable(text: str) -> str:
    """The text as it is searched: of one case, and not more than a database index can take in one go."""
    return folded(text[:MOST_SEARCHABLE])


def _note_unknown_values(store: str, rows: Iterable[models.Job]) -> None:
    """Types and statuses that the console does not know by itself:

    for drop-downs, without a DISTINCT over the table.
    """
    values = set()
    for row in rows:
        if row.status not in STATUSES:
            values.add((models.SeenValue.STATUS, row.status))
        if job_type(row.type).name == row.type and row.type not in TYPES:
            values.add((models.SeenValue.TYPE, row.type))
    if values:
        models.SeenValue.objects.bulk_create(
            [models.SeenValue(store=store, kind=kind, value=value) for kind, value in sorted(values)],
            ignore_conflicts=True,
        )


def _note_failures(ended: Sequence[models.Job], new: Sequence[models.Job], now: Moments) -> None:
    """The jobs that have just failed, for the rules that look out for them: none is missed, whoever stored it.

    Of those that are new to the mirror only the lately ended ones: a first load brings years of them.
    """
    lately = now.api - NEWS
    failed = [row for row in ended if row.status == FAILED]
    failed += [row for row in new if row.status == FAILED and (row.completed_at or row.created_at) > lately]
    if failed:
        models.FailedJob.objects.bulk_create(
            [models.FailedJob(job_id=row.pk, at=now.here) for row in failed], ignore_conflicts=True
        )


def _digest(job: Job) -> str:
    """A fingerprint of all that the API said of the job. Signed links are not part of it: they differ each time."""
    said = json.dumps([READER, job.raw], sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


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
        "files": None if (names := job.file_names) is None else list(names),
        "raw": job.raw,
        "wait_ms": _milliseconds(job.created_at, job.started_at),
        "run_ms": _milliseconds(job.started_at, job.completed_at),
        "digest": _digest(job),
    }


def _milliseconds(start: datetime | None, end: datetime | None) -> int:
    """The time between two moments, in milliseconds, never negative; UNKNOWN_MS where one is not known."""
    if start is None or end is None:
        return models.UNKNOWN_MS
    return max((end - start) // timedelta(milliseconds=1), 0)


def _new_row(store: str, job: Job, now: Moments) -> models.Job:
    row = models.Job(store=store, job_id=job.id, read_at=job.read_at, **content_of(job))
    set_clocks(row, now, ended_now=ended_lately(row, now))
    return row


def _take(row: models.Job, job: Job, now: Moments) -> None:
    """Puts what was read into the row."""
    was_final, files = is_final(row.status), row.files
    for name, value in content_of(job).items():
        setattr(row, name, value)
    # An export that had files had products: that they are listed no more is another thing than that it matched none.
    is_gone = bool(files) and not row.files and is_final(row.status)
    row.files_gone_at = job.read_at if is_gone else None
    if is_gone:
        row.files = files
    row.read_at = job.read_at
    row.missing_since = row.gone_at = None
    set_clocks(row, now, ended_now=not was_final or ended_lately(row, now))
