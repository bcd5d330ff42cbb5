"""How many jobs each status has.

Counted up to a bound: a whole table of a million rows takes 100 ms, 10,000 rows one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from jobs_ui.sources.base import MOST_COUNTED, JobFilters
from jobs_ui.sources.mirror.listing import ranges
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
        counts: Counter[str] = Counter()
        for query in ranges(everything):
            counts.update(query.filter(pk__in=found.keys).values_list("status", flat=True))
        return {"": counts.total(), **dict.fromkeys(STATUSES, 0), **counts}
    result = {"": _capped(everything)}
    for status in dict.fromkeys([*STATUSES, *seen, *filters.statuses]):
        result[status] = _capped(replace(everything, statuses=(status,)))
    return result


def _capped(filters: JobFilters) -> int:
    count = 0
    for query in ranges(filters):
        if count > MOST_COUNTED:
            break
        # A slice first: COUNT over it stops there.
        count += query.order_by()[: MOST_COUNTED + 1 - count].count()
    return count
