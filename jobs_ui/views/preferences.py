"""How somebody likes the console: language, time zone, and whether single keys do something."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from jobs_ui.presentation.durations import clock, zone_name
from jobs_ui.views.rendering import render_page, utc_now
from jobs_ui.zones import CHOSEN, TOLD, zone_names

KEYS = "keys"
"""The cookie that says `off` where single keys do nothing."""
REMEMBERED = int(timedelta(days=365).total_seconds())


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """`/preferences/`; a POST remembers them in cookies of this browser, so that they cost no page a query."""
    if request.method == "POST":
        return _remembered(request)
    now = utc_now()
    told = request.COOKIES.get(TOLD, "").replace("%2F", "/")
    context = {
        "languages": settings.LANGUAGES,
        "language": request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""),
        "zones": zone_names(),
        "zone": request.COOKIES.get(CHOSEN, "").replace("%2F", "/"),
        "told": told if told in zone_names() else "",
        "keys_off": request.COOKIES.get(KEYS) == "off",
        "clock": clock(now),
        "zone_name": zone_name(now),
    }
    return render_page(request, "preferences", context)


def _remembered(request: HttpRequest) -> HttpResponse:
    language, zone = request.POST.get("language", ""), request.POST.get("zone", "")
    language = language if language in dict(settings.LANGUAGES) else ""
    with override(language or None):
        messages.info(request, _("Remembered in this browser."))
    response = redirect("preferences")
    _set(response, settings.LANGUAGE_COOKIE_NAME, language)
    _set(response, CHOSEN, zone if zone in zone_names() else "")
    _set(response, KEYS, "" if "keys" in request.POST else "off")
    return response


def _set(response: HttpResponse, name: str, value: str) -> None:
    """Remembers the value; "" forgets it."""
    if value:
        # Not hidden from scripts: console.js looks whether keys are off.
        response.set_cookie(name, value, max_age=REMEMBERED, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie(name, samesite="Lax")
