"""Which rows a page of the list holds, whether an index can tell them at once or the list has to be looked through."""

from __future__ import annotations

from dataclasses import dataclass

from jobs_ui.sources.base import JobFilters
from jobs_ui.sources.mirror.listing import SORTS, Key, Place, keys, ranges
from jobs_ui.sources.mirror.search import Found

# Jobs that one page looks through where a word is common but the rest of the filter may not be.
MOST_SCANNED = 20_000
FIRST_BATCH, LATER_BATCH = 250, 900


@dataclass(frozen=True, slots=True)
class Stretch:
    """The keys of a page, in the order of the list, and where it goes on.

    `first` and `last` are the outermost rows that were looked at, hits or not. `has_more`: in the direction that was
    asked for. `scanned`: how many rows were looked at, None where an index found the hits.
    """

    keys: list[Key]
    first: Key | None
    last: Key | None
    has_older: bool
    has_newer: bool
    has_more: bool
    scanned: int | None = None


def stretch(filters: JobFilters, found: Found | None, place: Place | None, *, backwards: bool, size: int) -> Stretch:
    """The page of at most `size` rows after the place, or before it where `backwards`.

    Without a place the first one.
    """
    if found is None:
        hits = keys(filters, place=place, backwards=backwards, limit=size + 1)
    elif found.keys is not None:
        hits = _of_few(filters, found.keys, place, backwards=backwards)
    else:
        return _scan(filters, found, place, backwards=backwards, wanted=size)
    return _page(hits[:size], place, backwards=backwards, has_more=len(hits) > size)


def _page(
    hits: list[Key],
    place: Place | None,
    *,
    backwards: bool,
    has_more: bool,
    ends: tuple[Key, Key] | None = None,
    scanned: int | None = None,
) -> Stretch:
    if backwards:
        hits.reverse()
    first, last = ends or ((hits[0], hits[-1]) if hits else (None, None))
    return Stretch(
        hits,
        first,
        last,
        has_older=backwards or has_more,
        has_newer=has_more if backwards else place is not None,
        has_more=has_more,
        scanned=scanned,
    )


def _of_few(filters: JobFilters, few: frozenset[int], place: Place | None, *, backwards: bool) -> list[Key]:
    """Of a few hundred rows: sorted here, which is quicker than any plan that a database might choose for it."""
    sort = SORTS[filters.sort]
    descending = sort.descending != backwards
    found: set[Key] = set()
    for query in ranges(filters):
        rows = query.filter(pk__in=few).order_by()
        if sort.column != "created_at":
            rows = rows.filter(**{f"{sort.column}__gte": 0})
        found.update(Key(*row) for row in rows.values_list(sort.column, "id"))
    in_order = sorted(found, reverse=descending)
    if place is not None:
        here = Key(place.value, place.key)
        in_order = [key for key in in_order if (key < here if descending else key > here)]
    return in_order


def _scan(filters: JobFilters, found: Found, place: Place | None, *, backwards: bool, wanted: int) -> Stretch:
    """Looks through the list from the place on, batch by batch, until the page is full or enough was looked at."""
    hits: list[Key] = []
    looked_at: list[Key] = []
    here, size, at_end = place, FIRST_BATCH, False
    while len(hits) <= wanted and len(looked_at) < MOST_SCANNED and not at_end:
        batch = keys(filters, place=here, backwards=backwards, limit=size)
        at_end = len(batch) < size
        if not batch:
            break
        matching = found.among([key.key for key in batch])
        hits.extend(key for key in batch if key.key in matching)
        looked_at.extend(batch)
        here, size = Place(batch[-1].value, batch[-1].key), LATER_BATCH
    if len(hits) > wanted:
        return _page(hits[:wanted], place, backwards=backwards, has_more=True)
    if not looked_at:
        return _page([], place, backwards=backwards, has_more=False)
    ends = (looked_at[-1], looked_at[0]) if backwards else (looked_at[0], looked_at[-1])
    scanned = None if at_end else len(looked_at)
    return _page(hits, place, backwards=backwards, has_more=not at_end, ends=ends, scanned=scanned)
