"""Cancelling jobs that wait, for those who may."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from jobs_ui import audit
from jobs_ui.models import AuditEntry
from jobs_ui.presentation.acts import cancel_sentence
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound
from jobs_ui.views.problems import Problem, job_not_found, problem_page
from jobs_ui.views.rendering import utc_now

PERMISSION = "jobs_ui.cancel_job"
GROUP = "Job operators"
MOST_AT_ONCE = 50
MOST_NAMES = 10


@require_POST
def job_cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    """`POST /jobs/<id>/cancel/`: the job is cancelled if it still waits; back to where it was asked for."""
    if not request.user.has_perm(PERMISSION):
        audit.note(request, AuditEntry.CANCEL, job_id, "not allowed", succeeded=False)
        return not_allowed(request, job_id)
    if not _cancel(request, job_id):
        return job_not_found(request, job_id)
    return redirect("queue") if request.POST.get("back") == "queue" else redirect("job_detail", job_id)


@require_POST
def queue_cancel(request: HttpRequest) -> HttpResponse:
    """`POST /queue/cancel/` with `job=<id>` as often as wanted: each with its own outcome; back to the queue."""
    if not request.user.has_perm(PERMISSION):
        audit.note(request, AuditEntry.CANCEL, "", "not allowed", succeeded=False)
        return not_allowed(request, "")
    chosen = list(dict.fromkeys(job_id for job_id in request.POST.getlist("job") if job_id))
    for job_id in chosen[:MOST_AT_ONCE]:
        if not _cancel(request, job_id):
            messages.error(request, f"{job_id[:8]}: there is no such job.")
    if not chosen:
        messages.info(request, "No job was chosen, so none was cancelled.")
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"No more than {MOST_AT_ONCE} jobs are cancelled at once; the others were left alone.")
    return redirect("queue")


def _cancel(request: HttpRequest, job_id: str) -> bool:
    """Cancels one job, says and notes what came of it; False for one that nobody knows."""
    source = get_source()
    try:
        outcome = source.cancel_job(job_id)
    except JobNotFound:
        audit.note(request, AuditEntry.CANCEL, job_id, "no such job", succeeded=False)
        return False
    except CannotAsk as error:
        messages.error(request, f"{job_id[:8]} was not cancelled, as far as is known. {error.sentence}")
        audit.note(request, AuditEntry.CANCEL, job_id, error.sentence, succeeded=False, request_id=error.request_id)
        return True
    now = utc_now()
    sentence = cancel_sentence(outcome, now + source.freshness(now, [outcome.job.store]).clock_offset)
    say = messages.info if outcome.is_done else messages.error
    say(request, f"{job_id[:8]}: {sentence}")
    audit.note(
        request,
        AuditEntry.CANCEL,
        job_id,
        sentence,
        succeeded=outcome.is_done,
        store=outcome.job.store,
        request_id=outcome.job.request_id,
    )
    return True


def who_may() -> list[str]:
    """The names of those who may cancel jobs, as many as a page tells."""
    users = User.objects.filter(is_active=True, is_staff=True).filter(
        Q(is_superuser=True)
        | Q(groups__permissions__codename="cancel_job", groups__permissions__content_type__app_label="jobs_ui")
        | Q(user_permissions__codename="cancel_job", user_permissions__content_type__app_label="jobs_ui")
    )
    return list(users.distinct().order_by("username").values_list("username", flat=True)[:MOST_NAMES])


def not_allowed(request: HttpRequest, job_id: str) -> HttpResponse:
    """403 for staff who may look and not cancel."""
    names = who_may()
    return problem_page(
        request,
        Problem(
            403,
            "You may not cancel jobs",
            f"Only members of the group “{GROUP}” may, so nothing was cancelled.",
            advice=f"Ask one of them: {', '.join(names)}." if names else "Ask whoever looks after this console.",
            back_url=reverse("job_detail", args=[job_id]) if job_id else reverse("queue"),
            back_words="Back to the job" if job_id else "Back to the queue",
        ),
    )
