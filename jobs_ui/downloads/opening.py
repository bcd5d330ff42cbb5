"""From a part of an export to its bytes: the link is checked, then the file is streamed.

A signed link is a secret, and its address is somebody else's word: it goes only to hosts that are allowed, never to a
private address behind a public name, and without the API's token, a cookie or a referer.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from jobs_ui.jobs_api import SignedLink

logger = logging.getLogger(__name__)

TIMEOUTS = (3.05, 15.0)
MOST_REDIRECTS = 3
CHUNK = 64 * 1024
# The host's clock and ours may differ by so much before a link is called expired.
CLOCK_LEEWAY = timedelta(seconds=60)


class CannotDownload(Exception):
    """The file cannot be had. `kind` says why; `status` is the file host's, where it answered."""

    def __init__(
        self, kind: Literal["expired", "gone", "not-allowed", "broken", "not-reachable"], *, status: int | None = None
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


class _PrivateAddress(OSError):
    """A public name led to an address that is not."""


@dataclass(slots=True)
class OpenFile:
    """A file that is being fetched; its reader closes it. `length` is in bytes, None where the host does not say."""

    response: requests.Response
    length: int | None
    first: bytes
    rest: Iterator[bytes]

    def __iter__(self) -> Iterator[bytes]:
        """The bytes. Raises what breaks the stream, so that a part of a file never looks like the whole of it."""
        try:
            yield self.first
            yield from self.rest
        except (HTTPError, OSError):
            logger.warning("The file host broke off a download after %s bytes", self.response.raw.tell())
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Gives the connection back."""
        self.response.close()


def open_link(link: SignedLink, *, hosts: Sequence[str], now: datetime) -> OpenFile:
    """Opens the file behind a link, up to the first byte of its body. `hosts` is the setting DOWNLOAD_HOSTS.

    `now` is by the API's clock. Raises CannotDownload.
    """
    if link.expires_at is not None and link.expires_at + CLOCK_LEEWAY < now:
        raise CannotDownload("expired")
    url = link.reveal()
    for _ in range(MOST_REDIRECTS + 1):
        is_named = _check(url, hosts)
        response = _get(url, public_only=not is_named)
        if not response.is_redirect:
            return _opened(response)
        response.close()
        try:
            url = urljoin(url, response.headers["Location"])
        except ValueError:
            break
    raise CannotDownload("broken")


def _check(url: str, hosts: Sequence[str]) -> bool:
    """Whether the host is named in the settings; any other needs https, and may come only where none is named."""
    # The link's class knows the host that both URL parsers agree on, and none where they do not.
    host = SignedLink(url).host
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    scheme = urlsplit(url).scheme.lower() if host else ""
    if any(_covers(pattern, host, name) for pattern in hosts) and scheme in ("http", "https"):
        return True
    if hosts or scheme != "https":
        raise CannotDownload("not-allowed")
    return False


def _covers(pattern: str, host: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return pattern in (host, name)


class _PublicConnection(HTTPSConnection):
    """Looks at the address that it has really connected to, before a byte is sent: a name may change in between."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        address = ipaddress.ip_address(connection.getpeername()[0].split("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        if not (mapped or address).is_global or address.is_multicast:
            connection.close()
            raise _PrivateAddress
        return connection


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    # Any: requests' own signature.
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing: `allow_redirects=False` alone still reads the body of a redirect, however long."""


def _get(url: str, *, public_only: bool) -> requests.Response:
    """The answer of a host to a bare request: no token, cookie, referer, netrc or proxy of the environment."""
    session = _Session()
    session.trust_env = False
    session.headers = requests.structures.CaseInsensitiveDict(
        {"User-Agent": "jobs-console", "Accept": "*/*", "Accept-Encoding": "identity"}
    )
    if public_only:
        session.mount("https://", _PublicAdapter())
    try:
        # The session is not closed here: its connection is the body's. Closing the response gives both back.
        return session.get(url, stream=True, allow_redirects=False, timeout=TIMEOUTS)
    except (requests.RequestException, OSError, ValueError) as error:
        # Not chained: the library's errors show the address, signature included.
        kind = _kind_of(error)
    raise CannotDownload(kind)


def _kind_of(error: BaseException) -> Literal["not-allowed", "not-reachable"]:
    seen: BaseException | None = error
    waiting: list[object] = [seen]
    for _ in range(20):
        if not waiting:
            break
        cause = waiting.pop()
        if isinstance(cause, _PrivateAddress):
            return "not-allowed"
        if isinstance(cause, BaseException):
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return "not-reachable"


def _opened(response: requests.Response) -> OpenFile:
    status = response.status_code
    if status != requests.codes.ok:
        response.close()
        if status in (401, 403, 404, 410):
            raise CannotDownload("gone", status=status)
        raise CannotDownload("broken", status=status)
    # Where the host gives another length than that of the bytes passed on, none is better: a reader believes it.
    encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    text = response.headers.get("Content-Length", "")
    is_known = text.isascii() and text.isdigit() and not encoded and "Transfer-Encoding" not in response.headers
    rest = response.raw.stream(CHUNK, decode_content=True)
    try:
        # Read before anything is answered: a file that breaks off at once is still a page that says so.
        first = next(rest, b"")
    except (HTTPError, OSError):
        response.close()
        raise CannotDownload("broken") from None
    return OpenFile(response, int(text[:20]) if is_known else None, first, rest)
