"""A page of the list, by keyset: as quick a million rows deep as at the top, and the same while jobs arrive.

Each page is one range of one index. Several values of a filter are a union of such ranges, one for each combination:
asked for `IN (…)`, a database walks the whole list in its order, or sorts all that matches. The union finds the keys
of the page's rows; a second query gets their columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

from django.db import connection

from jobs_ui import models
from jobs_ui.sources.base import JobFilters, UnreadableCursor
from jobs_ui.sources.cursors import LARGEST_KEY, pack, unpack
from jobs_ui.status import names_of_type


class Sort(NamedTuple):
    """An order of the list: the column (an index carries it), and whether the largest comes first."""

    column: str
    descending: bool


SORTS = {
    "-created": Sort("created_at", descending=True),
    "created": Sort("created_at", descending=False),
    "-run": Sort("run_ms", descending=True),
    "run": Sort("run_ms", descending=False),
    "-wait": Sort("wait_ms", descending=True),
    "wait": Sort("wait_ms", descending=False),
}


Condition = tuple[str, Sequence[object]]
"""A condition in SQL, and its parameters."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an order: the value of the sort's column and the key."""

    value: datetime | int
    key: int


class Key(NamedTuple):
    """What the union finds of a row."""

    value: datetime | int
    key: int


class Hit(NamedTuple):
    """A condition in SQL on `looked.id`, the key of a job that is looked at, and its parameters."""

    sql: str
    parameters: tuple[str, ...]


def write_place(sort: str, place: Place) -> str:
    """The place as a cursor for a URL."""
    value = place.value.isoformat() if isinstance(place.value, datetime) else str(place.value)
    return pack(sort, value, str(place.key))


def read_place(sort: str, cursor: str) -> Place:
    """The place that `write_place` wrote for this order. Raises UnreadableCursor for anything else."""
    written_for, value, key = unpack(cursor, 3)
    try:
        number = int(key)
        if written_for != sort or not 0 <= number <= LARGEST_KEY or len(value) > 64:
            raise UnreadableCursor(cursor)
        if SORTS[sort].column != "created_at":
            milliseconds = int(value)
            if not abs(milliseconds) <= LARGEST_KEY:
                raise UnreadableCursor(cursor)
            return Place(milliseconds, number)
        moment = datetime.fromisoformat(value)
        if moment.utcoffset() is None:
            raise UnreadableCursor(cursor)
        return Place(moment.astimezone(UTC), number)
    except (ValueError, OverflowError) as error:
        raise UnreadableCursor(cursor) from error


def ranges(filters: JobFilters) -> list[Condition]:
    """The jobs that the filters let through, as conditions that are each a range of an index and do not overlap."""
    bounds = _bounds(filters)
    conditions: list[Condition] = []
    for values in _combinations(filters):
        words = [*(f"{name} = %s" for name, _ in values), *(sql for sql, _ in bounds)]
        parameters = [*(value for _, value in values), *(value for _, given in bounds for value in given)]
        conditions.append((" AND ".join(words) or "1 = 1", parameters))
    return conditions


def among(filters: JobFilters, few: frozenset[int]) -> list[tuple[Key, str]]:
    """Those of a few hundred jobs, given by their keys, that the filters let through: their place and their status.

    Asked for by their keys alone and filtered here: given more conditions, SQLite may choose the index of a status
    and read a million entries of it, and there would be one query for each combination of the filter's values.
    """
    column, wanted = SORTS[filters.sort].column, [(name, set(values)) for name, values in _columns(filters)]
    begin, end = filters.created_from, filters.created_to
    # No more than are looked at: Django takes longer to convert a moment than a database to find it.
    dates = ["created_at"] if begin or end else []
    names = dict.fromkeys([column, "id", "status", *dates, *(name for name, _ in wanted)])
    found = []
    for row in models.Job.objects.filter(pk__in=few).values(*names):
        is_early = begin is not None and row["created_at"] < begin
        is_late = end is not None and row["created_at"] >= end
        if not (is_early or is_late) and all(row[name] in values for name, values in wanted):
            found.append((Key(row[column], row["id"]), row["status"]))
    return found


def _combinations(filters: JobFilters) -> Iterable[tuple[tuple[str, str], ...]]:
    """The columns that the filters fix and a value of each, in every combination; one without any for no filter."""
    return product(*([(name, value) for value in values] for name, values in _columns(filters)))


def _columns(filters: JobFilters) -> list[tuple[str, list[str]]]:
    """The columns that the filters fix, and the values that each may have."""
    types = sorted({name for kind in filters.types for name in names_of_type(kind)})
    fields = [("store", filters.stores), ("status", filters.statuses), ("type", types)]
    return [(name, list(dict.fromkeys(values))) for name, values in fields if values]


def keys(filters: JobFilters, *, place: Place | None, backwards: bool, limit: int) -> list[Key]:
    """The first `limit` keys after the place, in the order of `filters.sort`, or against it where `backwards`."""
    sql, parameters = _statement(filters, place, backwards=backwards, limit=limit)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return _keys(cursor.fetchall())


def hits_among(
    filters: JobFilters, hit: Hit, *, place: Place | None, backwards: bool, limit: int
) -> tuple[list[Key], Key | None, Key | None]:
    """Of the first `limit` keys after the place: the hits, the first key of all, and the last if there are so many.

    The database looks at the rows and tells only these: to fetch each row's key and to ask for it again takes ten
    times as long as the looking.
    """
    inner, parameters = _statement(filters, place, backwards=backwards, limit=limit)
    column, order = SORTS[filters.sort].column, _order(filters.sort, backwards=backwards)
    sql = (
        f"SELECT {column}, id, number, CASE WHEN {hit.sql} THEN 1 ELSE 0 END FROM ("
        f"SELECT {column}, id, row_number() OVER (ORDER BY {column} {order}, id {order}) AS number "
        f"FROM ({inner}) AS page) AS looked WHERE number IN (1, {limit:d}) OR {hit.sql} ORDER BY number"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*hit.parameters, *parameters, *hit.parameters])
        rows = cursor.fetchall()
    found = _keys(row[:2] for row in rows)
    hits = [key for key, row in zip(found, rows, strict=True) if row[3]]
    is_full = bool(rows) and rows[-1][2] == limit
    return hits, found[0] if found else None, found[-1] if is_full else None


def _order(sort: str, *, backwards: bool) -> str:
    return "DESC" if SORTS[sort].descending != backwards else "ASC"


def _statement(filters: JobFilters, place: Place | None, *, backwards: bool, limit: int) -> tuple[str, list[Any]]:
    """The SQL of the first keys after the place, and its parameters.

    Written by hand: Django takes longer to put five ranges together than a database takes to read them, and its
    `union` cannot order and limit each part in SQLite.
    """
    column, order = SORTS[filters.sort].column, _order(filters.sort, backwards=backwards)
    shared = _bounds(filters) + ([] if place is None else _beyond(column, place, is_descending=order == "DESC"))
    pieces: list[str] = []
    parameters: list[Any] = []  # texts, numbers and moments
    for values in _combinations(filters):
        conditions = [*(f"{name} = %s" for name, _ in values), *(condition for condition, _ in shared)]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        pieces.append(
            f"SELECT {column}, id FROM jobs_ui_job{where} ORDER BY {column} {order}, id {order} LIMIT {limit:d}"
        )
        parameters += [value for _, value in values]
        parameters += [value for _, given in shared for value in given]
    if len(pieces) == 1:
        return pieces[0], parameters
    parts = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part{number}" for number, sql in enumerate(pieces))
    return f"{parts} ORDER BY 1 {order}, 2 {order} LIMIT {limit:d}", parameters


def _bounds(filters: JobFilters) -> list[Condition]:
    """What holds for all ranges. A job that has not started or ended has no place in an order by how long it took."""
    conditions: list[Condition] = []
    if filters.created_from is not None:
        conditions.append(("created_at >= %s", [_stored(filters.created_from)]))
    if filters.created_to is not None:
        conditions.append(("created_at < %s", [_stored(filters.created_to)]))
    if (column := SORTS[filters.sort].column) != "created_at":
        conditions.append((f"{column} >= 0", []))
    return conditions


def _beyond(column: str, place: Place, *, is_descending: bool) -> list[Condition]:
    """The rows after the place. The first condition alone bounds the range of the index."""
    ahead, value = ("<" if is_descending else ">"), _stored(place.value)
    further = f"({column} {ahead} %s OR ({column} = %s AND id {ahead} %s))"
    return [(f"{column} {ahead}= %s", [value]), (further, [value, value, place.key])]


def _stored(value: datetime | int) -> object:
    """The value as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _keys(rows: Iterable[Sequence[Any]]) -> list[Key]:
    """The rows of a statement as keys. (Any: a number, or a moment as the driver gives it.)"""
    return [Key(_loaded(value), key) for value, key in rows]


def _loaded(value: datetime | int | str) -> datetime | int:
    """SQLite holds a moment in UTC, without saying so, and as text where it does not know the column any more."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
