"""Figures over all jobs of a period: the days that sync keeps, added up, and the rest counted by the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from heapq import nlargest
from typing import NamedTuple, TypeVar

from jobs_ui import models
from jobs_ui.day_sums import MOST_SLOW, Cell, JobSums, counted_jobs, slowest_jobs
from jobs_ui.day_sums.functions import DAY, HOUR
from jobs_ui.insights.histograms import lengths_of, loaded, unpacked
from jobs_ui.sources.insights import ONE_DAY, Insights, SlotFigures, SlowJob, Tally, TypeFigures
from jobs_ui.sources.mirror.days import Days
from jobs_ui.sources.mirror.problems import costliest
from jobs_ui.status import job_type

MOST_TYPES, MOST_COSTLY = 12, 5
_SUMS = ("succeeded", "failed", "cancelled", "others", "lost_ms", "hours", "waits", "runs")

Cells = Mapping[Cell, JobSums]
K = TypeVar("K")


class _Slot(NamedTuple):
    """An hour or a day: its begin, and its name in cells."""

    begin: datetime
    name: str


def insights(days: Days, now: datetime) -> Insights:
    """The figures of the window."""
    window = days.window
    slots = [
        _Slot(begin, f"{begin:%Y-%m-%d}" if window.step == ONE_DAY else f"{begin:%Y-%m-%d %H}")
        for begin in (window.since + number * window.step for number in range(window.length // window.step))
    ]
    cells = _together(((Cell(cell.slot, job_type(cell.type).name), sums) for cell, sums in _all(days)))
    by_type = _together((cell.type, sums) for cell, sums in cells.items())
    by_slot = _together((cell.slot, sums) for cell, sums in cells.items())
    names = sorted(by_type, key=lambda name: (-_tally(by_type[name]).total, name))
    total = _together(("", sums) for sums in by_type.values()).get("", JobSums())
    return Insights(
        window=window,
        counted_at=now,
        tally=_tally(total),
        lost=timedelta(milliseconds=total.lost_ms),
        wait=lengths_of(total.waits),
        run=lengths_of(total.runs),
        slots=tuple(_slot(slot, by_slot.get(slot.name)) for slot in slots),
        types=tuple(_type(name, by_type[name], slots, cells) for name in names[:MOST_TYPES]),
        has_more_types=len(names) > MOST_TYPES,
        hours=unpacked(total.hours, 24),
        slowest=_slowest(days),
        costliest=costliest(days, MOST_COSTLY),
    )


def _all(days: Days) -> Iterator[tuple[Cell, JobSums]]:
    rows = days.kept(models.DayJobs).values_list("day", "type", *_SUMS)
    for day, kind, *row in rows:
        yield Cell(f"{day}", kind), JobSums(*row[:5], *map(loaded, row[5:]))
    if days.counted is not None:
        yield from counted_jobs(days.counted, DAY if days.window.step == ONE_DAY else HOUR).items()


def _together(each: Iterable[tuple[K, JobSums]]) -> dict[K, JobSums]:
    result: dict[K, JobSums] = {}
    for key, sums in each:
        result[key] = result[key].plus(sums) if key in result else sums
    return result


def _tally(sums: JobSums) -> Tally:
    return Tally(*sums[:4])


def _slot(slot: _Slot, sums: JobSums | None) -> SlotFigures:
    if sums is None:
        return SlotFigures(slot.begin)
    lost = timedelta(milliseconds=sums.lost_ms)
    return SlotFigures(slot.begin, _tally(sums), lost, lengths_of(sums.waits), lengths_of(sums.runs))


def _type(name: str, sums: JobSums, slots: Iterable[_Slot], cells: Cells) -> TypeFigures:
    over_time = tuple(_slot(slot, cells.get(Cell(slot.name, name))) for slot in slots)
    return TypeFigures(name, _tally(sums), lengths_of(sums.waits), lengths_of(sums.runs), over_time)


def _slowest(days: Days) -> tuple[SlowJob, ...]:
    found = days.slowest if days.counted is None else [*days.slowest, *slowest_jobs(days.counted)]
    # A day that is kept may lie in the stretch that is counted as well: the same job then comes twice.
    keys = [key for _, key in nlargest(MOST_SLOW, set(found))]
    rows = models.Job.objects.filter(pk__in=keys).order_by("-run_ms", "-pk")
    columns = rows.values_list("store", "job_id", "type", "status", "created_at", "run_ms")
    return tuple(
        SlowJob(store, job_id, kind, status, created_at, timedelta(milliseconds=run_ms))
        for store, job_id, kind, status, created_at, run_ms in columns
    )
