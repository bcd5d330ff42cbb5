"""Who did what: every cancel, download and refresh, newest first."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.audit_forms import ACTIONS, AuditQuery, EntryPlace, older_than, parse_audit_query
from jobs_ui.models import AuditEntry
from jobs_ui.presentation.audit_rows import audit_rows
from jobs_ui.views.csv_files import csv_attachment, csv_header, csv_lines, safe_cell
from jobs_ui.views.export_parts import one_of_few
from jobs_ui.views.problems import Problem, problem_page
from jobs_ui.views.rendering import release_connection, render_page, utc_now

PAGE_SIZE = 50
BATCH = 1_000
HEADER = ("at", "user", "address", "action", "store", "job", "detail", "outcome", "succeeded", "request_id")


@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """`/audit/?user=…&action=…&job=…&from=…&to=…`, a page at a time by the cursors `before` and `after`."""
    query, now = parse_audit_query(request.GET), utc_now()
    page = query.page(PAGE_SIZE)
    path, entries = reverse("audit_log"), page.entries
    context = {
        "query": query,
        "problems": query.problems,
        "rows": audit_rows(entries, now),
        "actions": ACTIONS.items(),
        "csv_url": reverse("audit_csv") + query.url_query(),
        "next_url": path + query.url_query(before=EntryPlace.of(entries[-1]).cursor()) if page.has_older else "",
        "previous_url": path + query.url_query(after=EntryPlace.of(entries[0]).cursor())
        if page.has_newer and entries
        else "",
    }
    return render_page(request, "audit_log", context)


@require_safe
@one_of_few
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """`/audit.csv`: the same entries, all of them. 400 for a filter that cannot be read: nobody sees it in the file."""
    query = parse_audit_query(request.GET)
    if query.problems:
        return _unreadable(request, query)
    # The days are those of the reader's zone, which is active no more when the file is written.
    return csv_attachment(request, _pieces(query.entries()), f"audit_{utc_now():%Y-%m-%d}.csv")


def _pieces(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """The file, a batch in memory, each found by the last entry of the one before: new ones do not move it."""
    yield csv_header(HEADER)
    batch = list(entries[:BATCH])
    while batch:
        place = EntryPlace.of(batch[-1])
        release_connection()
        yield csv_lines(map(_cells, batch))
        batch = list(older_than(entries, place)[:BATCH])


def _unreadable(request: HttpRequest, query: AuditQuery) -> HttpResponse:
    return problem_page(
        request,
        Problem(
            400,
            _("There is no such file"),
            " ".join(query.problems),
            back_url=reverse("audit_log") + query.url_query(),
            back_words=_("Back to the log"),
        ),
    )


def _cells(entry: AuditEntry) -> tuple[object, ...]:
    return (
        entry.at.isoformat().replace("+00:00", "Z"),
        safe_cell(entry.username),
        entry.address,
        entry.action,
        safe_cell(entry.store),
        safe_cell(entry.job_id),
        safe_cell(entry.detail),
        safe_cell(entry.outcome),
        "yes" if entry.succeeded else "no",
        safe_cell(entry.request_id),
    )
