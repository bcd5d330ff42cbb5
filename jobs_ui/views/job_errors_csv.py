"""The messages of a job as a CSV file: all, those of one group, or those with a text in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.error_forms import LONGEST_DIGEST, parse_errors_query
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound
from jobs_ui.sources.errors import ErrorLine
from jobs_ui.views.csv_files import csv_attachment, csv_header, csv_lines, name_of, safe_cell
from jobs_ui.views.export_parts import one_of_few
from jobs_ui.views.problems import Problem, cannot_ask, job_not_found, problem_page
from jobs_ui.views.rendering import release_connection

HEADER = ("number", "group", "message", "id")


@require_safe
@one_of_few
def job_errors_csv(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """`/jobs/<id>/errors.csv?group=…&q=…`: what the errors page shows under that query, on all its pages."""
    source = get_source()
    try:
        job = source.get_job(job_id)
        query = parse_errors_query(request.GET, source.capabilities, has_pages=False)
        if query.choice.group:
            query = query.among(source.error_groups(job))
        if query.problems:
            return _cannot_choose(request, job_id, query.problems[0])
        batches = source.all_errors(job, query.choice)
        # Read before the answer begins: what fails now can still be told on a page.
        first = next(batches, ())
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, _("The messages have to be read from Elastic Path"))
    return csv_attachment(request, _pieces(chain([first], batches)), name_of(job, "_errors.csv"))


@require_safe
def job_error_values(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """`/jobs/<id>/errors/values.txt?group=…&place=N`: the different values in a place (from 0) of a group's messages.

    One a line, to be pasted into the filter of a spreadsheet.
    """
    source = get_source()
    place = request.GET.get("place", "0")
    try:
        job = source.get_job(job_id)
        number = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else -1
        text = source.error_values(job, request.GET.get("group", "").replace("\0", "")[: LONGEST_DIGEST + 1], number)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, _("The messages have to be read from Elastic Path"))
    if text is None:
        return _no_such_values(request, job_id)
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _pieces(batches: Iterator[Sequence[ErrorLine]]) -> Iterator[str]:
    yield csv_header(HEADER)
    for batch in batches:
        release_connection()
        if batch:
            yield csv_lines(map(_cells, batch))


def _cells(line: ErrorLine) -> tuple[object, ...]:
    return line.position + 1, line.group or "", safe_cell(line.message), safe_cell(line.error_id)


def _cannot_choose(request: HttpRequest, job_id: str, sentence: str) -> HttpResponse:
    """400: a file of other messages than were asked for would be taken for them."""
    return problem_page(
        request,
        Problem(
            400,
            _("There is no such list of messages"),
            sentence,
            advice=_("Choose the group again on the page of the job's errors."),
            back_url=reverse("job_errors", args=[job_id]),
            back_words=_("All errors of the job"),
        ),
    )


def _no_such_values(request: HttpRequest, job_id: str) -> HttpResponse:
    return problem_page(
        request,
        Problem(
            404,
            _("There are no such values"),
            _("The errors of this job may have been read again since you opened the page."),
            back_url=reverse("job_errors", args=[job_id]),
            back_words=_("All errors of the job"),
        ),
    )
