"""Reading one job again, on somebody's wish."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from jobs_ui import audit
from jobs_ui.models import AuditEntry
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound, JobRecord
from jobs_ui.views.problems import job_not_found


@require_POST
def job_refresh(request: HttpRequest, job_id: str) -> HttpResponse:
    """`POST /jobs/<id>/refresh/`: the job and its errors are read from the API; back to its page, with the outcome."""
    try:
        job = get_source().refresh_job(job_id)
    except JobNotFound:
        audit.note(request, AuditEntry.REFRESH, job_id, "no such job", succeeded=False)
        return job_not_found(request, job_id)
    except CannotAsk as error:
        known = _("You see what was known before.")
        messages.error(request, f"{error.sentence} {known}")
        # The log is in English, whoever wrote it.
        with override("en"):
            outcome = error.sentence
        audit.note(request, AuditEntry.REFRESH, job_id, outcome, succeeded=False, request_id=error.request_id)
    else:
        messages.info(request, _outcome(job))
        outcome = "gone" if job.gone_at else "not found" if job.missing_since else "read"
        audit.note(
            request,
            AuditEntry.REFRESH,
            job_id,
            outcome,
            succeeded=outcome == "read",
            store=job.store,
            request_id=job.request_id,
        )
    return redirect("job_detail", job_id)


def _outcome(job: JobRecord) -> str:
    if job.gone_at:
        return _("Elastic Path does not have this job any more.")
    if job.missing_since:
        # One 404 may be a hiccup; sync asks once more before the job is called gone.
        return _("Elastic Path did not find this job just now. You see what was known before; it is asked for again.")
    return _("Read again just now.")
