"""The HTTP session of the client: what keeps a hostile or broken server from holding a thread or filling the memory."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

from .sockets import BoundedHTTPConnection, BoundedHTTPSConnection

_POOL_SIZE = 40  # more than a worker has threads, or connections would be thrown away under load


BeforeRequest = Callable[[], None]
"""Called on the calling thread before each attempt to send a request; what it raises ends the call."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = BoundedHTTPConnection

    def __init__(self, *args: Any, before_request: BeforeRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before_request = before_request

    def urlopen(self, *args: Any, **kwargs: Any) -> Any:
        # urllib3 repeats a request by calling this anew, so that it is here where repeats can be counted.
        self._before_request()
        return super().urlopen(*args, **kwargs)


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = BoundedHTTPSConnection

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
