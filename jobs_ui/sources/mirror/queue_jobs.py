"""The mirror's jobs as the queue sees them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q

from jobs_ui import models
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.status import FINAL_STATUSES

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
