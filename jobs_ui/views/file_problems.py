"""Pages for files that cannot be had: which it is, what can be had all the same, and what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jobs_ui.downloads import CannotDownload
from jobs_ui.presentation.facts import files_sentence
from jobs_ui.presentation.numbers import whole
from jobs_ui.sources.base import JobRecord
from jobs_ui.views.problems import Problem, problem_page

BUSY_SECONDS = 10
MOST_LINKS = 20
HEADLINES = {
    "expired": (
        410,
        _("The link to this file has expired"),
        _("Elastic Path handed out a link that is no longer valid."),
    ),
    "gone": (
        410,
        _("This file is no longer there"),
        _("Elastic Path keeps the file of an export for a while, then removes it."),
    ),
    "not-allowed": (
        502,
        _("This file lies where the console may not fetch it"),
        _("The file's address is not one that this console is allowed to fetch from."),
    ),
    "broken": (
        502,
        _("The file could not be fetched"),
        _("The host of the file gave an answer that makes no sense, or broke it off."),
    ),
    "too-slow": (
        502,
        _("The file could not be fetched"),
        _("The host of the file is too slow: the file did not come in time."),
    ),
    "not-reachable": (
        502,
        _("The file could not be fetched"),
        _("The host of the file cannot be reached."),
    ),
    "not-in-file": (
        416,
        _("The file is shorter than that"),
        _("A part of the file was asked for that it does not have, as when a download is resumed that was complete."),
    ),
    "no-header": (
        502,
        _("The parts cannot be put together"),
        _("A part does not begin with a header row that can be read."),
    ),
    "too-many-columns": (
        502,
        _("The parts cannot be put together"),
        _("They have more columns that differ than one table can hold."),
    ),
}
ADVICE = {
    "not-allowed": _("Whoever looks after this console can allow the host with the setting DOWNLOAD_HOSTS:"),
    "not-in-file": _("Download the file anew."),
    "no-header": _("Download the parts one by one, or as a zip."),
    "too-many-columns": _("Download the parts one by one, or as a zip."),
}
NAMELESS = _("The address names no host, so there is none that the setting DOWNLOAD_HOSTS could allow.")
# The export's filter stands below these.
RUN_AGAIN = _("Run the export again with the same filter, and a new file is written. The export's filter:")
TRY_AGAIN = _(
    "Try again in a minute. If it happens again, run the export again with the same filter. The export's filter:"
)


def cannot_download(request: HttpRequest, job: JobRecord, error: CannotDownload, *, number: int | None) -> HttpResponse:
    """410, 416 or 502: the page for a part (from 1; None: all of them) that was not to be had."""
    status, headline, cause = HEADLINES[error.kind]
    sentences = [str(cause)]
    if error.part and number is None:
        sentences.insert(0, gettext("It is about part %(number)s.") % {"number": error.part})
    if error.status is not None:
        sentences.append(gettext("The host of the file said %(status)s.") % {"status": error.status})
    response = problem_page(
        request,
        Problem(
            status,
            str(headline),
            " ".join(sentences),
            advice=_advice(error),
            code=_code(job, error),
            request_id=job.request_id,
            back_url=_job_url(job),
            back_words=gettext("Back to the job"),
            works=_works(job, number or error.part),
            links=_other_parts(job, number or error.part),
            may_pass=error.kind in ("broken", "too-slow", "not-reachable"),
        ),
    )
    if error.kind == "not-in-file" and error.total is not None:
        response["Content-Range"] = f"bytes */{error.total}"
    return response


def no_such_part(request: HttpRequest, job: JobRecord, number: int | None, parts: int, known: int) -> HttpResponse:
    """404 for a part (None: all of them) that there never was, 410 for one that there has been. `parts`: what is listed
    now, `known`: what there was before.
    """
    if 1 <= (1 if number is None else number) <= max(known, len(job.files or ())):
        return _no_longer_listed(request, job, parts)
    if parts:
        form = ngettext(
            "The export has %(parts)s part, and this is number %(number)s.",
            "The export has %(parts)s parts, and this is number %(number)s.",
            parts,
        )
        sentence = form % {"parts": whole(parts), "number": number}
    else:
        sentence = files_sentence(job) or gettext("Elastic Path lists no file of this job any more.")
    return problem_page(
        request,
        Problem(
            404,
            gettext("There is no such part"),
            sentence,
            back_url=_job_url(job),
            back_words=gettext("Back to the job"),
            links=_other_parts(job, number or 0),
        ),
    )


def still_running(request: HttpRequest, job: JobRecord) -> HttpResponse:
    """404 for all parts of an export that may still get more."""
    return problem_page(
        request,
        Problem(
            404,
            gettext("The export is still being written"),
            gettext("All parts can be had together when the export has succeeded."),
            advice=gettext("The parts that are listed already can be downloaded one by one."),
            back_url=_job_url(job),
            back_words=gettext("Back to the job"),
            links=_other_parts(job, 0),
        ),
    )


def too_many_downloads(request: HttpRequest) -> HttpResponse:
    """503 where every slot for downloads is taken."""
    return problem_page(
        request,
        Problem(
            503,
            gettext("Too many downloads at once"),
            gettext("The console is busy with as many downloads as it can serve without making its pages slow."),
            advice=gettext("Try again in %(seconds)s seconds: load this page again, and the download begins.")
            % {"seconds": BUSY_SECONDS},
            may_pass=True,
        ),
        retry_after=BUSY_SECONDS,
    )


def _no_longer_listed(request: HttpRequest, job: JobRecord, parts: int) -> HttpResponse:
    if parts:
        form = ngettext(
            "It lists only %(parts)s part of this export now.",
            "It lists only %(parts)s parts of this export now.",
            parts,
        )
        now = form % {"parts": whole(parts)}
    else:
        now = gettext("It lists no files of this export any more.")
    return problem_page(
        request,
        Problem(
            410,
            gettext("This file is no longer there"),
            f"{HEADLINES['gone'][2]} {now}",
            advice=str(RUN_AGAIN),
            code=_filter(job),
            request_id=job.request_id,
            back_url=_job_url(job),
            back_words=gettext("Back to the job"),
            works=gettext("What the console knows of the job stays readable."),
        ),
    )


def _works(job: JobRecord, number: int) -> str:
    if len(job.files or ()) > 1:
        return gettext("The other parts are fetched one by one, so they may still be there:")
    return gettext("What the console knows of the job stays readable.")


def _other_parts(job: JobRecord, number: int) -> tuple[tuple[str, str], ...]:
    others = [other for other in range(1, len(job.files or ()) + 1) if other != number][:MOST_LINKS]
    return tuple(
        (reverse("job_file", args=[job.job_id, other]), gettext("Download part %(number)s") % {"number": other})
        for other in others
    )


def _advice(error: CannotDownload) -> str:
    if error.kind == "not-allowed" and not error.host:
        return str(NAMELESS)
    return str(ADVICE.get(error.kind, RUN_AGAIN if HEADLINES[error.kind][0] == 410 else TRY_AGAIN))


def _code(job: JobRecord, error: CannotDownload) -> str:
    """What the advice speaks of, to copy."""
    if error.kind == "not-allowed":
        return error.host
    return "" if error.kind in ADVICE else _filter(job)


def _filter(job: JobRecord) -> str:
    return (job.filter or gettext("all products")) if job.is_export else ""


def _job_url(job: JobRecord) -> str:
    return reverse("job_detail", args=[job.job_id])
