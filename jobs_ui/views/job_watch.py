"""Watching a job: whoever does is told when it ends, by e-mail and in the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs_ui.models import Job, JobWatch
from jobs_ui.notifications import emails
from jobs_ui.notifications.words import title_of_ended
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobNotFound, JobRecord
from jobs_ui.views.notifications import MOST_WATCHED
from jobs_ui.views.problems import cannot_ask, job_not_found
from jobs_ui.views.rendering import STOP_POLLING, person, utc_now, wants_fragment

WATCHES = "watches"
"""The session's key that says that this browser is to be told: pages then ask now and then."""
SHOWN_FOR = timedelta(hours=24)
MOST_SHOWN = 5


class EndedRow(NamedTuple):
    """A watched job that has ended: the watch's number, the job, and what became of it in one line."""

    watch: int
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
        return cannot_ask(request, error, f"The job {job_id} is not known here yet")
    mine = JobWatch.objects.filter(user=person(request), ended_at=None)
    here = {"job__store": job.store, "job__job_id": job.job_id}
    if "off" in request.POST:
        mine.filter(**here).delete()
        messages.info(request, "You do not watch this job any more.")
    elif not source.capabilities.notify:
        messages.error(request, "Jobs cannot be watched here: nobody looks when they end.")
    elif job.is_final:
        messages.info(request, "It has ended already.")
    elif mine.exclude(**here).count() >= MOST_WATCHED:
        messages.error(request, f"You watch {MOST_WATCHED} jobs, and no more fit. Stop watching one first.")
    else:
        row = Job.objects.get(store=job.store, job_id=job.job_id)
        fresh = {"created_at": utc_now(), "ended_at": None, "seen_at": None}
        JobWatch.objects.update_or_create(job=row, user=person(request), defaults=fresh)
        request.session[WATCHES] = True
    return redirect("job_detail", job_id)


def watch_parts(request: HttpRequest, job: JobRecord) -> dict[str, object]:
    """What the page of a job that has not ended yet shows of watching it."""
    mine = JobWatch.objects.filter(user=person(request), ended_at=None)
    email = person(request).email if emails.is_configured() else ""
    return {
        "can_be_watched": True,
        "is_watched": mine.filter(job__store=job.store, job__job_id=job.job_id).exists(),
        "told_by": f"by e-mail to {email}, and here while a page is open" if email else "here while a page is open",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def watches_ended(request: HttpRequest) -> HttpResponse:
    """`/notifications/ended/`: the part of every page that says which watched jobs have ended.

    A POST with `watch=<number>` puts one out of sight. htmx is told to stop asking once there is nothing left to wait
    for.
    """
    mine, now = JobWatch.objects.filter(user=person(request)), utc_now()
    if request.method == "POST":
        number = request.POST.get("watch", "")
        if number.isascii() and number.isdigit() and len(number) < 19:
            mine.filter(pk=int(number), seen_at=None).update(seen_at=now)
    if not wants_fragment(request):
        return redirect("notifications")
    unseen = mine.filter(seen_at=None, ended_at__gt=now - SHOWN_FOR).select_related("job")
    ended = [EndedRow(watch.pk, watch.job.job_id, title_of_ended(watch.job)) for watch in unseen.order_by("-id")]
    response = render(request, "jobs_ui/_ended.html", {"ended": ended[:MOST_SHOWN]})
    if not ended and not mine.filter(ended_at=None).exists():
        request.session.pop(WATCHES, None)
        response.status_code = STOP_POLLING
    return response
