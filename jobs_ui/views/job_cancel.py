"""Cancelling jobs that wait, for those who may."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from jobs_ui import audit
from jobs_ui.jobs_api import remaining, within
from jobs_ui.models import AuditEntry
from jobs_ui.presentation.acts import cancel_sentence, trouble_sentence
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound
from jobs_ui.status import CANCELLED, job_type
from jobs_ui.views.problems import Problem, job_not_found, problem_page
from jobs_ui.views.rendering import utc_now

PERMISSION = "jobs_ui.cancel_job"
GROUP = "Job operators"
MOST_AT_ONCE = 50
MOST_NAMES = 10
ENTRIES_IN = "en"
"""The language of the audit log: whoever reads it, an entry says what it said."""
NOT_ALLOWED = "not allowed"
LONGEST = 45.0
"""Seconds for all that are cancelled at once: a proxy gives up after a minute, and nobody would see what was done."""
ENOUGH = 10.0
"""Seconds that have to be left for one more: a call that is cut off may have cancelled the job all the same."""


@require_POST
def job_cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    """`POST /jobs/<id>/cancel/`: the job is cancelled if it still waits; back to its page, with the outcome."""
    if not request.user.has_perm(PERMISSION):
        audit.note(request, AuditEntry.CANCEL, job_id, NOT_ALLOWED, succeeded=False)
        return not_allowed(request, job_id)
    try:
        _cancel(request, job_id)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk:
        pass  # said and written down
    return redirect("job_detail", job_id)


@require_POST
def queue_cancel(request: HttpRequest) -> HttpResponse:
    """`POST /queue/cancel/` with `job=<id>` as often as wanted: each with its outcome; back to the queue of `store`.

    Once Elastic Path cannot be asked the others are left alone: to wait for each in turn would take minutes.
    """
    chosen = list(dict.fromkeys(job_id for job_id in request.POST.getlist("job") if job_id))
    if not request.user.has_perm(PERMISSION):
        for job_id in chosen[:MOST_AT_ONCE] or [""]:
            audit.note(request, AuditEntry.CANCEL, job_id, NOT_ALLOWED, succeeded=False)
        return not_allowed(request, "")
    if not chosen:
        messages.info(request, _("No job was chosen, so none was cancelled."))
    left = _cancel_in_turn(request, chosen[:MOST_AT_ONCE])
    if left:
        names = ", ".join(job_id[:8] for job_id in left)
        alone = _("%(ids)s: left alone, because Elastic Path answers slowly or not at all.")
        messages.error(request, alone % {"ids": names})
    if len(chosen) > MOST_AT_ONCE:
        most = _("No more than %(count)s jobs are cancelled at once; the others were left alone.")
        messages.error(request, most % {"count": number_format(MOST_AT_ONCE)})
    store = request.POST.get("store", "")
    return redirect(reverse("queue") + (f"?{urlencode({'store': store})}" if store else ""))


def _cancel_in_turn(request: HttpRequest, chosen: list[str]) -> list[str]:
    """Cancels the jobs one after the other; returns those that were not even tried."""
    with within(LONGEST):
        for number, job_id in enumerate(chosen, 1):
            if remaining() < ENOUGH:
                return chosen[number - 1 :]
            try:
                _cancel(request, job_id)
            except JobNotFound:
                messages.error(request, _("%(id)s: there is no such job.") % {"id": job_id[:8]})
            except CannotAsk:
                return chosen[number:]
    return []


def _cancel(request: HttpRequest, job_id: str) -> None:
    """Cancels one job, says and notes what came of it. Raises JobNotFound and CannotAsk once that is written down."""
    source = get_source()
    try:
        outcome = source.cancel_job(job_id)
    except JobNotFound:
        audit.note(request, AuditEntry.CANCEL, job_id, "no such job", succeeded=False)
        raise
    except CannotAsk as error:
        messages.error(request, f"{job_id[:8]}: {trouble_sentence(error)}")
        with override(ENTRIES_IN):
            noted = trouble_sentence(error)
        audit.note(request, AuditEntry.CANCEL, job_id, noted, succeeded=False, request_id=error.request_id)
        raise
    job, now = outcome.job, utc_now()
    now += source.freshness(now, [job.store]).clock_offset
    with override(ENTRIES_IN):
        noted = cancel_sentence(outcome, now)
    # Whoever clicked twice has what was wanted.
    say = messages.info if job.status == CANCELLED else messages.error
    say(request, f"{job_type(job.type).label} {job_id[:8]}: {cancel_sentence(outcome, now)}")
    audit.note(
        request,
        AuditEntry.CANCEL,
        job_id,
        noted,
        succeeded=outcome.is_done,
        store=job.store,
        request_id=job.request_id,
    )


def who_may() -> str:
    """Who may cancel jobs, in one sentence for those who may not."""
    words = {"group": GROUP, "names": _operators()}
    if words["names"]:
        return _("Waiting jobs can be cancelled by members of the group “%(group)s”: %(names)s.") % words
    nobody = _(
        "Waiting jobs can be cancelled by members of the group “%(group)s”, which has none yet: "
        "ask whoever looks after this console."
    )
    return nobody % words


def not_allowed(request: HttpRequest, job_id: str) -> HttpResponse:
    """403 for staff who may look and not cancel."""
    names = _operators()
    return problem_page(
        request,
        Problem(
            403,
            _("You may not cancel jobs"),
            _("Only members of the group “%(group)s” may, so nothing was cancelled.") % {"group": GROUP},
            advice=_("Ask one of them: %(names)s.") % {"names": names}
            if names
            else _("Ask whoever looks after this console."),
            back_url=reverse("job_detail", args=[job_id]) if job_id else reverse("queue"),
            back_words=_("Back to the job") if job_id else _("Back to the queue"),
        ),
    )


def _operators() -> str:
    """The names of those who may cancel jobs, as many as a page tells; "" where nobody may."""
    users = User.objects.filter(is_active=True, is_staff=True).filter(
        Q(is_superuser=True)
        | Q(groups__permissions__codename="cancel_job", groups__permissions__content_type__app_label="jobs_ui")
        | Q(user_permissions__codename="cancel_job", user_permissions__content_type__app_label="jobs_ui")
    )
    names = list(users.distinct().order_by("username").values_list("username", flat=True)[: MOST_NAMES + 1])
    first = ", ".join(names[:MOST_NAMES])
    return _("%(names)s and others") % {"names": first} if len(names) > MOST_NAMES else first
