"""Error groups over all jobs of a period, and the jobs that have one: kept by day, and as sync wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Max, QuerySet, Sum

from jobs_ui import models
from jobs_ui.day_sums import ERROR_COLUMNS, counted_errors
from jobs_ui.models import UNKNOWN_MS
from jobs_ui.sources.errors import Problem, ProblemJob, ProblemJobs, ProblemOrder
from jobs_ui.sources.mirror.days import Days

JOB_COLUMNS = ("store", "job__job_id", "job__type", "job__status", "created_at", "job__run_ms", "count", "sample")


class _Row(NamedTuple):
    """A group as it is counted. (Any: a moment as the driver gives it.)"""

    digest: str
    jobs: int
    messages: int
    lost_ms: int
    last_at: Any
    group_key: int


_ORDERS: dict[ProblemOrder, tuple[str, ...]] = {
    "jobs": ("jobs", "messages", "lost_ms"),
    "lost": ("lost_ms", "messages", "jobs"),
    "messages": ("messages", "jobs", "lost_ms"),
}
# The names of the sums: those of the columns are taken.
_SUMS = {column: f"all_{column}" for column in ERROR_COLUMNS[1:]}
_NEWEST = ("last_at", "group_key")


def problems(days: Days, order: ProblemOrder, most: int) -> tuple[Problem, ...]:
    """The problems of the window, those with the most of what the order names first."""
    return _with_samples(_first(days, order, most))


def costliest(days: Days, most: int) -> tuple[Problem, ...]:
    """The problems whose failed jobs ran longest in all: that time was lost."""
    return problems(days, "lost", most)


def _first(days: Days, order: ProblemOrder, most: int) -> list[_Row]:
    columns = _ORDERS[order]
    if days.counted is None:
        rows = _kept(days).order_by(*(f"-{_SUMS[column]}" for column in columns), "digest")[:most]
        return [_Row(*row) for row in rows.values_list("digest", *_SUMS.values())]
    found = _added(_rows(days))
    return sorted(found, key=lambda row: (*(-getattr(row, column) for column in columns), row.digest))[:most]


def _rows(days: Days, digest: str = "") -> Iterator[_Row]:
    """What is kept and what is counted, of one group or of all: a group may come from both."""
    kept, counted = _kept(days), counted_errors(days.counted) if days.counted else None
    if digest:
        kept = kept.filter(digest=digest)
    yield from (_Row(*row) for row in kept.values_list("digest", *_SUMS.values()))
    if counted is not None:
        counted = counted.filter(digest=digest) if digest else counted
        yield from (_Row(*row) for row in counted.values_list("key", *ERROR_COLUMNS[1:]))


def _kept(days: Days) -> QuerySet[models.DayErrors, Any]:
    sums = {name: (Max if column in _NEWEST else Sum)(column) for column, name in _SUMS.items()}
    return days.kept(models.DayErrors).values("digest").annotate(**sums)


def _added(rows: Iterable[_Row]) -> list[_Row]:
    result: dict[str, _Row] = {}
    for row in rows:
        other = result.get(row.digest)
        if other is not None:
            sums = (row.jobs + other.jobs, row.messages + other.messages, row.lost_ms + other.lost_ms)
            row = _Row(row.digest, *sums, max(row.last_at, other.last_at), max(row.group_key, other.group_key))  # noqa: PLW2901 - the sum of both
        result[row.digest] = row
    return list(result.values())


def _with_samples(rows: Sequence[_Row]) -> tuple[Problem, ...]:
    groups = models.ErrorGroup.objects.filter(pk__in=[row.group_key for row in rows])
    samples = dict(groups.values_list("pk", "sample"))
    return tuple(_problem(row, samples.get(row.group_key, "")) for row in rows)


def _problem(row: _Row, sample: str) -> Problem:
    return Problem(row.digest, sample, row.jobs, row.messages, timedelta(milliseconds=row.lost_ms), row.last_at)


def problem_jobs(digest: str, days: Days, number: int, size: int) -> ProblemJobs:
    """Page `number` (from 1) of the jobs that have the problem, newest first, and what they have together."""
    window = days.window
    found = _added(_rows(days, digest))
    sample = _newest_sample(digest)
    if not found:
        # Known, but not of this period: the page can still say which problem it is.
        problem = Problem(digest, sample, 0, 0, timedelta(0), window.since) if sample else None
        return ProblemJobs(number=number, problem=problem)
    rows = models.ErrorGroup.objects.filter(
        is_shown=True, digest=digest, created_at__gte=window.since, created_at__lt=window.until
    )
    if days.stores:
        rows = rows.filter(store__in=days.stores)
    start = (number - 1) * size
    page = list(rows.order_by("-created_at", "-id").values_list(*JOB_COLUMNS)[start : start + size + 1])
    return ProblemJobs(
        jobs=tuple(_job(*row) for row in page[:size]),
        number=number,
        has_next=len(page) > size,
        problem=_problem(found[0], sample),
    )


def _job(
    store: str, job_id: str, kind: str, status: str, created_at: datetime, run_ms: int, count: int, sample: str
) -> ProblemJob:
    ran = None if run_ms == UNKNOWN_MS else timedelta(milliseconds=run_ms)
    return ProblemJob(store, job_id, kind, status, created_at, ran, count, sample)


def _newest_sample(digest: str) -> str:
    rows = models.ErrorGroup.objects.filter(is_shown=True, digest=digest).order_by("-created_at", "-id")
    return rows.values_list("sample", flat=True).first() or ""
