"""The mirror's jobs as the queue sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from jobs_ui import models
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.status import FINAL_STATUSES, PENDING, STARTED, is_final

COLUMNS = ("job_id", "store", "type", "status", "created_at", "started_at", "completed_at")
BATCH = 2_000
"""Rows that are in memory at once."""


def queue_history(store: str, *, most: int, since: datetime | None = None) -> Iterator[QueueJob]:
    """The newest `most` jobs of a store, the newest first, created at `since` or later; the open ones included.

    A job that Elastic Path has removed before it was done holds up nobody, and is left out.
    """
    jobs = models.Job.objects.filter(Q(gone_at__isnull=True) | Q(status__in=FINAL_STATUSES), store=store)
    if since is not None:
        jobs = jobs.filter(created_at__gte=since)
    rows = jobs.order_by("-created_at", "-id").values_list(*COLUMNS)[:most]
    for row in rows.iterator(chunk_size=BATCH):
        yield QueueJob(*row)


def queue_keys(store: str, *, most: int) -> list[int]:
    """The keys of what runs, the longest first, and then of what waits, in its order: `most` in all."""
    jobs = models.Job.objects.filter(store=store, gone_at=None)
    # Each an index of its own.
    running = jobs.filter(status=STARTED).order_by("started_at", "created_at", "id")[:most]
    waiting = jobs.filter(status=PENDING).order_by("created_at", "id")[:most]
    return [*running.values_list("pk", flat=True), *waiting.values_list("pk", flat=True)][:most]


def lately_ended_keys(store: str, *, most: int) -> list[int]:
    """The keys of the newest `most` jobs: those that ended last are among them.

    Where more than half of these have not ended, a long queue is before the history: then the newest of each final
    status as well, half as many.
    """
    newest = models.Job.objects.filter(store=store).order_by("-created_at", "-id")
    found = dict(newest.values_list("pk", "status")[:most])
    if sum(map(is_final, found.values())) < most // 2:
        for status in sorted(FINAL_STATUSES):
            found |= dict(newest.filter(status=status).values_list("pk", "status")[: most // 2])
    return list(found)
