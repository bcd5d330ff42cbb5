"""The sandbox misbehaves as it is told, down to the socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from jobs_ui.sandbox.process import SandboxProcess
from tests.test_sandbox import Caller


@pytest.fixture(scope="module")
def process() -> Iterator[SandboxProcess]:
    with SandboxProcess(quiet=True) as running:
        yield running


@pytest.fixture
def sandbox(process: SandboxProcess) -> Caller:
    process.reset(history=30, quiet=True)
    return Caller(process)


def raw(sandbox: Caller, path: str = "/pcm/jobs") -> bytes:
    """Everything that comes over one connection until the server ends it."""
    host, port = sandbox.process.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sandbox.token}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def split(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


def test_a_status_with_and_without_retry_after(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "status", "status": 429, "retry_after": "2"}])
    answer = sandbox.get("/pcm/jobs")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert answer.json()["errors"][0]["request_id"]
    sandbox.process.faults([{"match": "*", "kind": "status", "status": 503}])
    answer = sandbox.get("/pcm/jobs")
    assert (answer.status_code, "Retry-After" in answer.headers, "Date" in answer.headers) == (503, False, True)
    sandbox.process.faults([])
    assert sandbox.get("/pcm/jobs").status_code == 200


def test_a_gateway_answers_in_html(sandbox: Caller) -> None:
    sandbox.process.faults([{"kind": "html", "status": 504}])
    answer = sandbox.get("/pcm/jobs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (504, "text/html")
    assert "<h1>504" in answer.text


def test_a_body_is_cut_off(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "cut"}])
    status, headers, body = split(raw(sandbox))
    assert status == 200
    assert 0 < len(body) < int(headers["Content-Length"])
    assert body.startswith(b'{"data": [')


def test_a_connection_is_closed_without_an_answer(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "close"}])
    assert raw(sandbox) == b""


def test_it_says_nothing_for_a_while(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "hang", "seconds": 0.3}])
    begun = time.monotonic()
    assert raw(sandbox) == b""
    assert time.monotonic() - begun >= 0.3


def test_a_slow_answer_is_a_true_one(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "slow", "seconds": 0.3}])
    begun = time.monotonic()
    assert len(sandbox.jobs()) == 30
    assert time.monotonic() - begun >= 0.3


def test_a_body_trickles_byte_by_byte(sandbox: Caller) -> None:
    host, port = sandbox.process.url.removeprefix("http://").split(":")
    sandbox.process.faults([{"match": "job", "kind": "trickle", "seconds": 0.3}])
    path = f"/pcm/jobs/{sandbox.process.job_ids()[0]}"
    pieces = []
    begun = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sandbox.token}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        while piece := connection.recv(65_536):
            pieces.append(piece)
    assert time.monotonic() - begun >= 0.3
    assert len(pieces) > 50
    assert json.loads(split(b"".join(pieces))[2])["data"]["type"] == "pim-job"


def test_garbage_and_nothing(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "garbage", "times": 1}, {"match": "jobs", "kind": "empty"}])
    answer = sandbox.get("/pcm/jobs")
    assert (answer.status_code, answer.headers["Content-Type"][:16]) == (200, "application/json")
    with pytest.raises(ValueError, match=r"Expecting|codec"):
        answer.json()
    answer = sandbox.get("/pcm/jobs")
    assert (answer.status_code, answer.content) == (200, b"")


def test_unauthorized_as_with_an_expired_token(sandbox: Caller) -> None:
    sandbox.process.faults([{"match": "jobs", "kind": "unauthorized", "times": 1}])
    answer = sandbox.get("/pcm/jobs")
    assert (answer.status_code, answer.json()["errors"][0]["title"]) == (401, "Unauthorized")
    assert sandbox.get("/pcm/jobs").status_code == 200


@pytest.mark.parametrize(
    ("match", "path"),
    [
        ("jobs", "/pcm/jobs"),
        ("job", "/pcm/jobs/x"),
        ("errors", "/pcm/jobs/x/errors"),
        ("file", "/files/x"),
        ("token", "/oauth/access_token"),
        ("cancel", "/pcm/jobs/x/cancel"),
    ],
)
def test_a_rule_spoils_its_endpoint_alone(sandbox: Caller, match: str, path: str) -> None:
    sandbox.process.faults([{"match": match, "kind": "status", "status": 418}])
    paths: dict[str, Any] = {
        "/pcm/jobs": "GET",
        "/pcm/jobs/x": "GET",
        "/pcm/jobs/x/errors": "GET",
        "/files/x": "GET",
        "/oauth/access_token": "POST",
        "/pcm/jobs/x/cancel": "POST",
    }
    spoiled = [each for each, method in paths.items() if sandbox.call(method, each).status_code == 418]
    assert spoiled == [path]


def test_which_requests_a_rule_spoils(sandbox: Caller) -> None:
    def pattern(**rule: Any) -> str:
        sandbox.process.faults([{"match": "jobs", "kind": "status", "status": 500} | rule])
        return "".join("x" if sandbox.get("/pcm/jobs").status_code == 500 else "." for _ in range(8))

    assert pattern() == "xxxxxxxx"
    assert pattern(times=2) == "xx......"
    assert pattern(skip=3) == "...xxxxx"
    assert pattern(every=3) == "..x..x.."
    assert pattern(every=2, skip=1, times=2) == "..x.x..."


def test_a_call_that_is_refused_does_nothing_and_one_whose_answer_is_lost_was_done(sandbox: Caller) -> None:
    job_id = sandbox.first(status="pending")["id"]
    sandbox.process.faults([{"match": "cancel", "kind": "status", "times": 1}, {"match": "cancel", "kind": "cut"}])
    assert sandbox.call("POST", f"/pcm/jobs/{job_id}/cancel", json={}).status_code == 503
    assert sandbox.job(job_id)["attributes"]["status"] == "pending"
    with pytest.raises(requests.RequestException):
        sandbox.call("POST", f"/pcm/jobs/{job_id}/cancel", json={})
    assert sandbox.job(job_id)["attributes"]["status"] == "cancelled"


def test_one_connection_carries_many_requests(sandbox: Caller) -> None:
    host, port = sandbox.process.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        reader = connection.makefile("rb")
        for _ in range(3):
            connection.sendall(b"GET /pcm/jobs HTTP/1.1\r\nHost: x\r\n\r\n")
            assert reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
            length = 0
            while (line := reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert len(reader.read(length)) == length
        reader.close()
