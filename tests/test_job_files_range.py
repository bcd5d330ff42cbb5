"""Downloads that are resumed: the bytes that were asked for, or the whole file, and never bytes of something else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.http import HttpResponseBase
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.downloads.ranges import Span, WantedRange, read_content_range, read_range
from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from tests.file_host import QUERY, FileHandler, FileHost
from tests.test_job_files import check_refused, content, direct, put

pytestmark = pytest.mark.usefixtures("log")

BODY = bytes(range(256)) * 800


def ask(client: Client, job_id: str, wanted: str, **headers: str) -> HttpResponseBase:
    return client.get(
        f"/jobs/{job_id}/files/1/",
        headers={"Range": wanted, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


@pytest.mark.parametrize("with_ranges", [True, False], ids=["host-with-ranges", "host-without"])
@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=150000-", slice(150_000, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=-999999999", slice(0, None)),
        ("bytes=5-99999999", slice(5, None)),
        ("BYTES = 3-3", slice(3, 4)),
    ],
)
def test_the_bytes_that_were_asked_for_come_whether_the_host_knows_ranges_or_not(
    wanted: str, part: slice, with_ranges: bool, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, BODY)
    sandbox.settings(with_ranges=with_ranges)
    answer = ask(staff_client, export, wanted)
    first = range(len(BODY))[part]
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first[0]}-{first[-1]}/{len(BODY)}"
    assert answer["Content-Length"] == str(len(first))
    assert answer["Accept-Ranges"] == "bytes"
    assert content(answer) == BODY[part]


@pytest.mark.parametrize("with_ranges", [True, False], ids=["host-with-ranges", "host-without"])
@pytest.mark.parametrize("wanted", ["bytes={size}-", "bytes=99999999-100000000", "bytes=-0"])
def test_bytes_that_the_file_has_not_are_a_416_with_its_length(
    wanted: str, with_ranges: bool, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, BODY)
    sandbox.settings(with_ranges=with_ranges)
    answer = ask(staff_client, export, wanted.format(size=len(BODY)))
    check_refused(answer, 416, "The file is shorter than that", "Download the file anew.")
    assert answer["Content-Range"] == f"bytes */{len(BODY)}"


@pytest.mark.parametrize(
    "wanted",
    ["bytes=9-3", "bytes=a-b", "bytes=-", "bytes", "items=0-9", "bytes=0-9,20-29", "bytes=1-" + "9" * 30, "²-3", ""],
)
def test_a_range_that_cannot_be_read_is_the_whole_file(
    wanted: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, BODY)
    answer = ask(staff_client, export, wanted)
    assert answer.status_code == 200
    assert "Content-Range" not in answer
    assert answer["Accept-Ranges"] == "bytes"
    assert content(answer) == BODY


def test_head_says_that_a_download_can_be_resumed(export: str, api: JobsClient, staff_client: Client) -> None:
    answer = staff_client.head(f"/jobs/{export}/files/1/", headers={"Range": "bytes=0-3"})
    assert answer.status_code == 200
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Length"] == str(len(direct(api, export, 1)))
    assert answer["ETag"].startswith('"')


@pytest.mark.parametrize("with_ranges", [True, False], ids=["host-with-ranges", "host-without"])
def test_a_download_that_broke_off_is_resumed_where_it_did(
    with_ranges: bool, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    date = "Tue, 24 Nov 2026 10:00:00 GMT"
    sandbox.put_files(export, BODY, headers={"ETag": '"v1"', "Last-Modified": date})
    sandbox.settings(with_ranges=with_ranges, link_lifetime=2)
    answer = staff_client.get(f"/jobs/{export}/files/1/")
    assert (answer["ETag"], answer["Last-Modified"]) == ('"v1"', date)
    for condition in ('"v1"', date):
        rest = ask(staff_client, export, "bytes=70000-", If_Range=condition)
        assert rest.status_code == 206
        assert content(rest) == BODY[70_000:]
    # The file is another one now: a browser that spliced it to the old one would have neither.
    for condition in ('"v0"', "Mon, 23 Nov 2026 10:00:00 GMT", 'W/"v1"', "nonsense"):
        whole = ask(staff_client, export, "bytes=70000-", If_Range=condition)
        assert whole.status_code == 200, condition
        assert content(whole) == BODY


def test_a_host_that_knows_ranges_and_no_conditions_is_not_believed(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def answer_so(handler: FileHandler) -> None:
        if handler.headers["Range"]:
            handler.send(206, BODY[9:], ETag='"new"', Content_Range=f"bytes 9-{len(BODY) - 1}/{len(BODY)}")
        else:
            handler.send(200, BODY, ETag='"new"', Content_Length=str(len(BODY)))

    file_host.answers["/a.csv"] = answer_so
    answer = ask(staff_client, "an-export", "bytes=9-", If_Range='"old"')
    assert answer.status_code == 200
    assert content(answer) == BODY


@pytest.mark.parametrize(
    "said",
    ["bytes 0-9/100", "bytes 10-19/50", "bytes 10-18/100", "bytes 10-20/100", "bytes 10-19/*x", "items 10-19/100", ""],
)
def test_a_range_of_the_host_that_is_not_the_one_that_was_asked_for_is_a_broken_answer(
    said: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    headers = {"Content_Range": said} if said else {}
    file_host.answers["/a.csv"] = lambda handler: handler.send(206, b"0123456789", **headers)
    answer = ask(staff_client, "an-export", "bytes=10-19")
    if said == "bytes 10-19/50":
        assert content(answer) == b"0123456789"
    else:
        check_refused(answer, 502, "The file could not be fetched", "The host of the file said 206.")


@pytest.mark.parametrize("body", [b"012345678", b"0123456789a"], ids=["shorter", "longer"])
def test_a_range_of_another_length_than_was_said_breaks_off(
    body: bytes, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(206, body, Content_Range="bytes 10-19/50")
    answer = ask(staff_client, "an-export", "bytes=10-19")
    with pytest.raises(Exception, match="bytes than it had said"):
        content(answer)


def test_a_416_for_bytes_that_the_file_has_is_a_broken_answer(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(416, Content_Range="bytes */50")
    check_refused(ask(staff_client, "an-export", "bytes=10-19"), 502)
    file_host.answers["/a.csv"] = lambda handler: handler.send(416, Content_Range="bytes */10")
    answer = ask(staff_client, "an-export", "bytes=10-19")
    check_refused(answer, 416)
    assert answer["Content-Range"] == "bytes */10"


def test_of_a_host_that_tells_no_length_the_whole_file_comes(
    sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, BODY)
    answer = ask(staff_client, "an-export", "bytes=10-19")
    assert answer.status_code == 200
    assert "Accept-Ranges" not in answer
    assert content(answer) == BODY


@pytest.mark.parametrize("name", ["ETag", "Last-Modified"])
@pytest.mark.parametrize("value", ["no quotes", '"a\tb"', '"' + "x" * 300 + '"', '"é"', "24.11.2026"])
def test_what_is_no_tag_and_no_date_is_not_passed_on(
    name: str,
    value: str,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(
        200, BODY, **{name.replace("-", "_"): value, "Content_Length": str(len(BODY))}
    )
    answer = staff_client.get("/jobs/an-export/files/1/")
    assert name not in answer
    assert content(answer) == BODY


def test_a_range_that_breaks_off_never_passes_as_whole(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, BODY)
    for with_ranges in (True, False):
        sandbox.settings(with_ranges=with_ranges)
        sandbox.faults([{"match": "file", "kind": "cut"}])
        answer = ask(staff_client, export, "bytes=1000-")
        with pytest.raises(Exception, match="IncompleteRead"):
            content(answer)
        assert answer["Content-Length"] == str(len(BODY) - 1000)


@given(st.integers(0, 60), st.integers(0, 60) | st.none(), st.integers(1, 50))
def test_a_range_is_what_a_slice_is(first: int, last: int | None, total: int) -> None:
    wanted = read_range(f"bytes={first}-{'' if last is None else last}")
    if last is not None and last < first:
        assert wanted is None
        return
    assert wanted is not None
    expected = range(total)[first : None if last is None else last + 1]
    span = wanted.within(total)
    assert span == (Span(expected[0], expected[-1], total) if expected else None)
    assert span is None or wanted.fits(span)


@given(st.text())
def test_what_a_host_says_of_its_range_is_never_more_than_a_span(text: str) -> None:
    assert read_content_range(text) is None or text.lower().startswith("bytes ")


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_without_a_total_an_answer_may_end_early_and_not_begin_elsewhere(a: int, b: int, c: int, d: int) -> None:
    fits = WantedRange(a, b).fits(Span(c, d, None))
    assert fits == (c == a and c <= d <= b)
