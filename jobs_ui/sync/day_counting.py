"""What is kept of each day (`jobs_ui.day_models`), made by sync from the jobs of that day.

A day that was marked is counted as a whole, in one short transaction, and the same jobs always give the same rows: a
process that ends in between leaves the day marked. In a mirror that was filled before days were kept, all days with
jobs are marked at the first round, and pages count the jobs of a marked day themselves until sync has done it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from jobs_ui import models
from jobs_ui.day_sums import (
    COUNTING,
    ERROR_COLUMNS,
    KEPT_DAYS,
    Stretch,
    counted_errors,
    counted_jobs,
    mark,
    slowest_jobs,
)
from jobs_ui.day_sums.functions import DAY, MomentPart
from jobs_ui.insights.histograms import dumped
from jobs_ui.sync.clocks import TimeBox, breathe
from jobs_ui.sync.context import SyncContext

LONGEST = timedelta(seconds=1)
"""In a round: the next walk must not wait for a mirror of years."""
ONE_DAY = timedelta(days=1)
# At each new day, and when a process begins: whatever an old release may have stored meanwhile without a mark.
_LATE_DAYS = 1


class DayCounting:
    """Counts the days of a store that are marked."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self._looked_after: date | None = None

    def run(self) -> None:
        """Counts marked days, the newest first, for a second at most. Raises LeaseLost."""
        today = self._context.clock().astimezone(UTC).date()
        if self._looked_after != today:
            self._look_after(today)
            self._looked_after = today
        box = TimeBox(LONGEST)
        due = models.CountedDay.objects.filter(store=self._context.store, is_due=True).order_by("-day")
        for number, day in enumerate(list(due.values_list("day", flat=True))):
            if number:
                if box.is_over():
                    return
                breathe()
            self._count(day)

    def _look_after(self, today: date) -> None:
        """Once a day: marks what may be missing, and drops what no page looks at any more."""
        store, oldest = self._context.store, today - KEPT_DAYS * ONE_DAY
        states = models.SyncState.objects.filter(store=store)
        is_new = not states.filter(days_counted=COUNTING).exists()
        since = oldest if is_new else today - _LATE_DAYS * ONE_DAY
        # Read before the transaction, as it may take a while: who stores a job from now on marks its day.
        days = _days_with_jobs(store, since)
        with transaction.atomic():
            self._context.fence()
            if is_new:
                models.CountedDay.objects.filter(store=store).update(is_due=True)
            mark(store, days, _begin(today))
            states.update(days_counted=COUNTING)
        for model in (models.DayJobs, models.DayErrors, models.CountedDay):
            with transaction.atomic():
                self._context.fence()
                model._default_manager.filter(store=store, day__lt=oldest).delete()

    def _count(self, day: date) -> None:
        store = self._context.store
        stretch = Stretch(_begin(day), _begin(day) + ONE_DAY, (store,))
        with transaction.atomic():
            self._context.fence()
            # First: it locks the day, so that whoever changes a job of it is either seen here or marks it again.
            models.CountedDay.objects.filter(store=store, day=day).update(is_due=False)
            models.DayJobs.objects.filter(store=store, day=day).delete()
            models.DayErrors.objects.filter(store=store, day=day).delete()
            models.DayJobs.objects.bulk_create(
                models.DayJobs(
                    store=store,
                    day=day,
                    type=cell.type,
                    succeeded=sums.succeeded,
                    failed=sums.failed,
                    cancelled=sums.cancelled,
                    others=sums.others,
                    lost_ms=sums.lost_ms,
                    hours=dumped(sums.hours),
                    waits=dumped(sums.waits),
                    runs=dumped(sums.runs),
                )
                for cell, sums in counted_jobs(stretch, DAY).items()
            )
            models.DayErrors.objects.bulk_create(
                models.DayErrors(store=store, day=day, **dict(zip(ERROR_COLUMNS, row, strict=True)))
                for row in counted_errors(stretch).values_list("key", *ERROR_COLUMNS[1:])
            )
            slowest = slowest_jobs(stretch)
            models.CountedDay.objects.filter(store=store, day=day).update(slowest=slowest)


def _days_with_jobs(store: str, since: date) -> list[datetime]:
    """The begin of each day since then (in UTC) on which a job of the store was created."""
    jobs = models.Job.objects.filter(store=store, created_at__gte=_begin(since)).order_by()
    names = jobs.annotate(day=MomentPart("created_at", DAY)).values_list("day", flat=True).distinct()
    return [_begin(date.fromisoformat(name)) for name in names]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
