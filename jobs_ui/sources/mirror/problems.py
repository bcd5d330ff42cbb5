"""Error groups over all jobs of a period: each read from one index, as sync wrote them with the jobs' errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Max, QuerySet, Sum, Value
from django.db.models.functions import Concat

from jobs_ui import models
from jobs_ui.insights.error_groups import OTHERS
from jobs_ui.sources.errors import Problem, ProblemJob, ProblemJobs

JOB_COLUMNS = ("store", "job__job_id", "job__type", "job__status", "created_at", "count", "sample")


def problems(since: datetime, stores: Sequence[str], most: int) -> tuple[Problem, ...]:
    """The problems that most jobs have, and of these the ones with most messages, first."""
    return _problems(since, stores, most, ("-jobs", "-messages", "key"))


def costliest(since: datetime, stores: Sequence[str], most: int) -> tuple[Problem, ...]:
    """The problems with the most messages, each of them mostly a row of a file that was not imported, first."""
    return _problems(since, stores, most, ("-messages", "-jobs", "key"))


def _problems(since: datetime, stores: Sequence[str], most: int, order: Sequence[str]) -> tuple[Problem, ...]:
    rows = list(
        _shown(since, stores)
        .exclude(digest=OTHERS)
        # By an expression: for the bare column, a SQLite without ANALYZE reads the other index, of all time.
        .values(key=Concat("digest", Value("")))
        .annotate(jobs=Count("pk"), messages=Sum("count"), last_at=Max("created_at"), newest=Max("pk"))
        .order_by(*order)
        .values_list("key", "jobs", "messages", "last_at", "newest")[:most]
    )
    groups = models.ErrorGroup.objects.filter(pk__in=[row[4] for row in rows])
    samples = dict(groups.values_list("pk", "sample"))
    return tuple(
        Problem(digest, samples.get(newest, ""), jobs, messages, last_at)
        for digest, jobs, messages, last_at, newest in rows
    )


def problem_jobs(digest: str, since: datetime, stores: Sequence[str], number: int, size: int) -> ProblemJobs:
    """Page `number` (from 1) of the jobs that have the problem, newest first, and what they have together."""
    rows = _shown(since, stores).filter(digest=digest)
    total = rows.aggregate(jobs=Count("pk"), messages=Sum("count"), last_at=Max("created_at"))
    if not total["jobs"]:
        sample = _newest_sample(digest)
        # Known, but not of this period: the page can still say which problem it is.
        problem = Problem(digest, sample, 0, 0, since) if sample else None
        return ProblemJobs(number=number, problem=problem)
    start = (number - 1) * size
    page = list(rows.order_by("-created_at", "-id").values_list(*JOB_COLUMNS)[start : start + size + 1])
    return ProblemJobs(
        jobs=tuple(ProblemJob(*row) for row in page[:size]),
        number=number,
        has_next=len(page) > size,
        problem=Problem(digest, _newest_sample(digest), total["jobs"], total["messages"], total["last_at"]),
    )


def _shown(since: datetime, stores: Sequence[str]) -> QuerySet[models.ErrorGroup]:
    rows = models.ErrorGroup.objects.filter(is_shown=True, created_at__gte=since)
    return rows.filter(store__in=stores) if stores else rows


def _newest_sample(digest: str) -> str:
    rows = models.ErrorGroup.objects.filter(is_shown=True, digest=digest).order_by("-created_at", "-id")
    return rows.values_list("sample", flat=True).first() or ""
