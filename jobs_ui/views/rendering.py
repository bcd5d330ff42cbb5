"""What all pages share: choosing between a page and its fragment, and the freshness notice."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from jobs_ui.presentation.durations import zone_name
from jobs_ui.sources.base import CannotAsk, Freshness
from jobs_ui.sync.clocks import utc_now

__all__ = ["STOP_POLLING", "down", "htmx_of", "page_before", "person", "render_page", "utc_now", "wants_fragment"]

STOP_POLLING = 286


def release_connection() -> None:
    """Gives the database connection back before a stream: whoever reads slowly holds a thread, but nothing of the pool.

    A page must not wait for it meanwhile.
    """
    if not connection.in_atomic_block:
        connection.close()


def htmx_of(request: HttpRequest) -> HtmxDetails:
    """What django-htmx's middleware knows of the request; false where htmx did not send it."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by the middleware
    return details


def person(request: HttpRequest) -> User:
    """Who is logged in: the middleware lets nobody else come as far as a view."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows Django's type, see above
    return request.user


def page_before(request: HttpRequest) -> str:
    """The page of this console that the browser names as the one before; the list where it names none."""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        with suppress(ValueError):
            parts = urlsplit(referer)
            return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"
    return reverse("job_list")


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a page's moving part alone.

    A boosted link and Back without a cached page (a history restore) swap the whole page, so they need all of it.
    """
    htmx = htmx_of(request)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200, fragment: str | None = None
) -> HttpResponse:
    """The page `jobs_ui/<name>.html`, or only its partial `fragment` where htmx asks for it.

    A fragment is always a 200: htmx does not swap other answers, and a refresh that fails must not freeze in silence.
    """
    template = f"jobs_ui/{name}.html"
    # Any in the context: Django's own type for what a template gets.
    context = {"page_name": name, "console_debug": settings.DEBUG, "zone": zone_name(), **context}
    if fragment and wants_fragment(request):
        response = render(request, f"{template}#{fragment}", context)
    else:
        response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def down(error: CannotAsk, as_of: datetime | None = None) -> Freshness:
    """The notice for a page whose source could not be asked."""
    return Freshness("down", as_of, headline=error.sentence, request_id=error.request_id)
