"""Walks over lists that are read in pages: the list of jobs, which moves meanwhile, and the errors of a job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Generic, Literal, TypeVar

from .exceptions import Refused
from .pages import Page, Problem
from .schemas import JobError

MAX_OFFSET = 10_000
"""Jobs API: offsets over this are refused or unreliable."""
MAX_LIMIT = 100
"""Jobs API: most records a page."""
OVERLAP = 5
"""Records that two pages of a moving list have in common."""
MAX_ERRORS = 100_000
"""Errors of one job that are read."""

_STEPS_BACK = 3
_REPEATS = 2
_FRUITLESS = 10

T = TypeVar("T")
FetchPage = Callable[[int, int], Page[T]]
"""Reads the page at (offset, limit). Raises `JobsApiError`."""
End = Literal["empty", "nothing-new", "offset-limit"]


class Walk(ABC, Generic[T], Iterator[Page[T]]):
    """An iterator of pages that tells, during and after it, what it has seen.

    Reading a page may raise `JobsApiError`; the walk is over then, with `end` None.
    """

    def __init__(self) -> None:
        self.continuous = True
        """False once rows may have slipped between two pages."""
        self.end: End | None = None
        """Why there is nothing more: an empty page, one with nothing new, or the API's limit. None: not there (yet)."""
        self.problems: tuple[Problem, ...] = ()
        """Unreadable rows of the pages yielded so far."""
        self._pages = self._walk()

    def __iter__(self) -> Walk[T]:
        return self

    def __next__(self) -> Page[T]:
        page = next(self._pages)
        self.problems += page.problems
        return page

    @abstractmethod
    def _walk(self) -> Iterator[Page[T]]: ...


class MovingWalk(Walk[T]):
    """A walk over a list, newest first, to which rows are added and from which rows are removed meanwhile.

    New rows push others down, which only repeats some; removed ones pull others up, which would hide some. So pages
    overlap, and a page that holds no id of the page before is not believed: the walk steps back a page, up to three
    times, until one does. Pages are yielded as received, so rows repeat; a page stepped back from is not yielded but
    read again.

    The end is an empty page, or pages with no id new to this walk: never a short page, never `total` (Jobs API: a
    server that ignores paging sends the same list for every page, and one that caps the limit sends less than was
    asked for). One page with nothing new is enough where it is shorter than others. A full one may also be rows seen
    before, pushed down by new ones: then the walk goes on, until the very same page has come three times in a row, or
    ten pages have brought nothing (which it does not call continuous).
    """

    def __init__(self, fetch: FetchPage[T], *, start: int = 0, limit: int = MAX_LIMIT, overlap: int = OVERLAP) -> None:
        """`fetch` reads a page; `start` is the first offset, `limit` the rows asked for, `overlap` those repeated."""
        if start < 0 or limit < 1 or overlap < 1:
            raise ValueError("start must be at least 0, limit and overlap at least 1")
        self._fetch = fetch
        self._offset = start
        self._limit = limit
        self._overlap = overlap
        self._seen: set[str] = set()
        self._before: frozenset[str] | None = None
        self._largest = 0
        self._farthest = -1
        self._steps = 0
        self._at_limit = False
        self._stepped_back = False
        self._empty_at: int | None = None
        self._repeats = 0
        self._fruitless = 0
        super().__init__()

    def _walk(self) -> Iterator[Page[T]]:
        while self.end is None:
            self._empty_at = None
            self._stepped_back = False
            page = self._next_page()
            if page is None:
                return
            self._look_for_the_end(page)
            self._advance(page)
            yield page

    def _look_for_the_end(self, page: Page[T]) -> None:
        ids = frozenset(page.ids)
        new = ids - self._seen
        self._seen |= new
        self._repeats = self._repeats + 1 if ids and ids == self._before and not self._stepped_back else 0
        self._fruitless = 0 if new else self._fruitless + 1
        if self._fruitless >= _FRUITLESS:
            # More rows than this were pushed down at once, or have no ids: nobody can tell, so nothing is claimed.
            self.end = "nothing-new"
            self.continuous = False
        elif ids and not new:
            if self._stepped_back:
                # Not the end, as rows come after it, unless it is the whole list: new rows would show at the top.
                if self._empty_at is not None and self._offset == 0 and page.received >= self._empty_at:
                    self.end = "empty"
            elif page.received < self._largest or self._repeats >= _REPEATS:
                self.end = "nothing-new"

    def _next_page(self) -> Page[T] | None:
        """Return the next page that follows on the one before, or None at the end."""
        while True:
            page = self._ask()
            if page is None or self._follows(page):
                break
            if self._steps >= _STEPS_BACK or not self._comparable(page):
                self.continuous = False
                break
            if not page.received:
                self._empty_at = self._offset
            self._stepped_back = True
            self._steps += 1
            self._offset = max(0, self._offset - max(1, self._largest))
        if page is not None and not page.received:
            self.end = "empty"
            return None
        return page

    def _ask(self) -> Page[T] | None:
        try:
            return self._fetch(self._offset, self._limit)
        except Refused:
            if self._offset + self._limit <= MAX_OFFSET:
                raise
        # A server that refuses pages reaching beyond the limit still gives the last one that does not.
        last = MAX_OFFSET - self._limit
        if last <= self._farthest:
            self.end = "offset-limit"
            return None
        self._offset = last
        self._at_limit = True
        return self._fetch(self._offset, self._limit)

    def _follows(self, page: Page[T]) -> bool:
        # Nothing can be hidden above the top.
        return self._before is None or self._offset == 0 or not self._before.isdisjoint(page.ids)

    def _comparable(self, page: Page[T]) -> bool:
        # Rows without any id tell nothing, and would tell nothing when read again.
        return bool(self._before) and bool(page.ids or not page.received)

    def _advance(self, page: Page[T]) -> None:
        if self._offset > self._farthest:
            self._farthest = self._offset
            self._steps = 0
        self._before = frozenset(page.ids)
        self._largest = max(self._largest, page.received)
        # At most half of a small page is repeated, or a server that caps at a few rows would be asked row by row.
        step = max(1, page.received - min(self._overlap, page.received // 2))
        if not self._at_limit and self._offset < MAX_OFFSET:
            self._offset = min(self._offset + step, MAX_OFFSET)
        elif self.end is None:
            self.end = "offset-limit"


class ErrorWalk(Walk[JobError]):
    """A walk over the errors of one job, which do not move, and whose ids may be missing or repeated.

    It ends with an empty page, or with one that is the same as the page before: a server that ignores paging. Positions
    count readable errors from 0, over all pages.
    """

    def __init__(self, fetch: Callable[[int, int], tuple[Page[JobError], bool]], *, limit: int = MAX_LIMIT) -> None:
        """`fetch` reads a page and tells whether it is all there is (the older envelope, which knows no paging)."""
        self._fetch = fetch
        self._limit = limit
        super().__init__()

    def _walk(self) -> Iterator[Page[JobError]]:
        offset = position = 0
        before: tuple[object, ...] | None = None
        while self.end is None:
            asked = self._ask(offset)
            if asked is None:
                return
            page, whole = asked
            content = (page.ids, *((error.id, error.message) for error in page.items))
            if not page.received:
                self.end = "empty"
                return
            if content == before and self._ignores_paging(page):
                self.end = "nothing-new"
                return
            before = content
            page = _numbered(page, position)
            position += len(page.items)
            offset += page.received
            if offset >= MAX_ERRORS:
                self.end = "offset-limit"
            elif whole:
                self.end = "nothing-new"
            yield page

    def _ask(self, offset: int) -> tuple[Page[JobError], bool] | None:
        try:
            return self._fetch(offset, self._limit)
        except Refused:
            if offset + self._limit <= MAX_OFFSET:
                raise
        self.end = "offset-limit"
        return None

    def _ignores_paging(self, page: Page[JobError]) -> bool:
        """Tell a server that repeats itself from a job with the same message over and over, without ids."""
        if page.ids:
            return True
        far = self._ask(MAX_ERRORS)
        self.end = None
        return far is not None and far[0].received == page.received


def _numbered(page: Page[JobError], first: int) -> Page[JobError]:
    room = max(0, MAX_ERRORS - first)
    items = page.items[:room]
    return replace(page, items=tuple(error.model_copy(update={"position": first + n}) for n, error in enumerate(items)))
