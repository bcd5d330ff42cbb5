"""One bare request to a file host: no token, cookie, referer, netrc or proxy of the environment."""

from __future__ import annotations

import math
import socket
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from jobs_ui.downloads.causes import PrivateAddress, kind_of_failure
from jobs_ui.downloads.hosts import is_global
from jobs_ui.downloads.problems import CannotDownload
from jobs_ui.jobs_api import SignedLink
from jobs_ui.jobs_api.sockets import BoundedHTTPConnection, BoundedHTTPSConnection, BoundedResponse

TIMEOUTS = (3.05, 15.0)


class _FileResponse(BoundedResponse):
    most_bytes = math.inf  # a file may be as long as it is: it is passed on, not kept


class _Connection(BoundedHTTPConnection):
    response_class = _FileResponse


class _TLSConnection(BoundedHTTPSConnection):
    response_class = _FileResponse


class _PublicConnection(_TLSConnection):
    """Looks at the address that it has really connected to, before a byte is sent: a name may change in between."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        if not is_global(connection.getpeername()[0]):
            connection.close()
            raise PrivateAddress
        return connection


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


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


def get(url: str, headers: Mapping[str, str], *, public_only: bool) -> requests.Response:
    """The answer of a host, its body not yet read. `headers` are sent besides our own.

    `public_only`: https, and no private address. Raises CannotDownload. Ends at the deadline of `jobs_api.deadline`.
    """
    session = _Session()
    session.trust_env = False
    session.headers = requests.structures.CaseInsensitiveDict(
        {"User-Agent": "jobs-console", "Accept": "*/*", "Accept-Encoding": "identity", **headers}
    )
    session.mount("https://", _Adapter({"https": _PublicPool if public_only else _TLSPool}))
    session.mount("http://", _Adapter({"http": _Pool}))
    try:
        # The session is not closed here: its connection is the body's. Closing the response gives both back.
        return session.get(url, stream=True, allow_redirects=False, timeout=TIMEOUTS)
    except (requests.RequestException, OSError, ValueError) as error:
        # Not chained: the library's errors show the address, signature included.
        kind = kind_of_failure(error)
    raise CannotDownload(kind, host=SignedLink(url).host)
