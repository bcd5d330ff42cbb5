"""One page of a list: what could be read of it, and what could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from .exceptions import UnreadableAnswer
from .schemas import UnreadableRow, row_id

T = TypeVar("T")

# A server that ignores paging sends everything at once; this many rows still fit into a bounded body, more is an
# attack.
_MAX_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that had to be left out."""

    index: int
    """Its place on the page, from 0."""
    id: str
    """Its id, or "" where that cannot be read either."""
    reason: str
    """What was wrong, without any value from the row."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a list, from `offset` on."""

    offset: int
    items: tuple[T, ...]
    problems: tuple[Problem, ...]
    received: int
    """Rows sent, unreadable ones included: what the next offset is reckoned from."""
    ids: tuple[str, ...]
    """Ids of all rows that have one, unreadable rows included."""
    total: int | None
    """What the API says there is in all. Not to be trusted (Jobs API: a published sample says 1 beside three rows)."""
    read_at: datetime
    """When it was asked for (aware, UTC, local clock)."""


def read_page(
    rows: object, read_row: Callable[[object], T], *, offset: int, read_at: datetime, total: int | None = None
) -> Page[T]:
    """Read the rows of a list with `read_row`; those that raise `UnreadableRow` are reported and left out.

    Raises `UnreadableAnswer` where `rows` is not a list.
    """
    if not isinstance(rows, list):
        raise UnreadableAnswer(detail="it holds no list under “data”")
    if len(rows) > _MAX_ROWS:
        raise UnreadableAnswer(detail=f"it holds more than {_MAX_ROWS} rows")
    items: list[T] = []
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        try:
            items.append(read_row(row))
        except UnreadableRow as error:
            problems.append(Problem(index, error.row_id, str(error)))
    ids = tuple(found for found in map(row_id, rows) if found)
    return Page(offset, tuple(items), tuple(problems), len(rows), ids, total, read_at)


def read_total(body: object) -> int | None:
    """Return `meta.results.total`, or None where it is not a sensible number."""
    for name in ("meta", "results", "total"):
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, int) and not isinstance(body, bool) and 0 <= body < 2**53 else None
