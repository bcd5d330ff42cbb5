"""Who did what: every cancel, download and refresh, newest first."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.audit_forms import ACTIONS, AuditQuery, parse_audit_query
from jobs_ui.models import AuditEntry
from jobs_ui.presentation.audit_rows import audit_rows
from jobs_ui.views.csv_files import csv_attachment, csv_header, csv_lines, safe_cell
from jobs_ui.views.export_parts import one_of_few
from jobs_ui.views.rendering import release_connection, render_page, utc_now

PAGE_SIZE = 50
BATCH = 1_000
HEADER = ("at", "user", "address", "action", "store", "job", "detail", "outcome", "succeeded", "request_id")


@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """`/audit/?user=…&action=…&job=…&from=…&to=…&page=N` (from 1)."""
    query, now = parse_audit_query(request.GET), utc_now()
    start = (query.number - 1) * PAGE_SIZE
    entries = list(query.entries()[start : start + PAGE_SIZE + 1])
    path = reverse("audit_log")
    context = {
        "query": query,
        "page_words": f"Page {query.number:,}",
        "problems": query.problems,
        "rows": audit_rows(entries[:PAGE_SIZE], now),
        "actions": ACTIONS.items(),
        "csv_url": reverse("audit_csv") + query.url_query(),
        "next_url": path + query.url_query(query.number + 1) if len(entries) > PAGE_SIZE else "",
        "previous_url": path + query.url_query(query.number - 1) if query.number > 1 else "",
    }
    return render_page(request, "audit_log", context)


@require_safe
@one_of_few
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """`/audit.csv`: the same entries, all of them."""
    query = parse_audit_query(request.GET)
    return csv_attachment(request, _pieces(query), f"audit_{utc_now():%Y-%m-%d}.csv")


def _pieces(query: AuditQuery) -> Iterator[str]:
    """The file, a batch in memory, each found by its last entry: new ones do not move it."""
    yield csv_header(HEADER)
    entries, last = query.entries().order_by("-id"), None
    while batch := list((entries if last is None else entries.filter(id__lt=last))[:BATCH]):
        last = batch[-1].pk
        release_connection()
        yield csv_lines(map(_cells, batch))


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
