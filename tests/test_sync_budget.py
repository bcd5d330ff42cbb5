"""The budget of requests to a store's API: shared by all processes, kept also by retries and tokens."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from pytest_django.fixtures import Settings

from jobs_ui import models
from jobs_ui.budget import Budget, Kind
from jobs_ui.jobs_api import JobsClient, RateLimited
from jobs_ui.jobs_api.deadline import within
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store, client_of
from tests.conftest import raw_job
from tests.test_sync_lease import ROOT, environment

ASK = """
import sys, time, django
django.setup()
from jobs_ui.stores import client_of, configured_stores
client = client_of(configured_stores()[0], sys.argv[1])
client.list_jobs(limit=1)
print("ready", flush=True)
sys.stdin.readline()
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    client.list_jobs(limit=1)
"""
SECONDS = 3.0


def requests_of(sandbox: SandboxProcess) -> int:
    return sum(sandbox.state()["requests"].values())


@pytest.mark.parametrize(
    ("kinds", "least", "most"),
    [(("sync", "sync"), 16, 24), (("act", "act"), 15, 34), (("act", "sync", "act"), 24, 35)],
    ids=["sync has 70 %", "acts may use what sync leaves", "together not more than the whole"],
)
def test_processes_share_ten_requests_a_second(
    kinds: tuple[str, ...], least: int, most: int, sandbox: SandboxProcess, transactional_db: None
) -> None:
    environ = environment(sandbox, CONSOLE_API_BUDGET="10", DJANGO_SETTINGS_MODULE="console.settings")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, kind, str(SECONDS)],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind in kinds
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    before = requests_of(sandbox)
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()

    assert least <= requests_of(sandbox) - before <= most


@pytest.fixture
def counted(sandbox: SandboxProcess, store: Store) -> tuple[JobsClient, list[float]]:
    """A client whose attempts are noted."""
    attempts: list[float] = []
    client = JobsClient(
        base_url=store.base_url,
        client_id="sandbox",
        client_secret="sandbox",
        backoff=0.01,
        before_request=lambda: attempts.append(time.monotonic()),
    )
    return client, attempts


def test_retries_and_tokens_are_counted(sandbox: SandboxProcess, counted: tuple[JobsClient, list[float]]) -> None:
    client, attempts = counted
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 503, "times": 2}])
    before = requests_of(sandbox)

    with client:
        client.list_jobs()

    assert len(attempts) == requests_of(sandbox) - before == 4


def test_a_reading_is_as_old_as_the_attempt_that_brought_it(
    sandbox: SandboxProcess, counted: tuple[JobsClient, list[float]]
) -> None:
    client, _ = counted
    sandbox.put_job("a", raw_job("a"))
    sandbox.faults([{"match": "job", "kind": "status", "status": 503, "times": 1}])
    with client:
        client.list_jobs()
        began = datetime.now(UTC)
        read_at = client.get_job("a").read_at

    assert read_at > began + timedelta(seconds=0.01)


def test_no_wait_goes_beyond_the_deadline_of_the_call(db: None) -> None:
    budget = Budget("default", "act", rate=0.1)
    budget()
    budget()  # what sync leaves

    began = time.monotonic()
    with within(0.5), pytest.raises(RateLimited, match=r"at most 0\.1 requests a second"):
        budget()

    assert time.monotonic() - began < 0.4


@pytest.mark.parametrize("kind", ["act", "sync"])
def test_whoever_gives_up_takes_no_turn_from_others(kind: Kind, db: None) -> None:
    budget = Budget("default", kind, rate=0.1)
    budget()
    if kind == "act":
        budget()  # what sync leaves
    before = list(models.ApiBudget.objects.order_by("name").values())
    for _ in range(5):
        with within(0.5), pytest.raises(RateLimited):
            budget()

    assert list(models.ApiBudget.objects.order_by("name").values()) == before


def test_each_store_has_its_own_budget(db: None) -> None:
    began = time.monotonic()
    for store in ("europe", "america", "asia"):
        Budget(store, "sync", rate=1)()

    assert time.monotonic() - began < 0.5


def test_a_pause_saves_nothing_up(db: None) -> None:
    budget = Budget("default", "sync", rate=20)
    for _ in range(6):
        budget()
    time.sleep(0.6)
    began = time.monotonic()
    for _ in range(6):
        budget()

    assert time.monotonic() - began > 0.25


def test_threads_of_a_process_share_it(db: None) -> None:
    budget = Budget("default", "sync", rate=30)
    budget()
    turns: list[float] = []

    def ask() -> None:
        budget()
        turns.append(time.monotonic())

    # The moments that are reserved already need no database, which other threads do not have in this test.
    budget()
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(turns) - min(turns) > 0.06


def test_a_database_that_cannot_be_written_holds_nobody_up(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def refuse(*_: object) -> float:
        nonlocal calls
        calls += 1
        raise DatabaseError("database is locked")

    monkeypatch.setattr(Budget, "_reserve", refuse)
    budget = Budget("default", "sync", rate=0.1)
    began = time.monotonic()
    for _ in range(5):
        budget()

    assert time.monotonic() - began < 0.5
    assert calls == 1
    assert [record.getMessage() for record in caplog.records if "not counted" in record.getMessage()] == [
        "Requests to the API of store default are not counted for now: database is locked"
    ]


def test_the_clients_of_stores_are_bound_to_it(sandbox: SandboxProcess, settings: Settings, db: None) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"CONSOLE_API_BUDGET": 50.0})
    store = Store("default", "Default", sandbox.url, "sandbox", settings.ENVIRONMENT.EPCC_CLIENT_SECRET)

    client_of(store).list_jobs()

    assert set(models.ApiBudget.objects.values_list("name", flat=True)) == {"default:act", "default:sync"}
