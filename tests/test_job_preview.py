"""The preview: the first rows of whatever the file is, read from its beginning alone, in a page that stays small."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.downloads import heads
from jobs_ui.downloads.heads import Beginning
from jobs_ui.downloads.preview import MOST_COLUMNS, MOST_ROWS, make_preview
from jobs_ui.jobs_api import JobsClient
from jobs_ui.presentation.previews import preview_table
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import raw_job
from tests.file_host import QUERY, FileHandler, FileHost
from tests.german import GERMAN, english_in
from tests.test_job_files import check_refused, put
from tests.test_job_list import HOSTILE, Page, check_nothing_was_injected

pytestmark = pytest.mark.usefixtures("log")

TABLE = "sku,name\n" + "".join(f"SKU-{number},Name {number}\n" for number in range(1, 101))


def preview(client: Client, job_id: str, number: int = 1) -> Page:
    answer = client.get(f"/jobs/{job_id}/files/{number}/preview/")
    assert answer.status_code == 200, answer
    assert "no-store" in answer["Cache-Control"]
    assert "Signature=" not in answer.content.decode()
    page = Page(answer)
    check_nothing_was_injected(page)
    return page


def shown(sandbox: SandboxProcess, client: Client, job_id: str, content: str | bytes) -> Page:
    sandbox.put_files(job_id, content)
    return preview(client, job_id)


def test_the_first_twenty_rows_and_all_columns_are_shown(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, TABLE, TABLE)
    page = preview(staff_client, export)
    assert "Part 1 of 2" in page.text
    assert "2 columns. The first 20 rows, and there are more." in page.text
    assert len(page.all("tr")) == 21
    for words in ("sku", "name", "SKU-1", "Name 20"):
        assert words in page.text
    assert "SKU-21" not in page.text
    links = page.having("href")
    assert {f"/jobs/{export}/files/1/", f"/jobs/{export}/files/2/preview/", f"/jobs/{export}/"} <= set(links)


def test_a_file_that_is_shown_whole_says_so(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    page = shown(sandbox, staff_client, export, "sku,name\nA,\nB,Vase")
    assert "2 columns, 2 rows: that is all of it." in page.text
    assert len(page.all("tr")) == 3
    page = shown(sandbox, staff_client, export, TABLE[: TABLE.index("SKU-21,")])
    assert "2 columns, 20 rows: that is all of it." in page.text


def test_what_the_sandbox_exports_can_be_looked_at(export: str, api: JobsClient, staff_client: Client) -> None:
    page = preview(staff_client, export, 2)
    assert "11 columns. The first 20 rows, and there are more." in page.text
    assert "commodity_type" in page.text


@pytest.mark.parametrize(
    ("content", "sentence", "rows"),
    [
        (b"", "The file is empty", 0),
        (b"\xef\xbb\xbf", "The file is empty", 0),
        (b"sku,name\n", "2 columns and no rows.", 1),
        (b"sku,name", "2 columns and no rows.", 1),
        (b"\x00\x01\x02\xff" * 500, "This is not text", 0),
        (gzip.compress(TABLE.encode(), mtime=0), "This is not text", 0),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "This is not text", 0),
        ("sku;größe\n1;2\n".encode("latin-1"), "Some bytes are not UTF-8", 2),
        (b'sku,name\n1,"open\n2,b\n', "2 columns, 1 row: that is all of it.", 2),
        (b'sku,name\n"1" x,2\n3,4\n', "2 columns, 2 rows", 3),
        (b'"sku' + b"x\n" * 200_000, "The first row does not end", 0),
        (b'sku\n1\n"' + b"x\n" * 200_000, "1 column. The first 1 row, and there are more.", 2),
        (b"a,b\n1\n1,2,3\n", "3 columns, 2 rows", 3),
        (b"\n\na,b\n\n1,2\n", "2 columns, 1 row", 2),
        (b"a,a,\n1,2,3\n", "(no name)", 2),
        ("\ufeffsku,name\n1,2\n".encode(), "2 columns, 1 row", 2),
    ],
)
def test_whatever_the_file_is_the_page_says_what_it_is(
    content: bytes, sentence: str, rows: int, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    page = shown(sandbox, staff_client, export, content)
    assert sentence in page.text
    assert len(page.all("tr")) == rows
    assert f"/jobs/{export}/files/1/" in page.having("href")


def test_of_five_thousand_columns_a_bounded_number_is_shown_and_said(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    names = ",".join(f"c{number}" for number in range(5_000))
    page = shown(sandbox, staff_client, export, f"{names}\n{names}\n")
    assert "5,000 columns" in page.text
    assert "Only the first 500 columns of 5,000 are shown." in page.text
    assert len(page.all("td")) == MOST_COLUMNS
    assert "c499" in page.text
    assert "c500" not in page.text


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_text_is_shown_as_text(words: str, sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    cell = '"' + words.replace('"', '""').replace("\0", "") + '"'
    shown(sandbox, staff_client, export, f"{cell},b\n{cell},=1+1\n".encode("utf-8", "replace"))


def test_a_long_cell_is_clipped_and_can_be_opened(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    words = "word " * 100
    page = shown(sandbox, staff_client, export, f'id,text\n1,"{words}end"\n')
    assert len(page.all("details")) == 1
    (summary,) = page.all("summary")
    assert summary["title"].endswith("end")
    assert "word…" in page.text


@pytest.mark.parametrize("content", ['"sku,name\n1,2\n', 'sku\n1\n"', 'sku\n"a"",\n2\n', 'sku\n"a'])
def test_a_quote_that_is_never_closed_is_said(
    content: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    assert "A quote is never closed" in shown(sandbox, staff_client, export, content).text
    assert "A quote is never closed" not in shown(sandbox, staff_client, export, f'{content}"').text


@pytest.mark.parametrize("table", ["id,text\n1,{}\n", "id,{}\n1,2\n"], ids=["cell", "name"])
def test_a_huge_cell_does_not_make_a_huge_page(
    table: str, sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    long = '"' + "x\n" * 100_000 + '"'
    sandbox.put_files(export, table.format(long))
    answer = staff_client.get(f"/jobs/{export}/files/1/preview/")
    assert len(answer.content) < 40_000
    assert "Of a cell, 2,000 letters are shown at most." in Page(answer).text


def test_signs_that_turn_the_text_around_are_shown(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    turned = "\u202eabc\u2066"
    sandbox.put_files(export, f"id,{turned}\n1,{turned}\n2,{turned}{'x' * 100}\n")
    answer = staff_client.get(f"/jobs/{export}/files/1/preview/")
    assert not set(turned) & set("\u202e\u2066") & set(answer.content.decode())
    assert Page(answer).text.count("[U+202E]abc[U+2066]") == 4


@pytest.mark.parametrize("with_ranges", [True, False], ids=["host-with-ranges", "host-without"])
def test_a_large_file_is_read_at_its_beginning_alone(
    with_ranges: bool, sandbox: SandboxProcess, file_host: FileHost, allow: Callable[..., None], staff_client: Client
) -> None:
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def endless(handler: FileHandler) -> None:
        assert handler.headers["Range"] == f"bytes=0-{heads.MOST_BYTES - 1}"
        if with_ranges:
            said = f"bytes 0-{heads.MOST_BYTES - 1}/{10**12}"
            handler.send(206, (TABLE * 99).encode()[: heads.MOST_BYTES].ljust(heads.MOST_BYTES), Content_Range=said)
        else:
            handler.send(200, TABLE.encode() * 999, Content_Length=str(10**12))
        handler.rfile.read(1)  # until the other side hangs up

    file_host.answers["/a.csv"] = endless
    assert "The first 20 rows, and there are more." in preview(staff_client, "an-export").text


def test_a_host_that_trickles_does_not_hold_the_page(
    sandbox: SandboxProcess,
    file_host: FileHost,
    allow: Callable[..., None],
    staff_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heads.read_beginning, "__kwdefaults__", {"most": heads.MOST_BYTES, "patience": 0.5})
    allow(file_host.host)
    put(sandbox, f"http://{file_host.host}/a.csv{QUERY}")

    def stalling(handler: FileHandler) -> None:
        handler.send(200, b"sku,name\n1,Lampe\n2,So", Content_Length=str(10**6))
        handler.rfile.read(1)

    file_host.answers["/a.csv"] = stalling
    page = preview(staff_client, "an-export")
    assert "The host of the file is slow: this is what came in time." in page.text
    assert "2 columns. The first 1 row, and there are more." in page.text

    def silent(handler: FileHandler) -> None:
        handler.rfile.read(1)

    file_host.answers["/a.csv"] = silent
    check_refused(staff_client.get("/jobs/an-export/files/1/preview/"), 502, "The host of the file is too slow")


def test_a_file_that_breaks_off_in_its_beginning_is_a_broken_answer(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    sandbox.put_files(export, TABLE * 100)
    sandbox.faults([{"match": "file", "kind": "cut"}])
    check_refused(staff_client.get(f"/jobs/{export}/files/1/preview/"), 502, "The file could not be fetched")


def test_a_preview_that_cannot_be_had_says_why_as_a_download_does(
    sandbox: SandboxProcess, export: str, staff_client: Client
) -> None:
    address = f"/jobs/{export}/files/{{}}/preview/"
    check_refused(staff_client.get(address.format(3)), 404, "There is no such part", "2 parts, and this is number 3.")
    check_refused(staff_client.get("/jobs/no-such-job/files/1/preview/"), 404, "There is no such job")
    sandbox.faults([{"match": "file", "kind": "status", "status": 403}])
    check_refused(
        staff_client.get(address.format(1)), 410, "This file is no longer there", "The host of the file said 403."
    )
    sandbox.faults([{"match": "job", "status": 500}])
    check_refused(staff_client.get(address.format(1)), 503, "Elastic Path could not be asked")
    sandbox.faults([])
    put(sandbox, f"http://evil.example/a.csv{QUERY}")
    check_refused(staff_client.get("/jobs/an-export/files/1/preview/"), 502, "the console may not fetch it")


def test_an_id_with_slashes_has_previews_and_files(sandbox: SandboxProcess, staff_client: Client) -> None:
    for job_id in ("a/files/1", "a/files.zip", "a/preview"):
        sandbox.put_job(job_id, raw_job(job_id, type="product-export", file_locations=[]))
        for rest in ("files/1/preview/", "files/1/", "files.zip", "files.csv"):
            check_refused(staff_client.get(f"/jobs/{job_id}/{rest}"), 404, "the export matched no products")


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_make_a_preview_fail(content: bytes, whole: bool) -> None:
    beginning = Beginning(content, is_whole=whole)
    table = preview_table(make_preview(beginning), beginning)
    assert len(table.rows) <= MOST_ROWS
    assert {len(cells) for _, cells in table.rows} <= {len(table.names)}
    assert table.sentence or table.notes


def test_a_german_reader_reads_german(sandbox: SandboxProcess, export: str, staff_client: Client) -> None:
    sandbox.put_files(export, ",".join(f"c{number}" for number in range(MOST_COLUMNS + 1_000)) + "\n", b"", TABLE)
    pages = [
        Page(staff_client.get(f"/jobs/{export}/files/{number}/preview/", headers=GERMAN)) for number in (1, 2, 3, 4)
    ]
    assert [english_in(page) for page in pages] == [[], [], [], []]
    assert "Teil 1 von 3" in pages[0].text
    assert "1.500 Spalten und keine Zeilen. Nur die ersten 500 von 1.500 Spalten sind zu sehen." in pages[0].text
    assert "Die Datei ist leer" in pages[1].text
    assert "2 Spalten. Zu sehen: 20 Zeilen vom Anfang, es gibt noch mehr." in pages[2].text
    assert "Der Export hat 3 Teile, und dies ist Nummer 4." in pages[3].text
