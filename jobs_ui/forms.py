"""The list's query string ↔ `JobFilters`. What cannot be used is left out and named in a sentence, never an error."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from jobs_ui.sources.base import JobFilters

MOST_VALUES = 10
LONGEST_VALUE = 255
LONGEST_CURSOR = 600


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list's query string, parsed. `problems` are sentences about the parts that could not be used."""

    filters: JobFilters
    before: str | None
    after: str | None
    problems: tuple[str, ...]

    def url_query(self, **cursor: str) -> str:
        """The query string (with its `?`) of this list at another place; "" for the newest page of all jobs."""
        pairs = [
            *(("status", value) for value in self.filters.statuses),
            *(("type", value) for value in self.filters.types),
            *cursor.items(),
        ]
        return f"?{urlencode(pairs)}" if pairs else ""


def parse_list_query(query: QueryDict) -> ListQuery:
    """What a list's URL asks for. A status or type may be any text, since the API grows new ones without notice."""
    problems: list[str] = []
    statuses = _values(query, "status", problems)
    types = _values(query, "type", problems)
    before, after = _cursor(query, "before", problems), _cursor(query, "after", problems)
    if before and after:
        problems.append(
            "A page is either older or newer than a job; this address says both, so the newest jobs are shown."
        )
        before = after = None
    return ListQuery(JobFilters(statuses, types), before, after, tuple(problems))


def _values(query: QueryDict, name: str, problems: list[str]) -> tuple[str, ...]:
    values = list(dict.fromkeys(value.strip() for value in query.getlist(name) if value.strip()))
    usable = [value for value in values if len(value) <= LONGEST_VALUE and value.isprintable()][:MOST_VALUES]
    if len(usable) < len(values):
        problems.append(f"Part of the filter by {name} could not be read and is left out.")
    return tuple(usable)


def _cursor(query: QueryDict, name: str, problems: list[str]) -> str | None:
    value = query.get(name, "")
    if len(value) > LONGEST_CURSOR:
        problems.append("The place in the list could not be read, so the newest jobs are shown.")
        return None
    return value or None
