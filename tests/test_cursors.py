"""Cursors of pages: written and read back, and nothing but a refusal for any other text."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs_ui.sources.base import UnreadableCursor
from jobs_ui.sources.cursors import LARGEST_KEY, Place, read_cursor, write_cursor

# Not the very ends of the calendar: such a time is no time of a job, and cannot be told in UTC.
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), timezone(timedelta(hours=14))]),
)
KEYS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60)
PLACES = st.builds(Place, MOMENTS, KEYS, st.integers(0, LARGEST_KEY))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


@given(PLACES)
def test_a_place_is_read_as_it_was_written(place: Place) -> None:
    cursor = write_cursor(place)
    assert read_cursor(cursor) == place
    # It goes into URLs as it is.
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_place_keeps_every_microsecond() -> None:
    moment = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    place = read_cursor(write_cursor(Place(moment, "7")))
    assert place.created_at == moment
    assert place.created_at.microsecond == 123456


@given(st.one_of(st.text(), st.text("ABCabc019-_=+/"), st.text().map(encoded)))
@example("")
@example("=")
@example("é")
@example("A" * 5000)
@example(encoded("2026-01-01T00:00:00|0|1"))
@example(encoded("2026-01-01T00:00:00+00:00|" + "9" * 5000 + "|1"))
@example(encoded("2026-01-01T00:00:00+00:00|0|\0"))
@example(encoded("\ud800|0|1"))
@example(encoded("0001-01-01T00:00:00+23:59|0|1"))
@example(encoded("9999-12-31T23:59:59-23:59|0|1"))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    try:
        place = read_cursor(text)
    except UnreadableCursor:
        return
    # Whatever is let through can be compared with a row's time, in UTC.
    assert place.created_at.astimezone(UTC).tzinfo is UTC
    assert 0 <= place.offset <= LARGEST_KEY
    assert "\0" not in place.key


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00|0|1",
        "2026-01-01T00:00:00+00:00|-1|1",
        f"2026-01-01T00:00:00+00:00|{LARGEST_KEY + 1}|1",
        "2026-01-01T00:00:00+00:00|0|a\0b",
        "2026-01-01T00:00:00+00:00|0",
        "yesterday|0|1",
        "||",
    ],
    ids=["no-zone", "negative", "too-large", "nul", "no-key", "no-time", "empty"],
)
def test_a_place_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UnreadableCursor):
        read_cursor(encoded(text))
