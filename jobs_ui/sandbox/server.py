"""The HTTP server: connections, request bodies, and answers that are sent whole or spoiled on purpose."""

from __future__ import annotations

import contextlib
import sys
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .control import PREFIX, control
from .endpoints import answer, endpoint_of
from .faults import FaultRule
from .http_parts import Reply, Request, envelope, gateway_page, unauthorized
from .world import World

HOST = "127.0.0.1"
_MAX_BODY = 64 * 1024 * 1024  # bytes
_PIECE = 256 * 1024  # bytes


class SandboxServer(ThreadingHTTPServer):
    """One world on one port of the loopback interface. Raises `OSError` where the port cannot be had."""

    daemon_threads = True
    block_on_close = False  # a client that keeps its connection open must not hold up the end
    request_queue_size = 128

    def __init__(self, port: int, world: World) -> None:
        super().__init__((HOST, port), SandboxHandler)
        self.world = world
        self.stopping = threading.Event()
        world.base_url = f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without the base class's look-up of a host name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class SandboxHandler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120  # seconds that an idle connection is kept
    server: SandboxServer

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header, by the sandbox's clock."""
        return formatdate(self.server.world.now() if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: a request line to a file holds a signature."""

    def do_GET(self) -> None:
        """Answer a request of any method."""
        body = self._read_body()
        if body is None:
            return
        request = Request(self.command, self.path, self.headers, body)
        world = self.server.world
        if request.path.startswith(PREFIX):
            with world.lock:
                reply = control(world, request)
            self._send(reply)
            return
        endpoint, subject = endpoint_of(request.method, request.path)
        if not endpoint:
            self._send(envelope(404, "Not Found", f"there is no {request.method} {request.path}"))
            return
        with world.lock:
            world.requests[endpoint] += 1
            rule = world.faults.next_for(endpoint)
        if rule is not None and rule.kind == "slow":
            self._wait(rule.seconds)
        if rule is not None and self._replaced(rule):
            return
        with world.lock:
            reply = answer(world, request, endpoint, subject)
        if rule is None or rule.kind == "slow":
            self._send(reply)
        else:
            self._spoil(rule, reply)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class looks for these

    def _read_body(self) -> bytes | None:
        """The request's body; None where the connection is beyond help."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b"".join(iter(self._read_chunk, b""))
            self.rfile.readline()
            return body
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send(envelope(413, "Content Too Large", f"a body may have {_MAX_BODY} bytes"))
            return None
        return self.rfile.read(int(length))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline(100).split(b";")[0], 16)
        if not 0 < size <= _MAX_BODY:
            return b""
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _send(self, reply: Reply) -> None:
        self._send_head(reply)
        if self.command != "HEAD":
            # Piece by piece: the time-out of a socket is for one write, and a slow reader may take long over a file.
            for begin in range(0, len(reply.body), _PIECE):
                self.wfile.write(reply.body[begin : begin + _PIECE])

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _wait(self, seconds: float) -> None:
        # An event, not a sleep: the end of the server ends the wait.
        self.server.stopping.wait(seconds)

    def _replaced(self, rule: FaultRule) -> bool:
        """Send what `rule` puts in the place of the answer, if it is of that sort."""
        if rule.kind == "hang":
            self._wait(rule.seconds)
        if rule.kind in {"hang", "close"}:
            self.close_connection = True
            return True
        status = rule.status
        replies = {
            "status": lambda: envelope(status or 503, "Simulated", f"the sandbox was told to answer {status or 503}"),
            "html": lambda: gateway_page(status or 502),
            "garbage": lambda: Reply(status or 200, b'{"data": [{"type": "pim-job", \xff\x00 nonsense'),
            "empty": lambda: Reply(status or 200),
            "unauthorized": unauthorized,
        }
        if rule.kind not in replies:
            return False
        reply = replies[rule.kind]()
        if rule.retry_after is not None:
            reply.headers["Retry-After"] = str(rule.retry_after)
        self._send(reply)
        return True

    def _hold(self, reply: Reply) -> None:
        """Send half of the body, and the rest when it is released."""
        half = len(reply.body) // 2
        with contextlib.suppress(ConnectionError):
            self.wfile.write(reply.body[:half])
            self.server.world.hold(self.server.stopping)
            self.wfile.write(reply.body[half:])

    def _spoil(self, rule: FaultRule, reply: Reply) -> None:
        """Send a true answer, cut off, byte by byte, or in two halves."""
        if rule.kind == "cut":
            # The length of the whole is promised, half of it comes.
            self.close_connection = True
            self._send_head(reply)
            self.wfile.write(reply.body[: len(reply.body) // 2])
            return
        self._send_head(reply)
        if rule.kind == "hold":
            self._hold(reply)
            return
        pause = rule.seconds / max(1, len(reply.body))
        with contextlib.suppress(ConnectionError):
            for byte in reply.body:
                if self.server.stopping.wait(pause):
                    return
                self.wfile.write(bytes([byte]))
