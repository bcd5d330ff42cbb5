"""The one place where answers and faults become errors of this client."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from http.client import BadStatusLine, HTTPException, RemoteDisconnected
from urllib.parse import quote, quote_plus

import requests
from urllib3 import exceptions as urllib3_errors

from .exceptions import (
    CredentialsRefused,
    Forbidden,
    JobsApiError,
    NotFound,
    NotReachable,
    RateLimited,
    Refused,
    TimedOut,
    UnreadableAnswer,
    UpstreamFailure,
)
from .retries import retry_after_seconds
from .schemas import ApiError
from .text import ELLIPSIS

_BY_STATUS: dict[int, type[JobsApiError]] = {
    401: CredentialsRefused,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}
_SHORTEST_SECRET = 8

# Everything that requests and urllib3 raise; the last three come out of them for odd URLs, headers and sockets.
HTTP_FAULTS = (requests.RequestException, urllib3_errors.HTTPError, HTTPException, OSError, ValueError)


def failure_of_answer(
    status: int,
    headers: requests.structures.CaseInsensitiveDict[str],
    reason: str,
    body: object,
    secrets: Collection[str],
) -> JobsApiError:
    """Return the error for an answer of a status other than 2xx.

    `body` is its decoded JSON, or None; `reason` is the status line's words, for answers without an envelope. A text
    that echoes one of `secrets` loses it.
    """
    said = ApiError.from_api(body)
    request_id = said.request_id or headers.get("X-Request-Id", "")
    if 300 <= status < 400:
        return UnreadableAnswer(
            status=status,
            detail="it is a redirect, which is not followed because the token must not leave this address",
            request_id=without(secrets, request_id),
        )
    family = _BY_STATUS.get(status)
    if family is None:
        family = UpstreamFailure if status >= 500 else Refused if status >= 400 else UnreadableAnswer
    return family(
        status=status,
        title=without(secrets, said.title or reason),
        detail=without(secrets, said.detail),
        request_id=without(secrets, request_id),
        retry_after=retry_after_seconds(headers.get("Retry-After")),
    )


def failure_of_token(error: JobsApiError) -> JobsApiError:
    """Return what an error of the token endpoint means: there, 400 and 403 are about the credentials too."""
    family: type[JobsApiError]
    if error.status in (400, 401, 403):
        family, detail = CredentialsRefused, error.detail
    elif error.status is not None and 400 <= error.status < 500 and error.status != 429:
        family, detail = UnreadableAnswer, "there is no token endpoint at the configured base URL"
    else:
        return error
    return family(status=error.status, title=error.title, detail=detail, request_id=error.request_id)


def failure_of_fault(fault: BaseException) -> JobsApiError:
    """Return the error for an exception of the HTTP libraries, in words that hold no URL, header or body."""
    family, detail = _explain(list(_causes(fault)))
    return family(detail=detail)


def without(secrets: Collection[str], text: str) -> str:
    """Return `text` without the secrets, as they are or as they look in a form or a URL."""
    for secret in secrets:
        # A short one could be any word (a demo's secret is "sandbox"); taking it out would garble every sentence.
        if len(secret) >= _SHORTEST_SECRET:
            for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(form, ELLIPSIS)
    return text


def _explain(causes: list[BaseException]) -> tuple[type[JobsApiError], str]:
    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    outcomes: list[tuple[bool, type[JobsApiError], str]] = [
        (has(urllib3_errors.NameResolutionError), NotReachable, "its name cannot be resolved"),
        (
            has(urllib3_errors.ProxyError, requests.exceptions.ProxyError),
            NotReachable,
            "the proxy does not let it through",
        ),
        (
            has(urllib3_errors.SSLError, requests.exceptions.SSLError),
            NotReachable,
            "no trusted TLS connection",
        ),
        (has(urllib3_errors.NewConnectionError), NotReachable, "the connection was refused"),
        (
            has(urllib3_errors.ConnectTimeoutError, requests.ConnectTimeout),
            NotReachable,
            "no connection in time",
        ),
        (has(urllib3_errors.TimeoutError, requests.Timeout, TimeoutError), TimedOut, ""),
        (
            has(RemoteDisconnected, ConnectionError),
            NotReachable,
            "the connection was closed before an answer",
        ),
        (has(BadStatusLine, requests.exceptions.InvalidHeader), UnreadableAnswer, "it is not HTTP"),
        (
            has(requests.exceptions.ContentDecodingError, urllib3_errors.DecodeError),
            UnreadableAnswer,
            "its body cannot be decompressed",
        ),
        (has(urllib3_errors.ProtocolError), UnreadableAnswer, "it broke off"),
    ]
    return next(((family, detail) for met, family, detail in outcomes if met), (NotReachable, "the call failed"))


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    """Yield the exceptions that the libraries have wrapped into one another: as cause, as reason or as argument."""
    waiting: list[object] = [fault]
    for _ in range(20):
        if not waiting:
            return
        cause = waiting.pop(0)
        if isinstance(cause, BaseException):
            yield cause
            waiting += [getattr(cause, "reason", None), cause.__cause__, *cause.args]
