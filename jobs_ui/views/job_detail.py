"""One job: what it is, how it went, its files, its first errors. The URL works as long as anyone knows the job."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.insights.queue import estimate_queue
from jobs_ui.models import AuditEntry
from jobs_ui.presentation.against_usual import AgainstUsual, against_usual
from jobs_ui.presentation.audit_rows import audit_rows
from jobs_ui.presentation.error_rows import GroupRow, group_rows, marked
from jobs_ui.presentation.facts import job_facts
from jobs_ui.presentation.job_place import JobPlace, job_place, place_unknown
from jobs_ui.presentation.queue_rows import may_be_more, moment_shown
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, Freshness, JobNotFound, JobRecord, JobSource
from jobs_ui.sources.queue_knowledge import MOST_LEARNT, queue_job, usual_of
from jobs_ui.status import PENDING, job_type
from jobs_ui.views.job_cancel import PERMISSION, who_may
from jobs_ui.views.job_watch import watch_parts
from jobs_ui.views.problems import cannot_ask, job_not_found
from jobs_ui.views.queue import knowledge
from jobs_ui.views.rendering import STOP_POLLING, down, render_page, utc_now, wants_fragment

FIRST_GROUPS = 3
FIRST_ERRORS = 5
LAST_ENTRIES = 5
FEWEST_RUNS = 5
"""Of fewer runs nobody can say what is usual: the job would be measured by itself."""


@require_safe
def job_detail(request: HttpRequest, job_id: str) -> HttpResponse:
    """`/jobs/<id>/`; htmx gets the moving part alone, and is told to stop once the job is final."""
    now, source = utc_now(), get_source()
    try:
        job = source.get_job(job_id)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, _("The job %(id)s is not known here yet") % {"id": job_id})
    freshness = source.freshness(now, [job.store])
    groups: list[GroupRow] = []
    errors: tuple[SafeString, ...] = ()
    try:
        groups = _first_groups(source, job)
        errors = () if groups else _first_errors(source, job)
    except CannotAsk as error:
        freshness = down(error, job.read_at)
    may = request.user.has_perm(PERMISSION) if job.status == PENDING else False
    context: dict[str, object] = {
        "place": _place(source, job, freshness),
        "who_may": who_may() if job.status == PENDING and not may else "",
        "entries": audit_rows(AuditEntry.objects.filter(job_id=job.job_id).order_by("-at", "-id")[:LAST_ENTRIES], now),
        "job": job,
        "against": _against_usual(source, job, now + freshness.clock_offset),
        "facts": job_facts(job, now, clock_offset=freshness.clock_offset),
        "groups": groups,
        "first_errors": errors,
        "freshness": freshness,
        "now": now,
        "capabilities": source.capabilities,
    }
    if source.capabilities.notify and not job.is_final:
        context |= watch_parts(request, job)
    response = render_page(request, "job_detail", context, fragment="job")
    if job.is_final and wants_fragment(request):
        # htmx: this answer is swapped in as any other, and ends the polling.
        response.status_code = STOP_POLLING
    return response


def _place(source: JobSource, job: JobRecord, freshness: Freshness) -> JobPlace | None:
    """Where a pending job stands in its queue; None for a job that does not wait any more, as far as is known."""
    if job.status != PENDING or job.is_final:
        return None
    now, as_of = moment_shown(utc_now(), freshness)
    try:
        jobs = source.queue(job.store)
        queue = estimate_queue(map(queue_job, jobs), knowledge(source, job.store, now).learned, now)
    except CannotAsk:
        return place_unknown()
    return job_place(job.job_id, queue, now, as_of=as_of, is_cut=may_be_more(jobs))


def _against_usual(source: JobSource, job: JobRecord, now: datetime) -> AgainstUsual | None:
    """The run against what is usual; None where it has not run, or where the API would have to be asked."""
    ran = job.ran(now)
    if ran is None or source.capabilities.filters != "index":
        return None
    usual = usual_of(job.store, lambda: map(queue_job, source.lately_ended(job.store, MOST_LEARNT)))
    known = usual.get(job_type(job.type).name)
    return against_usual(ran, known) if known and known.count >= FEWEST_RUNS else None


def _first_groups(source: JobSource, job: JobRecord) -> list[GroupRow]:
    groups = source.error_groups(job, most=FIRST_GROUPS) if job.errors.count else None
    url = reverse("job_errors", args=[job.job_id])
    return group_rows(groups, url, has_values=source.capabilities.choose_errors) if groups else []


def _first_errors(source: JobSource, job: JobRecord) -> tuple[SafeString, ...]:
    """The first messages, of a job whose messages have not been grouped yet."""
    if not job.errors.count:
        return ()
    return tuple(marked(line.message) for line in source.list_errors(job, size=FIRST_ERRORS).lines)
