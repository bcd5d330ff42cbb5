"""All parts of an export as one CSV file: the header once, columns united where the parts differ in them."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from jobs_ui.downloads.heads import Header, LimitedLines, encoded
from jobs_ui.downloads.opening import OpenFile
from jobs_ui.downloads.problems import BrokenOff, CannotDownload

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_COLUMNS = 20_000
# Rows are gathered to about so many characters before they are sent.
_BATCH = 32 * 1024
# Seconds in which pages have the processor to themselves after each: rows are taken apart in one go, and a thread that
# does so all the time makes every page of its process wait.
_BREATH = 0.002

Column = tuple[str, int]
OpenPart = Callable[[int], OpenFile]


@dataclass(frozen=True, slots=True)
class Plan:
    """How parts become one file. `columns` are those of all parts, by name and occurrence, in the order of the first
    part that has them; `is_same`: all parts have just these, so that their bytes need not be touched.
    """

    headers: tuple[Header, ...]
    columns: tuple[Column, ...]
    is_same: bool

    @property
    def parts(self) -> list[int]:
        """The numbers (from 1) of the parts that have anything in them."""
        return [number for number, header in enumerate(self.headers, start=1) if header.names]


def make_plan(headers: Sequence[Header]) -> Plan:
    """The plan for parts with these headers. Raises CannotDownload ("too-many-columns")."""
    filled = [header for header in headers if header.names]
    columns: dict[Column, None] = {}
    # Most parts have the header of the one before.
    for names in dict.fromkeys(header.names for header in filled):
        columns |= dict.fromkeys(columns_of(names))
        if len(columns) > MOST_COLUMNS:
            raise CannotDownload("too-many-columns")
    return Plan(tuple(headers), tuple(columns), is_same=len({header.names for header in filled}) <= 1)


def columns_of(names: Sequence[str]) -> list[Column]:
    """Each name with how often it has occurred before: two columns of one name stay two."""
    seen: Counter[str] = Counter()
    columns = []
    for name in names:
        columns.append((name, seen[name]))
        seen[name] += 1
    return columns


class MergedFile:
    """The bytes of the merged file. Holds one part open at a time, `first` (the first of the plan's) to begin with.

    Whatever fails on the way is let through: it breaks the answer off, so that nobody takes some parts for all.
    """

    def __init__(self, plan: Plan, open_part: OpenPart, first: OpenFile) -> None:
        self._plan = plan
        self._open_part = open_part
        self._file = first

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._joined() if self._plan.is_same else self._united()
        finally:
            self.close()

    def close(self) -> None:
        """Gives the connection back."""
        self._file.close()

    def _bodies(self) -> Iterator[tuple[Header, Iterator[bytes], bytes]]:
        """Each part's header, the bytes below it, and those that it took. What is to be below has to be what was
        looked at: another header would put cells under wrong names.
        """
        for number in self._plan.parts:
            if number != self._plan.parts[0]:
                self._file = self._open_part(number)
            header = self._plan.headers[number - 1]
            pieces = iter(self._file)
            head = bytearray()
            while len(head) < header.size and (piece := next(pieces, b"")):
                head += piece
            if sha256(head[: header.size]).digest() != header.digest:
                raise BrokenOff(f"Part {number} has changed while it was read.")
            yield header, _chained(bytes(head[header.size :]), pieces), bytes(head[: header.size])

    def _joined(self) -> Iterator[bytes]:
        """The parts as they are, each but the first without its header."""
        last = b""
        for header, pieces, head in self._bodies():
            if not last:
                yield head
                last = head[-1:]
            ends_open = last not in (b"\n", b"\r")
            for piece in pieces:
                if ends_open:
                    # The part before, or this one's header, has no line end.
                    yield encoded(_line_end(header))
                    ends_open = False
                yield piece
                last = piece[-1:]

    def _united(self) -> Iterator[bytes]:
        """The rows of all parts under one header; cells that a row has beyond its header follow its last column."""
        width = len(self._plan.columns)
        place = {column: index for index, column in enumerate(self._plan.columns)}
        yield _written([[name for name, _ in self._plan.columns]])
        for header, pieces, _ in self._bodies():
            places = [place[column] for column in columns_of(header.names)]
            yield from _batches(_placed(_records(pieces), places, width))


def _line_end(header: Header) -> str:
    return header.line_end or "\n"


def _chained(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from (piece for piece in pieces if piece)


class _PiecesFile(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _records(pieces: Iterator[bytes]) -> Iterator[list[str]]:
    lines = LimitedLines(io.BufferedReader(_PiecesFile(pieces), _BATCH))
    try:
        for record in csv.reader(lines):
            if lines.has_ended:
                # Not the library's strict mode: that would refuse `"1" x` as well, which spreadsheets read.
                raise BrokenOff("The last row of a part does not end: a quote is not closed.")
            lines.begin_record()
            if record:
                yield record
    except (csv.Error, CannotDownload):
        raise BrokenOff("A row of a part is longer than a row can be: a quote may not be closed.") from None


def _placed(records: Iterable[list[str]], places: list[int], width: int) -> Iterator[list[str]]:
    for record in records:
        row = [""] * width
        for index, cell in zip(places, record, strict=False):
            row[index] = cell
        yield row + record[len(places) :]


def _batches(rows: Iterable[list[str]]) -> Iterator[bytes]:
    batch: list[list[str]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(map(len, row)) + len(row)
        if size >= _BATCH:
            yield _written(batch)
            time.sleep(_BREATH)
            batch, size = [], 0
    if batch:
        yield _written(batch)


def _written(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    # With this line end, RFC 4180's, and only with it, the library puts a cell in quotes that holds a mere CR.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return encoded(text.getvalue())
