"""A receiver of webhooks that answers as a test tells it, and keeps what came."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Headers
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Receiver(ThreadingHTTPServer):
    """`answer` writes to the connection itself; `stopping` is set at the end of the test."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self.stopping = threading.Event()
        self.answer: Callable[[_Handler], None] = status(204)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes away, or speaks TLS, is no error of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(Received(self.path, self.headers, body))
        self.server.answer(self)

    do_GET = do_POST  # noqa: N815 - the base class looks for it

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


Answer = Callable[[_Handler], None]


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: _Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def raw(content: bytes) -> Answer:
    """Any bytes, and the end."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(content)

    return answer


def endless(piece: bytes, *, pause: float = 0, begin: bytes = b"") -> Answer:
    """The same bytes again and again, until somebody has had enough."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(begin)
        while not handler.server.stopping.wait(pause):
            handler.wfile.write(piece)
            handler.wfile.flush()

    return answer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    host = Receiver()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield host
    host.stopping.set()
    host.shutdown()
    thread.join()
    host.server_close()
