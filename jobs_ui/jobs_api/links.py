"""Signed download links: whoever has one can fetch the file, so they are handled as secrets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Never
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from .text import clean_line, without_query

_MAX_LINKS = 10_000
_MAX_URL = 16_384
_MAX_NAME = 200
_MAX_SUFFIX = 16


class SignedLink:
    """A link to one file of an export.

    `repr()`, `str()` and JSON show it without its query; pickling is refused; only `reveal()` returns the URL.
    """

    __slots__ = ("__url", "expires_at", "host", "name")

    name: str
    """The file's name: no directory, no control characters, at most 200 characters; "" where the URL has none."""
    host: str
    """`host` or `host:port` in lower case, without user and password; "" where it cannot be told with certainty."""
    expires_at: datetime | None
    """When the link goes dead (aware, UTC), from `Expires` (epoch seconds) or `X-Amz-Date` + `X-Amz-Expires`."""

    def __init__(self, url: str) -> None:
        self.__url = url.encode("utf-8", "replace").decode("utf-8")
        self.name = _file_name(self.__url)
        self.host = host_of(self.__url)
        self.expires_at = _expiry(self.__url)

    def reveal(self) -> str:
        """Return the whole URL, signature included: for a request, never for a page, a log or a database."""
        return self.__url

    def __str__(self) -> str:
        return without_query(self.__url)

    def __repr__(self) -> str:
        return f"<SignedLink {str(self)!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SignedLink) and self.__url == other.__url

    def __hash__(self) -> int:
        return hash(self.__url)

    def __reduce__(self) -> Never:
        # Caches and queues pickle: a link that gets there is stored in the open. Loud is better than leaked.
        raise TypeError("a signed link is a secret and is not pickled; store its name")

    def __copy__(self) -> SignedLink:
        return self

    def __deepcopy__(self, memo: object) -> SignedLink:
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.is_instance_schema(cls, serialization=shown)


def read_links(value: object) -> tuple[SignedLink, ...] | None:
    """Return the links of `meta.file_locations`, in order.

    Jobs API: null while the job is pending, then a list of URLs, documented once as a plain string; it may be empty
    even on success. None means "not written (yet)". Entries that are no text, empty or absurdly long are left out.
    """
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return None
    usable = (url for url in value[:_MAX_LINKS] if isinstance(url, str) and 0 < len(url) <= _MAX_URL)
    return tuple(SignedLink(url) for url in usable)


def _file_name(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    # Decoded before it is split: an encoded slash is a slash to whoever saves the file.
    last = unquote(path).replace("\\", "/").rsplit("/", 1)[-1]
    # Category C: controls, invisible formatting such as right-to-left overrides, surrogates.
    shown = "".join(character for character in last if not unicodedata.category(character).startswith("C"))
    # What follows would be parameters, signature included, where somebody has encoded their question mark.
    shown = clean_line(re.split(r"[?#&;]", shown, maxsplit=1)[0], _MAX_URL).strip(" .")
    if len(shown) <= _MAX_NAME:
        return shown
    stem, dot, suffix = shown.rpartition(".")
    if not dot or len(suffix) > _MAX_SUFFIX:
        return shown[:_MAX_NAME]
    return stem[: _MAX_NAME - len(suffix) - 1] + "." + suffix


def host_of(url: str) -> str:
    """Return `host` or `host:port` in lower case, without user and password; "" where it is not certain."""
    try:
        by_urllib3, by_stdlib = parse_url(url), urlsplit(url)
        # The two disagree on crafted URLs (a backslash before an @). The one that is checked must be the one that is
        # called, so such a URL has no host.
        if not by_urllib3.host or by_urllib3.host.strip("[]").lower() != (by_stdlib.hostname or ""):
            return ""
        host = by_urllib3.host.lower()
        return clean_line(host if by_urllib3.port is None else f"{host}:{by_urllib3.port}")
    except (LocationParseError, ValueError):
        return ""


def _expiry(url: str) -> datetime | None:
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=100)
        query = {name.lower(): value for name, value in pairs}
        if "expires" in query:
            return datetime.fromtimestamp(_seconds(query["expires"]), UTC)
        return _amazon_expiry(query)
    except (ValueError, OverflowError, OSError):
        return None


def _amazon_expiry(query: Mapping[str, str]) -> datetime | None:
    if "x-amz-date" not in query or "x-amz-expires" not in query:
        return None
    signed = datetime.strptime(query["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return signed + timedelta(seconds=_seconds(query["x-amz-expires"]))


def _seconds(text: str) -> int:
    # Eleven digits reach the year 5138; more would be milliseconds or nonsense.
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise ValueError("not a number of seconds")
    return int(text)
