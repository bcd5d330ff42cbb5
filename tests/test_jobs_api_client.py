"""The client over real HTTP, against a server in a thread that answers whatever a test wants, byte by byte."""

from __future__ import annotations

import gzip
import json
import logging
import pickle
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, ProxyError, SSLError

from jobs_ui.jobs_api import (
    CredentialsRefused,
    Forbidden,
    JobsApiError,
    JobsClient,
    NotFound,
    NotReachable,
    RateLimited,
    Refused,
    TimedOut,
    UnreadableAnswer,
    UpstreamFailure,
)
from jobs_ui.jobs_api.deadline import remaining, within
from jobs_ui.jobs_api.retries import READ_RETRIED, retry_policy

SECRET = "hush-client-secret"
TOKEN = "hush-token-1"


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Stream = Callable[[socket.socket], None]
App = Callable[[Request], bytes | Stream]


def reply(status: int = 200, body: object = None, *, headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of an answer; `body` is sent as it is where it is bytes, and as JSON otherwise."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
    head = f"HTTP/1.1 {status} Reason\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode("latin-1") + b"\r\n" + content


def job(job_id: str = "a", **attributes: object) -> dict[str, Any]:
    known = {"type": "product-import", "status": "failed", "created_at": "2024-01-05T15:27:23Z"}
    return {"id": job_id, "type": "pim-job", "attributes": {**known, **attributes}}


@dataclass
class Server:
    """Answers each request with what `app` returns: bytes, or a function that writes to the socket before it is closed.

    The token endpoint answers by itself, with tokens `hush-token-1`, `-2` …, unless `token_app` is set.
    """

    app: App = lambda _request: reply(404)
    token_app: App | None = None
    requests: list[Request] = field(default_factory=list)
    tokens: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def seen(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]  # bound early

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), connection.makefile("rb") as stream, suppress(OSError):
            while request := read_request(stream):
                answer = self._answer(request)
                if callable(answer):
                    answer(connection)
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(answer)
        self._open.discard(connection)

    def _answer(self, request: Request) -> bytes | Stream:
        with self._lock:
            self.requests.append(request)
            if request.path != "/oauth/access_token":
                return self.app(request)
            self.tokens += 1
            if self.token_app is not None:
                return self.token_app(request)
            return reply(body={"access_token": f"hush-token-{self.tokens}", "expires_in": 3600})


def read_request(stream: Any) -> Request | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = {}
    while (header := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Request(line[0], line[1], headers, stream.read(int(headers.get("content-length", "0"))))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def make_client(server: Server, **options: Any) -> JobsClient:
    return make_client_of(server.url, **options)


def make_client_of(url: str, **options: Any) -> JobsClient:
    quick = {"deadline": 5.0, "retries": 3, "backoff": 0.001, **options}
    return JobsClient(base_url=url, client_id="id", client_secret=SECRET, **quick)


@pytest.fixture
def client(server: Server) -> Iterator[JobsClient]:
    with make_client(server) as opened:
        yield opened


def once_then(first: bytes | Stream, then: bytes) -> App:
    """Return an app that answers `first` once."""
    answers = [first]
    return lambda _request: answers.pop() if answers else then


# Answers


def test_it_lists_jobs_with_page_parameters_and_the_token(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body={"data": [job()], "meta": {"results": {"total": 1}}})
    page = client.list_jobs(offset=7, limit=3)
    assert [found.id for found in page.items] == ["a"]
    assert (page.offset, page.received, page.total) == (7, 1, 1)
    (request,) = server.seen("/pcm/jobs")
    assert request.target.endswith("?page%5Blimit%5D=3&page%5Boffset%5D=7")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    (token,) = server.seen("/oauth/access_token")
    assert token.body == f"grant_type=client_credentials&client_id=id&client_secret={SECRET}".encode()
    assert "authorization" not in token.headers


def test_it_gets_a_job_by_an_encoded_id(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body={"data": job("a/b c?")})
    assert client.get_job("a/b c?").id == "a/b c?"
    assert server.requests[-1].target == "/pcm/jobs/a%2Fb%20c%3F"


def test_it_cancels_with_an_empty_json_object(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body={"data": job(status="cancelled")})
    assert client.cancel_job("a").status == "cancelled"
    request = server.requests[-1]
    assert (request.method, request.target, request.body) == ("POST", "/pcm/jobs/a/cancel", b"{}")
    assert request.headers["content-type"] == "application/json"


def test_a_job_s_age_counts_from_its_own_request(server: Server) -> None:
    times = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(100))
    date = {"Date": "Thu, 01 Jan 2026 01:00:05 GMT"}
    server.app = lambda _request: reply(body={"data": [job()]}, headers=date)
    with make_client(server, now=lambda: next(times)) as client:
        page = client.list_jobs()
    # 0 and 1 were the token's request.
    assert page.read_at == page.items[0].read_at == datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)
    assert client.clock_offset == timedelta(hours=1, seconds=2)


@pytest.mark.parametrize("job_id", ["", " ", ".", "..", "x" * 256, "\ud800"])
def test_an_id_that_cannot_be_one_is_not_asked_for(server: Server, client: JobsClient, job_id: str) -> None:
    for call in (client.get_job, client.cancel_job, client.iter_errors):
        with pytest.raises(NotFound):
            call(job_id)
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "euwest.api.elasticpath.com",
        "ftp://h",
        "https://",
        "https://u:hush@h",
        "https://h?x=1",
        "https://h:x",
        "https://[h",
    ],
)
def test_a_wrong_base_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="must look like https://") as caught:
        JobsClient(base_url=url, client_id="i", client_secret="s")
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def test_a_job_that_lacks_its_status_is_an_unreadable_answer(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body={"data": {"id": "a"}}, headers={"X-Request-Id": "r-9"})
    with pytest.raises(UnreadableAnswer, match=r"status is missing.*r-9"):
        client.get_job("a")


# Failures


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (400, Refused),
        (403, Forbidden),
        (404, NotFound),
        (409, Refused),
        (422, Refused),
        (429, RateLimited),
        (500, UpstreamFailure),
        (503, UpstreamFailure),
        (302, UnreadableAnswer),
    ],
)
def test_a_status_is_a_kind_of_failure(
    server: Server, client: JobsClient, status: int, family: type[JobsApiError]
) -> None:
    envelope = {"errors": [{"status": status, "title": "A title", "detail": "some\ndetail", "request_id": "r-1"}]}
    server.app = lambda _request: reply(status, envelope, headers={"Location": "http://127.0.0.1:1/elsewhere"})
    with pytest.raises(JobsApiError) as caught:
        client.get_job("a")
    assert type(caught.value) is family
    assert (caught.value.status, caught.value.request_id) == (status, "r-1")
    assert "r-1" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_request_id_of_a_failure_without_envelope_is_in_its_header(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(500, b"<html>", headers={"X-Request-Id": "r" * 300})
    with pytest.raises(UpstreamFailure) as caught:
        client.get_job("a")
    assert len(caught.value.request_id) == 200
    assert caught.value.title == "Reason"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is empty"),
        (b"<html>", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "no data"),
        (b"{}", "no data"),
        (b'{"data": {}}', "no list"),
    ],
)
def test_a_success_of_another_shape_is_unreadable(server: Server, client: JobsClient, body: bytes, words: str) -> None:
    server.app = lambda _request: reply(body=body)
    with pytest.raises(UnreadableAnswer, match=words):
        client.list_jobs()


def test_null_for_a_list_is_an_empty_one(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body=b'{"data": null}')
    assert client.list_jobs().items == ()
    assert [page.items for page in client.iter_errors("a")] == []
    with pytest.raises(UnreadableAnswer, match="no data"):
        client.get_job("a")


def test_numbers_that_are_none_and_wrong_bytes_do_not_lose_a_page(server: Server, client: JobsClient) -> None:
    body = b'\xef\xbb\xbf{"data": [{"id": 1, "attributes": {"type": "t\xff", "status": "s", "x": NaN, "y": -Infinity,'
    body += b'"z": 1e999, "big": ' + b"9" * 9_000 + b', "created_at": "2024-01-05T15:27:23Z"}}]}'
    server.app = lambda _request: reply(body=body)
    (found,) = client.list_jobs().items
    assert (found.id, found.type) == ("1", "t\ufffd")
    json.dumps(found.raw, allow_nan=False)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_get_is_sent_again_after_a_passing_fault(server: Server, client: JobsClient, status: int) -> None:
    server.app = once_then(reply(status, b"<html>", headers={"Retry-After": "0"}), reply(body={"data": job()}))
    assert client.get_job("a").id == "a"
    assert len(server.seen("/pcm/jobs/a")) == 2


@pytest.mark.parametrize("value", ["soon", "-5", "9" * 5000, "Wed, 99 Foo 2026", "²"])
def test_an_unreadable_retry_after_asks_for_nothing(server: Server, client: JobsClient, value: str) -> None:
    server.app = once_then(reply(429, headers={"Retry-After": value}), reply(body={"data": job()}))
    assert client.get_job("a").id == "a"


def test_a_long_retry_after_is_reported_instead_of_waited_for(server: Server) -> None:
    server.app = lambda _request: reply(429, headers={"Retry-After": "30"})
    with make_client(server, deadline=90.0) as client, pytest.raises(RateLimited, match="after 30 s") as caught:
        client.list_jobs()
    assert caught.value.retry_after == 30
    assert len(server.seen("/pcm/jobs")) == 1


@pytest.mark.parametrize("fault", [SSLError("x"), ProxyError("x", OSError()), ConnectTimeoutError("x")])
def test_no_fault_of_a_connection_lets_a_post_be_sent_again(fault: Exception) -> None:
    policy = retry_policy({"GET"}, READ_RETRIED, total=3, backoff=0)
    policy.increment("GET", "/", error=fault)
    with pytest.raises(MaxRetryError):
        policy.increment("POST", "/", error=fault)


def test_a_short_retry_after_is_waited_for(server: Server, client: JobsClient, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("jobs_ui.jobs_api.retries.time.sleep", pauses.append)
    server.app = once_then(reply(503, headers={"Retry-After": "2"}), reply(body={"data": job()}))
    client.get_job("a")
    assert pauses == [2]


def test_no_pause_reaches_beyond_the_deadline(server: Server) -> None:
    server.app = lambda _request: reply(429, headers={"Retry-After": "7"})
    started = time.monotonic()
    with make_client(server, deadline=3.0) as client, pytest.raises(RateLimited):
        client.list_jobs()
    assert time.monotonic() - started < 1


def test_it_gives_up_after_some_tries(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(503)
    with pytest.raises(UpstreamFailure):
        client.list_jobs()
    assert len(server.seen("/pcm/jobs")) == 4


def test_a_500_is_not_asked_for_twice(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(500)
    with pytest.raises(UpstreamFailure):
        client.list_jobs()
    assert len(server.seen("/pcm/jobs")) == 1


@pytest.mark.parametrize("fault", [reply(503), reply(429, headers={"Retry-After": "1"}), lambda _connection: None])
def test_a_cancel_is_never_sent_twice(server: Server, client: JobsClient, fault: bytes | Stream) -> None:
    server.app = lambda _request: fault
    with pytest.raises((UpstreamFailure, RateLimited, NotReachable)):
        client.cancel_job("a")
    assert len(server.seen("/pcm/jobs/a/cancel")) == 1


def test_a_connection_closed_without_an_answer_is_tried_again(server: Server, client: JobsClient) -> None:
    server.app = once_then(lambda _connection: None, reply(body={"data": job()}))
    assert client.get_job("a").id == "a"


def test_nobody_listening_is_not_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with make_client_of(url) as client, pytest.raises(NotReachable, match="refused"):
        client.list_jobs()


def sends(data: bytes) -> Stream:
    return lambda connection: connection.sendall(data)


WHOLE = reply(body={"data": job()})
CUT_OFF = {
    "short of its length": WHOLE[:-5],
    "in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    "before a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("data", CUT_OFF.values(), ids=CUT_OFF)
def test_a_body_that_broke_off_is_asked_for_again(server: Server, client: JobsClient, data: bytes) -> None:
    server.app = once_then(sends(data), WHOLE)
    assert client.get_job("a").id == "a"


@pytest.mark.parametrize("data", CUT_OFF.values(), ids=CUT_OFF)
def test_a_body_that_keeps_breaking_off_is_unreadable(server: Server, client: JobsClient, data: bytes) -> None:
    server.app = lambda _request: sends(data)
    with pytest.raises(UnreadableAnswer, match="broke off"):
        client.get_job("a")
    assert len(server.seen("/pcm/jobs/a")) == 3


def test_an_endless_body_is_not_read_to_its_end(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body=b" " * (17 * 1024 * 1024))
    with pytest.raises(UnreadableAnswer, match="too long"):
        client.list_jobs()


def test_a_compressed_bomb_is_not_unpacked(server: Server, client: JobsClient) -> None:
    bomb = gzip.compress(gzip.compress(b" " * (300 * 1024 * 1024), 1), 1)
    server.app = lambda _request: reply(body=bomb, headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(UnreadableAnswer, match="too long"):
        client.list_jobs()


def test_compressed_answers_are_read_and_broken_ones_are_unreadable(server: Server, client: JobsClient) -> None:
    packed = gzip.compress(json.dumps({"data": job()}).encode())
    server.app = lambda _request: reply(body=packed, headers={"Content-Encoding": "gzip"})
    assert client.get_job("a").id == "a"
    server.app = lambda _request: reply(body=b"no gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(UnreadableAnswer, match="decompressed"):
        client.get_job("a")


# Deadlines


def trickle(head: bytes, drop: bytes) -> Stream:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        with suppress(OSError):
            for _ in range(200):
                connection.sendall(drop)
                time.sleep(0.05)

    return send


def hang(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.settimeout(10)
        connection.recv(1)


SLOW = {
    "hangs": hang,
    "trickles headers": trickle(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "trickles one header": trickle(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "trickles a body": trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
    "trickles chunks": trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "trickles an error": trickle(b"HTTP/1.1 503 No\r\nContent-Length: 9999\r\n\r\n", b" "),
    "says wait for ever": trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("path", ["/pcm/jobs", "/oauth/access_token"])
def test_a_call_ends_at_its_deadline_whatever_the_server_does(server: Server, slow: Stream, path: str) -> None:
    if path == "/pcm/jobs":
        server.app = lambda _request: slow
    else:
        server.token_app = lambda _request: slow
    started = time.monotonic()
    with make_client(server, deadline=0.5) as client, pytest.raises((TimedOut, UpstreamFailure)):
        client.list_jobs()
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(("outer", "inner"), [(5.0, 20.0), (20.0, 5.0)])
def test_a_deadline_inside_of_another_one_never_gives_more_than_that(outer: float, inner: float) -> None:
    with within(outer, clock=lambda: 100.0):
        with within(inner, clock=lambda: 7.0):  # each by its own clock
            assert remaining() == 5.0
        assert remaining() == outer


def test_a_read_time_out_is_tried_again_within_the_deadline(server: Server) -> None:
    server.app = once_then(hang, reply(body={"data": [job()]}))
    with make_client(server, timeouts=(1, 0.2)) as client:
        assert client.list_jobs().received == 1


# Tokens


def test_a_refused_token_is_renewed_once(server: Server, client: JobsClient) -> None:
    server.app = lambda r: reply(401) if r.headers["authorization"].endswith("1") else reply(body={"data": job()})
    assert client.cancel_job("a").id == "a"
    assert server.tokens == 2
    client.get_job("a")
    assert server.tokens == 2


def test_a_second_refusal_is_about_the_credentials(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(401)
    with pytest.raises(CredentialsRefused):
        client.get_job("a")
    assert (server.tokens, len(server.seen("/pcm/jobs/a"))) == (2, 2)


def test_many_threads_share_one_token(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(body={"data": job()})
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _n: client.get_job("a").id, range(60)))
    assert found == ["a"] * 60
    assert server.tokens == 1


def test_many_threads_with_a_refused_token_get_one_new_one(server: Server, client: JobsClient) -> None:
    server.app = lambda r: reply(401) if r.headers["authorization"].endswith("1") else reply(body={"data": job()})
    barrier = threading.Barrier(20)

    def call(_n: int) -> str:
        barrier.wait(5)
        return client.get_job("a").id

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(call, range(20))) == {"a"}
    assert server.tokens == 2


@pytest.mark.parametrize(
    ("answer", "family", "tries"),
    [
        (reply(400, {"errors": [{"title": "Bad", "detail": f"{SECRET} is wrong"}]}), CredentialsRefused, 1),
        (reply(401), CredentialsRefused, 1),
        (reply(403), CredentialsRefused, 1),
        (reply(404), UnreadableAnswer, 1),
        (reply(302, headers={"Location": "/x"}), UnreadableAnswer, 1),
        (reply(429), RateLimited, 4),
        (reply(500), UpstreamFailure, 4),
        (reply(200, b"<html>"), UnreadableAnswer, 1),
        (reply(200, {"access_token": f"{TOKEN}\r\nX-Evil: 1"}), UnreadableAnswer, 1),
        (reply(200, {"access_token": "t\u00f6ken"}), UnreadableAnswer, 1),
        (reply(200, {"access_token": ""}), UnreadableAnswer, 1),
        (reply(200, {"data": {"access_token": 5}}), UnreadableAnswer, 1),
        (lambda _connection: None, NotReachable, 4),
    ],
)
def test_a_failing_token_endpoint_is_explained(
    server: Server, client: JobsClient, answer: bytes | Stream, family: type[JobsApiError], tries: int
) -> None:
    server.token_app = lambda _request: answer
    with pytest.raises(JobsApiError) as caught:
        client.list_jobs()
    assert type(caught.value) is family
    assert server.tokens == tries
    assert server.seen("/pcm/jobs") == []


def test_a_token_got_after_a_fault_is_used(server: Server, client: JobsClient) -> None:
    server.token_app = once_then(reply(503), reply(body={"data": {"access_token": TOKEN, "expires_in": 60}}))
    server.app = lambda _request: reply(body={"data": job()})
    client.get_job("a")
    assert server.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"


# Secrets


def locals_of(error: BaseException) -> str:
    """Return what an error page with local variables would show."""
    shown = []
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "/jobs_ui/jobs_api/" in frame.f_code.co_filename or "site-packages" in frame.f_code.co_filename:
            shown += [repr(value) for value in frame.f_locals.values()]
    return "\n".join(shown)


@pytest.mark.parametrize(
    "answer",
    [
        reply(401),
        reply(
            403, {"errors": [{"title": f"Bearer {TOKEN}", "detail": f"{TOKEN} {SECRET} https://h/f?Signature=hush"}]}
        ),
        reply(500, b"<html>"),
        reply(200, b"<html>"),
        reply(200, {"data": {"id": "a", "meta": {"file_locations": ["https://h/f?Signature=hush"]}}}),
        sends(b"nonsense\r\n\r\n"),
        sends(WHOLE[:-3]),
        lambda _connection: None,
    ],
)
@pytest.mark.parametrize("where", ["jobs", "token"])
def test_no_failure_shows_a_secret(
    server: Server, client: JobsClient, caplog: pytest.LogCaptureFixture, answer: bytes | Stream, where: str
) -> None:
    caplog.set_level(logging.DEBUG)
    if where == "jobs":
        server.app = lambda _request: answer
    else:
        # No client can know a token that it never got.
        untold = answer.replace(TOKEN.encode(), b"x" * len(TOKEN)) if isinstance(answer, bytes) else answer
        server.token_app = lambda _request: untold
    with pytest.raises(JobsApiError) as caught:
        client.get_job("a")
    error = caught.value
    chain = (error.__cause__, error.__context__)
    shown = "\n".join(
        [*traceback.format_exception(error), repr(error), str(vars(error)), locals_of(error), caplog.text]
    )
    assert "hush" not in shown
    assert chain == (None, None)
    assert "hush" not in repr(client) + repr(vars(client))


def test_failed_calls_are_logged_with_what_support_asks_for(
    server: Server, client: JobsClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.app = lambda _request: reply(403, {"errors": [{"title": "No", "request_id": "r-1\nforged"}]})
    with pytest.raises(Forbidden):
        client.cancel_job("some-id")
    (record,) = [record for record in caplog.records if record.name == "jobs_ui.jobs_api.client"]
    assert record.getMessage() == (
        "POST /pcm/jobs/{id}/cancel failed: forbidden, status 403, request id r-1 forged, attempt 1"
    )


def test_a_redirect_is_not_followed(server: Server, client: JobsClient) -> None:
    with Server() as other:
        server.app = lambda _request: reply(307, headers={"Location": f"{other.url}/pcm/jobs"})
        with pytest.raises(UnreadableAnswer, match="redirect"):
            client.list_jobs()
        assert other.requests == []


def test_cookies_are_not_kept_and_netrc_is_not_read(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    # Away from loopback the environment counts, for the proxies in it: here the server is the proxy.
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    def app(request: Request) -> bytes:
        token = {"access_token": TOKEN} if request.target.endswith("/oauth/access_token") else {"data": job()}
        return reply(body=token, headers={"Set-Cookie": "a=b; Path=/"})

    server.app = app
    with JobsClient(base_url="http://api.example", client_id="i", client_secret=SECRET) as client:
        client.get_job("a")
        client.get_job("a")
    assert [request.headers.get("authorization") for request in server.requests] == [None] + [f"Bearer {TOKEN}"] * 2
    assert all("cookie" not in request.headers for request in server.requests)


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(
    server: Server, client: JobsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.app = lambda _request: reply(body={"data": job()})
    assert client.get_job("a").id == "a"


def test_errors_can_be_pickled(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(429, headers={"Retry-After": "30", "X-Request-Id": "r"})
    with pytest.raises(RateLimited) as caught:
        client.list_jobs()
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (type(again), vars(again), str(again)) == (RateLimited, vars(caught.value), str(caught.value))


# The errors of a job


def messages(walk: Any) -> list[tuple[int, str]]:
    return [(error.position, error.message) for page in walk for error in page.items]


def test_errors_are_read_over_pages(server: Server, client: JobsClient) -> None:
    rows = [{"id": str(n), "attributes": {"message": f"m{n}"}} for n in range(7)]

    def app(request: Request) -> bytes:
        offset = int(request.target.rpartition("=")[2])
        return reply(body={"data": rows[offset : offset + 3]})

    server.app = app
    assert messages(client.iter_errors("a", limit=3)) == [(n, f"m{n}") for n in range(7)]


@pytest.mark.parametrize("status", [200, 422])
def test_the_older_envelope_is_the_reason_why_a_job_failed(server: Server, client: JobsClient, status: int) -> None:
    server.app = lambda _request: reply(status, {"errors": [{"title": "Failed", "detail": "no header"}]})
    walk = client.iter_errors("a")
    assert messages(walk) == [(0, "Failed: no header")]
    assert len(server.seen("/pcm/jobs/a/errors")) == 1


def test_a_job_that_is_gone_has_no_errors_to_read(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(404, {"errors": [{"title": "Not Found"}]})
    with pytest.raises(NotFound):
        next(client.iter_errors("a"))


def test_a_422_without_reasons_is_refused(server: Server, client: JobsClient) -> None:
    server.app = lambda _request: reply(422, {})
    with pytest.raises(Refused):
        next(client.iter_errors("a"))


# Hostile bytes


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[Server, JobsClient]]:
    with Server() as server, make_client(server, retries=0, deadline=2.0) as client:
        yield server, client


def use(client: JobsClient) -> None:
    for call in (
        client.list_jobs,
        lambda: client.get_job("a"),
        lambda: client.cancel_job("a"),
        lambda: next(client.iter_errors("a"), None),
    ):
        with suppress(JobsApiError):
            call()


hostile_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "errors", "meta", "results", "total", "id", "attributes"]), inner)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile_json, st.sampled_from([200, 201, 400, 401, 404, 422, 429, 500]))
def test_no_json_does_more_than_raise_our_errors(hostile: tuple[Server, JobsClient], body: object, status: int) -> None:
    server, client = hostile
    server.app = lambda _request: reply(status, body, headers={"Retry-After": "99"})
    use(client)


@settings(deadline=None, max_examples=80)
@given(st.binary(max_size=200), st.sampled_from(["identity", "gzip", "deflate", "br", "zstd", "x"]))
def test_no_body_does_more_than_raise_our_errors(
    hostile: tuple[Server, JobsClient], body: bytes, encoding: str
) -> None:
    server, client = hostile
    server.app = lambda _request: reply(200, body, headers={"Content-Encoding": encoding})
    use(client)


header_bytes = st.binary(max_size=40) | st.sampled_from(
    [
        b"Content-Length: -1",
        b"Content-Length: 1, 2",
        b"Transfer-Encoding: chunked",
        b"Set-Cookie: \xff=;;;",
        b"Date: x",
        b"Location: http://[",
        b"Retry-After: \xb2",
        b"Content-Type: text/html; charset=\x00",
        b"Date: " + b"9" * 50,
    ]
)


@settings(deadline=None, max_examples=150)
@given(
    st.binary(max_size=20)
    | st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 302 \xff", b"HTTP/1.1 999 x", b"HTTP/9 1"]),
    st.lists(header_bytes, max_size=4),
    st.binary(max_size=60) | st.sampled_from([b"-5\r\nabc", b"5;x\r\nabcde\r\n0\r\n\r\n", b"zz\r\n"]),
)
@example(b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked"], b"-5\r\nabc")
def test_no_bytes_do_more_than_raise_our_errors(
    hostile: tuple[Server, JobsClient], line: bytes, headers: list[bytes], body: bytes
) -> None:
    server, client = hostile
    data = b"\r\n".join([line, *headers]) + b"\r\n\r\n" + body
    server.app = lambda _request: sends(data)
    with suppress(JobsApiError):
        client.list_jobs()


@pytest.mark.parametrize("date", ["Thu, 01 Jan 2100 00:00:00 GMT", "Sat, 01 Jul 2017 00:00:00 GMT"])
def test_a_clock_that_is_years_off_is_not_believed(server: Server, client: JobsClient, date: str) -> None:
    server.app = lambda _request: reply(body={"data": []}, headers={"Date": date})
    client.list_jobs()
    assert client.clock_offset == timedelta(0)
