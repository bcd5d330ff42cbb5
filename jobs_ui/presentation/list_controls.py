"""What stands around the rows of the list: tabs, drop-downs, the heads that sort, and the filter in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from jobs_ui.forms import SORTS_BY_CREATION, ListQuery, can_sort_by_length, first_moment, last_moment
from jobs_ui.presentation.durations import NOTHING
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.presentation.rows import Look
from jobs_ui.sources import base
from jobs_ui.sources.base import NEWEST_FIRST, SORTS, Capabilities, StoreName
from jobs_ui.status import STATUSES, TYPES, job_status, job_type

SORT_WORDS = {
    "-created": "newest first",
    "created": "oldest first",
    "-run": "longest run first",
    "run": "shortest run first",
    "-wait": "longest wait first",
    "wait": "shortest wait first",
}


TAB = (
    '<a id="tab-{0}" class="s-{1}" href="{2}" title="{0}"{3}>'
    '<svg class="icon" aria-hidden="true"><use href="{4}#i-{1}"/></svg><span>{5}</span>{6}</a>'
)
FIGURE = '<b class="fig">{}</b>'
NONE = SafeString("")
CURRENT = SafeString(' aria-current="page"')
OPTION = '<option value="{}"{}>{}</option>'
SELECTED = SafeString(" selected")


@dataclass(frozen=True, slots=True)
class Link:
    """A link and its words."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column that may sort the list. `url`: of the list sorted by it, "" where it cannot be.

    `aria_sort`: what a screen reader is told, "" where the list is sorted by something else.
    """

    label: str
    url: str
    aria_sort: str


def tabs(
    query: ListQuery, look: Look, seen: Sequence[str], counts: Mapping[str, int] | None, *, figures: bool
) -> SafeString:
    """The tabs: all jobs, and those of each status. `figures`: whether a tab has a place for its count.

    `seen`: statuses besides the known ones. Those without a job under this filter stay, or the others would move when
    the counts come.
    """
    chosen = query.filters.statuses
    known = [job_status(name) for name in dict.fromkeys([*STATUSES, *seen, *chosen])]
    choices = [("all", "All", "all", ()), *((one.name, one.label, one.icon, (one.name,)) for one in known)]
    return joined(
        [
            fill(
                TAB,
                name,
                icon,
                look.jobs_url + query.but(statuses=statuses).url_query(),
                CURRENT if (name in chosen if statuses else not chosen) else NONE,
                look.icons,
                label,
                fill(FIGURE, count_words(counts, name if statuses else "")) if figures else NONE,
            )
            for name, label, icon, statuses in choices
        ]
    )


def count_words(counts: Mapping[str, int] | None, status: str) -> str:
    """`1,234`; `10,000+` beyond what is counted; a dash where it cannot be told, "" before it was asked for."""
    if counts is None:
        return ""
    if not counts:
        return NOTHING
    count = counts.get(status, 0)
    return f"{count:,}" if count <= base.MOST_COUNTED else f"{base.MOST_COUNTED:,}+"


def types(query: ListQuery, seen: Sequence[str]) -> SafeString:
    """The types to choose from: known, seen, or given in the address."""
    chosen = query.filters.types
    return _options(
        [("", "All types")]
        + [
            (name, job_type(name).label)
            for name in dict.fromkeys([*TYPES, *seen, *chosen])
            # A known type under another of its names is found under its first one anyway.
            if job_type(name).name == name or name in chosen
        ],
        chosen,
    )


def stores(query: ListQuery, known: Sequence[StoreName], capabilities: Capabilities) -> SafeString:
    """The stores to choose from; none where there is only one anyway."""
    chosen = query.filters.stores
    if len(known) < 2 and not chosen:
        return NONE
    names = {store.slug: store.name if store.is_configured else f"{store.name} (history)" for store in known}
    choices = [(slug, names.get(slug, slug)) for slug in dict.fromkeys([*names, *chosen])]
    # Read live, a list is one store's: the first one's where none is chosen.
    return _options(choices if capabilities.filters == "scan" else [("", "All stores"), *choices], chosen)


def sorts(query: ListQuery, capabilities: Capabilities) -> SafeString:
    """The orders to choose from, for screens that have no heads of columns."""
    if not capabilities.sort:
        return NONE
    offered = SORTS if can_sort_by_length(query.filters) else SORTS_BY_CREATION
    return _options(
        [("" if sort == NEWEST_FIRST else sort, SORT_WORDS[sort].capitalize()) for sort in offered],
        (query.filters.sort,),
    )


def _options(choices: Iterable[tuple[str, str]], chosen: Sequence[str]) -> SafeString:
    return joined([fill(OPTION, value, SELECTED if value in chosen else NONE, label) for value, label in choices])


def heads(path: str, query: ListQuery, capabilities: Capabilities) -> dict[str, Head]:
    """The heads of the columns that sort, by their key."""
    sort = query.filters.sort
    result = {}
    for key, label in (("created", "Created"), ("wait", "Waited"), ("run", "Ran")):
        possible = capabilities.sort and (key == "created" or can_sort_by_length(query.filters))
        # The largest first, as somebody who looks for the newest or the slowest wants it; then the other way round.
        to = key if sort == f"-{key}" else f"-{key}"
        aria_sort = {f"-{key}": "descending", key: "ascending"}.get(sort, "")
        result[key] = Head(label, path + query.but(sort=to).url_query() if possible else "", aria_sort)
    return result


def drops(path: str, query: ListQuery) -> list[Link]:
    """Links that drop one part of a filter that has several; none where dropping it leaves all jobs anyway."""
    chosen = query.filters
    parts = [
        ("Any status", chosen.statuses, query.but(statuses=())),
        ("Any type", chosen.types, query.but(types=())),
        ("Any store", chosen.stores, query.but(stores=())),
        ("Any date", chosen.created_from or chosen.created_to, query.but(created_from=None, created_to=None)),
        ("Without the search", chosen.q, query.but(q="")),
    ]
    links = [Link(label, path + without.url_query()) for label, value, without in parts if value]
    return links if len(links) > 1 else []


def filter_words(query: ListQuery, known: Sequence[StoreName]) -> str:
    """The filter in words: "failed or pending, of type Price import, created up to 2026-11-24"."""
    chosen, names = query.filters, {store.slug: store.name for store in known}
    statuses = " or ".join(job_status(name).label.lower() for name in chosen.statuses)
    kinds = " or ".join(job_type(name).label for name in chosen.types)
    shops = " or ".join(names.get(slug, slug) for slug in chosen.stores)
    begin, end = first_moment(chosen), last_moment(chosen)
    parts = (
        statuses,
        kinds and f"of type {kinds}",
        shops and f"of store {shops}",
        f"created from {begin} to {end}" if begin and end else begin and f"created from {begin} on",
        "" if begin else end and f"created up to {end}",
        chosen.q and f"found by “{chosen.q}”",
    )
    return ", ".join(part for part in parts if part)
