"""What stands around the rows of the list: tabs, drop-downs, the heads that sort, and the filter in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs_ui.forms import SORTS_BY_CREATION, ListQuery, can_sort_by_length, first_moment, last_moment
from jobs_ui.presentation.durations import NOTHING, exact, short_date
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.presentation.rows import Look
from jobs_ui.saved_views import View
from jobs_ui.sources import base
from jobs_ui.sources.base import NEWEST_FIRST, SORTS, Capabilities, JobPage, StoreName
from jobs_ui.status import STATUSES, TYPES, job_status, job_type

SORT_WORDS = {
    "-created": gettext_lazy("newest first"),
    "created": gettext_lazy("oldest first"),
    "-run": gettext_lazy("longest run first"),
    "run": gettext_lazy("shortest run first"),
    "-wait": gettext_lazy("longest wait first"),
    "wait": gettext_lazy("shortest wait first"),
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
class ViewLink:
    """A saved view: its name, the address that it is, whether the console opens with it, and whether it is shown."""

    name: str
    url: str
    is_default: bool
    is_shown: bool


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
    choices = [("all", _("All"), "all", ()), *((one.name, one.label, one.icon, (one.name,)) for one in known)]
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
    words = number_format(min(count, base.MOST_COUNTED), use_l10n=True)
    return words if count <= base.MOST_COUNTED else f"{words}+"


def types(query: ListQuery, seen: Sequence[str]) -> SafeString:
    """The types to choose from: known, seen, or given in the address."""
    chosen = query.filters.types
    return _options(
        [("", _("All types"))]
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
    names = {store.slug: store.name if store.is_configured else _history(store.name) for store in known}
    choices = [(slug, names.get(slug, slug)) for slug in dict.fromkeys([*names, *chosen])]
    # Read live, a list is one store's: the first one's where none is chosen.
    return _options(choices if capabilities.filters == "scan" else [("", _("All stores")), *choices], chosen)


def _history(name: str) -> str:
    return _("%(store)s (history)") % {"store": name}


def sorts(query: ListQuery, capabilities: Capabilities) -> SafeString:
    """The orders to choose from, for screens that have no heads of columns."""
    if not capabilities.sort:
        return NONE
    offered = SORTS if can_sort_by_length(query.filters) else SORTS_BY_CREATION
    return _options(
        [("" if sort == NEWEST_FIRST else sort, capfirst(str(SORT_WORDS[sort]))) for sort in offered],
        (query.filters.sort,),
    )


def _options(choices: Iterable[tuple[str, str]], chosen: Sequence[str]) -> SafeString:
    return joined([fill(OPTION, value, SELECTED if value in chosen else NONE, label) for value, label in choices])


def heads(path: str, query: ListQuery, capabilities: Capabilities) -> dict[str, Head]:
    """The heads of the columns that sort, by their key."""
    sort = query.filters.sort
    result = {}
    for key, label in (("created", _("Created")), ("wait", _("Waited")), ("run", _("Ran"))):
        possible = capabilities.sort and (key == "created" or can_sort_by_length(query.filters))
        # The largest first, as somebody who looks for the newest or the slowest wants it; then the other way round.
        to = key if sort == f"-{key}" else f"-{key}"
        aria_sort = {f"-{key}": "descending", key: "ascending"}.get(sort, "")
        result[key] = Head(label, path + query.but(sort=to).url_query() if possible else "", aria_sort)
    return result


def pager_words(sort: str) -> dict[str, str]:
    """The words of the pager, by the kind of order."""
    newer, older = _("Newer"), _("Older")
    if sort == NEWEST_FIRST:
        return {"previous_words": newer, "next_words": older, "first_words": _("Newest jobs")}
    if sort in SORTS_BY_CREATION:
        return {"previous_words": older, "next_words": newer, "first_words": _("Oldest jobs")}
    return {"previous_words": _("Back"), "next_words": _("Next"), "first_words": _("First page")}


def drops(path: str, query: ListQuery) -> list[Link]:
    """Links that drop one part of a filter that has several; none where dropping it leaves all jobs anyway."""
    chosen = query.filters
    parts = [
        (_("Any status"), chosen.statuses, query.but(statuses=())),
        (_("Any type"), chosen.types, query.but(types=())),
        (_("Any store"), chosen.stores, query.but(stores=())),
        (_("Any date"), chosen.created_from or chosen.created_to, query.but(created_from=None, created_to=None)),
        (_("Without the search"), chosen.q, query.but(q="")),
    ]
    links = [Link(label, path + without.url_query()) for label, value, without in parts if value]
    return links if len(links) > 1 else []


def looked_words(page: JobPage, filters: str, *, is_newest: bool) -> str:
    """What was looked through for a page that found nothing. `filters`: see `Capabilities`."""
    number = page.scanned or 0
    if filters == "scan":
        words = ngettext(
            "Elastic Path cannot filter its list, so the console looked through %(number)s job%(place)s.",
            "Elastic Path cannot filter its list, so the console looked through %(number)s jobs%(place)s.",
            number,
        )
    else:
        words = ngettext(
            "The console looked through %(number)s job%(place)s.",
            "The console looked through %(number)s jobs%(place)s.",
            number,
        )
    # Translators: goes on after "the console looked through 480 jobs"
    place = _(", the first of the list") if is_newest else ""
    if page.scanned_to:
        # Translators: goes on after "the console looked through 480 jobs"
        place += _(", down to %(moment)s") % {"moment": exact(page.scanned_to)}
    return words % {"number": number_format(number, use_l10n=True), "place": place}


def filter_words(query: ListQuery, known: Sequence[StoreName]) -> str:
    """The filter in words: "failed or pending, of type Price import, created up to 2026-11-24"."""
    chosen, names = query.filters, {store.slug: store.name for store in known}
    statuses = _alternatives([job_status(name).label.lower() for name in chosen.statuses])
    kinds = _alternatives([job_type(name).label for name in chosen.types])
    shops = _alternatives([names.get(slug, slug) for slug in chosen.stores])
    parts = (
        statuses,
        kinds and _("of type %(types)s") % {"types": kinds},
        shops and _("of store %(stores)s") % {"stores": shops},
        _dates_in_words(first_moment(chosen), last_moment(chosen)),
        chosen.q and _("found by “%(text)s”") % {"text": chosen.q},
    )
    return ", ".join(part for part in parts if part)


def view_words(query: ListQuery, known: Sequence[StoreName]) -> str:
    """A saved view in words: its filter, and its order where it is not the usual one."""
    order = "" if query.filters.sort == NEWEST_FIRST else str(SORT_WORDS[query.filters.sort])
    return capfirst(", ".join(part for part in (filter_words(query, known), order) if part))


def saved_view_links(path: str, query: ListQuery, saved: Sequence[View]) -> list[ViewLink]:
    """The person's views as links, and which of them is shown."""
    here = query.url_query()
    return [ViewLink(view.name, f"{path}?{view.query}", view.is_default, here == f"?{view.query}") for view in saved]


def _alternatives(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a or b or c`."""
    return reduce(lambda these, one: _("%(these)s or %(one)s") % {"these": these, "one": one}, words) if words else ""


def _dates_in_words(begin: str, end: str) -> str:
    dates = {"begin": _date_in_words(begin), "end": _date_in_words(end)}
    if begin and end:
        return _("created from %(begin)s to %(end)s") % dates
    if begin:
        return _("created from %(begin)s on") % dates
    return _("created up to %(end)s") % dates if end else ""


def _date_in_words(text: str) -> str:
    """A day, or a moment in the reader's zone, of which the URL says `text`."""
    if len(text) > len("2026-11-24"):
        return exact(datetime.fromisoformat(text))
    return short_date(date.fromisoformat(text)) if text else ""
