"""The HTTP session of the client: what keeps a hostile or broken server from holding a thread or filling the memory."""

from __future__ import annotations

import io
import ipaddress
import math
import socket
from collections.abc import Callable
from functools import partial
from http import client as http_client
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

from . import deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Far above any body that the client accepts: urllib3 reads the whole body of an answer that it throws away before a
# retry.
_MAX_WIRE_BYTES = 64 * 1024 * 1024
_POOL_SIZE = 40  # more than a worker has threads, or connections would be thrown away under load


class _BoundedSocket(io.RawIOBase):
    """A socket's reading end whose every read ends at the call's deadline, and that stops after too many bytes.

    A read time-out starts anew with each byte, so that a server sending one a second could hold a thread for ever, in
    the headers as well as in the body. This lies below both.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._patience = sock.gettimeout()
        self._left = _MAX_WIRE_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        left = deadline.remaining()
        if left <= 0:
            raise TimeoutError("the deadline of the call has passed")
        if self._left <= 0:
            raise OSError("the answer is too long")
        patience = min(left, math.inf if self._patience is None else self._patience)
        self._sock.settimeout(None if math.isinf(patience) else patience)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http_client.HTTPResponse):
    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        # The standard library gives a buffered reader over the socket's file; the bound goes between the two.
        assert isinstance(self.fp, io.BufferedReader)  # noqa: S101 - narrows a private type
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_BoundedSocket(sock, raw))


def _connect_patience(connection: HTTPConnection) -> float | None:
    """Return the connect time-out, so shared between a name's addresses that trying all of them meets the deadline."""
    left = deadline.remaining()
    patience = connection.timeout
    if math.isinf(left):
        return patience
    try:
        found = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []  # urllib3 meets the same fault next and has the better words for it
    # Never 0, which would mean "do not block".
    share = max(left / max(1, len(found)), 0.001)
    return share if patience is None else min(patience, share)


class _HTTPConnection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        self.timeout = _connect_patience(self)
        return super()._new_conn()


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        self.timeout = _connect_patience(self)
        return super()._new_conn()


BeforeRequest = Callable[[], None]
"""Called on the calling thread before each attempt to send a request; what it raises ends the call."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection

    def __init__(self, *args: Any, before_request: BeforeRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before_request = before_request

    def urlopen(self, *args: Any, **kwargs: Any) -> Any:
        # urllib3 repeats a request by calling this anew, so that it is here where repeats can be counted.
        self._before_request()
        return super().urlopen(*args, **kwargs)


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection

    def __init__(self, *args: Any, before_request: BeforeRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before_request = before_request

    def urlopen(self, *args: Any, **kwargs: Any) -> Any:
        self._before_request()
        return super().urlopen(*args, **kwargs)


class _Adapter(HTTPAdapter):
    def __init__(self, retries: Retry, before_request: BeforeRequest) -> None:
        self._before_request = before_request
        super().__init__(max_retries=retries, pool_maxsize=_POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):  # SOCKS needs its own kind of connection
            self._bound(manager)
        return manager

    def _bound(self, manager: PoolManager) -> None:
        # urllib3 only ever calls them.
        pools: dict[str, Any] = {"http": _HTTPPool, "https": _HTTPSPool}
        manager.pool_classes_by_scheme = {
            scheme: cast("type", partial(pool, before_request=self._before_request)) for scheme, pool in pools.items()
        }


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing: `allow_redirects=False` alone still reads the body of a redirect, however long."""


def open_session(
    *,
    base_url: str,
    user_agent: str,
    retries: Retry,
    token_url: str,
    token_retries: Retry,
    before_request: BeforeRequest,
) -> requests.Session:
    """Return a session for several threads: no cookies, no redirects, bounded in time and bytes.

    `token_url` has a retry policy of its own. `before_request` is called before each attempt, repeats included. Proxies
    and certificate bundles are taken from the environment, as companies need them, except where `base_url` is this
    machine itself.
    """
    session = _Session()
    # A cookie would make threads share state that nobody asked for.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not _is_loopback(urlsplit(base_url).hostname or "")
    session.headers["User-Agent"] = user_agent
    session.headers["Accept"] = "application/json"
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(retries, before_request))
    session.mount(token_url, _Adapter(token_retries, before_request))
    return session


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
