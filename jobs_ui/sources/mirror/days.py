"""Which days of a window are kept (`jobs_ui.day_models`), and which jobs a page has to count itself.

Days that sync has counted since their last change are added up. All others are counted now: hours, for a day alone is
quickly counted; the days that sync has not come to yet; and those of a store that was taken out of the settings before
days were kept, as nobody syncs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet

from jobs_ui import models
from jobs_ui.day_sums import COUNTING, Stretch
from jobs_ui.sources.insights import ONE_DAY, Window

M = TypeVar("M", bound=Model)


class Days(NamedTuple):
    """The window of some stores, in two parts that have no job in common.

    `counted` is what is to be counted, None for nothing; `slowest` are the longest runs of the days that are kept.
    """

    window: Window
    stores: tuple[str, ...]
    counted: Stretch | None
    slowest: list[tuple[int, int]]

    def kept(self, model: type[M]) -> QuerySet[M]:
        """The rows of the days that are kept."""
        rows = model._default_manager.order_by()
        if self.window.step < ONE_DAY or self._is_all_counted():
            return rows.none()
        rows = rows.filter(day__gte=self.window.since.date(), day__lt=self.window.until.date())
        if self.stores:
            rows = rows.filter(store__in=self.stores)
        if self.counted is not None:
            within = Q(day__gte=self.counted.begin.date(), day__lt=self.counted.end.date())
            rows = rows.exclude(within & Q(store__in=self.counted.stores) if self.counted.stores else within)
        return rows

    def _is_all_counted(self) -> bool:
        counted = self.counted
        return counted is not None and not counted.stores and counted[:2] == self.window[:2]


def days_of(
    window: Window, stores: Sequence[str], known: Sequence[str], states: Mapping[str, models.SyncState]
) -> Days:
    """The days of the window for these stores, of all `known` ones where none is given."""
    chosen = tuple(stores)
    if window.step < ONE_DAY:
        return Days(window, chosen, Stretch(window.since, window.until, chosen), [])
    wanted = chosen or tuple(known)
    unkept = {store for store in wanted if store not in states or states[store].days_counted != COUNTING}
    due: list[tuple[str, datetime]] = [(store, window.since) for store in unkept]
    due += [(store, window.until - ONE_DAY) for store in unkept]
    slowest: list[tuple[int, int]] = []
    for store, begin, is_due, runs in _noted(window, chosen):
        if is_due and store not in unkept:
            due.append((store, begin))
        slowest += [] if is_due else [(length, key) for length, key in runs]
    if not due:
        return Days(window, chosen, None, slowest)
    stale = {store for store, _ in due}
    counted = Stretch(
        min(begin for _, begin in due),
        max(begin for _, begin in due) + ONE_DAY,
        () if stale >= set(wanted) and not chosen else tuple(sorted(stale)),
    )
    return Days(window, chosen, counted, slowest)


def _noted(window: Window, stores: Sequence[str]) -> Iterator[tuple[str, datetime, bool, Any]]:
    """(Any: JSON of our own.)"""
    rows = models.CountedDay.objects.filter(day__gte=window.since.date(), day__lt=window.until.date()).order_by()
    if stores:
        rows = rows.filter(store__in=stores)
    for store, day, is_due, slowest in rows.values_list("store", "day", "is_due", "slowest"):
        yield store, datetime.combine(day, time(), UTC), is_due, slowest
