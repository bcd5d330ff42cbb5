"""The cases of the budgets: which address each opens, what its answer must hold, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from tests.bench.facts import ABSENT_WORD, COMMON_WORD, RARE_PLACES, RARE_TYPES, Facts

FLOOR = "/bench/floor/"
PAGE = 50


@dataclass(frozen=True, slots=True)
class Case:
    """One address.

    `budget`: times the floor; None is shown only. `rows`: how many jobs the answer must list, so that a page that
    shows nothing is not taken for a quick one; None where it lists none. `holds`: a text that must be in it.
    `target`: the element that htmx asks for, where it is not the whole page.
    """

    name: str
    path: Callable[[Facts], str]
    budget: float | None
    what: str
    rows: int | None = None
    holds: Callable[[Facts], str] = lambda _: ""
    target: str = ""


def _jobs(*pairs: tuple[str, str]) -> Callable[[Facts], str]:
    return lambda _: f"/jobs/?{urlencode(pairs)}" if pairs else "/jobs/"


def _search(name: str) -> Callable[[Facts], str]:
    return lambda facts: f"/jobs/?{urlencode({'q': getattr(facts, name)})}"


def _deep(facts: Facts) -> str:
    from jobs_ui.sources.mirror.listing import Place, write_place

    place = Place(datetime.fromisoformat(facts.deep_created_at), facts.deep_key)
    return f"/jobs/?{urlencode({'before': write_place('-created', place)})}"


CASES = (
    Case("list", _jobs(), 8, "the first page", rows=PAGE),
    Case("list-deep", _deep, 8, "nine tenths down the list", rows=PAGE),
    Case("list-failed", _jobs(("status", "failed")), 8, "one status", rows=PAGE),
    Case(
        "list-types", _jobs(("type", "product-import"), ("type", "price-import")), 8, "two types in one list", rows=PAGE
    ),
    Case(
        "list-rare",
        _jobs(("status", "pending"), *(("type", name) for name in RARE_TYPES)),
        8,
        "pending of two types: six jobs, years apart",
        rows=len(RARE_PLACES),
    ),
    Case(
        "list-store-type",
        _jobs(("store", "outlet"), ("type", "product-import"), ("type", "product-export")),
        8,
        "two types of one store",
        rows=PAGE,
    ),
    Case("list-sort", _jobs(("status", "failed"), ("sort", "-run")), 8, "one status, by run time", rows=PAGE),
    Case(
        "fragment",
        lambda facts: f"/jobs/?{facts.standing}",
        6,
        "the refresh of `list`, for whoever has its rows",
        rows=PAGE,
        target="jobs",
    ),
    Case("detail", lambda facts: f"/jobs/{facts.detail}/", 6, "a failed job", holds=lambda facts: facts.detail),
    Case(
        "errors",
        lambda facts: f"/jobs/{facts.many_errors}/errors/",
        10,
        "the groups and the first messages of a job with 12,345 of them",
        holds=lambda _: "data-error-group",
    ),
    Case(
        "errors-group",
        lambda facts: f"/jobs/{facts.many_errors}/errors/?group={facts.rare_group}&page=10",
        10,
        "a page further down in one group of that job",
        holds=lambda _: "901 to 1,000",
    ),
    Case(
        "errors-word",
        lambda facts: f"/jobs/{facts.many_errors}/errors/?q={ABSENT_WORD}",
        None,
        "a word that none of them has: all are looked through",
        holds=lambda _: "No message matches",
    ),
    Case(
        "problems",
        lambda _: "/insights/errors/",
        20,
        "the problems of all jobs of 30 days",
        holds=lambda _: "data-error-group",
    ),
    Case(
        "insights",
        lambda _: "/insights/",
        20,
        "the figures of all jobs of 30 days",
        holds=lambda _: "Jobs a day, by result",
    ),
    Case("find-id", _search("find_id"), 8, "search by a job's id", rows=1),
    Case("find-prefix", _search("find_prefix"), 8, "search by the first eight characters of an id", rows=1),
    Case("find-request", _search("find_request"), 8, "search by a request id", rows=1),
    Case("word-common", _jobs(("q", COMMON_WORD)), 20, "a word in the messages of every twentieth job", rows=PAGE),
    Case("word-rare", _search("word_rare"), 20, "a SKU in the messages of a few jobs"),
    Case("word-absent", _jobs(("q", ABSENT_WORD)), 20, "a word that is nowhere", rows=0),
    Case("counts", _jobs(), 6, "the tabs' counts", rows=0, holds=lambda _: "Succeeded", target="tabs"),
    Case(
        "counts-store-type",
        _jobs(("store", "outlet"), ("type", "product-import"), ("type", "product-export")),
        None,
        "the tabs' counts of two types of one store",
        rows=0,
        holds=lambda _: "Succeeded",
        target="tabs",
    ),
    Case("admin-list", lambda _: "/bench/admin/jobs_ui/job/", None, "Django's admin: the first page"),
    Case(
        "admin-deep",
        lambda facts: f"/bench/admin/jobs_ui/job/?p={facts.jobs * 9 // 10 // PAGE}",
        None,
        "Django's admin: nine tenths down",
    ),
    Case(
        "admin-search",
        lambda facts: f"/bench/admin/jobs_ui/job/?q={facts.word_rare}",
        None,
        "Django's admin: a search",
    ),
)
# Ratios that come from two sizes or from the raw driver; of the latter the budget is the least that is allowed.
FLAT, FLAT_BUDGET = "flat", 1.3
SYNC = {"sync-load": 0.25, "sync-same": 1.0}
