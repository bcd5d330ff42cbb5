"""The beginning of a part, read within bounds: for the header of a merged file, and for the preview."""

from __future__ import annotations

import csv
import io
import time
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from urllib3.exceptions import HTTPError

from jobs_ui.downloads.opening import OpenFile
from jobs_ui.downloads.problems import BrokenOff, CannotDownload
from jobs_ui.downloads.ranges import WantedRange
from jobs_ui.jobs_api import deadline
from jobs_ui.outgoing.causes import kind_of_break

MOST_BYTES = 256 * 1024
# Seconds for opening a part and reading its beginning.
PATIENCE = 10.0
BOM = "\ufeff"
# So much of a text may be control characters. Bytes that are not UTF-8 do not count: an old encoding is text, too.
_MOST_CONTROLS = 0.03
# The library's own limit for a cell, 128 kB, is less than a description may have. It holds for the whole process.
LONGEST_RECORD = 1024 * 1024
csv.field_size_limit(LONGEST_RECORD)

OpenRange = Callable[[WantedRange], OpenFile]


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first bytes of a part. `is_whole`: the part has no more. `came_slowly`: fewer came in time than wanted."""

    content: bytes
    is_whole: bool
    came_slowly: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """The header row of a part.

    `names`: its cells, none where the part is empty. `size`: how many bytes it takes with all that comes before the
    first row; `digest` is theirs. `line_end`: what the row ends with, "" where the part ends there.
    """

    names: tuple[str, ...]
    size: int
    digest: bytes
    line_end: str


def read_beginning(open_part: OpenRange, *, most: int = MOST_BYTES, patience: float = PATIENCE) -> Beginning:
    """The first `most` bytes, also of a host that sends the whole file all the same, or byte by byte.

    Raises CannotDownload.
    """
    ends_at = time.monotonic() + patience
    with deadline.within(patience):
        try:
            file = open_part(WantedRange(0, most - 1))
        except CannotDownload as error:
            if error.kind == "not-in-file":  # an empty file has not even its first byte
                return Beginning(b"", is_whole=True)
            raise
        total = file.span.total if file.span else file.length
        content, came_slowly = _read(file, most, ends_at)
    is_whole = not came_slowly and (len(content) < most if total is None else total <= len(content))
    return Beginning(content, is_whole, came_slowly)


def _read(file: OpenFile, most: int, ends_at: float) -> tuple[bytes, bool]:
    content = bytearray()
    try:
        for piece in file.pieces:
            content += piece
            if len(content) >= most:
                break
            if time.monotonic() >= ends_at:
                return bytes(content), True
    except (HTTPError, OSError, BrokenOff) as error:
        kind = kind_of_break(error)
        if content and kind == "too-slow":
            return bytes(content), True
        raise CannotDownload(kind) from None
    finally:
        file.close()
    return bytes(content[:most]), False


def read_header(beginning: Beginning) -> Header:
    """The header row of a part; blank lines before it belong to it. Raises CannotDownload ("no-header") where it is not
    text, or does not end within what was read, as with a quote that is never closed.
    """
    if beginning.content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise CannotDownload("no-header")
    lines = LimitedLines(io.BytesIO(beginning.content))
    try:
        # Strict: a quote that is never closed is no header, though the file ends there.
        names = next((record for record in csv.reader(lines, strict=True) if record), None)
    except csv.Error:
        raise CannotDownload("no-header") from None
    line = lines.last
    line_end = line[len(line.rstrip("\r\n")) :]
    if lines.size >= len(beginning.content) and not beginning.is_whole:
        raise CannotDownload("no-header")
    if is_binary("".join(names or ())):
        raise CannotDownload("no-header")
    digest = sha256(beginning.content[: lines.size]).digest()
    return Header(tuple(names or ()), lines.size, digest, line_end)


def is_binary(text: str) -> bool:
    """Whether this is no text, by its first 4,096 signs."""
    begin = text[:4096]
    controls = sum(1 for sign in begin if sign < " " and sign not in "\t\r\n")
    return "\0" in begin or controls > len(begin) * _MOST_CONTROLS


class LimitedLines:
    """The lines of a binary file as text, for `csv.reader`; bytes that are not UTF-8 come through unharmed.

    `size`: the bytes handed out so far. `last`: the last line. `has_ended`: one more was asked for than there are; a
    record that comes only then has a quote that is never closed. Raises CannotDownload ("no-header") at a record longer
    than `LONGEST_RECORD`: a quote that is never closed would otherwise gather the whole file. Whoever has taken a
    record says so with `begin_record`.
    """

    def __init__(self, binary: io.BytesIO | io.BufferedReader) -> None:
        self._text = io.TextIOWrapper(binary, encoding="utf-8", errors="surrogateescape", newline="")
        self._left = LONGEST_RECORD
        self.size = 0
        self.last = ""
        self.has_ended = False

    def begin_record(self) -> None:
        """The next line begins a record."""
        self._left = LONGEST_RECORD

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(self._left):
            self._left -= len(line)
            if self._left <= 0:
                raise CannotDownload("no-header")
            self.last = line
            is_first, self.size = self.size == 0, self.size + len(encoded(line))
            yield line.removeprefix(BOM) if is_first else line
        self.has_ended = True


def encoded(text: str) -> bytes:
    """The bytes that a line was made from."""
    return text.encode("utf-8", "surrogateescape")
