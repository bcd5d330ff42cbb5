"""The queue of a store: what runs and for how long, what waits, and when it starts."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs_ui.insights.queue import estimate_queue
from jobs_ui.presentation.ended_rows import EndedRow, ended_rows
from jobs_ui.presentation.queue_rows import QueueView, as_it_was, moment_shown, queue_view
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobSource
from jobs_ui.sources.queue_knowledge import MOST_LEARNT, QueueKnowledge, knowledge_of, queue_job
from jobs_ui.views.job_cancel import PERMISSION, who_may
from jobs_ui.views.rendering import down, render_page, utc_now

MOST_SHOWN = 100
MOST_LOOKED_AT = 30
"""The newest jobs, among which those that ended last are looked for."""


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """`/queue/?store=…`; htmx gets the moving part alone."""
    now, source = utc_now(), get_source()
    stores = source.stores()
    asked = request.GET.get("store", "")
    chosen = next((store for store in stores if store.slug == asked), stores[0] if stores else None)
    slug = chosen.slug if chosen else ""
    freshness, trouble = source.freshness(now, [slug]), None
    view: QueueView | None = None
    ended: list[EndedRow] = []
    at, as_of = moment_shown(now, freshness)
    try:
        # What was last known of a store that is not read any more says nothing of its queue.
        if chosen and chosen.is_configured:
            known = knowledge(source, slug, at)
            view = _read_queue(source, slug, known, at)
            ended = _lately_ended(source, slug, known, at)
    except CannotAsk as error:
        trouble, freshness = error, down(error)
    path = reverse("queue")
    may = request.user.has_perm(PERMISSION)
    context = {
        "view": view,
        "summary": as_it_was(as_of, view.summary) if view else "",
        "ended": ended,
        "last": next((row for row in ended if row.ended), None),
        "stores": [(store.slug, store.name, _url(store.slug), store is chosen) for store in stores]
        if len(stores) > 1
        else [],
        "refresh_url": _url(slug) if len(stores) > 1 else path,
        "store": slug,
        "problems": [_("There is no such store, so another one is shown.")] if asked and asked != slug else [],
        "freshness": freshness,
        "now": now,
        "may_cancel": may,
        "who_may": "" if may else who_may(),
    }
    return render_page(request, "queue", context, status=503 if trouble else 200, fragment="queue")


def _url(store: str) -> str:
    return f"{reverse('queue')}?{urlencode({'store': store})}"


def _read_queue(source: JobSource, store: str, known: QueueKnowledge, now: datetime) -> QueueView:
    """The store's queue at `now` (by the API's clock). Raises CannotAsk."""
    jobs = source.queue(store)
    estimates = estimate_queue(map(queue_job, jobs), known.learned, now)
    return queue_view(jobs, estimates, known.usual, now, most=MOST_SHOWN)


def _lately_ended(source: JobSource, store: str, known: QueueKnowledge, now: datetime) -> list[EndedRow]:
    """What has just left the queue; nothing where every refresh of the page would have to ask the API for it."""
    if source.capabilities.filters != "index":
        return []
    return ended_rows(source.lately_ended(store, MOST_LOOKED_AT), known.usual, now)


def knowledge(source: JobSource, store: str, now: datetime) -> QueueKnowledge:
    """What the store's history teaches. Raises CannotAsk."""
    return knowledge_of(store, lambda: map(queue_job, source.lately_ended(store, MOST_LEARNT)), now)
