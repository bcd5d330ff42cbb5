"""The files of an export: each part is fetched with a fresh link and passed through."""

from __future__ import annotations

import re
from datetime import UTC

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.downloads import CannotDownload, open_link
from jobs_ui.presentation.facts import files_sentence
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound, JobRecord
from jobs_ui.views.problems import Problem, cannot_ask, job_not_found, problem_page
from jobs_ui.views.rendering import utc_now

HEADLINES = {
    "expired": (410, "The link to this file has expired", "Elastic Path handed out a link that is no longer valid."),
    "gone": (
        410,
        "This file is no longer there",
        "Elastic Path keeps the file of an export for a while, then removes it.",
    ),
    "not-allowed": (
        502,
        "This file lies where the console may not fetch it",
        "The file's address is not one that this console is allowed to fetch from.",
    ),
    "broken": (502, "The file could not be fetched", "The host of the file gave an answer that makes no sense."),
    "not-reachable": (502, "The file could not be fetched", "The host of the file cannot be reached."),
}
RUN_AGAIN = "Run the export again with the same filter, and a new file is written."


@require_safe
def job_file(request: HttpRequest, job_id: str, number: int) -> HttpResponseBase:
    """`/jobs/<id>/files/<n>/` (from 1): the part as a CSV attachment, or a page that says why it cannot be had."""
    source = get_source()
    try:
        job, links = source.file_links(job_id)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, "The link to a file has to be fresh")
    if not 1 <= number <= len(links):
        return _no_such_part(request, job, number, len(links))
    now = utc_now() + source.freshness(utc_now()).clock_offset
    try:
        file = open_link(links[number - 1], hosts=settings.ENVIRONMENT.DOWNLOAD_HOSTS, now=now)
    except CannotDownload as error:
        return _cannot_download(request, job, error)
    # A download takes as long as it takes; a page must not wait meanwhile for the database connection that it held.
    if not connection.in_atomic_block:
        connection.close()
    if request.method == "HEAD":
        file.close()
        response: HttpResponseBase = HttpResponse()
    else:
        response = StreamingHttpResponse(file)
    response["Content-Type"] = "text/csv; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{file_name(job, number)}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    if file.length is not None:
        response["Content-Length"] = str(file.length)
    return response


def file_name(job: JobRecord, number: int) -> str:
    """`product-export_2026-11-23_part-1.csv`: made by us, because the host's name is somebody else's text."""
    kind = re.sub(r"[^a-z0-9-]+", "-", job.type.lower()).strip("-")[:60] or "export"
    return f"{kind}_{job.created_at.astimezone(UTC):%Y-%m-%d}_part-{number}.csv"


def _no_such_part(request: HttpRequest, job: JobRecord, number: int, parts: int) -> HttpResponse:
    if 1 <= number <= len(job.files or ()):
        return _cannot_download(request, job, CannotDownload("gone"))
    if parts:
        sentence = f"The export has {parts} part{'' if parts == 1 else 's'}, and this is number {number}."
    else:
        sentence = files_sentence(job) or "Elastic Path lists no file of this job any more."
    return problem_page(
        request,
        Problem(404, "There is no such part", sentence, back_url=_job_url(job), back_words="Back to the job"),
    )


def _cannot_download(request: HttpRequest, job: JobRecord, error: CannotDownload) -> HttpResponse:
    status, headline, sentence = HEADLINES[error.kind]
    if error.status is not None:
        sentence += f" It said {error.status}."
    advice = RUN_AGAIN if status == 410 else ""
    if error.kind == "not-allowed":
        advice = "Whoever looks after this console can allow the host with the setting DOWNLOAD_HOSTS."
    elif not advice:
        advice = "Try again in a minute. If it happens again, run the export again with the same filter."
    return problem_page(
        request,
        Problem(
            status,
            headline,
            sentence,
            advice=advice,
            code=(job.filter or "all products") if job.is_export else "",
            request_id=job.request_id,
            back_url=_job_url(job),
            back_words="Back to the job",
        ),
    )


def _job_url(job: JobRecord) -> str:
    return reverse("job_detail", args=[job.job_id])
