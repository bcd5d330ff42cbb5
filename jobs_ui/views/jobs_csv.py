"""The list as one CSV file: the same query string, all pages, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.forms import ListQuery, parse_list_query
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobFilters, JobPage, JobRecord, JobSource
from jobs_ui.views.csv_files import csv_attachment, csv_header, csv_lines, safe_cell
from jobs_ui.views.export_parts import one_of_few
from jobs_ui.views.problems import Problem, cannot_ask, problem_page
from jobs_ui.views.rendering import release_connection, utc_now

BATCH = 1_000
HEADER = (
    "store",
    "id",
    "type",
    "status",
    "created_at",
    "started_at",
    "completed_at",
    "waited_seconds",
    "ran_seconds",
    "filter",
    "copied_from",
    "hierarchy_id",
    "files",
    "errors",
    "request_id",
    "gone_at",
)


@require_safe
@one_of_few
def jobs_csv(request: HttpRequest) -> HttpResponseBase:
    """`/jobs.csv?q=…&status=…`: every job that the list shows under that query, in its order."""
    source = get_source()
    query = parse_list_query(request.GET, source.capabilities)
    try:
        # Read before the answer begins: what fails now can still be told on a page.
        first = source.list_jobs(query.filters, size=BATCH)
    except CannotAsk as error:
        return cannot_ask(request, error, _("The jobs have to be read from Elastic Path"))
    if first.problem:
        return _cannot_search(request, query, first.problem)
    return csv_attachment(request, _pieces(source, query.filters, first), f"jobs_{utc_now():%Y-%m-%d}.csv")


def _pieces(source: JobSource, filters: JobFilters, page: JobPage) -> Iterator[str]:
    """The file, a batch in memory."""
    now = utc_now()
    yield csv_header(HEADER)
    while True:
        release_connection()
        yield csv_lines(_cells(job, now) for job in page.jobs)
        if page.older is None:
            return
        page = source.list_jobs(filters, before=page.older, size=BATCH)


def _cells(job: JobRecord, now: datetime) -> tuple[object, ...]:
    waited, ran = job.waited(now), job.ran(now)
    return (
        safe_cell(job.store),
        safe_cell(job.job_id),
        safe_cell(job.type),
        safe_cell(job.status),
        _iso(job.created_at),
        _iso(job.started_at),
        _iso(job.completed_at),
        "" if waited is None else round(waited.total_seconds(), 3),
        "" if ran is None else round(ran.total_seconds(), 3),
        safe_cell(job.filter or ""),
        safe_cell(job.copied_from),
        safe_cell(job.hierarchy_id),
        "" if job.files is None else len(job.files),
        job.errors.count,
        safe_cell(job.request_id),
        _iso(job.gone_at),
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""


def _cannot_search(request: HttpRequest, query: ListQuery, sentence: str) -> HttpResponse:
    return problem_page(
        request,
        Problem(
            400,
            _("There is no such list"),
            sentence,
            back_url=reverse("job_list") + query.url_query(),
            back_words=_("Back to the list"),
        ),
    )
