"""What tests share: the simulated API as its own process, the stores that point at it, people who are logged in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from django.utils import translation
from pydantic import SecretStr
from pytest_django.fixtures import Settings

from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import queue_knowledge
from jobs_ui.stores import Store, client_of, configured_stores
from jobs_ui.sync import RoundOutcome, Syncer
from tests.file_host import allow, export, file_host, log

__all__ = ["allow", "export", "file_host", "log"]  # fixtures

PASSWORD = "correct horse battery staple"


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the translations, as `make` does for everybody else: once, and not in each worker."""
    if not hasattr(config, "workerinput"):
        command = [
            sys.executable,
            "-m",
            "babel.messages.frontend",
            "--quiet",
            "compile",
            "-D",
            "django",
            "-d",
            "locale",
        ]
        subprocess.run(command, cwd=settings.BASE_DIR, check=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever touches a database is run on each database: by its fixtures, so that no test has to say it."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or {"db", "transactional_db", "live_server"} & set(fixtures):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session", autouse=True)
def _emptied_between_tests() -> Iterator[None]:
    """A test with transactions of its own leaves an empty database, which the audit log's triggers would refuse."""
    triggers = import_module("jobs_ui.migrations.0012_audit_written_once")
    flush = BaseDatabaseOperations.execute_sql_flush

    def without_triggers(operations: BaseDatabaseOperations, statements: list[str]) -> None:
        vendor = operations.connection.vendor
        flush(operations, [*triggers.REMOVE[vendor], *statements, *triggers.MAKE[vendor]])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", without_triggers)
        yield


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    """One simulated API a test process."""
    with SandboxProcess(quiet=True, history=0) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess, settings: Settings) -> Iterator[SandboxProcess]:
    """The simulated API, empty and well-behaved, as the configured store."""
    sandbox_process.reset(empty=True, quiet=True)
    sandbox_process.faults([])
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={
            "EPCC_API_BASE_URL": sandbox_process.url,
            "EPCC_CLIENT_ID": "sandbox",
            "EPCC_CLIENT_SECRET": SecretStr("sandbox"),
            "DOWNLOAD_HOSTS": (sandbox_process.url.removeprefix("http://"),),
        }
    )
    client_of.cache_clear()
    yield sandbox_process
    sandbox_process.faults([])
    for store in configured_stores():
        client_of(store).close()
    client_of.cache_clear()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """No test remembers what another one missed or learnt."""
    cache.clear()
    queue_knowledge.forget()


@pytest.fixture
def store(sandbox: SandboxProcess) -> Store:
    """The configured store."""
    return configured_stores()[0]


@pytest.fixture
def api(store: Store) -> JobsClient:
    """The client that the console itself uses for the store."""
    return client_of(store)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """No test speaks the language of one before: Django leaves that of the last request on its thread."""
    translation.activate("en")
    yield
    translation.deactivate()


class Clock:
    """A clock that stands still until it is moved. Aware, in UTC."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sync(store: Store, api: JobsClient, db: None) -> Callable[[], RoundOutcome]:
    """Runs one whole round of sync, and expects it to be complete."""

    def run() -> RoundOutcome:
        outcome = Syncer(store.slug, api).run_round()
        assert outcome.complete, outcome.problem
        return outcome

    return run


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("mara", password=PASSWORD, is_staff=True)


@pytest.fixture
def staff_client(staff: User) -> Client:
    """A browser in which a member of staff is logged in."""
    client = Client()
    client.force_login(staff)
    return client


def raw_job(job_id: str, **changes: object) -> dict[str, object]:
    """A job as the API sends it; `changes` go to `attributes` or, where they are named there, to `meta`."""
    now = datetime.now(UTC)
    attributes: dict[str, object] = {
        "type": "product-import",
        "status": "success",
        "created_at": _iso(now - timedelta(minutes=5)),
        "started_at": _iso(now - timedelta(minutes=4, seconds=50)),
        "completed_at": _iso(now - timedelta(minutes=3)),
        "updated_at": _iso(now - timedelta(minutes=4, seconds=50)),
    }
    meta: dict[str, object] = {"x_request_id": f"request-{job_id}"}
    for name, value in changes.items():
        (attributes if name in attributes else meta)[name] = value
    return {"type": "pim-job", "id": job_id, "attributes": attributes, "meta": meta}


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
