"""Every part of the pages in every state, for whoever changes one: drawn by what draws it on the pages themselves.

Only where the console runs in debug, and in English alone: nobody but its developers reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.forms import ListQuery
from jobs_ui.models import NotificationRule
from jobs_ui.notification_forms import EMAIL, RuleForm
from jobs_ui.period_forms import PERIODS
from jobs_ui.presentation import error_rows, samples
from jobs_ui.presentation.durations import ago, duration
from jobs_ui.presentation.facts import job_facts
from jobs_ui.presentation.insights_charts import charts_of
from jobs_ui.presentation.lanes import GRID
from jobs_ui.presentation.list_controls import tabs
from jobs_ui.presentation.rows import Look, days
from jobs_ui.sources.base import JobFilters, StoreName
from jobs_ui.status import FAILED, PENDING, STARTED, STATUSES, job_status
from jobs_ui.views.rendering import render_page, utc_now

DURATIONS = (None, 0.4, 9.0, 58, 246, 7_500, 273_600)
AGES = (0, 42, 120, 18_000, 1_036_800)
PLACES = {"First": ("", "?page=2"), "Middle": ("?page=1", "?page=3"), "Last": ("?page=2", "")}


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """`/styleguide/`. Raises Http404 unless in debug."""
    if not settings.DEBUG:
        raise Http404
    now = utc_now()
    context = {
        "now": now,
        "statuses": [job_status(name) for name in (*STATUSES, samples.UNKNOWN_STATUS)],
        "times": [(then, ago(then, now)) for then in (now - timedelta(seconds=age) for age in AGES)],
        "durations": [duration(None if length is None else timedelta(seconds=length)) for length in DURATIONS],
        "request_id": samples.REQUEST_ID,
        "pages": [{"name": name, "previous": previous, "next": after} for name, (previous, after) in PLACES.items()],
        "periods": [(period.label, f"?period={period.name}", number == 2) for number, period in enumerate(PERIODS)],
        "form": _wrong_form(),
        "freshness_states": samples.freshness(now),
        "shares": ["100.00%", "40.00%", "0.20%"],
        "charts": charts_of(samples.insights(now), lambda begin, end: reverse("job_list")),
        **_list_parts(now),
        **_error_parts(),
        "lines_of_life": _lines_of_life(now),
    }
    return render_page(request, "styleguide", context)


def _list_parts(now: datetime) -> Mapping[str, Any]:  # Any: what a template gets
    look = Look(now, static("jobs_ui/icons.svg"), reverse("job_list"))
    query, seen = ListQuery(JobFilters(statuses=(FAILED,))), [samples.UNKNOWN_STATUS]
    counts = {"": 12_345, FAILED: 67, PENDING: 5}
    return {
        "days": days(samples.jobs(now), look),
        "grid": GRID,
        "tabs": tabs(query, look, seen, counts, figures=True),
    }


def _error_parts() -> Mapping[str, Any]:  # Any: what a template gets
    return {
        "groups": error_rows.group_rows(samples.groups(), "/", chosen=samples.DIGEST),
        "lines": error_rows.lines(samples.messages()),
        "capabilities": {"choose_errors": True},
        "job": None,
    }


def _lines_of_life(now: datetime) -> list[tuple[str, Any]]:  # Any: a timeline, and None where there is none
    """A job's timeline while it waits, runs, and after it has ended."""
    all_jobs = samples.jobs(now)
    shown = [next(job for job in all_jobs if job.status == name) for name in (PENDING, STARTED, FAILED)]
    return [(job.status, job_facts(job, now).timeline) for job in shown]


def _wrong_form() -> RuleForm:
    data = {"kind": NotificationRule.QUEUE, "longest": "many", "to": EMAIL, "type": "", "store": ""}
    stores = [StoreName("default", "Default")]
    return RuleForm(data, channels=[(EMAIL, "my e-mail, mara@example.com")], stores=stores, types=[])
