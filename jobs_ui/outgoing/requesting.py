"""One bare request to somebody else's host: no token, cookie, referer, netrc or proxy of the environment."""

from __future__ import annotations

import math
import socket
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from jobs_ui.jobs_api.sockets import BoundedHTTPConnection, BoundedHTTPSConnection, BoundedResponse
from jobs_ui.outgoing.causes import Kind, PrivateAddress, kind_of_failure
from jobs_ui.outgoing.hosts import is_global

TIMEOUTS = (3.05, 15.0)
"""Seconds to connect, and to wait for the next byte."""


class NoAnswer(Exception):
    """No answer came. `kind` says why. The address, which may be a secret, is not in it."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind: Kind = kind


def ask(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    body: bytes | None = None,
    public_only: bool,
    most_bytes: float = math.inf,
) -> requests.Response:
    """The answer of a host, its body not yet read; whoever reads it closes it. `headers` are sent besides our own.

    `public_only`: https, and no private address. `most_bytes`: what is read of the answer at most, headers included.
    No redirect is followed. Raises NoAnswer. Ends at the deadline of `jobs_api.deadline`.
    """
    session = _Session()
    session.trust_env = False
    session.headers = requests.structures.CaseInsensitiveDict(
        {"User-Agent": "jobs-console", "Accept": "*/*", "Accept-Encoding": "identity", **headers}
    )
    pools = _pools(most_bytes)
    session.mount("https://", _Adapter({"https": pools["public" if public_only else "https"]}))
    session.mount("http://", _Adapter({"http": pools["http"]}))
    try:
        # The session is not closed here: its connection is the body's. Closing the response gives both back.
        return session.request(method, url, data=body, stream=True, allow_redirects=False, timeout=TIMEOUTS)
    except (requests.RequestException, OSError, ValueError) as error:
        # Not chained: the library's errors show the address, signature included.
        kind = kind_of_failure(error)
    raise NoAnswer(kind)


@lru_cache(maxsize=8)
def _pools(most: float) -> dict[str, type[HTTPConnectionPool]]:
    """The kinds of connections whose answers end after `most` bytes. urllib3 is told of them by class."""

    class Response(BoundedResponse):
        most_bytes = most

    class Connection(BoundedHTTPConnection):
        response_class = Response

    class TLSConnection(BoundedHTTPSConnection):
        response_class = Response

    class PublicConnection(TLSConnection):
        """Looks at the address that it has really connected to, before a byte is sent: a name may change in between."""

        def _new_conn(self) -> socket.socket:
            connection = super()._new_conn()
            if not is_global(connection.getpeername()[0]):
                connection.close()
                raise PrivateAddress
            return connection

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TLSPool(HTTPSConnectionPool):
        ConnectionCls = TLSConnection

    class PublicPool(HTTPSConnectionPool):
        ConnectionCls = PublicConnection

    return {"http": Pool, "https": TLSPool, "public": PublicPool}


class _Adapter(HTTPAdapter):
    def __init__(self, pools: Mapping[str, type[HTTPConnectionPool]]) -> None:
        self._pools = dict(pools)
        super().__init__()

    # Any: requests' own signature.
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing: `allow_redirects=False` alone still reads the body of a redirect, however long."""
