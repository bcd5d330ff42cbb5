"""The files of an export: each part is fetched with a fresh link and passed through; all of them as one file."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui import audit
from jobs_ui.downloads import (
    CannotDownload,
    Header,
    MergedFile,
    OpenFile,
    Plan,
    WantedRange,
    ZippedParts,
    make_plan,
    read_beginning,
    read_header,
    read_range,
)
from jobs_ui.models import AuditEntry
from jobs_ui.sources.base import CannotAsk, JobNotFound, JobRecord
from jobs_ui.views.export_parts import ExportParts, attachment, one_of_few
from jobs_ui.views.file_problems import cannot_download, no_such_part, still_running
from jobs_ui.views.problems import cannot_ask, job_not_found
from jobs_ui.views.rendering import release_connection

CSV = "text/csv; charset=utf-8"
BAD_REQUEST = 400


@require_safe
def job_file(request: HttpRequest, job_id: str, number: int) -> HttpResponseBase:
    """`/jobs/<id>/files/<n>/` (from 1): the part as a CSV attachment, or a page that says why it cannot be had.

    Where DOWNLOAD_MODE is `redirect`, the browser is sent to the file host instead.
    """
    if settings.ENVIRONMENT.DOWNLOAD_MODE == "redirect":
        return _noted(request, job_id, number, f"part {number}", lambda parts: _redirect(parts, number))
    return _streamed_part(request, job_id, number)


@one_of_few
def _streamed_part(request: HttpRequest, job_id: str, number: int) -> HttpResponseBase:
    return _noted(request, job_id, number, f"part {number}", lambda parts: _part(request, parts, number))


@require_safe
@one_of_few
def job_files_zip(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """`/jobs/<id>/files.zip`: all parts in one zip file, each fetched when its turn comes."""
    return _noted(request, job_id, None, "all parts as zip", lambda parts: _zip(request, parts))


@require_safe
@one_of_few
def job_files_csv(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """`/jobs/<id>/files.csv`: all parts as one CSV file, the header once."""
    return _noted(request, job_id, None, "all parts as CSV", lambda parts: _csv(request, parts))


def explained(
    request: HttpRequest, job_id: str, number: int | None, answer: Callable[[ExportParts], HttpResponseBase]
) -> HttpResponseBase:
    """The answer for a part (None: all of them) of the job, or the page that says why there is none."""
    return _explained(request, job_id, number, answer)[0]


def _noted(
    request: HttpRequest, job_id: str, number: int | None, what: str, answer: Callable[[ExportParts], HttpResponseBase]
) -> HttpResponseBase:
    """The same for a download, which is written down: as begun, since nobody waits for its end."""
    response, job = _explained(request, job_id, number, answer)
    if request.method == "GET":
        is_begun = response.status_code < BAD_REQUEST
        audit.note(
            request,
            AuditEntry.DOWNLOAD,
            job_id,
            "begun" if is_begun else f"not to be had ({response.status_code})",
            succeeded=is_begun,
            store=job.store if job else "",
            detail=what,
            request_id=job.request_id if job else "",
        )
        # The entry took it once more.
        release_connection()
    return response


def _explained(
    request: HttpRequest, job_id: str, number: int | None, answer: Callable[[ExportParts], HttpResponseBase]
) -> tuple[HttpResponseBase, JobRecord | None]:
    try:
        parts = ExportParts(job_id)
        if not 1 <= (1 if number is None else number) <= parts.count:
            return no_such_part(request, parts.job, number, parts.count, parts.known), parts.job
        try:
            return answer(parts), parts.job
        except CannotDownload as error:
            return cannot_download(request, parts.job, error, number=number), parts.job
    except JobNotFound:
        return job_not_found(request, job_id), None
    except CannotAsk as error:
        return cannot_ask(request, error, _("The link to a file has to be fresh")), None


def _part(request: HttpRequest, parts: ExportParts, number: int) -> HttpResponseBase:
    wanted = None
    if request.method == "GET":
        wanted = read_range(request.headers.get("Range", ""), request.headers.get("If-Range", ""))
    file = parts.open(number, wanted)
    response = attachment(request, file, parts.part_name(number), CSV, status=206 if file.span else 200)
    if file.length is not None:
        response["Content-Length"] = str(file.length)
    if file.span:
        response["Content-Range"] = str(file.span)
    if file.has_ranges:
        response["Accept-Ranges"] = "bytes"
    # With these a browser can tell, when it resumes, that it is still the same file.
    for name, value in (("ETag", file.etag), ("Last-Modified", file.last_modified)):
        if value:
            response[name] = value
    return response


def _redirect(parts: ExportParts, number: int) -> HttpResponse:
    # Not HttpResponseRedirect: that one shows its address wherever it is printed.
    response = HttpResponse(status=302)
    response["Location"] = parts.address(number)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


def _zip(request: HttpRequest, parts: ExportParts) -> HttpResponseBase:
    if not parts.job.is_final:
        return still_running(request, parts.job)
    names = [parts.part_name(number) for number in range(1, parts.count + 1)]
    # The first part is opened before the answer begins: until then a failure can be told on a page.
    stream = ZippedParts(names, parts.open, parts.open(1))
    return attachment(request, stream, parts.name(".zip"), "application/zip")


def _csv(request: HttpRequest, parts: ExportParts) -> HttpResponseBase:
    if not parts.job.is_final:
        return still_running(request, parts.job)
    plan = _plan(parts)
    first = parts.open(plan.parts[0] if plan.parts else 1)
    return attachment(request, MergedFile(plan, parts.open, first), parts.name(".csv"), CSV)


def _plan(parts: ExportParts) -> Plan:
    """How the parts go together, by the headers of all of them: in one that is short, columns may come last that no
    other has, and a header cannot be changed once it is sent.
    """
    seen: dict[bytes, Header] = {}
    headers: list[Header] = []
    for number in range(1, parts.count + 1):

        def open_range(wanted: WantedRange, number: int = number) -> OpenFile:
            return parts.open(number, wanted, may_share=True)

        try:
            header = read_header(read_beginning(open_range))
        except CannotDownload as error:
            error.part = number
            raise
        # Ten thousand parts may have one and the same header of five thousand names.
        headers.append(seen.setdefault(header.digest, header))
    return make_plan(headers)
