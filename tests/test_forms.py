"""The list's query string ↔ its filters: what can be read comes back the same, what cannot is said."""

from __future__ import annotations

from datetime import UTC, datetime
from math import prod
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import example, given
from hypothesis import strategies as st

from jobs_ui.forms import LONGEST_SEARCH, MOST_COMBINATIONS, MOST_VALUES, ListQuery, parse_list_query
from jobs_ui.sources.base import SORTS, Capabilities
from jobs_ui.status import names_of_type

MIRROR = Capabilities(
    filters="index", refresh=True, search=True, sort=True, counts=True, choose_errors=True, insights=True, notify=True
)
LIVE = Capabilities(
    filters="scan",
    refresh=False,
    search=False,
    sort=False,
    counts=False,
    choose_errors=False,
    insights=False,
    notify=False,
)


def parse(query: str | list[tuple[str, str]], capabilities: Capabilities = MIRROR) -> ListQuery:
    return parse_list_query(QueryDict(query if isinstance(query, str) else urlencode(query)), capabilities)


def test_an_address_without_a_query_is_the_newest_page_of_all_jobs() -> None:
    parsed = parse("")
    assert not parsed.filters
    assert parsed.filters.sort == "-created"
    assert parsed.url_query() == ""
    assert parsed.problems == ()


def test_everything_is_read_and_written_in_one_order() -> None:
    query = (
        "?q=eq%28sku%2C1%29&status=failed&status=pending&type=price-import&store=eu&store=us"
        "&created_from=2026-11-01&created_to=2026-11-24T10%3A30%3A00Z&sort=created"
    )
    parsed = parse(query[1:] + "&before=abc")
    assert parsed.problems == ()
    assert parsed.filters.statuses == ("failed", "pending")
    assert parsed.filters.stores == ("eu", "us")
    assert parsed.before == "abc"
    assert parsed.url_query() == query
    assert parsed.url_query(**parsed.cursor) == f"{query}&before=abc"


def test_what_is_the_default_has_no_place_in_the_address() -> None:
    assert parse("q=&status=&type=+&store=&created_from=&created_to=&sort=-created").url_query() == ""


def test_a_filtered_or_sorted_list_begins_at_its_beginning() -> None:
    assert parse("status=failed&before=abc").but(types=("price-import",)).url_query() == (
        "?status=failed&type=price-import"
    )
    assert parse("status=failed&after=abc").but(statuses=()).cursor == {}


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        (" 2026-12-31 ", datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-11-24T10:30", datetime(2026, 11, 24, 10, 30, tzinfo=UTC), datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ("2026-11-24T10:30:00Z", datetime(2026, 11, 24, 10, 30, tzinfo=UTC), None),
        ("2026-11-24T01:30:00+02:00", datetime(2026, 11, 23, 23, 30, tzinfo=UTC), None),
        # A plus sign that nobody encoded.
        ("2026-11-24T01:30:00 02:00", datetime(2026, 11, 23, 23, 30, tzinfo=UTC), None),
        ("2026-11-24 10:30", datetime(2026, 11, 24, 10, 30, tzinfo=UTC), None),
    ],
)
def test_a_date_is_a_whole_day_in_utc_and_a_date_time_a_moment(
    text: str, begin: datetime, end: datetime | None
) -> None:
    assert parse([("created_from", text)]).filters.created_from == begin
    assert parse([("created_to", text)]).filters.created_to == (end or begin)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "24.11.2026",
        "1",
        "2026-11-24T25:00",
        "0001-01-01T00:00+23:59",
        "٢٠٢٦-١١-٢٤x",
    ],
)
@pytest.mark.parametrize("name", ["created_from", "created_to"])
def test_a_date_that_cannot_be_read_is_left_out_with_a_sentence(name: str, text: str) -> None:
    parsed = parse([(name, text), ("status", "failed")])
    assert parsed.problems == (f"The date {name} could not be read and is left out: it should look like 2026-11-24.",)
    assert parsed.url_query() == "?status=failed"


def test_the_last_day_that_there_is_is_no_error() -> None:
    assert parse("created_from=9999-12-31").problems == ()
    assert len(parse("created_to=9999-12-31").problems) == 1


def test_dates_that_end_before_they_begin_are_left_out_with_a_sentence() -> None:
    parsed = parse("created_from=2026-11-25&created_to=2026-11-24")
    assert parsed.problems == ("The dates end before they begin, so they are left out.",)
    assert parsed.url_query() == ""
    assert parse("created_from=2026-11-24&created_to=2026-11-24").problems == ()


def test_the_search_is_cleaned_of_what_nobody_types_and_bounded() -> None:
    assert parse([("q", " a\0b\x1b\tc\x85 ")]).filters.q == "a b  c"
    assert parse([("q", "\0\n")]).filters.q == ""
    longest = parse([("q", "x" * LONGEST_SEARCH)])
    assert (len(longest.filters.q), longest.problems) == (LONGEST_SEARCH, ())
    longer = parse([("q", "x" * (LONGEST_SEARCH + 1))])
    assert len(longer.filters.q) == LONGEST_SEARCH
    assert longer.problems == ("The search was longer than 200 characters; what is beyond them is left out.",)


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_goes_with_a_status(sort: str) -> None:
    parsed = parse([("sort", sort), ("status", "failed"), ("status", "success")])
    assert parsed.filters.sort == sort
    assert parsed.problems == ()


@pytest.mark.parametrize(
    "other", ["type=price-import", "store=eu", "created_from=2026-11-01", "created_to=2026-11-01", "q=abc"]
)
@pytest.mark.parametrize("sort", ["run", "-run", "wait", "-wait"])
def test_a_sort_that_no_index_carries_falls_back_to_newest_first_with_a_sentence(sort: str, other: str) -> None:
    parsed = parse(f"sort={sort}&{other}")
    assert parsed.filters.sort == "-created"
    assert len(parsed.problems) == 1
    assert "only where nothing but the status is filtered" in parsed.problems[0]
    assert parsed.filters, "the filter itself is kept"
    assert parse(f"sort=created&{other}").problems == ()


def test_a_sort_that_does_not_exist_is_left_out_with_a_sentence() -> None:
    parsed = parse("sort=price")
    assert parsed.problems == ("The list cannot be sorted in that way, so the newest jobs come first.",)
    assert parsed.filters.sort == "-created"


def test_what_live_mode_cannot_do_is_said() -> None:
    parsed = parse("q=abc&sort=-run&status=failed", LIVE)
    assert parsed.url_query() == "?status=failed"
    assert [sentence.partition(":")[0] for sentence in parsed.problems] == [
        "Jobs are read live from Elastic Path, which cannot search",
        "Jobs are read live from Elastic Path, which cannot sort them",
    ]


def test_a_filter_of_too_many_values_is_cut_with_a_sentence() -> None:
    parsed = parse("&".join(f"status=s{number}" for number in range(50)))
    assert len(parsed.filters.statuses) == MOST_VALUES
    assert parsed.problems == ("Part of the filter by status could not be read and is left out.",)


NAMES = ["q", "status", "type", "store", "created_from", "created_to", "sort", "before", "after"]
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from([*SORTS, "failed", "price-import", "product_export", "2026-11-24", "2026-11-24T10:00:00Z"]),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
)
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=40)


@given(PAIRS, st.sampled_from([MIRROR, LIVE]))
@example([("created_to", "0001-01-01T00:00:00Z")], MIRROR)
@example([("created_from", "2026-11-24T00:00:00.000001Z")], MIRROR)
@example([(name, f"{name}{number}") for name in ("status", "type", "store") for number in range(10)], MIRROR)
def test_what_was_read_is_written_so_that_it_is_read_again(
    pairs: list[tuple[str, str]], capabilities: Capabilities
) -> None:
    parsed = parse([(name, value.encode(errors="replace").decode()) for name, value in pairs], capabilities)
    again = parse(parsed.url_query(**parsed.cursor).removeprefix("?"), capabilities)
    assert again.problems == ()
    assert (again.filters, again.cursor) == (parsed.filters, parsed.cursor)
    # What a source makes one range of each of.
    types = {name for kind in parsed.filters.types for name in names_of_type(kind)}
    ranges = prod(max(1, len(values)) for values in (parsed.filters.statuses, types, parsed.filters.stores))
    assert ranges <= MOST_COMBINATIONS
