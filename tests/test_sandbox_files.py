"""The parts of an export: signed links that end, and a host that behaves as a CDN."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from jobs_ui.sandbox.process import ControlError, SandboxProcess
from tests.test_sandbox import Caller


@pytest.fixture(scope="module")
def process() -> Iterator[SandboxProcess]:
    with SandboxProcess(quiet=True) as running:
        yield running


@pytest.fixture
def sandbox(process: SandboxProcess) -> Caller:
    process.reset(history=120, quiet=True)
    process.settings(token_lifetime=10**6)
    return Caller(process)


@pytest.fixture
def export(sandbox: Caller) -> Any:
    """A successful export with two parts."""
    return next(job for job in sandbox.all_jobs() if len(job["meta"].get("file_locations") or []) == 2)


def fetch(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=10)


def links(sandbox: Caller, export: Any) -> list[str]:
    found: list[str] = sandbox.job(export["id"])["meta"]["file_locations"]
    return found


def test_a_part_is_a_csv_with_everything_that_is_awkward(export: Any) -> None:
    contents = []
    for number, url in enumerate(export["meta"]["file_locations"], 1):
        assert urlsplit(url).path.endswith(f"_part_{number}.csv")
        assert set(parse_qs(urlsplit(url).query)) == {"Expires", "Signature", "Key-Pair-Id"}
        answer = fetch(url)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv")
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        rows = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
        assert rows[0][:4] == ["id", "name", "slug", "sku"]
        assert {len(row) for row in rows} == {len(rows[0])}
        cells = [cell for row in rows[1:] for cell in row]
        for awkward in (",", '"', "ü", "\n"):
            assert any(awkward in cell for cell in cells)
        assert any(cell.startswith("=") for cell in cells)
        assert fetch(url).content == answer.content
        contents.append(answer.content)
    assert contents[0] != contents[1]


def test_a_link_ends_when_it_says(sandbox: Caller, export: Any) -> None:
    sandbox.process.settings(link_lifetime=100)
    url = links(sandbox, export)[0]
    expires = int(parse_qs(urlsplit(url).query)["Expires"][0])
    sandbox.process.advance(expires - sandbox.process.state()["now"] - 5)
    assert fetch(url).status_code == 200
    sandbox.process.advance(6)
    answer = fetch(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/xml")
    assert "<Code>AccessDenied</Code>" in answer.text
    # Read again, the job has links that work.
    assert fetch(links(sandbox, export)[0]).status_code == 200


def test_links_are_not_renewed_where_it_is_told_so(sandbox: Caller, export: Any) -> None:
    sandbox.process.settings(resign_links=False, link_lifetime=10**6)
    first = links(sandbox, export)
    sandbox.process.advance(500)
    assert links(sandbox, export) == first
    assert fetch(first[0]).status_code == 200
    sandbox.process.settings(link_lifetime=1)
    assert fetch(links(sandbox, export)[0]).status_code == 403


def test_a_link_that_was_changed_is_refused(sandbox: Caller, export: Any) -> None:
    first, second = links(sandbox, export)
    later = str(int(parse_qs(urlsplit(first).query)["Expires"][0]) + 1)
    assert fetch(first.replace(parse_qs(urlsplit(first).query)["Expires"][0], later)).status_code == 403
    assert fetch(first.split("?")[0] + "?" + second.split("?")[1]).status_code == 403
    assert fetch(first.split("?")[0]).status_code == 403


def test_a_file_is_gone_with_its_job(sandbox: Caller, export: Any) -> None:
    sandbox.process.delete_job(export["id"])
    answer = fetch(export["meta"]["file_locations"][0])
    assert (answer.status_code, "NoSuchKey" in answer.text) == (404, True)


@pytest.mark.parametrize(
    ("wanted", "part"), [("bytes=0-9", slice(0, 10)), ("bytes=30-", slice(30, None)), ("bytes=-7", slice(-7, None))]
)
def test_a_range_is_sent(sandbox: Caller, export: Any, wanted: str, part: slice) -> None:
    url = links(sandbox, export)[0]
    whole = fetch(url)
    assert whole.headers["Accept-Ranges"] == "bytes"
    answer = fetch(url, Range=wanted)
    first = range(len(whole.content))[part]
    assert (answer.status_code, answer.content) == (206, whole.content[part])
    assert answer.headers["Content-Range"] == f"bytes {first[0]}-{first[-1]}/{len(whole.content)}"


def test_a_range_beyond_the_end_and_a_host_without_ranges(sandbox: Caller, export: Any) -> None:
    url = links(sandbox, export)[0]
    size = len(fetch(url).content)
    answer = fetch(url, Range=f"bytes={size}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    sandbox.process.settings(with_ranges=False)
    answer = fetch(url, Range="bytes=0-9")
    assert (answer.status_code, len(answer.content), "Accept-Ranges" in answer.headers) == (200, size, False)


def test_a_part_can_be_large(sandbox: Caller, export: Any) -> None:
    sandbox.process.settings(part_bytes=3_000_000)
    content = fetch(links(sandbox, export)[0]).content
    assert 3_000_000 <= len(content) < 3_200_000
    assert len({len(row) for row in csv.reader(io.StringIO(content.decode(), newline=""))}) == 1


def test_the_head_of_a_file(sandbox: Caller, export: Any) -> None:
    url = links(sandbox, export)[0]
    answer = requests.head(url, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(fetch(url).content)


def test_it_remembers_who_sent_secrets_to_the_file_host(sandbox: Caller, export: Any) -> None:
    url = links(sandbox, export)[0]
    fetch(url)
    assert sandbox.process.state()["offending_file_requests"] == []
    fetch(url, Authorization="Bearer x", Referer="http://console/")
    fetch(url, Cookie="a=b")
    path = urlsplit(url).path
    assert sandbox.process.state()["offending_file_requests"] == [
        {"path": path, "headers": ["Authorization", "Referer"]},
        {"path": path, "headers": ["Cookie"]},
    ]


def test_parts_that_were_put_are_sent_as_they_are(sandbox: Caller, export: Any) -> None:
    sandbox.process.put_files(export["id"], b"\xff\x00", "id\n", "", headers={"ETag": '"x"', "X-Any": "a b"})
    answers = [fetch(url) for url in links(sandbox, export)]
    assert [answer.content for answer in answers] == [b"\xff\x00", b"id\n", b""]
    assert {(answer.headers["ETag"], answer.headers["X-Any"]) for answer in answers} == {('"x"', "a b")}
    url = links(sandbox, export)[1]
    assert fetch(url, **{"Range": "bytes=1-", "If-Range": '"x"'}).status_code == 206
    assert fetch(url, **{"Range": "bytes=1-", "If-Range": '"y"'}).content == b"id\n"


@pytest.mark.parametrize(
    "parts",
    [None, [1], [{}], [{"text": 1}], [{"base64": "?"}], [{"text": "", "base64": ""}], [{"text": "", "headers": []}],
     [{"text": "", "headers": {"X-Any": "a\r\nb"}}]],
)  # fmt: skip
def test_parts_that_make_no_sense_are_refused(parts: object, sandbox: Caller, export: Any) -> None:
    before = sandbox.job(export["id"])["meta"]["file_locations"]
    with pytest.raises(ControlError):
        sandbox.process.control("PUT", f"jobs/{export['id']}/files", {"parts": parts})
    assert len(links(sandbox, export)) == len(before)


def test_a_file_that_is_held_comes_to_its_half_until_it_is_released(sandbox: Caller, export: Any) -> None:
    sandbox.process.put_files(export["id"], b"x" * 1_000)
    sandbox.process.faults([{"match": "file", "kind": "hold"}])
    with requests.get(links(sandbox, export)[0], stream=True, timeout=10) as answer:
        assert answer.raw.read(500) == b"x" * 500
        assert sandbox.process.state()["held"] == 1
        assert sandbox.process.release() == 1
        assert answer.raw.read() == b"x" * 500
    sandbox.process.faults([])
