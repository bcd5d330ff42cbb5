"""The bearer token of a store: got once, shared by all threads of a process, renewed when it is due or refused."""

from __future__ import annotations

import copy
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from . import deadline
from .exceptions import JobsApiError, TimedOut, UnreadableAnswer

# Visible ASCII: whatever else is in a token could not be sent in a header, or would end it.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_MARGIN = 60.0
_MARGIN_SHARE = 0.2
_LONGEST_LIFE = 366 * 86_400.0

PostForm = Callable[[Mapping[str, str]], object]
"""Sends a form to the token endpoint and returns the decoded JSON of a 2xx answer; raises `JobsApiError` otherwise."""


class HiddenForm(Mapping[str, str]):
    """A form that does not show its values, for the sake of tracebacks with local variables."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.__values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self.__values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__values)

    def __len__(self) -> int:
        return len(self.__values)

    def __repr__(self) -> str:
        return f"<form with {', '.join(self.__values)}>"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: float
    """On the monotonic clock; infinity where the answer did not say how long it lives."""


class ClientCredentialsAuth(AuthBase):
    """Adds the token of the client-credentials grant to requests to one origin.

    `post_form` is how the token endpoint is called; `clock` (monotonic, seconds) and `wall_clock` (epoch seconds) are
    there for tests. Nothing is fetched before the first use.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        post_form: PostForm,
        origin: str,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._form = HiddenForm(
            {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        )
        self._post_form = post_form
        self._origin = origin_of(origin)
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._current: _Token | None = None
        self._fetches = 0
        self._failure: JobsApiError | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._origin}>"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header, where the request goes to the store's own origin. Raises `JobsApiError`."""
        if origin_of(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """Return the token, getting one first where there is none that still holds. Raises `JobsApiError`."""
        current = self._current
        if current is not None and self._clock() < current.renew_at:
            return current.value
        return self._renewed()

    def invalidate(self, token: str) -> None:
        """Forget `token`, which was refused, unless another has taken its place already."""
        with self._state():
            if self._current is not None and self._current.value == token:
                self._current = None

    def secrets(self) -> tuple[str, ...]:
        """Return what must not be seen in any text: the client's secret and the token."""
        current = self._current
        return (self._form["client_secret"], *([current.value] if current else ()))

    def _state(self) -> _TimedLock:
        return _TimedLock(self._lock)

    def _renewed(self) -> str:
        fetches_seen = self._fetches
        with self._state():
            current = self._current
            if current is not None and self._clock() < current.renew_at:
                return current.value
            # Whoever waited while another thread's attempt failed shares its outcome: a crowd of threads must not knock
            # at a closed door one after the other.
            if self._failure is not None and self._fetches != fetches_seen:
                raise copy.copy(self._failure)
            try:
                self._current = self._fetch()
                self._failure = None
            except JobsApiError as error:
                self._failure = copy.copy(error)  # without its traceback, which would keep frames alive
                raise
            finally:
                self._fetches += 1
            return self._current.value

    def _fetch(self) -> _Token:
        asked_at = self._clock()
        # The answer is bound to no name here: this frame is in the traceback of the error, and a page or tracker that
        # shows local variables would show the token.
        token = self._read(self._post_form(self._form), asked_at)
        if token is None:
            raise UnreadableAnswer(detail="the token endpoint gave no usable token")
        return token

    def _read(self, answer: object, asked_at: float) -> _Token | None:
        # Jobs API: flat in the guide, wrapped in "data" in the OpenAPI text.
        if isinstance(answer, dict) and isinstance(answer.get("data"), dict):
            answer = answer["data"]
        if not isinstance(answer, dict):
            return None
        value = answer.get("access_token")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            return None
        life = self._life(answer)
        margin = min(_MARGIN, life * _MARGIN_SHARE)
        return _Token(value, asked_at + life - margin)

    def _life(self, answer: Mapping[str, object]) -> float:
        """Return the token's life in seconds; infinity ("until it is refused") where nothing sensible is said."""
        candidates = (_number(answer.get("expires_in")), _number(answer.get("expires")) - self._wall_clock())
        return next((life for life in candidates if 0 < life <= _LONGEST_LIFE), math.inf)


class _TimedLock:
    """A lock whose waiters give up at the deadline of their call."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        left = deadline.remaining()
        if not self._lock.acquire(timeout=-1 if math.isinf(left) else min(left, threading.TIMEOUT_MAX)):
            raise TimedOut(detail="another thread was still waiting for a token")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL, the default port filled in."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None
    return parts.scheme, parts.hostname or "", port


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
