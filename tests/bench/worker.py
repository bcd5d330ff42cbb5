"""One database of one size, filled and measured in a process of its own: the settings are those of its environment."""

from __future__ import annotations

import gc
import gzip
import os
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from tests.bench.facts import Facts

HOST = "localhost"
# Runs of a case in a row before the first that counts: connections, caches of templates, pages of the database.
WARM_UP = 3
BLOCK = 10


class NotWhatWasAsked(Exception):
    """A page answered something else than its case expects: its time would say nothing."""


def work(pipe: Connection, environ: Mapping[str, str]) -> None:
    """Answers calls `(name, arguments)` until there are no more; an exception is sent back as it is."""
    os.environ.update(environ)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"
    import django

    django.setup()
    worker = Worker()
    while True:
        try:
            call = pipe.recv()
        except EOFError:  # whoever called is gone
            return
        if call is None:
            return
        name, arguments = call
        try:
            pipe.send(getattr(worker, name)(*arguments))
        except Exception as error:  # noqa: BLE001 - whoever called decides
            pipe.send(error)


class Worker:
    """What can be called."""

    def __init__(self) -> None:
        self._facts: Facts | None = None
        self._cookie = ""
        self._handler: Callable[..., Any] | None = None

    def fill(self, jobs: int, errors: int) -> float:
        """Fills the database unless that is done, logs somebody in; the seconds that it took."""
        from tests.bench.fill import fill, filled

        start = time.perf_counter()
        self._facts = filled() or fill(jobs, errors)
        self._cookie = _log_in()
        return time.perf_counter() - start

    def collect_static(self) -> None:
        """The static files of the console and of Django's admin, with the names that they have in production."""
        from django.core.management import call_command

        call_command("collectstatic", interactive=False, verbosity=0)

    def pair(self, name: str, seconds: float, least: int) -> tuple[list[float], list[float]]:
        """Times of the floor and of the case in turn, for about so many seconds, at least `least` of each."""
        from tests.bench.cases import FLOOR

        floor, case = self._request(FLOOR), self._case(name)
        for _ in range(WARM_UP):
            floor()
            case()
        gc.collect()
        floors: list[float] = []
        cases: list[float] = []
        end = time.perf_counter() + seconds
        while len(cases) < least or time.perf_counter() < end:
            # In blocks, as a page that has just been asked for by somebody else is the usual one: each first run after
            # another page finds the processor's caches cold, and the floor, which needs few of them, suffers most.
            floors += [floor() for _ in range(BLOCK)]
            cases += [case() for _ in range(BLOCK // 2)]
        return floors, cases

    def times(self, name: str, count: int) -> list[float]:
        """Times of the case alone."""
        case = self._case(name)
        case()
        return [case() for _ in range(count)]

    def sync(self, rounds: int, rows: int) -> dict[str, list[float]]:
        """See `tests.bench.loading`."""
        from tests.bench.loading import measure

        return measure(rounds, rows)

    def profile(self, name: str, count: int) -> str:
        """Where the time of a case goes."""
        import cProfile
        import io
        import pstats

        case, profile, text = self._case(name), cProfile.Profile(), io.StringIO()
        case()
        profile.enable()
        for _ in range(count):
            case()
        profile.disable()
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(45)
        return text.getvalue()

    def queries(self, name: str) -> list[str]:
        """The case's SQL, with the milliseconds of each statement."""
        from django.db import connection

        told: list[str] = []

        def tell(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            start = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                told.append(f"{(time.perf_counter() - start) * 1000:.2f} ms  {sql[:600]}  {str(params)[:300]}")

        case = self._case(name)
        case()
        with connection.execute_wrapper(tell):
            case()
        return told

    def _case(self, name: str) -> Callable[[], float]:
        from tests.bench.cases import CASES

        assert self._facts is not None
        case = next(case for case in CASES if case.name == name)
        request = self._request(case.path(self._facts), target=case.target)
        request.body = True
        request()
        body = request.answer.decode()
        request.body = False
        found = body.count("data-job-id=")
        if case.rows is not None and found != case.rows:
            raise NotWhatWasAsked(f"{name}: {found} jobs instead of {case.rows}")
        if case.holds(self._facts) not in body:
            raise NotWhatWasAsked(f"{name}: {case.holds(self._facts)} is not on the page")
        return request

    def _request(self, path: str, *, target: str = "") -> _Request:
        from django.core.wsgi import get_wsgi_application

        self._handler = self._handler or get_wsgi_application()
        return _Request(self._handler, path, self._cookie, target=target)


class _Request:
    """A browser's GET, handed to the WSGI application: all that gunicorn would do but the socket."""

    def __init__(self, handler: Callable[..., Any], path: str, cookie: str, *, target: str) -> None:
        from django.test import RequestFactory

        headers = {"accept": "text/html", "cookie": cookie}
        if target:
            headers |= {"hx-request": "true", "hx-target": target, "hx-current-url": f"https://{HOST}{path}"}
        factory = RequestFactory(SERVER_NAME=HOST)
        self._environ = factory.get(path, secure=True, headers=headers).environ
        self._handler = handler
        self._path = path
        self._status = ""
        self.body = False
        self.answer = b""

    def __call__(self) -> float:
        """Sends it once; the seconds until its answer was complete."""
        environ = dict(self._environ)
        start = time.perf_counter()
        response = self._handler(environ, self._start_response)
        body = b"".join(response)
        response.close()
        taken = time.perf_counter() - start
        if not self._status.startswith("200"):
            raise NotWhatWasAsked(f"{self._path}: {self._status}")
        if self.body:
            self.answer = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        return taken

    def _start_response(self, status: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> None:
        self._status = status


def _log_in() -> str:
    """The cookie of somebody who is staff, and may look into Django's admin."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    users = get_user_model().objects
    user = users.filter(username="bench").first() or users.create_superuser("bench")
    client = Client()
    client.force_login(user)
    connection.close()
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
