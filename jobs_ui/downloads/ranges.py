"""Parts of a file by byte, so that a download that broke off can be resumed (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Nineteen digits and more would not be a file.
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})", re.ASCII | re.IGNORECASE)
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]{0,200}"')
_TAG = re.compile(rf"(?:W/)?{_STRONG_TAG.pattern}")
_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `first` to `last` (from 0, both included) of a file of `total` bytes; None where its host did not say."""

    first: int
    last: int
    total: int | None

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"bytes {self.first}-{self.last}/{'*' if self.total is None else self.total}"


@dataclass(frozen=True, slots=True)
class WantedRange:
    """What was asked for: from `first` (None: the last `last` bytes) to `last` (None: the end).

    `if_range`: an entity tag or a date. The range holds only while the file is the one that has it.
    """

    first: int | None
    last: int | None
    if_range: str = ""

    def __str__(self) -> str:
        return f"bytes={'' if self.first is None else self.first}-{'' if self.last is None else self.last}"

    def within(self, total: int) -> Span | None:
        """The bytes of a file of `total` bytes; None where it has none of them."""
        if self.first is None:
            first, last = max(0, total - (self.last or 0)), total - 1
        else:
            first, last = self.first, total - 1 if self.last is None else min(self.last, total - 1)
        return Span(first, last, total) if first <= last else None

    def fits(self, span: Span) -> bool:
        """Whether `span` answers what was asked. Where the total is not told, it may end early and say so."""
        if span.total is not None:
            return self.within(span.total) == span
        return self.first == span.first and self.last is not None and span.first <= span.last <= self.last


def read_range(header: str, if_range: str = "") -> WantedRange | None:
    """What the headers `Range` and `If-Range` ask for; None where that is the whole file.

    RFC 9110: a range that cannot be read is as if it had not been sent. Several ranges would be a body of several
    parts, which no browser asks for. A condition that cannot be read cannot be met.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    if if_range and not (_STRONG_TAG.fullmatch(if_range) or _DATE.fullmatch(if_range)):
        return None
    first, last = (int(text) if text else None for text in match.groups())
    if first is not None and last is not None and last < first:
        return None
    return WantedRange(first, last, if_range)


def read_content_range(header: str) -> Span | None:
    """The span that a 206 says it holds; None where it makes no sense."""
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    return Span(first, last, total) if first <= last and (total is None or last < total) else None


def read_total(header: str) -> int | None:
    """The file's length that a 416 tells."""
    match = _UNSATISFIED.fullmatch(header.strip())
    return int(match[1]) if match else None


def read_tag(header: str) -> str:
    """An `ETag` that may be passed on; "" for anything else."""
    return header if _TAG.fullmatch(header) else ""


def read_date(header: str) -> str:
    """A `Last-Modified` that may be passed on; "" for anything else."""
    return header if _DATE.fullmatch(header) else ""
