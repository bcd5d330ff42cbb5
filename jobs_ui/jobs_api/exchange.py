"""One request and its answer, with everything that HTTP libraries can throw turned into the client's own errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import requests

from .auth import ClientCredentialsAuth
from .bodies import Body, TooLong, decode_json, read_body
from .exceptions import JobsApiError, UnreadableAnswer
from .failures import HTTP_FAULTS, failure_of_answer, failure_of_fault, without

_NO_HEADERS: requests.structures.CaseInsensitiveDict[str] = requests.structures.CaseInsensitiveDict()

Authorize = Callable[[requests.PreparedRequest], requests.PreparedRequest]


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing. Given all the same: without any `auth`, requests looks into netrc and sends what it finds."""
    return request


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be sent."""

    method: str
    template: str
    """The path without the id, for logs."""
    url: str
    params: Mapping[str, str] | None = None
    payload: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    reason: str
    headers: requests.structures.CaseInsensitiveDict[str] = field(repr=False)
    content: bytes = field(repr=False)
    sent_at: datetime
    received_at: datetime
    """When its headers were there (aware, UTC)."""
    cut_off: bool = False
    token: str = field(default="", repr=False)
    body: object = field(default=None, repr=False)
    """The decoded JSON, once judged."""
    request_id: str = ""


class Exchange:
    """Sends calls through a session. `now` is the local clock; `secrets` are taken out of every error's text."""

    def __init__(
        self,
        session: requests.Session,
        *,
        timeouts: tuple[float, float],
        now: Callable[[], datetime],
        secrets: Callable[[], tuple[str, ...]],
    ) -> None:
        self._session = session
        self._timeouts = timeouts
        self._now = now
        self._secrets = secrets
        self._attempt = threading.local()

    def note_attempt(self) -> None:
        """Note that this thread's call is sent (again) now, where that is later than when it was made."""
        self._attempt.sent_at = self._now()

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()

    def send(self, call: Call, auth: ClientCredentialsAuth | None, *, form: Mapping[str, str] | None = None) -> Answer:
        """Send a call and read the answer to its end. Raises `JobsApiError` where there is none."""
        if auth is not None:
            auth.token()  # got before the clock is read: an answer's age counts from its own request
        answer = self._try(call, auth or _no_auth, form)
        if isinstance(answer, JobsApiError):
            # Raised out here, outside any `except`: a chained exception of the libraries would carry URL, headers and
            # form into tracebacks and error trackers.
            raise answer
        return answer

    def judge(self, answer: Answer, readable: frozenset[int] = frozenset()) -> Answer:
        """Return the answer with its decoded body, where its status is 2xx or `readable`. Raises `JobsApiError`."""
        outcome = self._judged(answer, readable)
        if isinstance(outcome, JobsApiError):
            raise outcome  # out here, so that the decoded body is no local variable of the traceback
        return outcome

    def _judged(self, answer: Answer, readable: frozenset[int]) -> Answer | JobsApiError:
        wanted = 200 <= answer.status < 300 or answer.status in readable
        body, trouble = self._decode(answer)
        if not wanted or (trouble and answer.status in readable):
            return failure_of_answer(answer.status, answer.headers, answer.reason, body, self._secrets())
        request_id = without(self._secrets(), answer.headers.get("X-Request-Id", ""))
        if trouble:
            return UnreadableAnswer(status=answer.status, detail=trouble, request_id=request_id)
        return replace(answer, body=body, request_id=request_id)

    def _decode(self, answer: Answer) -> tuple[object, str]:
        if answer.cut_off:
            return None, "it broke off"
        try:
            return decode_json(answer.content), ""
        except ValueError:
            kind = answer.headers.get("Content-Type", "").lower()
            return (
                None,
                "it is a web page" if "html" in kind else "it is not JSON" if answer.content else "it is empty",
            )

    def _try(self, call: Call, auth: Authorize, form: Mapping[str, str] | None) -> Answer | JobsApiError:
        self.note_attempt()
        status: int | None = None
        headers = _NO_HEADERS
        try:
            response = self._session.request(
                call.method,
                call.url,
                params=call.params,
                json=call.payload,
                data=None if form is None else dict(form),
                auth=auth,
                stream=True,
                allow_redirects=False,
                timeout=self._timeouts,
            )
            received_at = self._now()
            status, headers = response.status_code, response.headers
            body = self._read(response)
        except HTTP_FAULTS as fault:
            return _of_fault(fault, status, headers)
        except TooLong:
            return UnreadableAnswer(status=status, detail="it is too long", request_id=headers.get("X-Request-Id", ""))
        return Answer(
            status=response.status_code,
            reason=response.reason or "",
            headers=response.headers,
            content=body.content,
            sent_at=self._attempt.sent_at,
            received_at=received_at,
            cut_off=body.cut_off,
            token=response.request.headers.get("Authorization", "").removeprefix("Bearer "),
        )

    def _read(self, response: requests.Response) -> Body:
        if 200 <= response.status_code < 300:
            return read_body(response)
        # What a failed call says beside its status is a courtesy: never worth another failure.
        try:
            return Body(read_body(response, limit=256 * 1024).content)
        except (*HTTP_FAULTS, TooLong):
            return Body(b"")


def _of_fault(
    fault: BaseException, status: int | None, headers: requests.structures.CaseInsensitiveDict[str]
) -> JobsApiError:
    found = failure_of_fault(fault)
    return type(found)(status=status, detail=found.detail, request_id=headers.get("X-Request-Id", ""))
