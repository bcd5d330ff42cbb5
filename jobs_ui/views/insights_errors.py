"""Which problems the jobs of a period have in common, and which jobs have one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_safe

from jobs_ui.error_forms import LONGEST_DIGEST, parse_page_number
from jobs_ui.insights.error_groups import OTHERS
from jobs_ui.period_forms import PeriodQuery
from jobs_ui.presentation.durations import ago, duration
from jobs_ui.presentation.error_rows import LONGEST_SAMPLE, hint, marked
from jobs_ui.presentation.numbers import whole
from jobs_ui.sources import get_source
from jobs_ui.sources.base import StoreName
from jobs_ui.sources.errors import Problem, ProblemJob, ProblemOrder
from jobs_ui.status import job_status, job_type
from jobs_ui.views.period_parts import parsed, shared
from jobs_ui.views.problems import Problem as ProblemPage
from jobs_ui.views.problems import problem_page
from jobs_ui.views.rendering import render_page, utc_now

MOST_PROBLEMS = 50


@require_safe
def insights_errors(request: HttpRequest) -> HttpResponse:
    """`/insights/errors/?period=30d&store=…&sort=lost`: the error groups of all jobs of the period."""
    now, source = utc_now(), get_source()
    query, stores = parsed(request.GET, source)
    problems = source.problems(query.window(now), stores=query.stores, order=query.order, most=MOST_PROBLEMS)
    path, all_words = reverse("insights_errors"), _order_words()
    context = {
        **shared(source, query, stores, now, path),
        "rows": _rows(problems, query, now),
        "orders": [
            (words.choice, path + query.by(order).url_query(), order == query.order)
            for order, words in all_words.items()
        ],
        "first": all_words[query.order],
        "other_heads": [words.head for order, words in all_words.items() if order != query.order],
        "cut_words": all_words[query.order].cut % {"count": MOST_PROBLEMS} if len(problems) == MOST_PROBLEMS else "",
    }
    return render_page(request, "insights_errors", context)


@require_safe
def insights_error_jobs(request: HttpRequest, digest: str) -> HttpResponse:
    """`/insights/errors/<digest>/?period=30d&store=…&page=N`: the jobs with messages of one group, newest first."""
    now, source = utc_now(), get_source()
    query, stores = parsed(request.GET, source)
    sentences: list[str] = []
    number = parse_page_number(request.GET.get("page", "1"), sentences)
    page = source.problem_jobs(digest[: LONGEST_DIGEST + 1], query.window(now), stores=query.stores, number=number)
    # What is left over of each job is no problem that they share.
    if page.problem is None or digest == OTHERS:
        return _no_such_problem(request, query)
    path = reverse("insights_error_jobs", args=[digest])
    context = {
        **shared(source, query, stores, now, path),
        "problem": page.problem,
        "lost": duration(page.problem.lost),
        "sample": marked(page.problem.sample, LONGEST_SAMPLE),
        "hint": hint(page.problem.sample),
        "rows": [_job_row(job, digest, stores, now) for job in page.jobs],
        "all_url": reverse("insights_errors") + query.url_query(),
        "page": page,
        "page_words": _("Page %(number)s") % {"number": whole(number)},
        "next_url": f"{path}{query.url_query(page=number + 1)}" if page.has_next else "",
        "previous_url": f"{path}{query.url_query(page=number - 1)}" if number > 1 else "",
    }
    context["problems"] = (*query.problems, *sentences)
    return render_page(request, "insights_error_jobs", context)


@dataclass(frozen=True, slots=True)
class _Row:
    """A problem as its page prints it; `width` is a length for SVG.

    `amount` is what the problems are ordered by, `others` are the other amounts, each with what they are called.
    """

    problem: Problem
    width: str
    sample: str
    hint: str
    url: str
    amount: str
    others: list[tuple[str, str]]
    last_ago: str


@dataclass(frozen=True, slots=True)
class _OrderWords:
    """What an order is called where it is chosen and over its column, in the table's caption, and where it is cut."""

    choice: str
    head: str
    caption: str
    cut: str


def _order_words() -> dict[ProblemOrder, _OrderWords]:
    return {
        "jobs": _OrderWords(
            _("Most jobs"),
            _("Jobs"),
            _("Problems, those of the most jobs first"),
            _("There are more; these %(count)s have the most jobs."),
        ),
        "lost": _OrderWords(
            _("Most time lost"),
            _("Time lost"),
            _("Problems, those of the most time lost first"),
            _("There are more; these %(count)s have the most time lost."),
        ),
        "messages": _OrderWords(
            _("Most messages"),
            _("Messages"),
            _("Problems, those of the most messages first"),
            _("There are more; these %(count)s have the most messages."),
        ),
    }


def _rows(problems: Sequence[Problem], query: PeriodQuery, now: datetime) -> list[_Row]:
    most = max((_amount(problem, query.order) for problem in problems), default=0)
    return [
        _Row(
            problem=problem,
            width=f"{100 * _amount(problem, query.order) / (most or 1):.2f}%",
            sample=marked(problem.sample, LONGEST_SAMPLE),
            hint=hint(problem.sample),
            url=reverse("insights_error_jobs", args=[problem.digest]) + query.url_query(),
            amount=_amounts(problem)[query.order],
            others=[each for name, each in _others(problem).items() if name != query.order],
            last_ago=ago(problem.last_at, now),
        )
        for problem in problems
    ]


def _amounts(problem: Problem) -> dict[ProblemOrder, str]:
    return {"jobs": whole(problem.jobs), "lost": duration(problem.lost), "messages": whole(problem.messages)}


def _others(problem: Problem) -> dict[ProblemOrder, tuple[str, str]]:
    """The amounts, each with what it is called after its number."""
    words: dict[ProblemOrder, str] = {
        "jobs": ngettext("job", "jobs", problem.jobs),
        "lost": pgettext("time", "lost"),
        "messages": ngettext("message", "messages", problem.messages),
    }
    return {order: (amount, words[order]) for order, amount in _amounts(problem).items()}


def _amount(problem: Problem, order: ProblemOrder) -> float:
    """What the bars compare."""
    return {"jobs": problem.jobs, "messages": problem.messages, "lost": problem.lost.total_seconds()}[order]


def _job_row(job: ProblemJob, digest: str, stores: Sequence[StoreName], now: datetime) -> dict[str, Any]:
    """A job as the page prints it. (Any: what a template gets.)"""
    names = {store.slug: store.name for store in stores} if len(stores) > 1 else {}
    return {
        "job": job,
        "type": job_type(job.type),
        "status": job_status(job.status),
        "created_ago": ago(job.created_at, now),
        "ran": duration(job.ran),
        "store": names.get(job.store, ""),
        "sample": marked(job.sample, LONGEST_SAMPLE),
        "url": f"{reverse('job_errors', args=[job.job_id])}?group={digest}#messages",
    }


def _no_such_problem(request: HttpRequest, query: PeriodQuery) -> HttpResponse:
    return problem_page(
        request,
        ProblemPage(
            404,
            _("There is no such problem"),
            _("No job that the console knows has messages of this kind (any more)."),
            back_url=reverse("insights_errors") + query.url_query(),
            back_words=_("All problems"),
        ),
    )
