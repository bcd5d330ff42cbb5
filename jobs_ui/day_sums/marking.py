"""Days whose jobs have changed: marked with the change, in its transaction, and counted anew by sync.

Sums that whoever stores a job adds to and takes from were not chosen: a mistake would stay, and each store of a job
would wait for every other of the same day. A day that is counted anew is right whatever happened to it before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from jobs_ui import models

COUNTING = 1
"""To be counted up when the same jobs are counted differently than before: all days are then counted anew."""
KEPT_DAYS = 92
"""Pages look back 90 days. Older ones are not kept."""


def mark(store: str, moments: Iterable[datetime], now: datetime) -> None:
    """Notes that jobs of the store which were created at these moments (aware) have changed.

    To be called last in the transaction of the change: it locks the days until the end, in one order for all.
    """
    oldest = now.astimezone(UTC).date() - timedelta(days=KEPT_DAYS)
    days = {moment.astimezone(UTC).date() for moment in moments}
    models.CountedDay.objects.bulk_create(
        [models.CountedDay(store=store, day=day, is_due=True) for day in sorted(days) if day >= oldest],
        update_conflicts=True,
        unique_fields=["day", "store"],
        update_fields=["is_due"],
    )
