"""The messages of a job of any status, paged."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.presentation.facts import errors_sentence
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, ErrorPage, JobNotFound
from jobs_ui.status import job_status, job_type
from jobs_ui.views.problems import cannot_ask, job_not_found
from jobs_ui.views.rendering import down, render_page, utc_now

MOST_PAGES = 1_000_000


@require_safe
def job_errors(request: HttpRequest, job_id: str) -> HttpResponse:
    """`/jobs/<id>/errors/?page=N` (from 1)."""
    now, source = utc_now(), get_source()
    try:
        job = source.get_job(job_id)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, f"The job {job_id} is not known here yet")
    number, problem = _page_number(request.GET.get("page", "1"))
    freshness, trouble = source.freshness(now), None
    try:
        page = source.list_errors(job, number=number)
    except CannotAsk as error:
        trouble, page = error, ErrorPage((), number, has_next=False, total=None)
        freshness = down(error, job.read_at)
    path = reverse("job_errors", args=[job.job_id])
    context = {
        "job": job,
        "status": job_status(job.status),
        "type": job_type(job.type),
        "page": page,
        "sentence": "" if trouble else errors_sentence(job),
        "problem": problem,
        "freshness": freshness,
        "now": now,
        "capabilities": source.capabilities,
        "next_url": f"{path}?page={page.number + 1}" if page.has_next else "",
        "previous_url": f"{path}?page={page.number - 1}" if page.number > 1 else "",
    }
    return render_page(request, "job_errors", context, status=503 if trouble else 200)


def _page_number(text: str) -> tuple[int, str]:
    """The page's number and a sentence where the text was none; the first page then."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_PAGES:
        return int(text[:9]), ""
    return 1, "The page's number could not be read, so the first page is shown."
