"""What the Jobs API sends, and what it must never be able to do to a reader."""

from __future__ import annotations

import copy
import json
import pickle
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from jobs_ui.jobs_api import Job, JobError, SignedLink, UnreadableRow
from jobs_ui.jobs_api.links import read_links
from jobs_ui.jobs_api.pages import read_page
from jobs_ui.jobs_api.schemas import ApiError
from jobs_ui.jobs_api.text import ELLIPSIS, clean_json, clean_line, clean_text
from jobs_ui.jobs_api.timestamps import parse_timestamp

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SIGNED = "https://files.example:8443/a/part_1.csv?Expires=1689084545&Signature=hush-hush&Key-Pair-Id=hush-key"

# What json.loads can give, and a little more.
hostile_text = st.text(st.characters(exclude_categories=()), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | hostile_text
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile_text, inner, max_size=4),
    max_leaves=20,
)
job_like = st.fixed_dictionaries(
    {"id": json_values | st.just("a")},
    optional={
        "attributes": json_values
        | st.fixed_dictionaries(
            {},
            optional={
                "type": json_values | st.just("product-import"),
                "status": json_values | st.just("failed"),
                "created_at": json_values | st.just("2024-01-05T15:27:23Z"),
                "started_at": json_values,
            },
        ),
        "meta": json_values
        | st.fixed_dictionaries({}, optional={"file_locations": json_values, "filter": json_values}),
    },
)


def samples(name: str) -> list[Any]:
    return [
        pytest.param(case["sent"], case["read"], id=case["name"])
        for case in json.loads((SAMPLES / f"{name}.json").read_text())
    ]


def plain(job: Job) -> dict[str, Any]:
    """Return a job's fields as the samples write them."""
    fields = {name: getattr(job, name) for name in type(job).model_fields}
    fields["files"] = None if job.files is None else [link.name for link in job.files]
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in fields.items()}


def job_object(**attributes: object) -> dict[str, Any]:
    known = {"type": "product-import", "status": "failed", "created_at": "2024-01-05T15:27:23Z"}
    return {"id": "a", "type": "pim-job", "attributes": {**known, **attributes}, "meta": {}}


def assert_storable(value: object) -> None:
    text = json.dumps(value, allow_nan=False)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    assert "\\u0000" not in text


@pytest.mark.parametrize(("sent", "read"), samples("Job"))
def test_it_reads_the_job(sent: object, read: dict[str, object]) -> None:
    job = plain(Job.from_api(sent, read_at=NOW))
    assert {name: job[name] for name in read} == read


@pytest.mark.parametrize(("sent", "read"), samples("JobError"))
def test_it_reads_the_job_error(sent: object, read: dict[str, object]) -> None:
    assert JobError.from_api(sent, position=3).model_dump() == {**read, "position": 3}


@pytest.mark.parametrize(("sent", "read"), samples("ApiError"))
def test_it_reads_the_envelope(sent: object, read: dict[str, object]) -> None:
    assert ApiError.from_api(sent).model_dump() == read


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("type", None, "type is missing"),
        ("type", "", "type is empty"),
        ("status", True, "status is not text"),
        ("status", {"hush": 1}, "status is not text"),
        ("created_at", None, "created_at is missing"),
        ("created_at", "hush", "created_at is not a time"),
    ],
)
def test_it_refuses_a_job_without_what_it_needs_and_names_no_value(field: str, value: object, reason: str) -> None:
    with pytest.raises(UnreadableRow) as caught:
        Job.from_api(job_object(**{field: value}), read_at=NOW)
    assert str(caught.value) == reason
    assert caught.value.row_id == "a"


def test_an_error_of_validation_does_not_print_what_it_was_given() -> None:
    with pytest.raises(ValidationError) as caught:
        Job.model_validate({"id": "a", "type": ["hush"], "raw": "hush", "files": ["hush"]})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("bad_id", [None, "", "  ", True, 1.5, [], "x" * 256])
def test_it_refuses_a_job_without_a_usable_id(bad_id: object) -> None:
    with pytest.raises(UnreadableRow, match="id is missing"):
        Job.from_api({**job_object(), "id": bad_id}, read_at=NOW)


def test_one_bad_job_does_not_lose_the_others() -> None:
    rows = [job_object(), {**job_object(status=None), "id": "b"}, "nonsense", {**job_object(), "id": "d"}]
    page = read_page(rows, lambda row: Job.from_api(row, read_at=NOW), offset=7, read_at=NOW)
    assert [job.id for job in page.items] == ["a", "d"]
    assert [(problem.index, problem.id) for problem in page.problems] == [(1, "b"), (2, "")]
    assert page.received == 4
    assert page.ids == ("a", "b", "d")


@given(job_like | json_values)
@example({"id": "a", "attributes": {"type": "t", "status": "s", "created_at": "0001-01-01T00:00:00Z"}})
def test_no_object_does_more_than_be_unreadable(value: object) -> None:
    try:
        job = Job.from_api(value, read_at=NOW)
    except UnreadableRow as error:
        clean_line(str(error)).encode()
        return
    assert_storable(job.raw)
    for text in (job.id, job.type, job.status, job.request_id, job.filter or ""):
        assert "\x00" not in text
        text.encode()
    repr(job)


@given(json_values)
def test_no_error_object_does_more_than_be_unreadable(value: object) -> None:
    with suppress(UnreadableRow):
        JobError.from_api(value).message.encode()
    ApiError.from_api(value)
    ApiError.from_api({"errors": value})


def test_raw_keeps_what_is_unknown_and_what_is_broken_but_no_signature() -> None:
    sent = {**job_object(started_at="soon"), "extra": {"deep": [1, None, "x"]}, "meta": {"file_locations": [SIGNED]}}
    job = Job.from_api(sent, read_at=NOW)
    assert job.raw["extra"] == {"deep": [1, None, "x"]}
    assert job.raw["attributes"]["started_at"] == "soon"  # type: ignore[call-overload,index]  # a JSON value
    assert job.raw["meta"] == {"file_locations": ["https://files.example:8443/a/part_1.csv"]}
    assert job.started_at is None


def test_nothing_shows_a_job_s_links_but_reveal() -> None:
    job = Job.from_api({**job_object(), "meta": {"file_locations": [SIGNED], "filter": f"see {SIGNED}"}}, read_at=NOW)
    assert job.files is not None
    for shown in (repr(job), str(job), job.model_dump_json(), str(job.model_dump()), json.dumps(job.raw)):
        assert "hush" not in shown
    assert job.files[0].reveal() == SIGNED
    assert copy.deepcopy(job) == job
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(job)


@pytest.mark.parametrize(
    ("url", "name", "host", "expires"),
    [
        (SIGNED, "part_1.csv", "files.example:8443", 1689084545),
        ("https://H.Example/a%2Fb/..%2F..%2Fetc%2Fpasswd", "passwd", "h.example", None),
        ("https://user:pw@h.example/a%00b%0d%0a%e2%80%ae.csv", "ab.csv", "h.example", None),
        ("https://h.example/..", "", "h.example", None),
        ("https://h.example/a\\..\\b.csv?Expires=99999999999999999999", "b.csv", "h.example", None),
        ("https://h.example/f?X-Amz-Date=20260102T030405Z&X-Amz-Expires=60", "f", "h.example", 1767323105),
        ("https://h.example/f?Expires=soon", "f", "h.example", None),
        ("https://[::1]:8/f", "f", "[::1]:8", None),
        ("https://good.example\\@evil.example/f", "f", "", None),
        ("https://[bad/f", "", "", None),
        ("nonsense", "nonsense", "", None),
        ("", "", "", None),
    ],
)
def test_a_link_tells_name_host_and_expiry(url: str, name: str, host: str, expires: int | None) -> None:
    link = SignedLink(url)
    moment = None if expires is None else datetime.fromtimestamp(expires, UTC)
    assert (link.name, link.host, link.expires_at) == (name, host, moment)


def test_a_long_file_name_keeps_its_suffix() -> None:
    name = SignedLink(f"https://h.example/{'x' * 500}.csv").name
    assert len(name) == 200
    assert name.endswith("x.csv")


@given(hostile_text | st.from_regex(r"https?://[^/]*/.*\?Expires=.*", fullmatch=True))
def test_no_url_breaks_a_link(url: str) -> None:
    link = SignedLink(url)
    repr(link).encode()
    link.reveal().encode()
    assert not set(link.name) & set("/\\\x00\r\n")


@given(json_values)
def test_no_file_locations_break_a_job(value: object) -> None:
    links = read_links(value)
    assert links is None or all(isinstance(link, SignedLink) for link in links)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-05T13:46:42.07Z", "2024-01-05T13:46:42.070000+00:00"),
        ("2024-01-05T13:46:42Z", "2024-01-05T13:46:42+00:00"),
        ("2020-09-22T09:00:00", "2020-09-22T09:00:00+00:00"),
        ("2021-09-29 15:00:20.885 +0000 UTC", "2021-09-29T15:00:20.885000+00:00"),
        ("2023-06-16 08:54:30.547215526 +0000 UTC m=+78247.843141564", "2023-06-16T08:54:30.547215+00:00"),
        ("2023-06-16 08:54:30.9999999 +0200 CEST m=-1.5", "2023-06-16T06:54:30.999999+00:00"),
        ("2023-06-16T08:54:30-05:30", "2023-06-16T14:24:30+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
    ],
)
def test_it_reads_every_form_of_time(text: str, moment: str) -> None:
    read = parse_timestamp(text)
    assert read is not None
    assert read.isoformat() == moment


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2024-13-01T00:00:00Z",
        "2024-01-01",
        "2024-01-01T25:00:00Z",
        "0000-01-01T00:00:00Z",
        1704464803,
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        None,
        True,
        [],
        "2" * 9999,
        "２０２４-01-05T13:46:42Z",
        "2024-01-05T13:46:42+99:00",
        "2024-01-05T13:46:42+00:99",
    ],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert parse_timestamp(value) is None


@given(
    st.datetimes(datetime(2, 1, 2), datetime(9998, 12, 30)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.timedeltas(timedelta(hours=-23), timedelta(hours=23)),
    st.sampled_from(["T", "t", " "]),
    st.integers(1, 9),
)
def test_times_survive_being_written_in_any_zone(moment: datetime, offset: timedelta, mark: str, digits: int) -> None:
    minutes = int(offset.total_seconds() // 60)
    local = moment + timedelta(minutes=minutes)
    fraction = f"{moment.microsecond:06d}000"[:digits]
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = f"{local.year:04d}-{local:%m-%d}{mark}{local:%H:%M:%S}.{fraction}{zone}"
    kept = int(fraction[:6].ljust(6, "0"))
    assert parse_timestamp(text) == moment.replace(microsecond=kept, tzinfo=UTC)


@given(hostile_text | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}.*", fullmatch=True))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    moment = parse_timestamp(text)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\ud800c\x1f\x7f", "a\ufffdb\ufffdc\ufffd\ufffd"),
        ("line\n\tnext", "line\n\tnext"),
        (f"see {SIGNED} there", "see https://files.example:8443/a/part_1.csv?… there"),
        ("/a?x=1&X-Amz-Signature=hush", "/a?…"),
        ("https://h/f?a=1\\u0026Signature=hush", "https://h/f?…"),
        ("https://h/f?a=1&amp;sig=hush", "https://h/f?…"),
        ("https://h/f?Sign%61ture=hush", "https://h/f?…"),
        ("https://h/r?to=https%3A%2F%2Fg%2F%3FSignature%3Dhush", "https://h/r?…"),
        ("https://h/f#access_token=hush", "https://h/f?…"),
        ("https://me:hush@h/f", "https://…@h/f"),
        ("Authorization: Bearer hush-hush-hush", "Authorization: Bearer …"),
        ('{"client_secret": "hush", "a": 1}', '{"client_secret": "…", "a": 1}'),
        ("grant_type=x&client_secret=hush&a=1", "grant_type=x&client_secret=…&a=1"),
        ("https://h/jobs?page=2#top", "https://h/jobs?page=2#top"),
        ("eq(sku,what?) and more", "eq(sku,what?) and more"),
    ],
)
def test_text_is_made_storable_and_loses_secrets_only(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_text_is_bounded_and_says_so() -> None:
    assert clean_text("x" * 30, 10) == "x" * 9 + ELLIPSIS
    assert clean_text("x" * 10, 10) == "x" * 10
    assert len(Job.from_api({**job_object(), "meta": {"filter": "f" * 50_000}}, read_at=NOW).filter or "") == 20_000


@given(hostile_text)
def test_lines_have_no_ends(text: str) -> None:
    assert "\n" not in clean_line(text)


@given(json_values)
def test_json_is_made_storable(value: object) -> None:
    assert_storable(clean_json(value))


def test_json_is_bounded_in_depth_and_size() -> None:
    deep: object = "bottom"
    for _ in range(5_000):
        deep = [deep]
    assert_storable(clean_json(deep))
    wide = clean_json({"rows": ["x" * 1000] * 10_000, "number": 10**5000})
    assert len(json.dumps(wide)) < 300_000
    assert_storable(wide)


def test_json_loses_values_that_are_secrets_by_name() -> None:
    assert clean_json({"Token": "hush", "token": None, "tokens": 3}) == {"Token": "…", "token": None, "tokens": 3}


@pytest.mark.parametrize("mark", ["%3F", ";", "%3B", "&", "%26"])
def test_a_file_name_holds_no_parameters(mark: str) -> None:
    link = SignedLink(f"https://h.example/x/part_1.csv{mark}Expires=1&Signature=SIGSECRET")
    assert link.name == "part_1.csv"
