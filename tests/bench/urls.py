"""The console's URLs, and what it is measured against: the floor, and Django's admin over the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from jobs_ui import models

# 20 kB of markup that compresses about as well as a page does.
FLOOR_PAGE = "<!DOCTYPE html><title>Floor</title><table>" + "".join(
    f'<tr data-number="{number}"><td>{number * 7919 % 100_003}</td><td>{number * number % 9_973:x}</td></tr>\n'
    for number in range(340)
)


if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[models.Job]
else:
    _Admin = admin.ModelAdmin


class JobAdmin(_Admin):
    """The change list as one would write it for the mirror: what the list shows, filters by and searches in."""

    list_display = ("job_id", "type", "status", "created_at", "wait_ms", "run_ms", "filter", "errors_count", "store")
    list_per_page = 50
    ordering = ("-created_at", "-id")
    search_fields = ("job_id", "request_id", "filter")
    show_full_result_count = True


site = admin.AdminSite()
site.register(models.Job, JobAdmin)


def floor(request: HttpRequest) -> HttpResponse:
    """What no page can be quicker than: the middleware, the session, the login, and an answer that is there already."""
    return HttpResponse(FLOOR_PAGE)


urlpatterns = [
    path("bench/floor/", floor),
    path("bench/admin/", site.urls),
    path("", include("console.urls")),
]
handler400 = "jobs_ui.views.problems.bad_request"
handler403 = "jobs_ui.views.problems.forbidden"
handler404 = "jobs_ui.views.problems.not_found"
handler500 = "jobs_ui.views.problems.server_error"
