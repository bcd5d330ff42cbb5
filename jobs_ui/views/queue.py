"""The queue of a store: what runs and for how long, what waits, and when it starts."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs_ui.insights.queue import estimate_queue
from jobs_ui.presentation.queue_rows import QueueView, queue_view
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobRecord, JobSource
from jobs_ui.sources.queue_knowledge import MOST_LEARNT, QueueKnowledge, knowledge_of, queue_job
from jobs_ui.views.job_cancel import GROUP, PERMISSION, who_may
from jobs_ui.views.rendering import down, render_page, utc_now

MOST_SHOWN = 100


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
    try:
        view = read_queue(source, slug, now + freshness.clock_offset) if slug else None
    except CannotAsk as error:
        trouble, freshness = error, down(error)
    path = reverse("queue")
    context = {
        "view": view,
        "stores": [(store.name, f"{path}?store={store.slug}", store is chosen) for store in stores]
        if len(stores) > 1
        else [],
        "refresh_url": f"{path}?store={slug}" if len(stores) > 1 else path,
        "store": slug,
        "problems": ["There is no such store, so another one is shown."] if asked and asked != slug else [],
        "freshness": freshness,
        "now": now,
        "operators": GROUP,
        "who_may": [] if request.user.has_perm(PERMISSION) else who_may(),
    }
    return render_page(request, "queue", context, status=503 if trouble else 200, fragment="queue")


def read_queue(source: JobSource, store: str, now: datetime) -> QueueView:
    """The store's queue at `now` (by the API's clock). Raises CannotAsk."""
    jobs = source.queue(store)
    known = knowledge(source, store, now)
    estimates = estimate_queue(map(queue_job, jobs), known.learned, now)
    return queue_view(jobs, estimates, known.usual, now, most=MOST_SHOWN)


def knowledge(source: JobSource, store: str, now: datetime) -> QueueKnowledge:
    """What the store's history teaches. Raises CannotAsk."""

    def read() -> list[JobRecord]:
        return list(source.lately_ended(store, MOST_LEARNT))

    return knowledge_of(store, lambda: map(queue_job, read()), now)
