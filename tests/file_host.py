"""A host of files that answers as a test tells it, and what tests of downloads share."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess

SIGNATURE = "s3cr3t-s1gn4tur3"
QUERY = f"?Expires=9999999999&Signature={SIGNATURE}&Key-Pair-Id=K2"


class FileHost(ThreadingHTTPServer):
    """A host of files that answers as it is told. `answers` is by path; each writes to the connection itself."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FileHandler)
        self.answers: dict[str, Callable[[FileHandler], None]] = {}
        self.asked: list[str] = []
        self.connections = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.connections += 1
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes away, or speaks TLS, is no error of the test."""


class FileHandler(BaseHTTPRequestHandler):
    server: FileHost

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answers[self.path.partition("?")[0]](self)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def file_host() -> Iterator[FileHost]:
    host = FileHost()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield host
    host.shutdown()
    thread.join()
    host.server_close()


@pytest.fixture
def allow(settings: Settings, sandbox: SandboxProcess) -> Callable[..., None]:
    """Sets DOWNLOAD_HOSTS."""

    def set_hosts(*hosts: str) -> None:
        settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"DOWNLOAD_HOSTS": hosts})

    return set_hosts


@pytest.fixture
def export(sandbox: SandboxProcess, api: JobsClient) -> str:
    """A successful export of two parts."""
    sandbox.reset(history=40, quiet=True)
    return next(job.id for job in api.list_jobs().items if len(job.files or ()) == 2)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged: all of our own, and of the libraries what is configured. No secret is in it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    # What does not reach the root logger has to be taken where it is.
    loggers = {name: logging.getLogger(name) for name in (None, "django", "jobs_ui")}
    levels = {name: logger.level for name, logger in loggers.items()}
    for logger in loggers.values():
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield written
    for name, logger in loggers.items():
        logger.removeHandler(handler)
        logger.setLevel(levels[name])
    assert "Signature=" not in written.getvalue()
    assert SIGNATURE not in written.getvalue()
    assert "Bearer " not in written.getvalue()
