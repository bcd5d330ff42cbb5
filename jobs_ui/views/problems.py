"""Pages for what cannot be shown. Each says what happened, what still works, and what to do."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs_ui.sources.base import CannotAsk

BUSY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """What a problem page says. `code` is shown as an expression to copy; `back` is a link, its URL and its words.

    `reads_database`: whether the page says who is logged in, which the database knows.
    `works`: what can be had all the same, with `links` to it, each a URL and its words.
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


def problem_page(request: HttpRequest, problem: Problem, *, retry_after: float | None = None) -> HttpResponse:
    """The page of a problem, with its status; `retry_after` is in seconds."""
    response = render(request, "jobs_ui/problem.html", {"problem": problem}, status=problem.status)
    if retry_after is not None:
        response["Retry-After"] = str(math.ceil(retry_after))
    return response


def job_not_found(request: HttpRequest, job_id: str) -> HttpResponse:
    """404 for an id that neither the mirror nor the API knows."""
    return problem_page(
        request,
        Problem(
            404,
            "There is no such job",
            "Elastic Path does not know a job of this id, and the console has never seen one.",
            advice="Check the id. It may belong to a store whose key this console does not have.",
            code=job_id[:300],
        ),
    )


def cannot_ask(request: HttpRequest, error: CannotAsk, what: str) -> HttpResponse:
    """503 for something that only the API could have told."""
    return problem_page(
        request,
        Problem(
            503,
            "Elastic Path could not be asked",
            f"{what}, and Elastic Path gave no answer that could be used. {error.sentence}",
            advice="The jobs that the console knows are still there. Try this page again in a minute.",
            request_id=error.request_id,
        ),
        retry_after=error.retry_after,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, Django's handler."""
    return problem_page(request, Problem(400, "This address cannot be read", "A part of the request makes no sense."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, Django's handler."""
    return problem_page(
        request,
        Problem(
            403,
            "Your account may not use this console",
            "You are logged in, but your account is not marked as staff, and the console is for staff only.",
            advice="Ask whoever looks after this console to mark your account as staff, or log in as someone else.",
        ),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, Django's handler."""
    return problem_page(
        request,
        Problem(
            404, "There is no such page", "The address leads nowhere. It may have been cut off when it was copied."
        ),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500, Django's handler; 503 where it was the database. It reads nothing: whatever failed may fail again."""
    if isinstance(sys.exc_info()[1], OperationalError):
        return _database_busy(request)
    return problem_page(
        request,
        Problem(
            500,
            "The console made a mistake",
            "Something went wrong in the console itself, and the log says what. Nothing was lost.",
            advice="Try again. If it happens once more, tell whoever looks after this console when and where.",
            reads_database=False,
        ),
    )


def _database_busy(request: HttpRequest) -> HttpResponse:
    return problem_page(
        request,
        Problem(
            503,
            "The console's own database does not answer",
            "It is busy or cannot be reached, so the console could not do this. Nothing was lost.",
            advice="Try again in a moment. If it goes on, tell whoever looks after this console.",
            reads_database=False,
        ),
        retry_after=BUSY_SECONDS,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose CSRF token is missing or old, Django's `CSRF_FAILURE_VIEW`."""
    return problem_page(
        request,
        Problem(
            403,
            "This form is too old",
            "The page was open while you logged in or out elsewhere, or cookies are switched off.",
            advice="Go back, load the page again, and repeat what you did.",
        ),
    )
