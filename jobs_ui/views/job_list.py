"""The list of jobs: newest first, filtered by the URL, older and newer pages by keyset."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.forms import ListQuery, parse_list_query
from jobs_ui.presentation.lanes import axis
from jobs_ui.presentation.rows import days
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobPage, JobSource, UnreadableCursor
from jobs_ui.status import STATUSES, TYPES, job_status, job_type
from jobs_ui.views.rendering import down, render_page, utc_now

EMPTY = JobPage((), None, None)


@dataclass(frozen=True, slots=True)
class Tab:
    """A status tab: all jobs, or those of one status."""

    status: str
    label: str
    icon: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a drop-down."""

    value: str
    label: str
    is_selected: bool


@dataclass(frozen=True, slots=True)
class Drop:
    """A link that drops a part of the filter."""

    label: str
    url: str


@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """`/jobs/?status=…&type=…&before=…|after=…`; htmx gets the table and its pager alone."""
    now, source = utc_now(), get_source()
    query = parse_list_query(request.GET)
    page, query, trouble = _read(source, query)
    freshness = down(trouble) if trouble else source.freshness(now)
    cursor = {"before": query.before} if query.before else {"after": query.after} if query.after else {}
    path = reverse("job_list")
    context = {
        "days": days(page.jobs, now + freshness.clock_offset),
        "axis": axis(),
        "tabs": _tabs(query),
        "types": _types(query),
        "statuses": query.filters.statuses,
        "problems": query.problems,
        "freshness": freshness,
        "now": now,
        "is_filtered": bool(query.filters),
        "filter_words": _filter_words(query),
        "drops": _drops(query),
        "is_newest": not cursor,
        "page": page,
        "capabilities": source.capabilities,
        "older_url": f"{path}{query.url_query(before=page.older)}" if page.older else "",
        "newer_url": f"{path}{query.url_query(after=page.newer)}" if page.newer else "",
        "newest_url": f"{path}{query.url_query()}",
        "refresh_url": f"{path}{query.url_query(**cursor)}",
    }
    return render_page(request, "job_list", context, status=503 if trouble else 200, fragment="jobs")


def _read(source: JobSource, query: ListQuery) -> tuple[JobPage, ListQuery, CannotAsk | None]:
    """The page that the query asks for; the newest one, with a sentence, where its cursor cannot be read."""
    try:
        return source.list_jobs(query.filters, before=query.before, after=query.after), query, None
    except UnreadableCursor:
        sentence = "The place in the list could not be read, so the newest jobs are shown."
        query = replace(query, before=None, after=None, problems=(*query.problems, sentence))
        return _read(source, query)
    except CannotAsk as error:
        return EMPTY, query, error


def _tabs(query: ListQuery) -> list[Tab]:
    path, chosen = reverse("job_list"), query.filters.statuses

    def url(*statuses: str) -> str:
        return path + replace(query, filters=replace(query.filters, statuses=statuses)).url_query()

    tabs = [Tab("all", "All", "all", url(), is_current=not chosen)]
    names = [*STATUSES, *(name for name in chosen if name not in STATUSES)]
    tabs.extend(
        Tab(status.name, status.label, status.icon, url(status.name), is_current=status.name in chosen)
        for status in map(job_status, names)
    )
    return tabs


def _types(query: ListQuery) -> list[Option]:
    chosen = query.filters.types
    known = [Option(name, kind.label, is_selected=name in chosen) for name, kind in TYPES.items()]
    return known + [Option(name, name, is_selected=True) for name in chosen if name not in TYPES]


def _drops(query: ListQuery) -> list[Drop]:
    """Links that drop one part of a filter that has two; none where dropping it leaves all jobs anyway."""
    path, filters = reverse("job_list"), query.filters
    if not (filters.statuses and filters.types):
        return []
    any_status = replace(query, filters=replace(filters, statuses=()))
    any_type = replace(query, filters=replace(filters, types=()))
    return [
        Drop("Any status", path + any_status.url_query()),
        Drop("Any type", path + any_type.url_query()),
    ]


def _filter_words(query: ListQuery) -> str:
    """The filter in words, for the page that says that nothing matches: "failed or pending, of type Price import"."""
    statuses = " or ".join(job_status(name).label.lower() for name in query.filters.statuses)
    types = " or ".join(job_type(name).label for name in query.filters.types)
    return ", ".join(part for part in (statuses, f"of type {types}" if types else "") if part)
