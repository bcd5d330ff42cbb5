"""The list in the reader's language and time zone."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone, translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs_ui.models import Job
from jobs_ui.presentation.durations import hover
from jobs_ui.presentation.rows import Look, days, row
from tests.test_forms import PAIRS, parse
from tests.test_job_list import Page, get, mirror, sync_state
from tests.test_presentation import JOB, MOMENTS

GERMAN = {"Accept-Language": "de"}
BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles", "Africa/Cairo", "Pacific/Apia", "Asia/Kabul"]
# The night in which clocks go back in Berlin, at 01:00 UTC.
LONG_NIGHT = datetime(2026, 10, 25, tzinfo=UTC)


@pytest.fixture
def reader(staff_client: Client, sandbox: object) -> Client:
    """Somebody in India."""
    staff_client.cookies["browser_zone"] = "Asia/Kolkata"
    return staff_client


@pytest.mark.parametrize(
    ("zone", "day", "begin", "end"),
    [
        ("Asia/Kolkata", "2026-11-24", "2026-11-23T18:30+00:00", "2026-11-24T18:30+00:00"),
        # Days of 25 and of 23 hours.
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00+00:00", "2026-10-25T23:00+00:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00+00:00", "2026-03-29T22:00+00:00"),
        # There is no midnight: clocks go from 23:59 to 01:00.
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00+00:00", "2026-04-24T21:00+00:00"),
    ],
)
def test_a_date_is_a_whole_day_of_the_readers_zone(zone: str, day: str, begin: str, end: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        parsed = parse(f"created_from={day}&created_to={day}")
        assert parsed.filters.created_from == datetime.fromisoformat(begin)
        assert parsed.filters.created_to == datetime.fromisoformat(end)
        assert parsed.url_query() == f"?created_from={day}&created_to={day}"


def test_a_moment_with_an_offset_is_the_same_for_everybody() -> None:
    with timezone.override(KOLKATA):
        parsed = parse("created_from=2026-11-24T10:30:00Z&created_to=2026-11-24T18:00")
        assert parsed.filters.created_from == datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
        assert parsed.filters.created_to == datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
        assert parsed.url_query() == "?created_from=2026-11-24T10%3A30%3A00Z&created_to=2026-11-24T12%3A30%3A00Z"


@settings(deadline=None)
@given(PAIRS, st.sampled_from(ZONES))
# There is no 30th: the date line went over the islands.
@example([("created_from", "2011-12-30"), ("created_to", "2011-12-29")], "Pacific/Apia")
@example([("created_from", "2011-12-29"), ("created_to", "2011-12-30")], "Pacific/Apia")
@example([("created_from", "0001-01-01"), ("created_to", "0001-01-01T00:00:00Z")], "America/Los_Angeles")
@example([("created_from", "9999-12-31"), ("created_to", "9999-12-31T23:59:59Z")], "Asia/Kolkata")
def test_in_any_zone_what_was_read_is_written_so_that_it_is_read_again(pairs: list[tuple[str, str]], zone: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        parsed = parse([(name, value.encode(errors="replace").decode()) for name, value in pairs])
        again = parse(parsed.url_query().removeprefix("?"))
        assert (again.filters, again.problems) == (parsed.filters, ())


@settings(deadline=None)  # the first of each zone and language reads a file
@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(["en", "de"]))
def test_a_row_says_its_moment_as_all_pages_do(moment: datetime, zone: str, language: str) -> None:
    with timezone.override(ZoneInfo(zone)), translation.override(language):
        shown = row(replace(JOB, created_at=moment), Look(moment, "/static/icons.svg", "/jobs/"))
        machine, title = re.findall('<time datetime="([^"]*)" title="([^"]*)">', shown)[0]
        assert title == hover(moment)
    assert datetime.fromisoformat(machine) == moment.replace(microsecond=0)


def test_days_are_the_readers_also_where_clocks_go_back() -> None:
    jobs = [replace(JOB, created_at=LONG_NIGHT + timedelta(minutes=minutes)) for minutes in (1380, 90, 30, -90, -150)]
    with timezone.override(BERLIN):
        look = Look(LONG_NIGHT + timedelta(days=30), "/static/icons.svg", "/jobs/")
        shown = days(jobs, look)
        # Winter, as the head of the column says; the night itself; and summer.
        assert [day.label for day in shown] == [
            "Monday 26 October",
            "Sunday 25 October (CEST, CET)",
            "Saturday 24 October (CEST)",
        ]
        clocks = [re.findall(">([0-9:]{8})</time>", day.rows) for day in shown]
        assert clocks == [["00:00:00"], ["02:30:00", "02:30:00", "00:30:00"], ["23:30:00"]]
        # Without days, each row of another time than the head's says so itself.
        (rest,) = days(jobs, replace(look, by_day=False))
        assert re.findall('<span class="sub">([0-9:]{8}[^<]*)<', rest.rows) == [
            "00:00:00",
            "02:30:00",
            "02:30:00 CEST",
            "00:30:00 CEST",
            "23:30:00 CEST",
        ]


def test_every_time_of_the_list_is_the_readers_and_utc_is_at_hand(reader: Client) -> None:
    mirror(1, created_at=datetime(2026, 1, 14, 20, tzinfo=UTC))
    sync_state()
    page = get(reader)
    assert "Thursday 15 January" in page.text
    assert "01:30:00" in page.text
    assert "2026-01-15 01:30:00 IST = 2026-01-14 20:00:00 UTC" in page.having("title")
    assert "2026-01-14T20:00:00Z" in page.having("datetime")
    for words in ("CreatedIST", "Created from (IST)", "to (IST)"):
        assert words in page.text


def test_dates_of_the_filter_are_days_of_the_reader_and_keep_in_the_address(reader: Client) -> None:
    mirror(1, created_at=datetime(2026, 1, 14, 20, tzinfo=UTC))
    sync_state()
    assert get(reader, "?created_from=2026-01-15&created_to=2026-01-15").ids == ["job-0"]
    assert get(reader, "?created_to=2026-01-14").ids == []
    page = get(reader, "?created_from=2026-01-16")
    assert "created from 2026-01-16 on" in page.text
    assert page.refresh == "/jobs/?created_from=2026-01-16"
    assert "2026-01-16" in page.having("value")
    assert "created from 2026-01-16 15:30:00 IST on" in get(reader, "?created_from=2026-01-16T10:00:00Z").text


def test_the_file_stays_in_utc_and_under_the_readers_filter(reader: Client) -> None:
    mirror(1, created_at=datetime(2026, 1, 14, 20, tzinfo=UTC))
    answer = reader.get("/jobs.csv?created_from=2026-01-15", headers=GERMAN)
    rows = csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig")))
    assert [found["created_at"] for found in rows] == ["2026-01-14T20:00:00Z"]


def in_german(client: Client, query: str = "", **headers: str) -> Page:
    return get(client, query, **GERMAN, **headers)


ENGLISH = re.compile(
    r"\b(the|The|of|and|is|are|not|[Nn]o|from|Search|Type|Store|Created|Waited|Ran|Older|Newer|Show|Apply|Pause"
    r"|Download|Insights|Queue|Skip|Log|Updated|ago|[Tt]oday|errors?|files?)\b"
)


def test_the_list_is_german_for_a_german(staff_client: Client, sandbox: object) -> None:
    mirror(120, step=timedelta(minutes=1))
    Job.objects.filter(job_id="job-118").update(status="failed", errors_state="complete", errors_count=12_345)
    Job.objects.filter(job_id="job-117").update(type="product-import", errors_state="none")
    Job.objects.filter(job_id="job-116").update(filter=None, files=[])
    Job.objects.filter(job_id="job-115").update(type="hierarchy-duplicate", copied_from="a", hierarchy_id="b")
    sync_state()
    page = in_german(staff_client)
    for words in ("Angelegt", "Gewartet", "1 Datei", "12.345 Fehler", "keine Fehler", "alle Produkte", "von a nach b"):
        assert words in page.text
    assert "Ältere →" in page.text
    # Of the texts in sight and those for screen readers; what helps with types and statuses is tested with them.
    said = [page.text, *page.having("aria-label"), *page.having("placeholder")]
    assert [found for text in said for found in ENGLISH.findall(text)] == []
    assert ENGLISH.findall(in_german(staff_client, **{"HX-Request": "true"}).text) == []


@pytest.mark.parametrize(
    "query",
    [
        "?status=failed&status=pending&type=x&created_from=2026-01-15&q=abc",
        "?created_to=2026-01-15&sort=nonsense&before=x",
        "?created_from=nonsense&sort=run&after=x&type=%00",
        "?q=a",
    ],
)
def test_an_empty_list_is_german_for_a_german(query: str, staff_client: Client, sandbox: object) -> None:
    sync_state(failing_since=timezone.now(), problem_kind="not-reachable")
    said = in_german(staff_client, query).text
    assert ENGLISH.findall(said) == []
    assert "Elastic Path ist nicht erreichbar." in said


def test_a_filter_in_words_is_german_for_a_german(staff_client: Client, sandbox: object) -> None:
    sync_state()
    page = in_german(staff_client, "?store=eu&store=us&created_from=2026-01-15&created_to=2026-01-16")
    assert "vom Shop eu oder us, angelegt von 15.01.2026 bis 16.01.2026" in page.text


def test_words_of_one_language_are_not_kept_for_another() -> None:
    job = replace(
        JOB, type="product-export", status="success", files=("a.csv",), created_at=datetime(2026, 1, 15, tzinfo=UTC)
    )
    shown = {}
    for language in ("de", "en", "de"):
        with translation.override(language):
            shown[language] = row(job, Look(job.created_at + timedelta(hours=5), "/static/icons.svg", "/jobs/"))
    assert "vor 5 h" in shown["de"]
    assert "1 Datei" in shown["de"]
    assert "15.01.2026 00:00:00 UTC" in shown["de"]
    assert "5 h ago" in shown["en"]
    assert "1 file" in shown["en"]
    assert date(2026, 1, 15).isoformat() in shown["en"]
