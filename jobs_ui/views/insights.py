"""What the jobs of a period tell together: results, success rate, wait and run time, busiest hours, what costs most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.forms import ListQuery
from jobs_ui.period_forms import PeriodQuery
from jobs_ui.presentation.durations import duration, local
from jobs_ui.presentation.error_rows import LONGEST_SAMPLE, marked
from jobs_ui.presentation.insights_charts import charts_of, percent
from jobs_ui.presentation.numbers import whole
from jobs_ui.sources import get_source
from jobs_ui.sources.base import JobFilters, StoreName
from jobs_ui.sources.errors import Problem
from jobs_ui.sources.insights import Insights, SlowJob
from jobs_ui.status import job_status, job_type
from jobs_ui.views.period_parts import parsed, shared
from jobs_ui.views.rendering import render_page, utc_now


@require_safe
def insights(request: HttpRequest) -> HttpResponse:
    """`/insights/?period=30d&store=…`: the figures of the period's jobs, as charts and tables."""
    now, source = utc_now(), get_source()
    query, stores = parsed(request.GET, source)
    figures = source.insights(query.window(now), now, stores=query.stores)
    context = {
        **shared(source, query, stores, now, reverse("insights")),
        "all_problems_url": reverse("insights_errors") + query.by("lost").url_query(),
        "view": _view(figures, query, stores) if figures and figures.tally.total else None,
    }
    return render_page(request, "insights", context)


def _view(figures: Insights, query: PeriodQuery, stores: Sequence[StoreName]) -> dict[str, Any]:
    """The figures as the page prints them. (Any: what a template gets.)"""
    names = {store.slug: store.name for store in stores} if len(stores) > 1 else {}
    longest = max((problem.lost for problem in figures.costliest), default=timedelta(0))
    return {
        "tally": figures.tally,
        "figures": _readings(figures),
        "since": figures.window.since,
        "is_elsewhere": bool(local(figures.counted_at).utcoffset()),
        "charts": charts_of(figures, partial(_list_url, reverse("job_list"), query)),
        "slowest": [_slow(job, names) for job in figures.slowest],
        "costliest": [_costly(problem, query, longest) for problem in figures.costliest],
    }


def _readings(figures: Insights) -> list[tuple[str, str, bool]]:
    """The figures at the head of the page: what each is, the figure, and whether it is bad news."""
    tally, wait, run = figures.tally, figures.wait, figures.run
    return [
        (_("Jobs"), whole(tally.total), False),
        (_("Succeeded"), percent(tally.success_rate), False),
        (_("Failed"), whole(tally.failed), bool(tally.failed)),
        (_("Lost in failed jobs"), duration(figures.lost), False),
        (_("Usual wait"), duration(wait.half), False),
        (_("95 of 100 wait at most"), duration(wait.most), False),
        (_("Usual run"), duration(run.half), False),
        (_("95 of 100 run at most"), duration(run.most), False),
    ]


def _list_url(path: str, query: PeriodQuery, begin: datetime, end: datetime) -> str:
    filters = JobFilters(stores=query.stores, created_from=begin, created_to=end)
    return path + ListQuery(filters).url_query()


def _slow(job: SlowJob, names: dict[str, str]) -> dict[str, Any]:
    """A job as its row prints it. (Any: what a template gets.)"""
    return {
        "job": job,
        "type": job_type(job.type),
        "status": job_status(job.status),
        "ran": duration(job.ran),
        "store": names.get(job.store, ""),
        "url": reverse("job_detail", args=[job.job_id]),
    }


def _costly(problem: Problem, query: PeriodQuery, longest: timedelta) -> dict[str, Any]:
    """An error group as its row prints it. (Any: what a template gets.)"""
    return {
        "problem": problem,
        "sample": marked(problem.sample, LONGEST_SAMPLE),
        "lost": duration(problem.lost),
        "width": f"{100 * (problem.lost / longest if longest else 0):.2f}%",
        "url": reverse("insights_error_jobs", args=[problem.digest]) + query.url_query(),
    }
