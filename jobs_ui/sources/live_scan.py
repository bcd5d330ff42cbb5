"""Looking through the API's job list for the rows behind or in front of a place, each once, in a few calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from jobs_ui.jobs_api import MAX_LIMIT, MAX_OFFSET, OVERLAP, Job, JobsClient, Page
from jobs_ui.sources.cursors import Place

MOST_CALLS = 5
"""Calls that one page of a filtered list may take, and the jobs that these look through."""


@dataclass(frozen=True, slots=True)
class Row:
    """A job, and the offset at which it stood when it was read."""

    job: Job
    offset: int

    @property
    def place(self) -> Place:
        """Where it stands in the list, for a cursor."""
        return Place(self.job.created_at, self.job.id, self.offset)


def rows_before(client: JobsClient, place: Place, *, enough: Callable[[Sequence[Row]], bool]) -> tuple[list[Row], bool]:
    """The rows next to the place, in front of it, and whether they reach up to the top of the list.

    Goes up page by page as large as they come: a server may cap the limit, or ignore paging and send all each time.
    """
    rows: list[Row] = []
    # A cursor is somebody's word: no job stands further down than the API lists.
    start, first_id, has_met = min(max(0, place.offset + 1 - MAX_LIMIT), MAX_OFFSET), "", False
    for _ in range(MOST_CALLS):
        page = client.list_jobs(offset=start, limit=MAX_LIMIT)
        before = list(takewhile(lambda job: not _reaches(job, place), page.items))
        has_met = has_met or len(before) < len(page.items)
        known = {row.job.id for row in rows}
        fresh = [Row(job, page.offset + index) for index, job in enumerate(before) if job.id not in known]
        if not has_met and page.items:
            # The place lies further down: pages are smaller than was asked for, or jobs have arrived since.
            rows = [*rows, *fresh] if start + page.received > place.offset else []
            start = max(start + max(1, page.received - OVERLAP), place.offset + 1 - page.received)
            continue
        rows = sorted([*rows, *fresh], key=lambda row: row.offset)
        ignores_paging = bool(page.ids) and page.ids[0] == first_id
        if start == 0 or ignores_paging or enough(rows):
            return rows, start == 0 or ignores_paging
        first_id = page.ids[0] if page.ids else ""
        start = max(0, start - max(1, (page.received or MAX_LIMIT) - OVERLAP))
    return (rows, False) if has_met else ([], True)


def _reaches(job: Job, place: Place) -> bool:
    return job.id == place.key or job.created_at < place.created_at


class Scan:
    """Looks through the API's rows, each once, from an offset or a place on, as far as `MOST_CALLS` calls reach."""

    def __init__(self, client: JobsClient, place: Place | None, *, start: int = 0) -> None:
        self._client = client
        self._place = place
        self._start = start
        self.reached_end = False
        """Whether the rows that were looked through go to the end of what the API lists."""
        self.is_cut = False
        """Whether there may be more that the API does not list. Jobs API: offsets over 10,000 are refused."""

    def rows(self) -> Iterator[Row]:
        """The rows in the API's order."""
        seen: set[str] = set()
        for page in self._pages():
            for index, job in enumerate(page.items):
                if job.id not in seen:
                    seen.add(job.id)
                    yield Row(job, page.offset + index)

    def rows_after_place(self) -> Iterator[Row]:
        """The rows after the place.

        Where its job is gone, all jobs of that moment: one twice is better than one lost.
        """
        place, same_moment = self._place, list[Row]()
        rows = self.rows()
        if place is not None:
            for row in rows:
                if row.job.id == place.key:
                    same_moment = []
                    break
                if row.job.created_at < place.created_at:
                    yield from same_moment
                    yield row
                    break
                if row.job.created_at == place.created_at:
                    same_moment.append(row)
        yield from rows

    def _pages(self) -> Iterator[Page[Job]]:
        hint = 0 if self._place is None else max(0, self._place.offset - OVERLAP)
        starts = [self._start] if self._place is None else _starts(hint)
        for calls, start in enumerate(starts, start=1):
            walk = self._client.iter_pages(start=start, limit=MAX_LIMIT, overlap=OVERLAP)
            first = next(walk, None)
            # Rows that were removed have pulled the place up since: then this page lies beyond it, or is empty.
            if start > 0 and self._place is not None and (first is None or not self._is_before_place(first)):
                continue
            if first is not None:
                yield first
                # One call more at least, or a page from the very top might never get anywhere.
                yield from islice(walk, max(1, MOST_CALLS - calls))
            self.reached_end = first is None or walk.end is not None
            self.is_cut = walk.end == "offset-limit"
            return

    def _is_before_place(self, page: Page[Job]) -> bool:
        place = self._place
        if place is None or place.key in page.ids:
            return True
        return bool(page.items) and page.items[0].created_at > place.created_at


def _starts(hint: int) -> list[int]:
    """Offsets to try, from the hint back in growing steps; the top at last."""
    steps = (0, MAX_LIMIT, 4 * MAX_LIMIT)
    return [*dict.fromkeys(max(0, hint - step) for step in steps if hint > step), 0]
