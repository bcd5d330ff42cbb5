"""Jobs of a stretch of time, counted by the database: for a day by sync, for what is not kept by a page.

Both count by the same statements, so that a page says the same whether a day is kept or not. They read one index that
holds all columns that are needed. (Any: rows of values.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from operator import add
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Max, QuerySet, Sum, Value, When
from django.db.models.functions import Concat

from jobs_ui import models
from jobs_ui.day_sums.functions import HOUR, LaneOf, MomentPart
from jobs_ui.insights.error_groups import OTHERS
from jobs_ui.insights.histograms import packed
from jobs_ui.models import UNKNOWN_MS
from jobs_ui.status import CANCELLED, FAILED, SUCCESS

_PLACES = {SUCCESS: 0, FAILED: 1, CANCELLED: 2}
_OTHERS, _LOST = 3, 4
MOST_SLOW = 10
ERROR_COLUMNS = ("digest", "jobs", "messages", "lost_ms", "last_at", "group_key")


class Stretch(NamedTuple):
    """Jobs created from `begin` up to `end` (left out), of these stores; without any, of all."""

    begin: datetime
    end: datetime
    stores: tuple[str, ...] = ()


class JobSums(NamedTuple):
    """How many jobs ended in which way, how long the failed ones had run in all, and three histograms: hours of the day
    (a lane an hour), waits, runs.
    """

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    others: int = 0
    lost_ms: int = 0
    hours: int = 0
    waits: int = 0
    runs: int = 0

    def plus(self, other: JobSums) -> JobSums:
        """Those of both together."""
        return JobSums(*map(add, self, other))


class Cell(NamedTuple):
    """A day (`2026-11-24`) or an hour (`2026-11-24 13`) in UTC, and a type under the API's name."""

    slot: str
    type: str


def counted_jobs(stretch: Stretch, part: str) -> dict[Cell, JobSums]:
    """The sums of the jobs, by the `DAY` or `HOUR` of their creation and by type."""
    jobs, slot = _jobs(stretch), MomentPart("created_at", part)
    sums: dict[Cell, list[int]] = defaultdict(lambda: [0] * 5)
    hours: dict[Cell, list[tuple[int, int]]] = defaultdict(list)
    ran = Case(When(run_ms__gt=0, then="run_ms"), default=0)
    by_hour = jobs.values(slot=slot, hour=MomentPart("created_at", HOUR), kind=F("type"), result=F("status"))
    for name, hour, kind, result, count, ran_ms in by_hour.annotate(jobs=Count("pk"), ran=Sum(ran)).values_list(
        "slot", "hour", "kind", "result", "jobs", "ran"
    ):
        cell = Cell(name, kind)
        sums[cell][_PLACES.get(result, _OTHERS)] += count
        sums[cell][_LOST] += ran_ms if result == FAILED else 0
        hours[cell].append((int(hour[-2:]), count))
    waits, runs = (_histograms(jobs, column, slot) for column in ("wait_ms", "run_ms"))
    return {
        cell: JobSums._make((*each, packed(hours[cell]), waits.get(cell, 0), runs.get(cell, 0)))
        for cell, each in sums.items()
    }


def _histograms(jobs: QuerySet[models.Job], column: str, slot: MomentPart) -> Mapping[Cell, int]:
    """Where the length is known."""
    lanes: dict[Cell, list[tuple[int, int]]] = defaultdict(list)
    known = jobs.filter(**{f"{column}__gt": UNKNOWN_MS}).values(slot=slot, kind=F("type"), lane=LaneOf(column))
    for day, kind, lane, count in known.annotate(jobs=Count("pk")).values_list("slot", "kind", "lane", "jobs"):
        lanes[Cell(day, kind)].append((lane, count))
    return {cell: packed(counts) for cell, counts in lanes.items()}


def slowest_jobs(stretch: Stretch) -> list[tuple[int, int]]:
    """The ten longest runs in milliseconds, each with the key of its job; the longest first."""
    known = _jobs(stretch).filter(run_ms__gt=UNKNOWN_MS)
    # By an expression: the index by run time alone would be read through all the years for the jobs of this stretch.
    longest = known.annotate(length=F("run_ms") + 0).order_by("-length", "-pk")
    return list(longest.values_list("length", "pk")[:MOST_SLOW])


def counted_errors(stretch: Stretch) -> QuerySet[models.ErrorGroup, Any]:
    """The error groups of the jobs, with the columns `ERROR_COLUMNS` of `DayErrors`, the digest as `key`.

    A job with several groups counts in each of them. What is left over of each job is no group that they share.
    """
    rows = models.ErrorGroup.objects.filter(
        is_shown=True, created_at__gte=stretch.begin, created_at__lt=stretch.end
    ).exclude(digest=OTHERS)
    if stretch.stores:
        rows = rows.filter(store__in=stretch.stores)
    lost = Case(When(job__status=FAILED, job__run_ms__gt=0, then="job__run_ms"), default=0)
    # By an expression: for the bare column, a SQLite without ANALYZE reads the other index, of all time.
    return rows.values(key=Concat("digest", Value(""))).annotate(
        jobs=Count("pk"), messages=Sum("count"), lost_ms=Sum(lost), last_at=Max("created_at"), group_key=Max("pk")
    )


def _jobs(stretch: Stretch) -> QuerySet[models.Job]:
    jobs = models.Job.objects.filter(created_at__gte=stretch.begin, created_at__lt=stretch.end).order_by()
    if not stretch.stores:
        return jobs
    # By an expression: for the bare column the database would take the store's own index, and then every row as well.
    return jobs.annotate(of_store=Concat("store", Value(""))).filter(of_store__in=stretch.stores)
