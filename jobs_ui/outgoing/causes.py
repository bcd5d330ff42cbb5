"""What lies behind an error of the libraries: not allowed, not reached, too slow, or broken."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Literal

from requests import exceptions as by_requests
from urllib3 import exceptions as by_urllib3

# Of the first that is in this list, an error is: a time-out of connecting is also one of waiting.
_NOT_REACHED = (
    by_urllib3.NewConnectionError,
    by_urllib3.ConnectTimeoutError,
    by_urllib3.SSLError,
    by_urllib3.LocationValueError,
    by_requests.ConnectTimeout,
    by_requests.InvalidURL,
    by_requests.InvalidSchema,
    ssl.SSLError,
    UnicodeError,
)
_TOO_SLOW = (by_urllib3.ReadTimeoutError, by_requests.ReadTimeout, TimeoutError)


Kind = Literal["not-allowed", "not-reachable", "too-slow", "broken"]


class PrivateAddress(OSError):
    """A public name led to an address that is not."""


def kind_of_failure(error: BaseException) -> Kind:
    """Why a request got no answer."""
    causes = list(_causes(error))
    if any(isinstance(cause, PrivateAddress) for cause in causes):
        return "not-allowed"
    if any(isinstance(cause, _NOT_REACHED) for cause in causes):
        return "not-reachable"
    return kind_of_break(error)


def kind_of_break(error: BaseException) -> Literal["too-slow", "broken"]:
    """Why the body of an answer ended early."""
    return "too-slow" if any(isinstance(cause, _TOO_SLOW) for cause in _causes(error)) else "broken"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of, so many as there can be in earnest."""
    waiting: list[object] = [error]
    for _ in range(30):
        if not waiting:
            break
        cause = waiting.pop(0)
        if isinstance(cause, BaseException):
            yield cause
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
