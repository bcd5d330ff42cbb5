"""Walks over lists that move, end, repeat, are capped or cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.jobs_api import MAX_ERRORS, MAX_OFFSET, JobError, NotReachable, Page, Problem, Refused
from jobs_ui.jobs_api.paging import ErrorWalk, MovingWalk

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def page_of(offset: int, rows: list[str]) -> Page[str]:
    """Return a page; rows that are "" have no id, those that begin with "!" are unreadable."""
    problems = tuple(Problem(n, row[1:], "bad") for n, row in enumerate(rows) if row[:1] in ("", "!"))
    items = tuple(row for row in rows if row[:1] not in ("", "!"))
    return Page(offset, items, problems, len(rows), tuple(row.strip("!") for row in rows if row), None, NOW)


class Listing:
    """A list on a server. `before_page` may change `rows` before each page is read."""

    def __init__(self, rows: list[str], *, cap: int = 100, ignores_paging: bool = False) -> None:
        self.rows = rows
        self.cap = cap
        self.ignores_paging = ignores_paging
        self.asked: list[int] = []
        self.before_page: Callable[[int], None] = lambda _number: None

    def __call__(self, offset: int, limit: int) -> Page[str]:
        self.before_page(len(self.asked))
        self.asked.append(offset)
        assert len(self.asked) < 3_000, "this walk does not end"
        if self.ignores_paging:
            return page_of(offset, list(self.rows))
        return page_of(offset, self.rows[offset : offset + min(limit, self.cap)])


def names(count: int, prefix: str = "j") -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


def seen_in(walk: MovingWalk[str]) -> set[str]:
    return {name for page in walk for name in page.items}


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 6, 99, 100, 101, 195, 196, 400])
@pytest.mark.parametrize("cap", [3, 10, 25, 100])
def test_every_row_of_a_quiet_list_is_seen(count: int, cap: int) -> None:
    listing = Listing(names(count), cap=cap)
    walk = MovingWalk(listing)
    assert seen_in(walk) == set(names(count))
    assert walk.continuous
    assert walk.end is not None


def test_a_quiet_list_costs_hardly_more_requests_than_it_has_pages() -> None:
    listing = Listing(names(400))
    seen_in(MovingWalk(listing))
    assert listing.asked == [0, 95, 190, 285, 380, 395]


def test_an_empty_list_is_one_request() -> None:
    listing = Listing([])
    walk = MovingWalk(listing)
    assert list(walk) == []
    assert (walk.end, walk.continuous, listing.asked) == ("empty", True, [0])


@pytest.mark.parametrize("count", [1, 3, 25, 100, 250])
def test_a_server_that_ignores_paging_neither_loops_nor_hides(count: int) -> None:
    listing = Listing(names(count), ignores_paging=True)
    walk = MovingWalk(listing)
    assert seen_in(walk) == set(names(count))
    assert walk.continuous
    assert walk.end == "nothing-new"
    assert len(listing.asked) == 3


def test_new_rows_only_repeat_others() -> None:
    listing = Listing(names(300))
    listing.before_page = lambda number: listing.rows.__setitem__(slice(0, 0), names(7, f"new{number}-"))
    walk = MovingWalk(listing)
    assert set(names(300)) <= seen_in(walk)
    assert walk.continuous


def test_as_many_new_rows_as_a_page_advances_are_not_taken_for_the_end() -> None:
    listing = Listing(names(30), cap=10)
    listing.before_page = lambda number: listing.rows.__setitem__(slice(0, 0), names(5, "new") if number == 1 else [])
    walk = MovingWalk(listing)
    assert set(names(30)) <= seen_in(walk)
    assert walk.continuous


def test_rows_pulled_up_by_removed_ones_are_found_by_stepping_back() -> None:
    listing = Listing(names(300))

    def remove(number: int) -> None:
        if number == 2:
            del listing.rows[:50]

    listing.before_page = remove
    walk = MovingWalk(listing)
    assert set(names(300)) == seen_in(walk)
    assert walk.continuous
    assert listing.asked[:4] == [0, 95, 190, 90]


def test_rows_pulled_up_over_the_end_are_found_too() -> None:
    listing = Listing(names(103))

    def remove(number: int) -> None:
        if number == 1:
            del listing.rows[:10]

    listing.before_page = remove
    walk = MovingWalk(listing)
    assert seen_in(walk) == set(names(103))
    assert walk.continuous


def test_more_new_rows_than_a_page_are_read_from_the_top_again() -> None:
    listing = Listing(names(300))
    new = names(250, "new")
    listing.before_page = lambda number: listing.rows.__setitem__(slice(0, 0), new if number == 1 else [])
    walk = MovingWalk(listing)
    assert seen_in(walk) == {*names(300), *new}
    assert walk.continuous


def test_a_gap_that_cannot_be_closed_is_told() -> None:
    calls: list[int] = []

    def fetch(offset: int, _limit: int) -> Page[str]:
        calls.append(offset)
        return page_of(offset, names(100, f"{len(calls)}-") if len(calls) < 30 else [])

    walk = MovingWalk(fetch, start=1_000)
    pages = list(walk)
    assert not walk.continuous
    assert len(pages) > 5


@given(
    count=st.integers(0, 60),
    cap=st.integers(4, 15),
    overlap=st.integers(1, 6),
    changes=st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(0, 80), max_size=15)), max_size=20),
)
def test_what_is_there_throughout_a_continuous_walk_is_seen(
    count: int, cap: int, overlap: int, changes: list[tuple[int, list[int]]]
) -> None:
    listing = Listing(names(count), cap=cap)
    throughout = set(listing.rows)

    def change(number: int) -> None:
        if number == 0 or number > len(changes):
            return
        added, removed = changes[number - 1]
        # Two bursts in a row, each exactly a page's advance, look like a server that ignores paging.
        if number > 1 and changes[number - 2][0]:
            added = 0
        for place in sorted(removed, reverse=True):
            if place < len(listing.rows):
                throughout.discard(listing.rows.pop(place))
        listing.rows[:0] = names(added, f"new{number}-")

    listing.before_page = change
    walk = MovingWalk(listing, overlap=overlap, limit=50)
    seen = seen_in(walk)
    assert walk.end is not None
    if walk.continuous:
        assert throughout <= seen


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "!c", "d"]), max_size=6), max_size=40))
def test_no_server_keeps_a_walk_for_ever(pages: list[list[str]]) -> None:
    asked = 0

    def fetch(offset: int, _limit: int) -> Page[str]:
        nonlocal asked
        asked += 1
        assert asked < 500
        return page_of(offset, pages[asked % len(pages)] if pages else [])

    walk = MovingWalk(fetch)
    list(walk)
    assert walk.end is not None


def test_a_page_of_unreadable_rows_does_not_end_the_walk() -> None:
    listing = Listing([*names(100), *[""] * 200, *names(100, "k")])
    walk = MovingWalk(listing)
    assert set(names(100, "k")) <= seen_in(walk)
    assert not walk.continuous
    assert len(walk.problems) >= 200


def test_unreadable_rows_with_ids_count_as_rows() -> None:
    listing = Listing([*names(100), *[f"!bad{n}" for n in range(200)], *names(100, "k")])
    walk = MovingWalk(listing)
    assert set(names(100, "k")) <= seen_in(walk)
    assert walk.continuous


def test_a_server_that_only_sends_rows_without_ids_is_left_soon() -> None:
    listing = Listing([""] * 100, ignores_paging=True)
    walk = MovingWalk(listing)
    assert len(list(walk)) == 10
    assert (walk.end, walk.continuous) == ("nothing-new", False)


def test_it_stops_at_the_offset_limit_with_the_last_page_read() -> None:
    listing = Listing(names(20_000))
    walk = MovingWalk(listing)
    assert seen_in(walk) == set(names(MAX_OFFSET + 100))
    assert walk.end == "offset-limit"
    assert max(listing.asked) == MAX_OFFSET


def test_a_server_that_refuses_pages_beyond_the_limit_gives_all_up_to_it() -> None:
    listing = Listing(names(20_000))

    def fetch(offset: int, limit: int) -> Page[str]:
        if offset + limit > MAX_OFFSET:
            raise Refused(status=400)
        return listing(offset, limit)

    walk = MovingWalk(fetch)
    assert seen_in(walk) == set(names(MAX_OFFSET))
    assert walk.end == "offset-limit"
    assert walk.continuous


def test_a_failure_ends_the_walk_without_an_end() -> None:
    def fetch(offset: int, _limit: int) -> Page[str]:
        if offset:
            raise NotReachable
        return page_of(0, names(100))

    walk = MovingWalk(fetch)
    next(walk)
    with pytest.raises(NotReachable):
        next(walk)
    assert list(walk) == []
    assert walk.end is None


def test_it_resumes_from_an_offset() -> None:
    listing = Listing(names(300))
    assert seen_in(MovingWalk(listing, start=200)) == set(names(300)[200:])


@pytest.mark.parametrize("wrong", [{"start": -1}, {"limit": 0}, {"overlap": 0}])
def test_a_walk_that_could_not_tell_a_gap_is_not_begun(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least"):
        MovingWalk(Listing([]), **wrong)


# Errors


class Errors:
    def __init__(self, rows: list[tuple[str, str]], *, cap: int = 100, ignores_paging: bool = False) -> None:
        self.rows = rows
        self.cap = cap
        self.ignores_paging = ignores_paging
        self.asked: list[int] = []

    def __call__(self, offset: int, limit: int) -> tuple[Page[JobError], bool]:
        self.asked.append(offset)
        found = self.rows if self.ignores_paging else self.rows[offset : offset + min(limit, self.cap)]
        items = tuple(JobError(id=row_id, message=message) for row_id, message in found)
        ids = tuple(row_id for row_id, _ in found if row_id)
        return Page(offset, items, (), len(found), ids, None, NOW), False


def read(walk: ErrorWalk) -> list[tuple[int, str, str]]:
    return [(error.position, error.id, error.message) for page in walk for error in page.items]


def rows(count: int, *, row_id: str = "e{}", message: str = "m{}") -> list[tuple[str, str]]:
    return [(row_id.format(n), message.format(n)) for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
@pytest.mark.parametrize(
    "options",
    [{}, {"cap": 25}, {"ignores_paging": True}],
    ids=["pages", "capped", "ignores paging"],
)
@pytest.mark.parametrize(
    "shape",
    [{}, {"row_id": ""}, {"row_id": "same"}, {"row_id": "", "message": "same"}],
    ids=["ids", "no ids", "repeated ids", "all the same"],
)
def test_each_error_has_one_position(count: int, options: dict[str, Any], shape: dict[str, str]) -> None:
    sent = rows(count, **shape)
    walk = ErrorWalk(Errors(sent, **options))
    assert read(walk) == [(n, *row) for n, row in enumerate(sent)]
    assert walk.end in ("empty", "nothing-new")


def test_pages_of_unreadable_errors_do_not_end_the_walk() -> None:
    def fetch(offset: int, _limit: int) -> tuple[Page[JobError], bool]:
        if offset == 2:
            return Page(2, (JobError(id="z", message="m"),), (), 1, ("z",), None, NOW), False
        problems = (Problem(0, f"e{offset}", "bad"),) if offset < 2 else ()
        return Page(offset, (), problems, len(problems), tuple(p.id for p in problems), None, NOW), False

    walk = ErrorWalk(fetch, limit=1)
    assert read(walk) == [(0, "z", "m")]
    assert [problem.id for problem in walk.problems] == ["e0", "e1"]


def test_no_more_errors_are_read_than_the_bound() -> None:
    endpoint = Errors(rows(MAX_ERRORS + 250, message="same"), cap=10_000)
    walk = ErrorWalk(endpoint, limit=30_000)
    assert len(read(walk)) == MAX_ERRORS
    assert walk.end == "offset-limit"
    assert max(endpoint.asked) < MAX_ERRORS


def test_errors_end_where_the_server_refuses_deeper_offsets() -> None:
    endpoint = Errors(rows(12_000))

    def fetch(offset: int, limit: int) -> tuple[Page[JobError], bool]:
        if offset > MAX_OFFSET:
            raise Refused(status=400)
        return endpoint(offset, limit)

    walk = ErrorWalk(fetch)
    assert len(read(walk)) == MAX_OFFSET + 100
    assert walk.end == "offset-limit"
