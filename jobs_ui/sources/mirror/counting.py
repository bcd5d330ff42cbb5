"""How many jobs each status has.

Counted up to a bound: a whole table of a million rows takes 100 ms, 10,000 rows one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from jobs_ui.sources.base import MOST_COUNTED, NEWEST_FIRST, JobFilters
from jobs_ui.sources.mirror.listing import among, ranges
from jobs_ui.sources.mirror.search import find
from jobs_ui.status import STATUSES

# Ranges of an index that one page's counts look at one by one.
MOST_PIECES = 150


def count_by_status(filters: JobFilters, seen: Sequence[str]) -> dict[str, int] | None:
    """The counts by status under the other filters, "" for all; at most MOST_COUNTED + 1 each.

    None for a search that finds too much to list. `seen`: statuses besides the known ones.
    """
    found = find(filters.q) if filters.q else None
    if found is not None and found.keys is None:
        return None
    everything = replace(filters, statuses=(), sort=NEWEST_FIRST)
    if found is not None and found.keys is not None:
        counts = Counter(status for _, status in among(everything, found.keys))
        return {"": counts.total(), **dict.fromkeys(STATUSES, 0), **counts}
    statuses = list(dict.fromkeys([*STATUSES, *seen, *filters.statuses]))
    if len(statuses) * len(ranges(everything)) > MOST_PIECES:
        return _counted_at_once(everything, statuses)
    result = dict(zip(statuses, _capped([replace(everything, statuses=(status,)) for status in statuses]), strict=True))
    # All jobs are counted only where the statuses do not tell already that there are more than are counted.
    total = sum(result.values())
    return {"": MOST_COUNTED + 1 if total > MOST_COUNTED else _capped([everything])[0], **result}


def _counted_at_once(filters: JobFilters, statuses: Sequence[str]) -> dict[str, int] | None:
    """The counts of a filter of many values, whose ranges times the statuses would be too many to look at one by one.

    Exact for up to MOST_COUNTED jobs in all; None for more, as no status of its own can be told then.
    """
    limited, parameters = _limited(filters, "status")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT status, COUNT(*) FROM ({limited}) AS counted GROUP BY status", parameters)
        counts = Counter[str](dict(cursor.fetchall()))
    return None if counts.total() > MOST_COUNTED else {"": counts.total(), **dict.fromkeys(statuses, 0), **counts}


def _capped(counted: Sequence[JobFilters]) -> list[int]:
    """The number of jobs of each, at most MOST_COUNTED + 1, by one statement: a way there costs what a count does."""
    counts: list[str] = []
    parameters: list[Any] = []  # texts and moments
    for filters in counted:
        limited, values = _limited(filters, "1 AS one")
        counts.append(f"(SELECT COUNT(*) FROM ({limited}) AS counted)")
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", parameters)
        return list(cursor.fetchone())


def _limited(filters: JobFilters, column: str) -> tuple[str, list[Any]]:
    """A statement of one row a job, that ends where it is known that there are more than are counted."""
    pieces = [(f"SELECT {column} FROM jobs_ui_job WHERE {sql}", values) for sql, values in ranges(filters)]
    statement = " UNION ALL ".join(sql for sql, _ in pieces)
    return f"{statement} LIMIT {MOST_COUNTED + 1:d}", [value for _, values in pieces for value in values]
