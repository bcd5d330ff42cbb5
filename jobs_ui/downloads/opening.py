"""From a signed link to a stream of bytes that is either what was announced or breaks off in the open."""

from __future__ import annotations

import logging
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from jobs_ui.downloads import ranges
from jobs_ui.downloads.hosts import check_expiry, check_host
from jobs_ui.downloads.problems import BrokenOff, CannotDownload
from jobs_ui.downloads.ranges import Span, WantedRange
from jobs_ui.downloads.unpacking import ENCODINGS, unpacked
from jobs_ui.jobs_api import SignedLink, deadline, host_of
from jobs_ui.outgoing.causes import kind_of_break
from jobs_ui.outgoing.requesting import NoAnswer, ask

logger = logging.getLogger(__name__)

MOST_REDIRECTS = 3
CHUNK = 64 * 1024
# Seconds until a file has to be open, up to its first byte, redirects included. The bytes after it may take their time.
PATIENCE = 20.0
PLAIN = ("", "identity")
# What a host calls a page of its own, about a file that it does not give out.
PAGES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml")


@dataclass(slots=True)
class OpenFile:
    """A file that is being fetched; its reader closes it.

    `length`: the bytes that will come, None where the host does not say. `span`: where they lie in the file, where less
    than the whole was asked for. `etag` and `last_modified` are "" where there is none to pass on.
    """

    response: requests.Response
    pieces: Iterator[bytes]
    length: int | None
    span: Span | None = None
    etag: str = ""
    last_modified: str = ""
    has_ranges: bool = False

    def __iter__(self) -> Iterator[bytes]:
        """The bytes. Raises what breaks the stream, so that a part of a file never looks like the whole of it."""
        try:
            yield from self.pieces
        except (HTTPError, OSError, BrokenOff):
            logger.warning("The file host broke off a download after %s bytes", self.response.raw.tell())
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Gives the connection back."""
        self.response.close()


def open_link(link: SignedLink, *, hosts: Sequence[str], now: datetime, wanted: WantedRange | None = None) -> OpenFile:
    """Opens the file behind a link, up to the first byte of its body. `hosts` is the setting DOWNLOAD_HOSTS.

    `now` is by the API's clock. `wanted` is cut out here where the host does not do that; the whole file comes where it
    has changed since, or its length is not known. Raises CannotDownload, of the kind "not-in-file" where the file has
    none of the bytes.
    """
    check_expiry(link, now)
    with deadline.within(min(PATIENCE, deadline.remaining())):
        response = _follow(link.reveal(), hosts, wanted)
        try:
            file = _opened(response, wanted)
        except CannotDownload:
            response.close()
            raise
    if file is None and wanted is not None:
        response.close()
        return open_link(link, hosts=hosts, now=now)
    if file is None:
        raise CannotDownload("broken")
    return file


def _follow(url: str, hosts: Sequence[str], wanted: WantedRange | None) -> requests.Response:
    """The first answer that is no redirect; each place that one leads to is checked as the first was."""
    headers = {} if wanted is None else {"Range": str(wanted)}
    if wanted is not None and wanted.if_range:
        headers["If-Range"] = wanted.if_range
    for _ in range(MOST_REDIRECTS + 1):
        is_named = check_host(url, hosts)
        try:
            response = ask("GET", url, headers, public_only=not is_named)
        except NoAnswer as error:
            raise CannotDownload(error.kind, host=host_of(url)) from None
        if not response.is_redirect:
            return response
        response.close()
        try:
            url = urljoin(url, response.headers["Location"])
        except ValueError:
            break
    raise CannotDownload("broken")


def _opened(response: requests.Response, wanted: WantedRange | None) -> OpenFile | None:
    """The file in an answer; None where it holds a range of another file than the one that was meant."""
    status, headers = response.status_code, response.headers
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if status == 416 and wanted is not None:
        raise CannotDownload("not-in-file", status=status, total=_total_of_416(headers, wanted))
    if status in (401, 403, 404, 410):
        raise CannotDownload("gone", status=status)
    if status not in ((200,) if wanted is None else (200, 206)) or encoding not in (*PLAIN, *ENCODINGS):
        raise CannotDownload("broken", status=status)
    length = _length(headers)
    # What is said to have no bytes is packed in nothing.
    is_plain = encoding in PLAIN or length == 0
    file = OpenFile(response, iter(()), length if is_plain else None)
    if is_plain:
        file.etag = ranges.read_tag(headers.get("ETag", ""))
        file.last_modified = ranges.read_date(headers.get("Last-Modified", ""))
        file.has_ranges = file.length is not None or headers.get("Accept-Ranges", "").strip().lower() == "bytes"
    if wanted is not None and status == 206:
        if wanted.if_range.startswith('"') and file.etag and file.etag != wanted.if_range:
            return None  # a host that understands Range and not If-Range
        _take_span(file, wanted, is_plain=is_plain)
    elif wanted is not None and file.length is not None and _is_meant(file, wanted):
        return _cut_out(file, wanted, file.length)
    pieces = _pieces(response) if is_plain else unpacked(_pieces(response), encoding)
    is_page = _says_page(headers) and (file.span is None or file.span.first == 0)
    file.pieces = _exactly(_begun(pieces, file.length, is_page=is_page), file.length)
    return file


def _says_page(headers: requests.structures.CaseInsensitiveDict[str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() in PAGES


def _length(headers: requests.structures.CaseInsensitiveDict[str]) -> int | None:
    """The length that the host tells, where it can be believed: where it cannot, none is better, as a reader will."""
    text = headers.get("Content-Length", "")
    is_number = text.isascii() and text.isdigit() and len(text) <= 18
    return int(text) if is_number and "Transfer-Encoding" not in headers else None


def _total_of_416(headers: requests.structures.CaseInsensitiveDict[str], wanted: WantedRange) -> int | None:
    total = ranges.read_total(headers.get("Content-Range", ""))
    if total is not None and wanted.within(total) is not None:
        raise CannotDownload("broken", status=416)
    return total


def _take_span(file: OpenFile, wanted: WantedRange, *, is_plain: bool) -> None:
    """Notes the span of a 206. One that is not what was asked for would be spliced into somebody's file."""
    span = ranges.read_content_range(file.response.headers.get("Content-Range", ""))
    if span is None or not wanted.fits(span) or not is_plain or file.length not in (None, span.length):
        raise CannotDownload("broken", status=206)
    file.span, file.length, file.has_ranges = span, span.length, True


def _is_meant(file: OpenFile, wanted: WantedRange) -> bool:
    return wanted.if_range in ("", file.etag, file.last_modified)


def _cut_out(file: OpenFile, wanted: WantedRange, total: int) -> OpenFile:
    """The bytes that were asked for, of a host that sends the whole file all the same."""
    span = wanted.within(total)
    if span is None:
        raise CannotDownload("not-in-file", total=total)
    begun = _begun(_pieces(file.response), total, is_page=_says_page(file.response.headers))
    pieces = _exactly(begun, total)
    return replace(file, pieces=_between(pieces, span), span=span, length=span.length)


def _begun(pieces: Iterator[bytes], length: int | None, *, is_page: bool) -> Iterator[bytes]:
    """The pieces of a body of `length` bytes. What comes first is there already, a small file as a whole: what breaks
    off at once is still a page that says so.

    `is_page`: the host says that it is one, which is believed where it begins so. Many hosts name the type wrongly.
    """
    first = b""
    try:
        while len(first) < min(CHUNK if length is None else length, CHUNK):
            piece = next(pieces, b"")
            first += piece
            if not piece or length is None or length > CHUNK:
                break
    except (HTTPError, OSError, BrokenOff) as error:
        raise CannotDownload(kind_of_break(error)) from None
    if is_page and first.removeprefix(BOM_UTF8).lstrip().startswith(b"<"):
        raise CannotDownload("broken")
    return chain([first] if first else [], pieces)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    # Whatever has arrived, and not a full chunk: a slow host's bytes are passed on as they come.
    while piece := bytes(response.raw.read1(CHUNK, decode_content=False)):
        yield piece


def _exactly(pieces: Iterator[bytes], length: int | None) -> Iterator[bytes]:
    """The pieces, if they are `length` bytes. Raises BrokenOff."""
    left = length
    for piece in pieces:
        if left is not None:
            left -= len(piece)
            if left < 0:
                raise BrokenOff("The file host sent more bytes than it had said.")
        yield piece
    if left:
        raise BrokenOff("The file host sent fewer bytes than it had said.")


def _between(pieces: Iterator[bytes], span: Span) -> Iterator[bytes]:
    place = 0
    for piece in pieces:
        begin, end = max(span.first - place, 0), span.last + 1 - place
        place += len(piece)
        if wanted := piece[begin:end]:
            yield wanted
        if place > span.last:
            return
