"""How many jobs each status has.

Counted up to a bound: a whole table of a million rows takes 100 ms, 10,000 rows one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Value

from jobs_ui.sources.base import MOST_COUNTED, JobFilters
from jobs_ui.sources.mirror.listing import among, ranges
from jobs_ui.sources.mirror.search import find
from jobs_ui.status import STATUSES


def count_by_status(filters: JobFilters, seen: Sequence[str]) -> dict[str, int] | None:
    """The counts by status under the other filters, "" for all; at most MOST_COUNTED + 1 each.

    None for a search that finds too much to list. `seen`: statuses besides the known ones.
    """
    found = find(filters.q) if filters.q else None
    if found is not None and found.keys is None:
        return None
    everything = replace(filters, statuses=())
    if found is not None and found.keys is not None:
        counts = Counter(status for _, status in among(everything, found.keys))
        return {"": counts.total(), **dict.fromkeys(STATUSES, 0), **counts}
    statuses = list(dict.fromkeys([*STATUSES, *seen, *filters.statuses]))
    result = dict(zip(statuses, _capped([replace(everything, statuses=(status,)) for status in statuses]), strict=True))
    # All jobs are counted only where the statuses do not tell already that there are more than are counted.
    total = sum(result.values())
    return {"": MOST_COUNTED + 1 if total > MOST_COUNTED else _capped([everything])[0], **result}


def _capped(counted: Sequence[JobFilters]) -> list[int]:
    """The number of jobs of each, at most MOST_COUNTED + 1, by one statement: a way there costs what a count does."""
    counts: list[str] = []
    parameters: list[Any] = []  # whatever the compiled queries hold
    for filters in counted:
        pieces = []
        for query in ranges(filters):
            sql, values = query.order_by().values_list(Value(1)).query.sql_with_params()
            pieces.append(sql)
            parameters.extend(values)
        # A LIMIT first: COUNT over it stops there.
        limited = f"{' UNION ALL '.join(pieces)} LIMIT {MOST_COUNTED + 1:d}"
        counts.append(f"(SELECT COUNT(*) FROM ({limited}) AS counted)")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", parameters)
        return list(cursor.fetchone())
