"""The client of Elastic Path Commerce Cloud's PXM Jobs API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

from . import deadline as deadlines
from .addresses import can_be_id, checked_base_url
from .auth import ClientCredentialsAuth
from .exceptions import JobsApiError, NotFound, Refused, UnreadableAnswer
from .exchange import Answer, Call, Exchange
from .failures import failure_of_token
from .pages import Page, read_page, read_total
from .paging import MAX_LIMIT, OVERLAP, ErrorWalk, MovingWalk, Walk
from .retries import READ_RETRIED, TOKEN_RETRIED, retry_policy
from .schemas import Job, JobError, UnreadableRow
from .text import SHORT, clean_line
from .transport import open_session

logger = logging.getLogger(__name__)

TIMEOUTS = (3.05, 8.0)
"""Seconds for a connection, and for the next bytes of an answer."""
MAX_CLOCK_OFFSET = timedelta(days=1)
"""A `Date` header that is further off than this is not believed."""

_TOKEN_PATH = "/oauth/access_token"  # noqa: S105 - a path
_JOBS_PATH = "/pcm/jobs"
_CUT_OFF_RETRIES = 2


def _utc_now() -> datetime:
    return datetime.now(UTC)


class JobsClient:
    """Reads, and cancels, the jobs of one store. One instance serves all threads of a process.

    `base_url` is the store's API, such as `https://euwest.api.elasticpath.com`; `timeouts` are (connect, read) in
    seconds; `deadline` is how long one call may take in all, its token and its retries included (the resolution of a
    host name alone cannot be cut short); `retries` is how often a GET is sent again, `backoff` the first pause in
    seconds; `before_request` is called before each attempt to send anything, tokens and repeats included: it may wait,
    within the call's deadline, or raise a `JobsApiError`; `now` is the local clock. Raises ValueError where `base_url`
    is none.

    Every method raises `JobsApiError`, and nothing else, for what the API or the network does. Nothing is sent before
    the first call.
    """

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        timeouts: tuple[float, float] = TIMEOUTS,
        deadline: float = 20.0,
        retries: int = 5,
        backoff: float = 0.3,
        user_agent: str = "jobs-console",
        before_request: Callable[[], None] | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._deadline = deadline
        self._now = now
        self.clock_offset = timedelta(0)
        """The server's clock minus the local one, as last seen in a `Date` header; exact to about a second."""
        self._auth = ClientCredentialsAuth(
            client_id=client_id, client_secret=client_secret, post_form=self._post_form, origin=self._base_url
        )
        self._before_request = before_request
        token_url = self._base_url + _TOKEN_PATH
        session = open_session(
            base_url=self._base_url,
            user_agent=user_agent,
            # A POST is not repeated: of one that got no answer nobody knows whether the job was cancelled.
            retries=retry_policy({"GET"}, READ_RETRIED, total=retries, backoff=backoff),
            token_url=token_url,
            # Asking for a token twice does no harm: the first one is simply never used.
            token_retries=retry_policy({"POST"}, TOKEN_RETRIED, total=retries, backoff=backoff),
            before_request=self._before,
        )
        self._exchange = Exchange(session, timeouts=timeouts, now=now, secrets=self._auth.secrets)
        self._token_call = Call("POST", _TOKEN_PATH, token_url)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self._base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. A call made afterwards opens new ones."""
        self._exchange.close()

    def list_jobs(self, *, offset: int = 0, limit: int = MAX_LIMIT) -> Page[Job]:
        """Return one page of jobs, newest first (Jobs API), from the record `offset` on, at most `limit` (1 to 100).

        Jobs that cannot be read are in the page's `problems`. Raises `JobsApiError`.
        """
        params = _paging(offset, limit)
        answer = self._request(Call("GET", _JOBS_PATH, self._base_url + _JOBS_PATH, params=params))
        return read_page(
            _rows(answer),
            lambda row: Job.from_api(row, read_at=answer.sent_at),
            offset=offset,
            read_at=answer.sent_at,
            total=read_total(answer.body),
        )

    def iter_pages(
        self,
        *,
        start: int = 0,
        limit: int = MAX_LIMIT,
        overlap: int = OVERLAP,
        before_page: Callable[[], None] | None = None,
    ) -> Walk[Job]:
        """Return a walk over all jobs from the record `start` on, in pages that overlap by `overlap` records.

        Each page is read when it is asked for, with its own deadline. `before_page` is called before each of these
        calls, those included whose page is not yielded; what it raises ends the walk. See `Walk` for what it tells
        about itself, and `MovingWalk` for its rules.
        """
        _paging(start, limit)

        def fetch(offset: int, size: int) -> Page[Job]:
            if before_page is not None:
                before_page()
            return self.list_jobs(offset=offset, limit=size)

        return MovingWalk(fetch, start=start, limit=limit, overlap=overlap)

    def get_job(self, job_id: str) -> Job:
        """Return one job. Raises `NotFound` where there is none, or another `JobsApiError`."""
        return self._job(self._call("GET", job_id), job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Cancel a pending job and return it as the API describes it then.

        Raises `Refused` where the job is not pending (any more). After `TimedOut`, `NotReachable` or
        `UnreadableAnswer` it may have been cancelled all the same: read it again.
        """
        return self._job(self._call("POST", job_id, "/cancel", payload={}), job_id)

    def iter_errors(self, job_id: str, *, limit: int = MAX_LIMIT) -> Walk[JobError]:
        """Return a walk over the errors, or notices, of a job of any status: 100,000 at most, `limit` a page.

        Raises `NotFound` at once for an id that cannot be one.
        """
        _paging(0, limit)
        path = self._call("GET", job_id, "/errors")

        def fetch(offset: int, size: int) -> tuple[Page[JobError], bool]:
            call = Call(path.method, path.template, path.url, params=_paging(offset, size))
            return self._read_errors(call, offset)

        return ErrorWalk(fetch, limit=limit)

    def _read_errors(self, call: Call, offset: int) -> tuple[Page[JobError], bool]:
        # Jobs API: older answers carry the reason why a job failed as an error envelope, with status 422 or even 200.
        # It knows no paging, so that at a later offset a 422 is about the offset.
        answer = self._request(call, readable=frozenset({422}) if offset == 0 else frozenset())
        rows = answer.body.get("data") if isinstance(answer.body, dict) else None
        envelope = answer.body.get("errors") if isinstance(answer.body, dict) else None
        whole = not isinstance(rows, list) and isinstance(envelope, list)
        if answer.status == 422 and not whole and not isinstance(rows, list):
            raise Refused(status=422, request_id=answer.request_id)
        page = read_page(
            envelope if whole else _rows(answer),
            JobError.from_api,
            offset=offset,
            read_at=answer.sent_at,
            total=read_total(answer.body),
        )
        return page, whole

    def _call(self, method: str, job_id: str, suffix: str = "", *, payload: Mapping[str, object] | None = None) -> Call:
        template = f"{_JOBS_PATH}/{{id}}{suffix}"
        if not can_be_id(job_id):
            raise NotFound(detail="this cannot be the id of a job")
        url = f"{self._base_url}{_JOBS_PATH}/{quote(job_id, safe='')}{suffix}"
        return Call(method, template, url, payload=payload)

    def _job(self, call: Call, job_id: str) -> Job:
        answer = self._request(call)
        try:
            job = Job.from_api(_data(answer), read_at=answer.sent_at)
        except UnreadableRow as error:
            reason = str(error)
        else:
            # An id may come back in another case: the API takes it for a UUID.
            if job.id.casefold() == clean_line(job_id, SHORT).casefold():
                return job
            reason = "is another one than was asked for"
        raise UnreadableAnswer(status=answer.status, detail=f"the job {reason}", request_id=answer.request_id)

    def _request(self, call: Call, *, readable: frozenset[int] = frozenset()) -> Answer:
        """Send a call, its repeats included, within the deadline; return a 2xx or `readable` answer."""
        with deadlines.within(self._deadline):
            renewed = False
            cut_off = 0
            attempt = 0
            while True:
                attempt += 1
                try:
                    answer = self._send(call)
                    again_after_cut = answer.cut_off and call.method == "GET" and cut_off < _CUT_OFF_RETRIES
                    if answer.status == 401 and not renewed:
                        # Refused, so nothing was done: that is why a POST, too, may be repeated here.
                        renewed = True
                        self._auth.invalidate(answer.token)
                    elif again_after_cut and deadlines.remaining() > 0:
                        cut_off += 1
                    else:
                        return self._exchange.judge(answer, readable)
                except JobsApiError as error:
                    self._log(call, error, attempt)
                    raise

    def _before(self) -> None:
        if self._before_request is not None:
            self._before_request()
            self._exchange.note_attempt()

    def _send(self, call: Call) -> Answer:
        answer = self._exchange.send(call, self._auth)
        self._note_clock(answer)
        return answer

    def _post_form(self, form: Mapping[str, str]) -> object:
        try:
            answer = self._exchange.send(self._token_call, None, form=form)
            return self._exchange.judge(answer).body
        except JobsApiError as error:
            failure = failure_of_token(error)
        raise failure

    def _note_clock(self, answer: Answer) -> None:
        try:
            server = parsedate_to_datetime(answer.headers.get("Date", ""))
            # "-0000" gives a naive time; HTTP dates are UTC.
            server = server if server.tzinfo else server.replace(tzinfo=UTC)
            offset = server - answer.received_at
        except (ValueError, OverflowError):
            return
        # Two clocks that are a day apart are not two clocks: one of them makes no sense, and durations corrected by it
        # would not either.
        if abs(offset) <= MAX_CLOCK_OFFSET:
            self.clock_offset = offset

    def _log(self, call: Call, error: JobsApiError, attempt: int) -> None:
        # A job that is gone or not pending is an outcome, not trouble.
        level = logging.INFO if isinstance(error, NotFound | Refused) else logging.WARNING
        logger.log(
            level,
            "%s %s failed: %s, status %s, request id %s, attempt %d",
            call.method,
            call.template,
            error.kind,
            error.status or "none",
            error.request_id or "none",
            attempt,
        )


def _paging(offset: int, limit: int) -> dict[str, str]:
    if offset < 0 or not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"offset must be at least 0, and limit from 1 to {MAX_LIMIT}")
    return {"page[limit]": str(limit), "page[offset]": str(offset)}


def _rows(answer: Answer) -> object:
    """The rows of a list. A service written in Go, as this API is, may send null for a list without any."""
    if isinstance(answer.body, dict) and "data" in answer.body and answer.body["data"] is None:
        return []
    return _data(answer)


def _data(answer: Answer) -> object:
    if not isinstance(answer.body, dict) or answer.body.get("data") is None:
        raise UnreadableAnswer(status=answer.status, detail="it holds no data", request_id=answer.request_id)
    return answer.body["data"]
