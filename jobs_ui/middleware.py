"""Staff only, closed by default: a new view is protected without anyone remembering it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect

from jobs_ui.views.rendering import htmx_of, page_before, wants_fragment
from jobs_ui.zones import reader_zone

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class PagesGZipMiddleware(GZipMiddleware):
    """Compresses pages. A file that is streamed through keeps its bytes, and its length."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response, compressed where it is a page."""
        return response if response.streaming else super().process_response(request, response)


class ZoneMiddleware:
    """Times in the reader's zone: the one that was chosen, else the one that the browser tells, else UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response, made with the reader's zone active."""
        with timezone.override(reader_zone(request.COOKIES)):
            return self._get_response(request)


class StaffOnlyMiddleware(LoginRequiredMiddleware):
    """Django's login requirement (views opt out by `login_not_required`), for staff, and understood by htmx."""

    # Any: the types of Django's own signature.
    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        if not request.user.is_authenticated and wants_fragment(request):
            # A refresh moves the whole page to the login, and then back to the page that the person was on.
            there = None
            with suppress(ValueError):
                there = htmx_of(request).current_url_abs_path
            return HttpResponseClientRedirect(redirect_to_login(there or request.get_full_path()).url)
        if not request.user.is_authenticated and request.method not in SAFE_METHODS:
            # What was sent is not sent again after the login: back to the page that it was sent from.
            return redirect_to_login(page_before(request))
        response = super().process_view(request, view_func, view_args, view_kwargs)
        if response is None and not request.user.is_staff:
            raise PermissionDenied
        return response

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Whatever this console answers is for one person: no shared cache may keep it."""
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_cache=True)
        return response
