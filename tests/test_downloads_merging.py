"""Parts of every kind as one table: no row, no cell and no byte is lost, wherever the pieces of the parts are cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import requests
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.downloads import MergedFile, OpenFile, make_plan, read_header
from jobs_ui.downloads.heads import Beginning
from jobs_ui.downloads.merging import columns_of

# What is awkward in CSV, and bytes that are not UTF-8 (as half surrogates).
CELLS = st.text(st.sampled_from('ab,;"\n\r\t \x00äß\udcff\udc80\ufeff'), max_size=5)


@dataclass(frozen=True)
class Part:
    """A part of an export, and how it is written."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line_end: str
    has_bom: bool
    ends_open: bool

    @property
    def content(self) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=self.line_end, quoting=csv.QUOTE_ALL)
        writer.writerows([self.header, *self.rows])
        written = text.getvalue()
        if self.ends_open:
            written = written.removesuffix(self.line_end)
        return (b"\xef\xbb\xbf" if self.has_bom else b"") + written.encode("utf-8", "surrogateescape")


@st.composite
def parts(draw: st.DrawFn, headers: st.SearchStrategy[tuple[str, ...]]) -> Part:
    header = draw(headers)
    rows = st.lists(CELLS, min_size=1, max_size=len(header) + 2).map(tuple)
    return Part(
        header,
        tuple(draw(st.lists(rows, max_size=4))),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


HEADERS = st.lists(st.sampled_from(["id", "name", "na\nme", "größe", ""]), min_size=1, max_size=4).map(tuple)


def opened(content: bytes, size: int) -> OpenFile:
    response = requests.Response()
    response._content_consumed = True  # type: ignore[attr-defined]  # there is no connection to give back
    pieces: Iterator[bytes] = (content[begin : begin + size] for begin in range(0, len(content), size))
    return OpenFile(response, pieces, None)


def merged(contents: list[bytes], size: int) -> bytes:
    plan = make_plan([read_header(Beginning(content, is_whole=True)) for content in contents])
    return b"".join(
        MergedFile(plan, lambda number: opened(contents[number - 1], size), opened(contents[0], size)),
    )


def read(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


@given(st.lists(parts(HEADERS), min_size=1, max_size=4), st.integers(1, 40))
def test_every_cell_is_under_its_name_and_what_is_beyond_the_header_comes_last(given: list[Part], size: int) -> None:
    table = read(merged([part.content for part in given], size))
    columns = columns_of(table[0])
    expected = []
    for part in given:
        own = columns_of(part.header)
        for row in part.rows:
            cells = dict(zip(own, row, strict=False))
            expected.append([cells.get(column, "") for column in columns] + list(row[len(own) :]))
    width = len(columns)
    # Parts with one header are passed on as they are, short rows included.
    filled = [row + [""] * (width - len(row)) for row in table[1:]]
    assert filled == expected


@given(HEADERS.flatmap(lambda header: st.lists(parts(st.just(header)), min_size=1, max_size=4)), st.integers(1, 40))
def test_parts_with_one_header_keep_their_bytes(given: list[Part], size: int) -> None:
    contents = [part.content for part in given]
    expected = contents[0]
    for part, content in zip(given[1:], contents[1:], strict=True):
        body = content[read_header(Beginning(content, is_whole=True)).size :]
        if body and not expected.endswith((b"\n", b"\r")):
            expected += part.line_end.encode()
        expected += body
    assert merged(contents, size) == expected
