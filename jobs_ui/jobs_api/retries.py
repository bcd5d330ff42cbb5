"""When a call is sent again, and how long it waits before."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Collection
from email.utils import mktime_tz, parsedate_tz
from types import TracebackType
from typing import Self

from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from . import deadline

READ_RETRIED = frozenset({429, 502, 503, 504})
"""Statuses after which a GET is sent again. Not 500: that is an answer about this call, and repeats itself."""
TOKEN_RETRIED = READ_RETRIED | {500}
RETRY_AFTER_MAX = 8
"""Seconds that are waited at the API's request; a longer wait is the caller's to decide."""

_MAX_BACKOFF = 4.0


def retry_after_seconds(text: str | None) -> float | None:
    """Return what a `Retry-After` header asks for, in seconds from now, or None where it asks for nothing readable."""
    if text is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return float(text)
    try:
        date = parsedate_tz(text)
        return None if date is None else max(0.0, mktime_tz(date) - time.time())
    except (ValueError, OverflowError):
        return None


class DeadlineRetry(Retry):
    """urllib3's `Retry`, which never waits past the deadline of the call, and never repeats an unlisted method.

    Differences: a `Retry-After` above the bound, or any pause that ends after the deadline, gives up at once instead
    of waiting in vain; the first repeat pauses as well; and a method that may not be repeated is not repeated after
    TLS and connection faults either, where urllib3 does not ask for the method.
    """

    RETRY_AFTER_STATUS_CODES = frozenset({429, 503})

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Return the policy for the next try. Raises urllib3's `MaxRetryError` where there is to be none."""
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        allowed = method is not None and self._is_method_retryable(method)
        if not allowed or following.pause(response) >= deadline.remaining():
            reason = error or ResponseError("not worth waiting for")
            raise MaxRetryError(_pool, url or "", reason) from None  # type: ignore[arg-type]  # urllib3 does it, too
        return following

    def pause(self, response: BaseHTTPResponse | None = None) -> float:
        """Return the seconds to wait before the next try; infinity where the API asks for more than the bound."""
        asked = self.get_retry_after(response) if response is not None else None
        if asked is None:
            return self.get_backoff_time()
        return asked if asked <= self.retry_after_max else float("inf")

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds that the answer asks to wait; an unreadable header asks for none."""
        return retry_after_seconds(response.headers.get("Retry-After"))

    def get_backoff_time(self) -> float:
        """Return the seconds of this try's back-off: doubling, with jitter, from the first repeat on."""
        doubled = self.backoff_factor * 2 ** max(0, len(self.history) - 1)
        jitter = random.random() * self.backoff_jitter  # noqa: S311 - spreads load, protects nothing
        return float(min(doubled, self.backoff_max)) + jitter

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next try, at most to the deadline."""
        time.sleep(min(self.pause(response), deadline.remaining()))


def retry_policy(methods: Collection[str], statuses: Collection[int], *, total: int, backoff: float) -> DeadlineRetry:
    """Return the policy: at most `total` repeats of `methods` after connection faults and `statuses`.

    `backoff` is the first pause in seconds; up to the same again is added at random. The last answer is returned, not
    raised: what it means is decided in one place, by the client.
    """
    return DeadlineRetry(
        total=total,
        redirect=0,
        allowed_methods=methods,
        status_forcelist=statuses,
        backoff_factor=backoff,
        backoff_jitter=backoff,
        backoff_max=_MAX_BACKOFF,
        raise_on_status=False,
        raise_on_redirect=False,
        retry_after_max=RETRY_AFTER_MAX,
    )
