"""What pages print of a job: durations, lanes, timelines and sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape, unescape

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.presentation.durations import ago, clock, day_label, duration, exact
from jobs_ui.presentation.facts import Timeline, errors_sentence, files_sentence, job_facts
from jobs_ui.presentation.lanes import Lane, axis, drawn, lane, place
from jobs_ui.presentation.rows import LONGEST_CAPTION, Look, counted, days, job_path, row, shortened
from jobs_ui.sources.base import ErrorsReading, JobRecord

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
JOB = JobRecord(
    store="default",
    job_id="7e1b9ba1-c844-4556-9b16-4ae3f0988b0f",
    type="product-import",
    status="success",
    created_at=NOW - timedelta(minutes=10),
    started_at=NOW - timedelta(minutes=9, seconds=48),
    completed_at=NOW - timedelta(minutes=5, seconds=42),
    request_id="request-1",
    filter=None,
    copied_from="",
    hierarchy_id="",
    files=None,
    read_at=NOW - timedelta(seconds=4),
)
EXPORT = replace(JOB, type="product-export", filter="eq(sku,LAMP-001)", files=("part_1.csv", "part_2.csv"))

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SPANS = st.timedeltas(min_value=timedelta(days=-400_000), max_value=timedelta(days=400_000))
WORDS = st.one_of(st.text(max_size=30), st.sampled_from(["", "product-export", "<script>", "\u202e", "a/b"]))
STATUSES = st.one_of(WORDS, st.sampled_from(["pending", "started", "success", "failed", "cancelled"]))
READINGS = st.builds(
    ErrorsReading,
    state=st.sampled_from(["not-asked", "none", "partial", "complete", "unavailable"]),
    count=st.integers(0, 100_000),
    read_at=st.none() | MOMENTS,
)
JOBS = st.builds(
    JobRecord,
    store=st.just("default"),
    job_id=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    type=WORDS,
    status=STATUSES,
    created_at=MOMENTS,
    started_at=st.none() | MOMENTS,
    completed_at=st.none() | MOMENTS,
    request_id=WORDS,
    filter=st.none() | WORDS,
    copied_from=WORDS,
    hierarchy_id=WORDS,
    files=st.none() | st.lists(WORDS, max_size=3).map(tuple),
    read_at=MOMENTS,
    updated_at=st.none() | MOMENTS,
    gone_at=st.none() | MOMENTS,
    errors=READINGS,
)


LOOK = Look(NOW, "/static/icons.svg", "/jobs/")


def percent(text: str) -> float:
    assert text.endswith("%")
    return float(text.removesuffix("%"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.00 s"),
        (0.4, "0.40 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (9, "9.0 s"),
        (9.96, "10 s"),
        (58.2, "58 s"),
        (59.7, "1 min 00 s"),
        (246, "4 min 06 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (86_399.7, "1 d 0 h"),
        (273_600, "3 d 4 h"),
        (-5, "0.00 s"),
    ],
)
def test_a_duration_has_one_or_two_units(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_a_duration_that_is_not_known_is_a_dash() -> None:
    assert duration(None) == "–"


@given(SPANS)
def test_a_duration_is_never_negative(span: timedelta) -> None:
    words = duration(span)
    assert "-" not in words
    assert words[0].isdigit()
    assert not words.startswith(("60 s", "60 min", "24 h"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3600, "just now"),
        (0.5, "just now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400 * 12, "12 d ago"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@given(MOMENTS, MOMENTS)
def test_a_moment_in_words_is_never_negative(moment: datetime, now: datetime) -> None:
    assert "-" not in ago(moment, now)


def test_times_are_told_in_utc() -> None:
    moment = datetime.fromisoformat("2026-11-24T01:30:00+02:00")
    assert clock(moment) == "23:30:00"
    assert exact(moment) == "2026-11-23 23:30:00 UTC"
    assert day_label(moment, NOW) == "Yesterday, Monday 23 November"


@pytest.mark.parametrize(
    ("days_before", "words"),
    [
        (0, "Today, Tuesday 24 November"),
        (1, "Yesterday, Monday 23 November"),
        (2, "Sunday 22 November"),
        (365, "Monday 24 November 2025"),
        (-1, "Wednesday 25 November"),
    ],
)
def test_a_day_says_its_year_only_where_it_is_another(days_before: int, words: str) -> None:
    assert day_label(NOW - timedelta(days=days_before), NOW) == words


@given(SPANS)
def test_a_place_is_on_the_lane(span: timedelta) -> None:
    assert 0 <= place(span) <= 100


@given(SPANS, SPANS)
def test_a_longer_time_lies_further_along_the_lane(first: timedelta, second: timedelta) -> None:
    short, long = sorted((first, second))
    assert place(short) <= place(long)


@given(st.none() | SPANS, st.none() | SPANS)
def test_the_parts_of_a_lane_lie_within_it(waited: timedelta | None, ran: timedelta | None) -> None:
    # As a record gives them: never negative.
    waited, ran = (None if span is None else max(span, timedelta(0)) for span in (waited, ran))
    parts = lane(waited, ran)
    assert 0 <= parts.wait <= 100
    if ran is None:
        assert parts.run == 0
    else:
        assert parts.run_at >= 0
        assert parts.run > 0
        assert parts.run_at + parts.run <= 100.01


def test_a_lane_draws_wait_and_run_one_after_the_other() -> None:
    parts = lane(timedelta(seconds=10), timedelta(seconds=50))
    marks = dict(axis())
    assert parts.wait == parts.run_at == marks["10 s"]
    assert parts.run_at + parts.run == pytest.approx(marks["1 min"])
    assert not parts.is_cut
    assert f'<rect class="w" width="{marks["10 s"]:.2f}%"/><rect class="r" x="{marks["10 s"]:.2f}%"' in drawn(parts)


def test_a_job_longer_than_the_lane_is_marked() -> None:
    assert lane(timedelta(hours=2), None).is_cut
    assert lane(timedelta(seconds=1), timedelta(hours=2)).is_cut
    assert lane(None, None) == Lane(0, 0, 0, is_cut=False)
    assert "rect" not in drawn(lane(None, None))
    assert "»" in drawn(lane(timedelta(hours=2), None))
    assert "»" not in drawn(lane(timedelta(minutes=2), None))


def timeline(job: JobRecord, now: datetime = NOW) -> Timeline:
    drawn = job_facts(job, now).timeline
    assert drawn is not None
    return drawn


def check_timeline(drawn: Timeline) -> None:
    places = [percent(at) for at, _ in drawn.ticks]
    assert places == sorted(places)
    assert places[0] == 0
    assert 2 <= len(places) <= 12
    assert all(0 <= at <= 100 for at in places)
    start, end = percent(drawn.run_at), percent(drawn.end)
    assert 0 <= start <= end <= 100
    if drawn.wait:
        assert percent(drawn.wait) == start
    if drawn.run:
        assert 0 < percent(drawn.run) <= 100


@pytest.mark.parametrize("seconds", [0.002, 0.01, 0.05, 0.4, 1, 7, 59, 300, 7200, 700_000])
def test_no_two_ticks_of_a_timeline_have_the_same_label(seconds: float) -> None:
    labels = [
        label
        for _, label in timeline(
            replace(JOB, created_at=NOW - timedelta(seconds=seconds), started_at=NOW, completed_at=NOW)
        ).ticks
    ]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    "seconds", [0.000_001, 0.002, 0.4, 1, 1.5, 7, 59, 61, 300, 3599, 7200, 86_400, 700_000, 40_000_000, 9_000_000_000]
)
def test_a_timeline_is_drawn_for_the_shortest_and_the_longest_job(seconds: float) -> None:
    created = NOW - timedelta(seconds=seconds)
    started = created + timedelta(seconds=seconds / 3)
    check_timeline(timeline(replace(JOB, created_at=created, started_at=started, completed_at=NOW)))


def test_a_timeline_is_drawn_to_scale() -> None:
    created = NOW - timedelta(seconds=100)
    drawn = timeline(replace(JOB, created_at=created, started_at=created + timedelta(seconds=25), completed_at=NOW))
    assert percent(drawn.run) == pytest.approx(3 * percent(drawn.wait), abs=0.05)
    assert drawn.words == "Waited 25 s, ran 1 min 15 s, drawn to scale."
    assert drawn.end_name == "succeeded"


def test_a_job_without_a_length_has_no_timeline() -> None:
    nothing = replace(JOB, started_at=JOB.created_at, completed_at=JOB.created_at)
    assert job_facts(nothing, NOW).timeline is None
    assert job_facts(replace(JOB, started_at=None), NOW).timeline is None


def test_a_timeline_of_an_open_job_ends_now() -> None:
    assert timeline(replace(JOB, status="pending", started_at=None, completed_at=None)).end_name == "now"
    assert timeline(replace(JOB, status="started", completed_at=None)).end_name == "now"


@given(JOBS, MOMENTS)
def test_anything_that_was_read_can_be_told(job: JobRecord, now: datetime) -> None:
    facts = job_facts(job, now)
    for words in (facts.waited, facts.ran, facts.read_ago):
        assert "-" not in words
    for verb in ("waited", "waited for", "ran for", "run for"):
        assert f"{verb} -" not in facts.sentence
    assert facts.sentence.endswith(".")
    if facts.timeline:
        check_timeline(facts.timeline)
    shown = row(job, replace(LOOK, now=now))
    assert shown.startswith(f'<tr data-job-id="{escape(job.job_id)}" data-status="{escape(job.status)}">')
    # What others wrote can neither end an attribute nor begin an element.
    assert shown.count("<") == shown.count(">")
    assert "<script" not in shown


@given(st.lists(JOBS, max_size=8), MOMENTS)
def test_rows_keep_their_order_under_their_days(jobs: list[JobRecord], now: datetime) -> None:
    grouped = days(jobs, replace(LOOK, now=now))
    shown = [unescape(found) for day in grouped for found in re.findall('<tr data-job-id="([^"]*)"', day.rows)]
    assert shown == [job.job_id for job in jobs]


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_a_rows_address_is_that_of_its_job(job_id: str) -> None:
    assert job_path(reverse("job_list"), job_id) == reverse("job_detail", args=[job_id])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Created today at 11:50:00 UTC. It waited 12 s, ran for 4 min 06 s and succeeded."),
        (
            {"status": "failed", "errors": ErrorsReading("complete", 1234)},
            "Created today at 11:50:00 UTC. It waited 12 s, ran for 4 min 06 s and failed with 1,234 errors.",
        ),
        (
            {"status": "pending", "started_at": None, "completed_at": None},
            (
                "Created today at 11:50:00 UTC. It has waited 10 min 00 s so far; "
                "one job runs at a time, the earliest first."
            ),
        ),
        (
            {"status": "started", "completed_at": None},
            "Created today at 11:50:00 UTC. It waited 12 s, and has run for 9 min 48 s so far.",
        ),
        (
            {"status": "started", "started_at": None, "completed_at": None},
            "Created today at 11:50:00 UTC. It runs now.",
        ),
        (
            {"status": "cancelled", "started_at": None, "completed_at": NOW - timedelta(minutes=9)},
            "Created today at 11:50:00 UTC. It waited 1 min 00 s and was cancelled.",
        ),
        (
            {"gone_at": NOW},
            (
                "Created today at 11:50:00 UTC. Elastic Path does not have this job any more; "
                "this is what was last known of it."
            ),
        ),
        (
            {"status": "paused"},
            "Created today at 11:50:00 UTC. Elastic Path calls its status “paused”, which this console does not know.",
        ),
        (
            {"created_at": NOW - timedelta(days=40), "started_at": None, "completed_at": None},
            "Created 2026-10-15 12:00:00 UTC. It succeeded.",
        ),
    ],
    ids=["success", "failed", "pending", "started", "started-no-time", "cancelled", "gone", "unknown", "old"],
)
def test_a_job_in_one_sentence(changes: dict[str, object], sentence: str) -> None:
    assert job_facts(replace(JOB, **changes), NOW).sentence == sentence  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "product-import"}, "Only exports have files."),
        ({}, ""),
        ({"files": ()}, "No file: the export matched no products."),
        ({"files": None}, "Elastic Path has not said yet where the file is."),
        ({"files": None, "status": "failed"}, "No file was written."),
        ({"files": None, "status": "started"}, "The file is there when the export has succeeded."),
    ],
    ids=["no-export", "there", "none-matched", "not-said", "failed", "running"],
)
def test_what_there_is_to_download_is_said_before_anyone_clicks(changes: dict[str, object], sentence: str) -> None:
    assert files_sentence(replace(EXPORT, **changes)) == sentence  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "state", "count", "words"),
    [
        ("failed", "not-asked", 0, "have not been read yet"),
        ("success", "not-asked", 0, "have not been asked for"),
        ("started", "not-asked", 0, "when the job has ended"),
        ("failed", "none", 0, "Quote the request id"),
        ("success", "none", 0, "lists no errors for this job (read 2026-11-24 12:00:00 UTC)."),
        ("failed", "partial", 100_000, "100,000 messages could be read, and Elastic Path has more"),
        ("failed", "complete", 1, "1 message, all of them (read 2026-11-24 12:00:00 UTC)."),
        ("failed", "unavailable", 0, "did not give out the errors"),
    ],
)
def test_an_error_list_says_what_it_is(status: str, state: str, count: int, words: str) -> None:
    read_at = None if state == "not-asked" else NOW
    assert words in errors_sentence(replace(JOB, status=status, errors=ErrorsReading(state, count, read_at)))


def test_an_export_links_each_of_its_parts() -> None:
    facts = job_facts(EXPORT, NOW)
    assert [(part.number, part.name) for part in facts.files] == [(1, "part_1.csv"), (2, "part_2.csv")]
    assert facts.files[1].url == f"/jobs/{EXPORT.job_id}/files/2/"
    assert facts.files[1].preview_url == f"/jobs/{EXPORT.job_id}/files/2/preview/"
    assert f'href="/jobs/{EXPORT.job_id}/#files">2 files</a>' in row(EXPORT, LOOK)


def test_all_parts_as_one_file_are_offered_where_there_are_several_and_no_more_will_come() -> None:
    facts = job_facts(EXPORT, NOW)
    assert (facts.csv_url, facts.zip_url) == tuple(f"/jobs/{EXPORT.job_id}/files.{kind}" for kind in ("csv", "zip"))
    for changes in ({"files": ("part_1.csv",)}, {"files": ()}, {"files": None}, {"status": "started"}):
        facts = job_facts(replace(EXPORT, **changes), NOW)
        assert (facts.csv_url, facts.zip_url) == ("", "")


@pytest.mark.parametrize(
    ("changes", "lead", "in_the_list"),
    [
        ({}, "2 parts, each with its own header row.", "2 files"),
        ({"files": ("part_1.csv",)}, "", "1 file"),
        ({"files": ()}, "", "no file"),
        ({"files": None}, "", "file not written yet"),
        ({"files": None, "status": "started"}, "Still being written.", "file being written"),
        ({"status": "started"}, "2 parts so far: the export is still being written.", "file being written"),
        ({"files": None, "status": "pending"}, "", ""),
    ],
    ids=["two", "one", "none", "not-said", "running", "running-with-parts", "pending"],
)
def test_list_and_page_say_how_many_parts_there_are(changes: dict[str, object], lead: str, in_the_list: str) -> None:
    job = replace(EXPORT, **changes)  # type: ignore[arg-type]
    assert job_facts(job, NOW).files_lead == lead
    assert in_the_list in row(job, LOOK)


def test_small_words() -> None:
    assert counted(1, "file") == "1 file"
    assert counted(12_345, "error") == "12,345 errors"
    assert shortened(" a\n b\t\tc ") == "a b c"
    assert shortened("x" * 8000) == "x" * (LONGEST_CAPTION - 1) + "…"
