"""The messages of a job of any status: by what they say, and one by one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.error_forms import ErrorsQuery, parse_errors_query
from jobs_ui.presentation import error_rows
from jobs_ui.presentation.facts import errors_sentence
from jobs_ui.presentation.numbers import whole
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound, JobRecord
from jobs_ui.sources.errors import ERRORS_PAGE_SIZE, ErrorGroups, ErrorPage
from jobs_ui.status import job_status, job_type
from jobs_ui.views.problems import LONGEST_NAME, cannot_ask, job_not_found
from jobs_ui.views.rendering import down, render_page, utc_now

GROUPS_IN_SIGHT = 20


@require_safe
def job_errors(request: HttpRequest, job_id: str) -> HttpResponse:
    """`/jobs/<id>/errors/?group=…&q=…&page=N` (from 1)."""
    now, source = utc_now(), get_source()
    try:
        job = source.get_job(job_id)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, _("The job %(job)s is not known here yet") % {"job": job_id[:LONGEST_NAME]})
    query = parse_errors_query(request.GET, source.capabilities)
    freshness, trouble, groups = source.freshness(now, [job.store]), None, None
    try:
        groups = source.error_groups(job) if job.errors.count else None
        query = query.among(groups)
        page = source.list_errors(job, number=query.number, choice=query.choice)
    except CannotAsk as error:
        trouble, page = error, ErrorPage((), query.number, has_next=False, total=None)
        freshness = down(error, job.read_at)
    context = {
        "job": job,
        "status": job_status(job.status),
        "type": job_type(job.type),
        "heading": error_rows.title(job, page.total),
        "problems": query.problems,
        "sentence": "" if trouble or _is_plain(job, page) else errors_sentence(job),
        "is_empty": not (page.lines or query.choice or query.number > 1),
        "freshness": freshness,
        "now": now,
        "capabilities": source.capabilities,
        **_groups(job, query, groups, has_values=source.capabilities.choose_errors),
        **_messages(job, query, page),
    }
    return render_page(request, "job_errors", context, status=503 if trouble else 200)


def _is_plain(job: JobRecord, page: ErrorPage) -> bool:
    """Whether the messages speak for themselves: the sentence goes by what the job said, before they were read."""
    return bool(page.lines) and job.errors.state in ("more", "not-asked")


def _groups(job: JobRecord, query: ErrorsQuery, groups: ErrorGroups | None, *, has_values: bool) -> dict[str, Any]:
    """What the table of groups needs. (Any: what a template gets.)"""
    if groups is None:
        return {"groups": [], "is_grouping": bool(job.errors.count)}
    path = reverse("job_errors", args=[job.job_id])
    rows = error_rows.group_rows(groups, path, chosen=query.choice.group, has_values=has_values)
    return {
        "groups": rows[:GROUPS_IN_SIGHT],
        "more_groups": rows[GROUPS_IN_SIGHT:],
        "groups_words": error_rows.groups_words(groups, is_whole=job.errors.state != "more"),
        "options": error_rows.options(groups),
    }


def _messages(job: JobRecord, query: ErrorsQuery, page: ErrorPage) -> dict[str, Any]:
    """What the table of messages and its pager need. (Any: what a template gets.)"""
    path, number = reverse("job_errors", args=[job.job_id]), page.number
    start = (number - 1) * ERRORS_PAGE_SIZE + 1
    words = {"first": whole(start), "last": whole(start + len(page.lines) - 1), "page": whole(number)}
    if page.total is None:
        range_words, page_words = _("%(first)s to %(last)s") % words, _("Page %(page)s") % words
    else:
        words |= {"total": whole(page.total), "pages": whole(-(-page.total // ERRORS_PAGE_SIZE))}
        range_words = _("%(first)s to %(last)s of %(total)s") % words
        page_words = _("Page %(page)s of %(pages)s") % words
    return {
        "page": page,
        "lines": error_rows.lines(page.lines),
        "choice": query.choice,
        "range_words": range_words,
        "page_words": page_words,
        "csv_url": reverse("job_errors_csv", args=[job.job_id]) + query.url_query(),
        "next_url": f"{path}{query.url_query(number + 1)}#messages" if page.has_next else "",
        "previous_url": f"{path}{query.url_query(number - 1)}#messages" if number > 1 else "",
    }
