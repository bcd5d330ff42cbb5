"""A page of the list, by keyset: as quick a million rows deep as at the top, and the same while jobs arrive.

Each page is one range of one index. Several values of a filter are a union of such ranges, one for each combination:
asked for `IN (…)`, a database walks the whole list in its order, or sorts all that matches. The union finds the keys
of the page's rows; a second query gets their columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

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
        return Place(moment, number)
    except (ValueError, OverflowError) as error:
        raise UnreadableCursor(cursor) from error


def ranges(filters: JobFilters) -> list[QuerySet[models.Job]]:
    """The jobs that the filters let through, as ranges of an index that do not overlap."""
    types = sorted({name for kind in filters.types for name in names_of_type(kind)})
    fields = [("store", filters.stores), ("status", filters.statuses), ("type", types)]
    given = [[(name, value) for value in dict.fromkeys(values)] for name, values in fields if values]
    base = models.Job.objects.all()
    if filters.created_from is not None:
        base = base.filter(created_at__gte=filters.created_from)
    if filters.created_to is not None:
        base = base.filter(created_at__lt=filters.created_to)
    return [base.filter(**dict(values)) for values in product(*given)]


def keys(filters: JobFilters, *, place: Place | None, backwards: bool, limit: int) -> list[Key]:
    """The first `limit` keys after the place, in the order of `filters.sort`, or against it where `backwards`."""
    sql, parameters = _statement(filters, place, backwards=backwards, limit=limit)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return _converted(SORTS[filters.sort].column, cursor.fetchall())


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
    found = _converted(column, [row[:2] for row in rows])
    hits = [key for key, row in zip(found, rows, strict=True) if row[3]]
    is_full = bool(rows) and rows[-1][2] == limit
    return hits, found[0] if found else None, found[-1] if is_full else None


def _order(sort: str, *, backwards: bool) -> str:
    return "DESC" if SORTS[sort].descending != backwards else "ASC"


def _statement(filters: JobFilters, place: Place | None, *, backwards: bool, limit: int) -> tuple[str, list[Any]]:
    """The SQL of the first keys after the place, and its parameters. (Any: whatever a compiled query holds.)"""
    column, order = SORTS[filters.sort].column, _order(filters.sort, backwards=backwards)
    sign = "-" if order == "DESC" else ""
    parts = []
    for query in ranges(filters):
        part = query
        if column != "created_at":
            part = part.filter(**{f"{column}__gte": 0})
        if place is not None:
            part = _beyond(part, column, place, descending=order == "DESC")
        parts.append(part.order_by(f"{sign}{column}", f"{sign}id").values_list(column, "id")[:limit])
    compiled = [part.query.sql_with_params() for part in parts]
    if len(compiled) == 1:
        return compiled[0][0], list(compiled[0][1])
    # Django's own `union` cannot order and limit each part in SQLite.
    pieces = [f"SELECT * FROM ({sql}) AS part{number}" for number, (sql, _) in enumerate(compiled)]
    sql = f"{' UNION ALL '.join(pieces)} ORDER BY 1 {order}, 2 {order} LIMIT {limit:d}"
    return sql, [value for _, values in compiled for value in values]


def _beyond(query: QuerySet[models.Job], column: str, place: Place, *, descending: bool) -> QuerySet[models.Job]:
    """The rows after the place. The first condition alone bounds the range of the index."""
    ahead, value = ("lt" if descending else "gt"), place.value
    further = Q(**{f"{column}__{ahead}": value}) | Q(**{column: value, f"id__{ahead}": place.key})
    return query.filter(Q(**{f"{column}__{ahead}e": value}), further)


def _converted(column: str, rows: Iterable[Sequence[Any]]) -> list[Key]:
    """The rows of a statement as keys, their values as Django's own queries give them."""
    field = models.Job._meta.get_field(column)
    converters = [
        *connection.ops.get_db_converters(field.get_col("jobs_ui_job")),  # type: ignore[union-attr]  # a column of the table
        *field.get_db_converters(connection),  # type: ignore[union-attr]
    ]
    found = []
    for value, key in rows:
        for convert in converters:
            value = convert(value, None, connection)  # noqa: PLW2901 - each hands it on to the next
        found.append(Key(value, key))
    return found
