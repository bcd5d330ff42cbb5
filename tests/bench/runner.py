"""The other end of a worker: calls it, and takes its answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import get_context
from typing import Any, cast

from tests.bench.worker import work


class Runner:
    """A process for one database of one size."""

    def __init__(self, url: str) -> None:
        # Started afresh, not forked: it reads its settings from an environment of its own.
        context = get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=work, args=(other, _environ(url)), daemon=True)
        self._process.start()
        other.close()

    def fill(self, jobs: int, errors: int) -> float:
        """The seconds that it took."""
        return cast(float, self._call("fill", jobs, errors))

    def collect_static(self) -> None:
        """See Worker."""
        self._call("collect_static")

    def pair(self, case: str, seconds: float, least: int) -> tuple[list[float], list[float]]:
        """Times of the floor and of the case, in seconds."""
        return cast("tuple[list[float], list[float]]", self._call("pair", case, seconds, least))

    def times(self, case: str, count: int) -> list[float]:
        """Times of the case alone, in seconds."""
        return cast("list[float]", self._call("times", case, count))

    def sync(self, rounds: int, rows: int) -> dict[str, list[float]]:
        """Seconds by way of writing."""
        return cast("dict[str, list[float]]", self._call("sync", rounds, rows))

    def profile(self, case: str, count: int) -> str:
        """The profiler's table."""
        return cast(str, self._call("profile", case, count))

    def queries(self, case: str) -> list[str]:
        """The statements of one run."""
        return cast("list[str]", self._call("queries", case))

    def stop(self) -> None:
        """Ends the process."""
        with suppress(OSError):  # it has ended already
            self._pipe.send(None)
        self._process.join(timeout=10)

    def _call(self, name: str, *arguments: object) -> Any:  # Any: each name has its own type, given above
        self._pipe.send((name, arguments))
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


def _environ(url: str) -> Mapping[str, str]:
    """A production's environment. Nothing listens on port 1: a page that asked the API would be slow, and noticed."""
    return {
        "DATABASE_URL": url,
        "CONSOLE_SECRET_KEY": secrets.token_urlsafe(50),
        "CONSOLE_DEBUG": "off",
        "CONSOLE_ALLOWED_HOSTS": "localhost",
        "CONSOLE_HTTPS": "on",
        "JOBS_SOURCE": "mirror",
        "EPCC_API_BASE_URL": "http://127.0.0.1:1",
        "EPCC_CLIENT_ID": "bench",
        "EPCC_CLIENT_SECRET": "bench",
        "EPCC_CLIENT_SECRET_FILE": "",
        "CONSOLE_STORES_FILE": "",
        "CONSOLE_SECRET_KEY_FILE": "",
        "DATABASE_URL_FILE": "",
        "TEST_DATABASE_URL": "",
    }
