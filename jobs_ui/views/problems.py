"""Pages for what cannot be shown. Each says what happened, what still works, and what to do."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _

from jobs_ui.sources.base import CannotAsk
from jobs_ui.views.rendering import page_before

BUSY_SECONDS = 5
LONGEST_NAME = 300
"""Characters of an id from an address that a page repeats."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a problem page says. `code` is shown as an expression to copy; `back` is a link, its URL and its words.

    `reads_database`: whether the page says who is logged in, which the database knows.
    `works`: what can be had all the same, with `links` to it, each a URL and its words.
    `may_pass`: the same request may do better in a while, so the page offers it once more.
    """

    status: int
    headline: str
    sentence: str
    advice: str = ""
    code: str = ""
    request_id: str = ""
    back_url: str = ""
    back_words: str = ""
    reads_database: bool = True
    works: str = ""
    links: tuple[tuple[str, str], ...] = ()
    may_pass: bool = False


def problem_page(request: HttpRequest, problem: Problem, *, retry_after: float | None = None) -> HttpResponse:
    """The page of a problem, with its status; `retry_after` is in seconds."""
    again = request.get_full_path() if problem.may_pass and request.method == "GET" else ""
    context = {"problem": problem, "again_url": again}
    response = render(request, "jobs_ui/problem.html", context, status=problem.status)
    if retry_after is not None:
        response["Retry-After"] = str(math.ceil(retry_after))
    return response


def job_not_found(request: HttpRequest, job_id: str) -> HttpResponse:
    """404 for an id that neither the mirror nor the API knows."""
    return problem_page(
        request,
        Problem(
            404,
            _("There is no such job"),
            _("Elastic Path does not know a job of this id, and the console has never seen one."),
            advice=_("Check the id. It may belong to a store whose key this console does not have."),
            code=job_id[:LONGEST_NAME],
        ),
    )


def cannot_ask(request: HttpRequest, error: CannotAsk, what: str) -> HttpResponse:
    """503 for something that only the API could have told. `what`: what is needed, as a clause: "The link is old"."""
    return problem_page(
        request,
        Problem(
            503,
            _("Elastic Path could not be asked"),
            _("%(what)s, and Elastic Path gave no answer that could be used.") % {"what": what} + f" {error.sentence}",
            advice=_("The jobs that the console knows are still there. Try this page again in a minute."),
            request_id=error.request_id,
            may_pass=True,
        ),
        retry_after=error.retry_after,
    )


def _readers_language(request: HttpRequest) -> override:
    """A request may fail before LocaleMiddleware has seen it: the thread's language is that of the last reader then."""
    return override(get_language_from_request(request))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, Django's handler."""
    with _readers_language(request):
        problem = Problem(400, _("This address cannot be read"), _("A part of the request makes no sense."))
        return problem_page(request, problem)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, Django's handler."""
    return problem_page(
        request,
        Problem(
            403,
            _("Your account may not use this console"),
            _("You are logged in, but your account is not marked as staff, and the console is for staff only."),
            advice=_("Ask whoever looks after this console to mark your account as staff, or log in as someone else."),
        ),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, Django's handler."""
    return problem_page(
        request,
        Problem(
            404,
            _("There is no such page"),
            _("The address leads nowhere. It may have been cut off when it was copied."),
        ),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500, Django's handler; 503 where it was the database. It reads nothing: whatever failed may fail again."""
    with _readers_language(request):
        if isinstance(sys.exc_info()[1], OperationalError):
            return _database_busy(request)
        return problem_page(
            request,
            Problem(
                500,
                _("The console made a mistake"),
                _("Something went wrong in the console itself, and the log says what. Nothing was lost."),
                advice=_("Try again. If it happens once more, tell whoever looks after this console when and where."),
                reads_database=False,
                may_pass=True,
            ),
        )


def _database_busy(request: HttpRequest) -> HttpResponse:
    return problem_page(
        request,
        Problem(
            503,
            _("The console's own database does not answer"),
            _("It is busy or cannot be reached, so the console could not do this. Nothing was lost."),
            advice=_("Try again in a moment. If it goes on, tell whoever looks after this console."),
            reads_database=False,
            may_pass=True,
        ),
        retry_after=BUSY_SECONDS,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose CSRF token is missing or old, Django's `CSRF_FAILURE_VIEW`."""
    return problem_page(
        request,
        Problem(
            403,
            _("This form is too old"),
            _("The page was open while you logged in or out elsewhere, or cookies are switched off."),
            advice=_("Go back, load the page again, and repeat what you did."),
            back_url=page_before(request),
            back_words=_("Load the page again"),
        ),
    )
