"""The list's query string ↔ `JobFilters`. What cannot be used is left out and named in a sentence, never an error.

A day that the address names is one of the reader's zone, which is Django's active one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import prod
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs_ui.sources.base import NEWEST_FIRST, SORTS, Capabilities, JobFilters
from jobs_ui.status import names_of_type

MOST_VALUES = 10
LONGEST_VALUE = 255
LONGEST_CURSOR = 600
LONGEST_SEARCH = 200
# A source reads one range for each combination of the filter's values.
MOST_COMBINATIONS = 300
ONE_DAY = timedelta(days=1)
BLANKED = dict.fromkeys((*range(32), *range(127, 160)), " ")
PARAMETERS = frozenset({"q", "status", "type", "store", "created_from", "created_to", "sort"})
"""What a list's URL says besides the place in it."""
# Sorts that an index carries with any other filter than one by status.
SORTS_BY_CREATION = ("-created", "created")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list's query string, parsed. `problems` are sentences about the parts that could not be used."""

    filters: JobFilters
    before: str | None = None
    after: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def cursor(self) -> dict[str, str]:
        """The place in the list, as parameters of its URL; none for the first page."""
        return {"before": self.before} if self.before else {"after": self.after} if self.after else {}

    def url_query(self, **cursor: str) -> str:
        """The query string (with its `?`) of this list at another place; "" for the newest page of all jobs."""
        chosen = self.filters
        pairs = [
            ("q", chosen.q),
            *(("status", value) for value in chosen.statuses),
            *(("type", value) for value in chosen.types),
            *(("store", value) for value in chosen.stores),
            ("created_from", first_moment(chosen)),
            ("created_to", last_moment(chosen)),
            ("sort", "" if chosen.sort == NEWEST_FIRST else chosen.sort),
            *cursor.items(),
        ]
        given = [pair for pair in pairs if pair[1]]
        return f"?{urlencode(given)}" if given else ""

    def but(self, **changes: Any) -> ListQuery:  # Any: the fields of JobFilters
        """The same list, filtered or sorted otherwise, from its beginning on."""
        return replace(self, filters=replace(self.filters, **changes), before=None, after=None)


def first_moment(filters: JobFilters) -> str:
    """`created_from` as the URL says it: a date where it begins one, "" for None."""
    moment = filters.created_from
    return "" if moment is None else _day_text(moment, timedelta(0)) or _iso(moment)


def last_moment(filters: JobFilters) -> str:
    """`created_to` as the URL says it: the last day, where whole days are meant; "" for None."""
    moment = filters.created_to
    return "" if moment is None else _day_text(moment, ONE_DAY) or _iso(moment)


def _day_text(moment: datetime, back: timedelta) -> str:
    """The day that begins with the moment, less so much; "" where none does."""
    with suppress(OverflowError):
        day = moment.astimezone(timezone.get_current_timezone()).date()
        return (day - back).isoformat() if _begin(day) == moment else ""
    return ""


def _begin(day: date) -> datetime:
    """When the day begins in the reader's zone, in UTC. Where clocks leap over midnight, it begins when they land."""
    return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def parse_list_query(query: QueryDict, capabilities: Capabilities) -> ListQuery:
    """What a list's URL asks for, as far as the source can do it.

    A status, type or store may be any text, since the API grows new ones without notice.
    """
    problems: list[str] = []
    filters = JobFilters(
        statuses=_values(query, "status", problems),
        types=_values(query, "type", problems),
        stores=_values(query, "store", problems),
        created_from=_moment(query, "created_from", problems, timedelta(0)),
        created_to=_moment(query, "created_to", problems, ONE_DAY),
        q=_search(query, problems),
    )
    filters = _searched(filters, capabilities, problems)
    filters = _bounded(filters, problems)
    filters = replace(filters, sort=_sort(query, filters, capabilities, problems))
    before, after = _cursor(query, "before", problems), _cursor(query, "after", problems)
    if before and after:
        problems.append(
            _("A page is either older or newer than a job; this address says both, so the newest jobs are shown.")
        )
        before = after = None
    return ListQuery(filters, before, after, tuple(problems))


def can_sort_by_length(filters: JobFilters) -> bool:
    """Whether an index carries the order by run time or by wait: under no other filter than one by status."""
    return not replace(filters, statuses=())


def _values(query: QueryDict, name: str, problems: list[str]) -> tuple[str, ...]:
    values = list(dict.fromkeys(value.strip() for value in query.getlist(name) if value.strip()))
    usable = [value for value in values if len(value) <= LONGEST_VALUE and value.isprintable()][:MOST_VALUES]
    if len(usable) < len(values):
        problems.append(_("Part of the filter by %(name)s could not be read and is left out.") % {"name": name})
    return tuple(usable)


def _search(query: QueryDict, problems: list[str]) -> str:
    text = query.get("q", "").translate(BLANKED).strip()
    if len(text) > LONGEST_SEARCH:
        sentence = _("The search was longer than %(number)s characters; what is beyond them is left out.")
        problems.append(sentence % {"number": LONGEST_SEARCH})
    return text[:LONGEST_SEARCH].strip()


def _moment(query: QueryDict, name: str, problems: list[str], on: timedelta) -> datetime | None:
    """The moment that an ISO date (its begin, so much later) or date-time names.

    Without an offset it is one of the reader's zone, as all times of the page are.
    """
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        if len(text) <= len("2026-11-24"):
            return _begin(date.fromisoformat(text) + on)
        # A plus sign that nobody encoded arrives as a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.get_current_timezone())).astimezone(UTC)
    except (ValueError, OverflowError):
        sentence = _("The date %(name)s could not be read and is left out: it should look like 2026-11-24.")
        problems.append(sentence % {"name": name})
        return None


def _searched(filters: JobFilters, capabilities: Capabilities, problems: list[str]) -> JobFilters:
    """Without what the source cannot do, and without dates that end before they begin."""
    begin, end = filters.created_from, filters.created_to
    if begin and end and begin >= end:
        problems.append(_("The dates end before they begin, so they are left out."))
        filters = replace(filters, created_from=None, created_to=None)
    if filters.q and not capabilities.search:
        problems.append(_("Jobs are read live from Elastic Path, which cannot search: the search is left out."))
        filters = replace(filters, q="")
    return filters


def _bounded(filters: JobFilters, problems: list[str]) -> JobFilters:
    names = {name for kind in filters.types for name in names_of_type(kind)}
    combinations = prod(max(1, len(values)) for values in (filters.statuses, filters.stores, names))
    if combinations <= MOST_COMBINATIONS:
        return filters
    problems.append(
        _("The filter names more statuses, types and stores than can be combined; the stores are left out.")
    )
    return replace(filters, stores=())


def _sort(query: QueryDict, filters: JobFilters, capabilities: Capabilities, problems: list[str]) -> str:
    sort = query.get("sort", "").strip() or NEWEST_FIRST
    if sort not in SORTS:
        problems.append(_("The list cannot be sorted in that way, so the newest jobs come first."))
    elif sort != NEWEST_FIRST and not capabilities.sort:
        problems.append(_("Jobs are read live from Elastic Path, which cannot sort them: the newest come first."))
    elif sort not in SORTS_BY_CREATION and not can_sort_by_length(filters):
        problems.append(
            _(
                "Jobs can be sorted by wait or run time only where nothing but the status is filtered, "
                "so the newest come first."
            )
        )
    else:
        return sort
    return NEWEST_FIRST


def _cursor(query: QueryDict, name: str, problems: list[str]) -> str | None:
    value = query.get(name, "")
    if len(value) > LONGEST_CURSOR:
        problems.append(unreadable_place())
        return None
    return value or None


def unreadable_place() -> str:
    """What is said where a cursor cannot be read."""
    return _("The place in the list could not be read, so the newest jobs are shown.")
