"""Which rows a page of the list holds, whether an index can tell them at once or the list has to be looked through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobs_ui.sources.base import JobFilters
from jobs_ui.sources.mirror.listing import SORTS, Key, Place, among, hits_among, keys
from jobs_ui.sources.mirror.search import Found

# Jobs that one page looks through where a word is common but the rest of the filter may not be: so many, and if these
# do not fill it, so many more.
BATCHES = (500, 1_500, 6_000, 12_000)


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
    found = [key for key, _ in among(filters, few) if isinstance(key.value, datetime) or key.value >= 0]
    in_order = sorted(found, reverse=descending)
    if place is not None:
        here = Key(place.value, place.key)
        in_order = [key for key in in_order if (key < here if descending else key > here)]
    return in_order


def _scan(filters: JobFilters, found: Found, place: Place | None, *, backwards: bool, wanted: int) -> Stretch:
    """Looks through the list from the place on, batch by batch, until the page is full or enough was looked at."""
    hits: list[Key] = []
    first = last = None
    here, looked_at = place, 0
    for size in BATCHES:
        batch, top, last = hits_among(filters, found.hit, place=here, backwards=backwards, limit=size)
        hits.extend(batch)
        first = first or top
        looked_at += size
        if len(hits) > wanted or last is None:
            break
        here = Place(last.value, last.key)
    if len(hits) > wanted:
        return _page(hits[:wanted], place, backwards=backwards, has_more=True)
    if first is None:
        return _page([], place, backwards=backwards, has_more=False)
    if last is None:
        # The list ends here: nothing goes on behind it, and that side's cursor is not used.
        return _page(hits, place, backwards=backwards, has_more=False, ends=(first, first))
    ends = (last, first) if backwards else (first, last)
    return _page(hits, place, backwards=backwards, has_more=True, ends=ends, scanned=looked_at)
