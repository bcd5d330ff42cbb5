"""All parts of an export as one zip or one CSV file: whole, or visibly broken off."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from jobs_ui.downloads import BrokenOff, CannotDownload
from jobs_ui.downloads.heads import Beginning, read_header
from jobs_ui.downloads.merging import columns_of, make_plan
from jobs_ui.jobs_api import JobsClient
from jobs_ui.models import Job
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import raw_job
from tests.file_host import QUERY, FileHost
from tests.test_job_files import check_refused, chunks, content, direct, put
from tests.test_job_list import Sync

pytestmark = pytest.mark.usefixtures("log")

BOTH = pytest.mark.parametrize("kind", ["zip", "csv"])
LONG = "x" * 300_000


def together(client: Client, job_id: str, kind: str) -> HttpResponseBase:
    return client.get(f"/jobs/{job_id}/files.{kind}")


def merged(sandbox: SandboxProcess, client: Client, job_id: str, *parts: str | bytes) -> bytes:
    sandbox.put_files(job_id, *parts)
    answer = together(client, job_id, "csv")
    assert answer.status_code == 200, answer
    return content(answer)


def rows(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_a_zip_holds_every_part_byte_for_byte(export: str, api: JobsClient, staff_client: Client) -> None:
    answer = together(staff_client, export, "zip")
    created = f"{api.get_job(export).created_at:%Y-%m-%d}"
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="product-export_{created}.zip"'
    assert "no-store" in answer["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(content(answer))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"product-export_{created}_part-{number}.csv" for number in (1, 2)]
        for number, name in enumerate(archive.namelist(), start=1):
            expected = direct(api, export, number)
            assert archive.read(name) == expected
            assert archive.getinfo(name).compress_size < len(expected)


def test_a_csv_holds_the_header_once_and_every_row_as_it_is(export: str, api: JobsClient, staff_client: Client) -> None:
    answer = together(staff_client, export, "csv")
    first, second = direct(api, export, 1), direct(api, export, 2)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    created = f"{api.get_job(export).created_at:%Y-%m-%d}"
    assert answer["Content-Disposition"] == f'attachment; filename="product-export_{created}.csv"'
    assert content(answer) == first + second[second.index(b"\n") + 1 :]


@BOTH
def test_head_tells_what_it_would_be_and_fetches_no_more_than_it_must(
    kind: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    answer = staff_client.head(f"/jobs/{export}/files.{kind}")
    assert (answer.status_code, content(answer)) == (200, b"")
    assert answer["Content-Disposition"].endswith(f'.{kind}"')
    # Nobody knows how long it will be, so it is not said to have no bytes.
    assert "Content-Length" not in answer


@BOTH
def test_each_part_has_a_link_of_its_own_time_though_links_live_two_seconds(
    kind: str, sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_files(export, *(f"id\n{'1' * 200_000}\n" for _ in range(4)))
    sandbox.settings(link_lifetime=2)
    sync()
    sandbox.advance(600)
    text = b""
    for piece in pieces_of(together(staff_client, export, kind)):
        text += piece
        sandbox.advance(10)
    assert text.count(b"\n") == 5 if kind == "csv" else zipfile.ZipFile(io.BytesIO(text)).testzip() is None
    assert sandbox.state()["offending_file_requests"] == []


def pieces_of(answer: HttpResponseBase) -> Iterator[bytes]:
    assert isinstance(answer, StreamingHttpResponse), answer
    return cast("Iterator[bytes]", answer.streaming_content)


@BOTH
def test_a_part_that_fails_at_its_turn_breaks_the_file_off(
    kind: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    answer = together(staff_client, export, kind)
    sandbox.faults([{"match": "file", "kind": "status", "status": 500}])
    with pytest.raises(CannotDownload):
        content(answer)


@BOTH
def test_a_part_that_is_cut_breaks_the_file_off_and_a_zip_has_no_end(
    kind: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, f"id\n{LONG}\n", f"id\n{LONG}\n")
    # The headers of a merged file are read before.
    sandbox.faults([{"match": "file", "kind": "cut", "skip": 1 if kind == "zip" else 3}])
    pieces, got = pieces_of(together(staff_client, export, kind)), io.BytesIO()
    with pytest.raises(Exception, match="IncompleteRead"):
        got.writelines(pieces)
    assert got.getvalue()
    assert not zipfile.is_zipfile(got)


@BOTH
def test_an_api_that_goes_away_on_the_way_breaks_the_file_off(
    kind: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    answer = together(staff_client, export, kind)
    sandbox.faults([{"match": "job", "status": 500}])
    with pytest.raises(Exception, match="Elastic Path"):
        content(answer)


@BOTH
def test_parts_that_become_more_on_the_way_break_the_file_off(
    kind: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    answer = together(staff_client, export, kind)
    sandbox.put_files(export, "id\n1\n", "id\n2\n", "id\n3\n")
    with pytest.raises(Exception, match=r"gone|has changed"):
        content(answer)


def test_a_part_that_changes_between_its_header_and_its_rows_breaks_the_file_off(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, "id,name\n1,a\n", "id,name\n2,b\n")
    answer = together(staff_client, export, "csv")
    sandbox.put_files(export, "id,name\n1,a\n", "name,id\nb,2\n")
    with pytest.raises(Exception, match="Part 2 has changed"):
        content(answer)


@BOTH
def test_what_fails_before_the_first_byte_is_a_page(
    kind: str, sandbox: SandboxProcess, export: str, sync: Sync, staff_client: Client
) -> None:
    sync()
    sandbox.faults([{"match": "file", "kind": "status", "status": 404}])
    page = check_refused(
        together(staff_client, export, kind), 410, "This file is no longer there", "It is about part 1.", "one by one"
    )
    assert f"/jobs/{export}/files/2/" in page.having("href")
    sandbox.faults([{"match": "file", "kind": "status", "status": 500}])
    check_refused(together(staff_client, export, kind), 502, "The file could not be fetched")
    sandbox.faults([{"match": "job", "status": 500}])
    check_refused(together(staff_client, export, kind), 503, "Elastic Path could not be asked")
    sandbox.faults([])
    check_refused(together(staff_client, "no-such-job", kind), 404, "There is no such job")


@BOTH
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "product-import"}, "Only exports have files."),
        ({"file_locations": []}, "the export matched no products"),
        ({"status": "started", "completed_at": None, "file_locations": None}, "when the export has succeeded"),
    ],
)
def test_a_job_without_files_says_why(
    kind: str, changes: dict[str, object], sentence: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    sandbox.put_job("a-job", raw_job("a-job", **({"type": "product-export"} | changes)))
    check_refused(together(staff_client, "a-job", kind), 404, "There is no such part", sentence)


@BOTH
def test_while_an_export_is_written_nobody_gets_some_parts_for_all(
    kind: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    put(sandbox, f"{sandbox.url}/files/a_part_1.csv{QUERY}", status="started", completed_at=None)
    check_refused(together(staff_client, "an-export", kind), 404, "The export is still being written")


@BOTH
def test_parts_that_are_not_listed_any_more_are_gone(
    kind: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, f"{sandbox.url}/files/a_part_1.csv{QUERY}", filter="eq(sku,LAMP-1)")
    sync()
    put(sandbox, filter="eq(sku,LAMP-1)")
    check_refused(
        together(staff_client, "an-export", kind), 410, "It lists no files of this export any more.", "eq(sku,LAMP-1)"
    )


def test_one_part_is_the_file_itself(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    text = b"\xef\xbb\xbfid,name\r\n1,\xff\xfe\r\n"
    assert merged(sandbox, staff_client, export, text) == text


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["id\n1\n", "id\n2\n"], "id\n1\n2\n"),
        (["id\n1", "id\n2"], "id\n1\n2"),
        (["id\r\n1", "id\r\n2\r\n"], "id\r\n1\r\n2\r\n"),
        (["id", "id\n2\n"], "id\n2\n"),
        (["id\n1\n", "id", "id\n"], "id\n1\n"),
        (["", "id\n1\n", "", "id\n2\n"], "id\n1\n2\n"),
        (["\ufeffid\n1\n", "\ufeffid\n2\n"], "\ufeffid\n1\n2\n"),
        (["\ufeff", "id\n1\n"], "id\n1\n"),
        (['"a\nb",c\n1,2\n', '"a\nb",c\n3,"4\n5"\n'], '"a\nb",c\n1,2\n3,"4\n5"\n'),
        (['"id"\n1\n', "id\n2\n"], '"id"\n1\n2\n'),
        (["\n\nid\n1\n", "id\n2\n"], "\n\nid\n1\n2\n"),
        (["id,n\n1\n", "id,n\n1,2,3\n"], "id,n\n1\n1,2,3\n"),
    ],
)
def test_parts_with_one_header_are_joined_as_they_are(
    parts: list[str], expected: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    assert merged(sandbox, staff_client, export, *parts).decode() == expected


def test_parts_that_are_all_empty_are_an_empty_file(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    assert merged(sandbox, staff_client, export, "", "") == b""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["id,name\n1,a\n", "id,price\n2,9\n"], [["id", "name", "price"], ["1", "a", ""], ["2", "", "9"]]),
        (["id,name\n1,a\n", "name,id\nb,2\n"], [["id", "name"], ["1", "a"], ["2", "b"]]),
        (["x,x\n1,2\n", "x\n3\n"], [["x", "x"], ["1", "2"], ["3", ""]]),
        (["x\n1\n", "x,x\n2,3\n"], [["x", "x"], ["1", ""], ["2", "3"]]),
        (["a,b\n1\n", "b\n2,extra\n"], [["a", "b"], ["1", ""], ["", "2", "extra"]]),
        (["a\n1\n", "\ufeffb\n2\n", ""], [["a", "b"], ["1", ""], ["", "2"]]),
        (['a\n"1\n2"\n', 'b,a\n"x,""y""",3'], [["a", "b"], ["1\n2", ""], ["3", 'x,"y"']]),
    ],
)
def test_parts_with_other_headers_have_their_columns_united(
    parts: list[str], expected: list[list[str]], sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    assert rows(merged(sandbox, staff_client, export, *parts)) == expected


def test_bytes_that_are_not_utf8_survive_among_united_columns(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    text = merged(sandbox, staff_client, export, b"id,n\xe4me\n1,\xff\x00\n", b"id\n\xc3\x28\n")
    assert text == b"id,n\xe4me\r\n1,\xff\x00\r\n\xc3\x28,\r\n"


@pytest.mark.parametrize("with_ranges", [True, False], ids=["host-with-ranges", "host-without"])
def test_only_the_beginning_of_a_part_is_read_for_its_header(
    with_ranges: bool, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.settings(with_ranges=with_ranges)
    many = "a,b\n" + "1,2\n" * 500_000
    text = merged(sandbox, staff_client, export, many, "b\n3\n")
    assert len(rows(text)) == 500_002
    assert text.endswith(b"1,2\r\n,3\r\n")


@pytest.mark.parametrize("header", ['id,"na' + LONG, "x," * 140_000, '"id\n1\n'], ids=["quote", "wide", "short"])
def test_a_header_that_does_not_end_is_a_page_that_names_the_part(
    header: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, "id\n1\n", header)
    page = check_refused(
        together(staff_client, export, "csv"), 502, "The parts cannot be put together", "part 2.", "as a zip"
    )
    # The export is as it should be: nobody needs its filter.
    assert page.all("pre") == []
    assert content(together(staff_client, export, "zip"))


@pytest.mark.parametrize(
    "header",
    [
        b"id,na\0me\n1,2\n",
        "id,größe\n1,2\n".encode("utf-16"),
        b"\xfe\xff" + "名价".encode("utf-16-be"),
        b"\x01\x02\x03,\x04\x05\n1\n",
    ],
    ids=["nul", "utf-16", "utf-16-be", "controls"],
)
def test_what_is_no_text_is_not_put_together(
    header: bytes, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, "id\n1\n", header)
    check_refused(together(staff_client, export, "csv"), 502, "The parts cannot be put together", "part 2.", "as a zip")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html; charset=utf-8", b"\n <html>AccessDenied</html>"),
        ("application/xml", b"<Error>AccessDenied</Error>"),
    ],
    ids=["html", "xml"],
)
def test_a_page_in_the_place_of_a_file_is_no_file(
    kind: str,
    body: bytes,
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, body, Content_Type=kind)
    for rest in ("files/1/", "files.zip", "files.csv", "files/1/preview/"):
        check_refused(staff_client.get(f"/jobs/an-export/{rest}"), 502, "an answer that makes no sense")
    # What a resumed download would have of it is no better.
    file_host.answers["/a.csv"] = lambda handler: handler.send(
        200, body, Content_Type=kind, Content_Length=str(len(body))
    )
    answer = staff_client.get("/jobs/an-export/files/1/", headers={"Range": "bytes=5-"})
    check_refused(answer, 502, "an answer that makes no sense")
    # Some hosts call every file so.
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, b"id,<b>\n", Content_Type="text/html")
    assert content(staff_client.get("/jobs/an-export/files/1/")) == b"id,<b>\n"


@pytest.mark.parametrize("last", ['2,"open', '2,"open\n3,x\n', '"', '2,"a""'])
def test_a_quote_that_is_open_at_the_end_of_a_part_breaks_united_columns_off(
    last: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    for parts in ((f"id,n\n{last}", "id\n1\n"), ("id\n1\n", f"id,n\n{last}")):
        sandbox.put_files(export, *parts)
        answer = together(staff_client, export, "csv")
        with pytest.raises(BrokenOff, match="a quote is not closed"):
            content(answer)
        assert content(together(staff_client, export, "zip"))


@pytest.mark.parametrize("last", ['2,"b"', '2,"b"\r\n', "2,b", '2,"b" x', '2,""'])
def test_a_last_row_that_ends_is_one(last: str, sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    assert len(rows(merged(sandbox, staff_client, export, "id\n1\n", f"id,n\n{last}"))) == 3


def test_more_columns_than_a_table_can_hold_are_a_page(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, *(",".join(f"{part}-{number}" for number in range(8_000)) for part in range(3)))
    check_refused(together(staff_client, export, "csv"), 502, "more columns")


def test_a_quote_that_is_never_closed_does_not_gather_the_file(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    open_quote = 'b\n"' + "line\n" * 400_000
    sandbox.put_files(export, "a\n1\n", open_quote)
    answer = together(staff_client, export, "csv")
    with pytest.raises(Exception, match="a quote may not be closed"):
        content(answer)
    # Where nothing has to be moved, nothing has to be understood.
    assert merged(sandbox, staff_client, export, "b\n1\n", open_quote).endswith(b"line\nline\n")


def test_a_merged_file_comes_in_pieces(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    sandbox.put_files(export, "a\n" + "1\n" * 1_000_000, "b\n2\n")
    sizes = [len(piece) for piece in chunks(together(staff_client, export, "csv"))]
    assert sum(sizes) > 2_000_000
    assert max(sizes) <= 300_000


@BOTH
def test_the_hosts_that_are_allowed_hold_for_all_parts(
    kind: str, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}", f"http://evil.example/b.csv{QUERY}")
    file_host.answers["/a.csv"] = lambda handler: handler.send(200, b"id\n1\n", Content_Length="5")
    answer = together(staff_client, "an-export", kind)
    if kind == "csv":
        check_refused(answer, 502, "This file lies where the console may not fetch it", "It is about part 2.")
    else:
        with pytest.raises(CannotDownload):
            content(answer)


@BOTH
def test_the_mirror_gets_no_link(kind: str, export: str, sync: Sync, staff_client: Client) -> None:
    sync()
    content(together(staff_client, export, kind))
    assert "Signature" not in repr(list(Job.objects.values()))


@given(st.lists(st.lists(st.sampled_from("abcx"), min_size=1, max_size=5), min_size=1, max_size=5))
def test_every_column_of_every_part_has_one_place(headers: list[list[str]]) -> None:
    text = [",".join(header).encode() + b"\n" for header in headers]
    plan = make_plan([read_header(Beginning(each, is_whole=True)) for each in text])
    assert len(set(plan.columns)) == len(plan.columns)
    assert set(plan.columns) == {column for header in headers for column in columns_of(header)}
    for name in "abcx":
        assert max(header.count(name) for header in headers) == [column[0] for column in plan.columns].count(name)
    assert plan.is_same == all(header == headers[0] for header in headers)


@pytest.mark.parametrize("rest", ["files/1/", "files.zip", "files.csv"])
def test_the_live_source_hands_out_files_as_well(
    rest: str, export: str, staff_client: Client, settings: Settings, sandbox: SandboxProcess
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    sandbox.settings(link_lifetime=2)
    assert content(staff_client.get(f"/jobs/{export}/{rest}"))
    assert staff_client.get(f"/jobs/{export}/files/1/preview/").status_code == 200
    assert not Job.objects.exists()
