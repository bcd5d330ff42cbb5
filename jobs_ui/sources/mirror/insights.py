"""Figures over all jobs of a period: counted by the database in one index that holds all columns that are needed.

A month of a large mirror (20,000 jobs) takes SQLite and Python two tenths of a second to count. So what was counted
over many jobs is kept for a minute; few jobs are counted each time.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import Concat

from jobs_ui import models
from jobs_ui.models import UNKNOWN_MS
from jobs_ui.sources.insights import Insights, Lengths, SlotFigures, SlowJob, Tally, TypeFigures
from jobs_ui.sources.mirror.histograms import (
    DAY,
    HOUR,
    HOUR_OF_DAY,
    LengthStep,
    MomentPart,
    lengths_of,
    together,
)
from jobs_ui.sources.mirror.problems import costliest
from jobs_ui.status import CANCELLED, FAILED, SUCCESS, job_type

ONE_HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
MOST_TYPES, MOST_SLOW, MOST_COSTLY = 12, 10, 5
KEEP_FROM_JOBS, KEEP_SECONDS = 1_000, 60
_PLACES = {SUCCESS: 0, FAILED: 1, CANCELLED: 2}
_OTHERS = 3

Jobs = QuerySet[models.Job]
Steps = Mapping[str, Counter[int]]


def insights(now: datetime, length: timedelta, stores: Sequence[str]) -> Insights:
    """The figures of a period of that length that ends with the hour or day (UTC) of `now`."""
    key = f"insights:{length.total_seconds():.0f}:{hashlib.sha256(repr(sorted(stores)).encode()).hexdigest()}"
    kept = cache.get(key)
    if isinstance(kept, Insights) and kept.until > now:
        return kept
    figures = _counted(now, length, stores)
    if figures.tally.total >= KEEP_FROM_JOBS:
        cache.set(key, figures, KEEP_SECONDS)
    return figures


def _counted(now: datetime, length: timedelta, stores: Sequence[str]) -> Insights:
    step, part = (ONE_HOUR, HOUR) if length <= ONE_DAY else (ONE_DAY, DAY)
    until = _begin(now, step) + step
    since = until - length
    jobs = _jobs(since, until, stores)
    by_slot, by_type = _tallies(jobs, part)
    slot = MomentPart("created_at", part)
    slot_waits, slot_runs = _steps(jobs, "wait_ms", slot), _steps(jobs, "run_ms", slot)
    type_waits, type_runs = (_by_known_type(_steps(jobs, column, F("type"))) for column in ("wait_ms", "run_ms"))
    names = sorted(by_type, key=lambda name: (-by_type[name].total, name))
    return Insights(
        since=since,
        until=until,
        counted_at=now,
        step=step,
        tally=_sum(by_type.values()),
        wait=lengths_of(together(slot_waits)),
        run=lengths_of(together(slot_runs)),
        slots=tuple(
            SlotFigures(begin, by_slot.get(name, Tally()), _lengths(slot_waits, name), _lengths(slot_runs, name))
            for begin in (since + number * step for number in range(length // step))
            for name in [f"{begin:%Y-%m-%d}" if step == ONE_DAY else f"{begin:%Y-%m-%d %H}"]
        ),
        types=tuple(
            TypeFigures(name, by_type[name], _lengths(type_waits, name), _lengths(type_runs, name))
            for name in names[:MOST_TYPES]
        ),
        has_more_types=len(names) > MOST_TYPES,
        hours=_hours(jobs),
        slowest=_slowest(jobs),
        costliest=costliest(since, stores, MOST_COSTLY),
    )


def _begin(moment: datetime, step: timedelta) -> datetime:
    moment = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return moment if step == ONE_HOUR else moment.replace(hour=0)


def _jobs(since: datetime, until: datetime, stores: Sequence[str]) -> Jobs:
    jobs = models.Job.objects.filter(created_at__gte=since, created_at__lt=until).order_by()
    if not stores:
        return jobs
    # By an expression: for the bare column the database would take the store's own index, and then every row as well.
    return jobs.annotate(of_store=Concat("store", Value(""))).filter(of_store__in=stores)


def _tallies(jobs: Jobs, part: str) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """The jobs by hour or day, and by type."""
    by_slot: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    by_type: dict[str, list[int]] = defaultdict(lambda: [0] * 4)
    counted = jobs.values(slot=MomentPart("created_at", part), kind=F("type"), result=F("status"))
    for slot, kind, result, count in counted.annotate(jobs=Count("pk")).values_list("slot", "kind", "result", "jobs"):
        place = _PLACES.get(result, _OTHERS)
        by_slot[slot][place] += count
        by_type[job_type(kind).name][place] += count
    return _tallied(by_slot), _tallied(by_type)


def _tallied(counts: Mapping[str, Sequence[int]]) -> dict[str, Tally]:
    return {name: Tally(*each) for name, each in counts.items()}


def _steps(jobs: Jobs, column: str, key: MomentPart | F) -> Steps:
    """How many jobs of each key have a length in each step, where it is known."""
    result: dict[str, Counter[int]] = defaultdict(Counter)
    known = jobs.filter(**{f"{column}__gt": UNKNOWN_MS}).values(key=key, step=LengthStep(column))
    for name, step, count in known.annotate(jobs=Count("pk")).values_list("key", "step", "jobs"):
        result[name][step] += count
    return result


def _by_known_type(steps: Steps) -> Steps:
    """The same, with the names together under which one type is sent."""
    result: dict[str, Counter[int]] = defaultdict(Counter)
    for name, counts in steps.items():
        result[job_type(name).name].update(counts)
    return result


def _lengths(steps: Steps, name: str) -> Lengths:
    return lengths_of(steps.get(name, {}))


def _hours(jobs: Jobs) -> tuple[int, ...]:
    counted = jobs.values(hour=MomentPart("created_at", HOUR_OF_DAY)).annotate(jobs=Count("pk"))
    counts = dict(counted.values_list("hour", "jobs"))
    return tuple(counts.get(f"{hour:02}", 0) for hour in range(24))


def _slowest(jobs: Jobs) -> tuple[SlowJob, ...]:
    # By an expression: the index by run time alone would be read through all the years for the jobs of this period.
    longest = jobs.filter(run_ms__gt=UNKNOWN_MS).annotate(length=F("run_ms") + 0).order_by("-length", "-pk")
    keys = list(longest.values_list("pk", flat=True)[:MOST_SLOW])
    rows = models.Job.objects.filter(pk__in=keys).order_by("-run_ms", "-pk")
    found = rows.values_list("store", "job_id", "type", "status", "created_at", "run_ms")
    return tuple(
        SlowJob(store, job_id, kind, status, created_at, timedelta(milliseconds=run_ms))
        for store, job_id, kind, status, created_at, run_ms in found
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    return Tally(*(sum(column) for column in zip(*tallies, strict=True)))
