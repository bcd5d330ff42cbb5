"""Watching a job: whoever does is told when it ends, by e-mail and in the browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from jobs_ui.models import Job, JobWatch
from jobs_ui.notifications import emails
from jobs_ui.notifications.words import title_of_ended
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound, JobRecord
from jobs_ui.views.problems import cannot_ask, job_not_found
from jobs_ui.views.rendering import STOP_POLLING, person, utc_now, wants_fragment

WATCHES = "watches"
"""The session's key that says that this browser is to be told: pages then ask now and then."""
MOST_WATCHED = 200
SHOWN_FOR = timedelta(hours=24)
MOST_SHOWN = 5


class EndedRow(NamedTuple):
    """A watched job that has ended: the watch's number, a name of this end alone, the job, and what became of it."""

    watch: int
    name: str
    job_id: str
    title: str


@require_POST
def job_watch(request: HttpRequest, job_id: str) -> HttpResponse:
    """`POST /jobs/<id>/watch/`, with `off` to stop: back to the job's page, with the outcome."""
    source = get_source()
    try:
        job = source.get_job(job_id)
    except JobNotFound:
        return job_not_found(request, job_id)
    except CannotAsk as error:
        return cannot_ask(request, error, _("The job %(id)s is not known here yet") % {"id": job_id})
    mine = JobWatch.objects.filter(user=person(request), ended_at=None)
    here = {"job__store": job.store, "job__job_id": job.job_id}
    if "off" in request.POST:
        mine.filter(**here).delete()
        messages.info(request, _("You do not watch this job any more."))
    elif not source.capabilities.notify:
        messages.error(request, _("Jobs cannot be watched here: nobody looks when they end."))
    elif job.is_final:
        messages.info(request, _("It has ended already."))
    elif mine.exclude(**here).count() >= MOST_WATCHED:
        sentence = _("You watch %(count)s jobs, and no more fit. Stop watching one first.")
        messages.error(request, sentence % {"count": MOST_WATCHED})
    else:
        row = Job.objects.get(store=job.store, job_id=job.job_id)
        # One that was thought to be gone may have come back: its end is another one, which is told again.
        JobWatch.objects.filter(job=row, user=person(request)).exclude(ended_at=None).delete()
        JobWatch.objects.get_or_create(job=row, user=person(request), defaults={"created_at": utc_now()})
        ask_for_ends(request)
    return redirect("job_detail", job_id)


def watch_parts(request: HttpRequest, job: JobRecord) -> dict[str, object]:
    """What the page of a job that has not ended yet shows of watching it."""
    mine = JobWatch.objects.filter(user=person(request), ended_at=None)
    email = person(request).email if emails.is_configured() else ""
    is_watched = mine.filter(job__store=job.store, job__job_id=job.job_id).exists()
    if is_watched:
        ask_for_ends(request)
    return {
        "can_be_watched": True,
        "is_watched": is_watched,
        "told_by": _("by e-mail to %(email)s, and here while a page is open") % {"email": email}
        if email
        else _("here while a page is open"),
    }


def watched(user: User, now: datetime) -> QuerySet[JobWatch]:
    """What somebody waits for, and what has ended in the last hours and was not put out of sight."""
    return JobWatch.objects.filter(Q(ended_at=None) | Q(ended_at__gt=now - SHOWN_FOR, seen_at=None), user=user)


def ask_for_ends(request: HttpRequest) -> None:
    """Lets the pages of this session ask which watched jobs have ended, wherever somebody chose to watch them."""
    if WATCHES not in request.session:
        request.session[WATCHES] = True


@require_http_methods(["GET", "HEAD", "POST"])
def watches_ended(request: HttpRequest) -> HttpResponse:
    """`/notifications/ended/`: the part of every page that says which watched jobs have ended.

    A POST with `watch=<number>` puts one out of sight, with `watch=all` all. A GET names in `shown` what the page shows
    already: where that is all there is, 204 leaves it alone, so that nobody loses the focus or hears it read out again.
    htmx is told to stop asking once there is nothing left to wait for.
    """
    now = utc_now()
    mine = watched(person(request), now)
    unseen = mine.exclude(ended_at=None)
    if request.method == "POST":
        number = request.POST.get("watch", "")
        if number == "all":
            unseen.update(seen_at=now)
        elif number.isascii() and number.isdigit() and len(number) < 19:
            unseen.filter(pk=int(number)).update(seen_at=now)
    if not wants_fragment(request):
        return redirect("notifications")
    newest = list(unseen.select_related("job").order_by("-id")[:MOST_SHOWN])
    rows, more = [_ended_row(watch) for watch in newest], max(unseen.count() - len(newest), 0)
    shown = [*(row.name for row in rows), *([str(more)] if more else [])]
    context = {"ended": rows, "more": more}
    if not newest and not mine.exists():
        request.session.pop(WATCHES, None)
        return render(request, "jobs_ui/_ended.html", context, status=STOP_POLLING)
    if request.method != "POST" and request.GET.getlist("shown") == shown:
        return HttpResponse(status=204)
    return render(request, "jobs_ui/_ended.html", context)


def _ended_row(watch: JobWatch) -> EndedRow:
    ended = int(watch.ended_at.timestamp()) if watch.ended_at else 0
    return EndedRow(watch.pk, f"{watch.pk}-{ended}", watch.job.job_id, title_of_ended(watch.job))
