"""One process at a time syncs a store, and a holder that was paused writes nothing when it wakes up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from jobs_ui import models
from jobs_ui.jobs_api import Job, JobsClient, Page
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store
from jobs_ui.sync import Syncer, store_jobs
from jobs_ui.sync import lease as lease_module
from jobs_ui.sync.errors import Reading, store_reading
from jobs_ui.sync.lease import Lease, LeaseLost
from jobs_ui.sync.open_jobs import read_by_id
from tests.conftest import raw_job

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 20.0


def wait_until(condition: Callable[[], object], *, patience: float = PATIENCE) -> float:
    """Returns after how many seconds it was met."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < patience, "it never came to pass"
        time.sleep(0.05)
    return time.monotonic() - began


def database_url() -> str:
    """The test's own database, for another process."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    user, password = config["USER"], config["PASSWORD"]
    return f"postgresql://{user}:{password}@{config['HOST']}:{config['PORT'] or 5432}/{config['NAME']}"


def environment(sandbox: SandboxProcess, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url(),
        "EPCC_API_BASE_URL": sandbox.url,
        "EPCC_CLIENT_ID": "sandbox",
        "EPCC_CLIENT_SECRET": "sandbox",
        **changes,
    }


class SyncProcess:
    """`manage.py sync_jobs --watch` as a process, and what it has printed."""

    def __init__(self, environ: dict[str, str], output: Path, *arguments: str) -> None:
        self._output = output
        with output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "manage.py", "sync_jobs", *arguments],
                cwd=ROOT,
                env=environ,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self._output.read_text()

    def holds_the_lease(self) -> bool:
        holder = models.SyncState.objects.values_list("lease_holder", flat=True).first() or ""
        return f":{self.process.pid}:" in holder


@pytest.fixture
def watch(
    sandbox: SandboxProcess, store: Store, transactional_db: None, tmp_path: Path
) -> Iterator[Callable[[], SyncProcess]]:
    """Starts `sync_jobs --watch` on the test's database."""
    started: list[SyncProcess] = []

    def start() -> SyncProcess:
        process = SyncProcess(environment(sandbox), tmp_path / f"{len(started)}.txt", "--watch")
        started.append(process)
        return process

    yield start
    for sync in started:
        sync.process.kill()
        sync.process.wait()


def expire_lease() -> None:
    """As if its time had run out."""
    models.SyncState.objects.update(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))


def test_two_watchers_ask_no_more_than_one_and_the_second_takes_over_when_the_first_is_killed(
    sandbox: SandboxProcess, watch: Callable[[], SyncProcess]
) -> None:
    sandbox.put_job("young", raw_job("young", status="pending", started_at=None, completed_at=None))
    for number in range(5):  # with these below it a walk is one request
        sandbox.put_job(f"old-{number}", raw_job(f"old-{number}", created_at="2026-01-05T15:27:23Z"))
    first = watch()
    wait_until(first.holds_the_lease)
    second = watch()
    wait_until(lambda: "waits and takes over" in second.said())
    before, began = sandbox.state()["requests"]["jobs"], time.monotonic()
    wait_until(lambda: sandbox.state()["requests"]["jobs"] >= before + 3)
    # A round every two seconds: of two that do not know of each other it would be two.
    assert time.monotonic() - began > 3.5

    first.process.kill()
    sandbox.put_job("later", raw_job("later"))
    seconds = wait_until(lambda: models.Job.objects.filter(job_id="later").exists(), patience=30)

    assert seconds < 30
    assert second.holds_the_lease()
    assert second.said().count("waits and takes over") == 1


def test_sigterm_hands_over_at_once(sandbox: SandboxProcess, watch: Callable[[], SyncProcess]) -> None:
    first = watch()
    wait_until(first.holds_the_lease)
    second = watch()
    wait_until(lambda: "waits and takes over" in second.said())

    first.process.send_signal(signal.SIGTERM)

    assert wait_until(second.holds_the_lease) < 6
    assert first.process.wait(5) == 0


def test_sigterm_hands_over_at_once_even_while_the_api_hangs(
    sandbox: SandboxProcess, watch: Callable[[], SyncProcess]
) -> None:
    sandbox.faults([{"match": "jobs", "kind": "hang", "times": None}])
    first = watch()
    wait_until(lambda: sandbox.state()["requests"].get("jobs"))

    first.process.send_signal(signal.SIGTERM)

    assert first.process.wait(6) == 0
    assert models.SyncState.objects.get().lease_holder == ""


def test_a_holder_that_was_paused_writes_nothing_when_it_wakes_up(
    sandbox: SandboxProcess, watch: Callable[[], SyncProcess]
) -> None:
    sandbox.put_job("young", raw_job("young", status="pending", started_at=None, completed_at=None))
    first = watch()
    wait_until(lambda: models.Job.objects.filter(job_id="young").exists())
    first.process.send_signal(signal.SIGSTOP)
    expire_lease()
    second = watch()
    wait_until(second.holds_the_lease)
    token = models.SyncState.objects.get().lease_token

    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "Another process syncs the store" in first.said())

    state = models.SyncState.objects.get()
    assert state.lease_token == token
    assert second.holds_the_lease()


@pytest.fixture
def lost(sandbox: SandboxProcess, store: Store, db: None) -> Lease:
    """A lease that somebody else has taken over."""
    lease = Lease(store.slug)
    assert lease.acquire()
    expire_lease()
    assert Lease(store.slug).acquire()
    return lease


def test_without_the_lease_no_job_is_stored(lost: Lease, store: Store) -> None:
    job = Job.from_api(raw_job("a"), read_at=datetime.now(UTC))

    with pytest.raises(LeaseLost):
        store_jobs(store.slug, [job], now=datetime.now(UTC), fence=lost.check)

    assert not models.Job.objects.exists()


def test_without_the_lease_nothing_of_a_round_is_written(
    lost: Lease, sandbox: SandboxProcess, store: Store, api: JobsClient
) -> None:
    sandbox.put_job("a", raw_job("a"))
    before = models.SyncState.objects.values().get()

    with pytest.raises(LeaseLost):
        Syncer(store.slug, api, lease=lost).run_round()

    assert models.SyncState.objects.values().get() == before
    assert not models.Job.objects.exists()


@pytest.mark.parametrize("is_first_load", [True, False])
def test_a_page_that_was_under_way_when_the_lease_was_lost_is_not_stored(
    is_first_load: bool,
    sandbox: SandboxProcess,
    store: Store,
    api: JobsClient,
    monkeypatch: pytest.MonkeyPatch,
    db: None,
) -> None:
    """The fence alone: the last beat, before the call, found the lease ours."""
    lease = Lease(store.slug)
    assert lease.acquire()
    if not is_first_load:
        sandbox.put_job("known", raw_job("known"))
        assert Syncer(store.slug, api, lease=lease).run_round().complete
    sandbox.put_job("new", raw_job("new"))
    written = ("watermark_created_at", "first_load_created_at", "last_success_at")
    before = models.SyncState.objects.values(*written).get()
    ask = api.list_jobs

    def taken_over_meanwhile(**arguments: int) -> Page[Job]:
        page = ask(**arguments)
        expire_lease()
        assert Lease(store.slug).acquire()
        return page

    monkeypatch.setattr(api, "list_jobs", taken_over_meanwhile)
    with pytest.raises(LeaseLost):
        Syncer(store.slug, api, lease=lease).run_round()

    assert not models.Job.objects.filter(job_id="new").exists()
    assert models.SyncState.objects.values(*written).get() == before


@pytest.mark.parametrize("answer", ["changed", "unchanged", "missing"])
def test_without_the_lease_no_open_job_is_written(
    answer: str, lost: Lease, sandbox: SandboxProcess, store: Store, api: JobsClient
) -> None:
    sandbox.put_job("a", raw_job("a", status="started", completed_at=None))
    Syncer(store.slug, api).run_round()
    if answer == "changed":
        sandbox.put_job("a", raw_job("a"))
    elif answer == "missing":
        sandbox.delete_job("a")
    before = models.Job.objects.values().get()

    with pytest.raises(LeaseLost):
        read_by_id(api, models.Job.objects.get(), lambda: datetime.now(UTC), lost.check)

    assert models.Job.objects.values().get() == before


def test_without_the_lease_no_errors_are_written(
    lost: Lease, sandbox: SandboxProcess, store: Store, api: JobsClient
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    Syncer(store.slug, api).run_round()
    sandbox.put_errors("a", messages=["one"])
    reading = Reading(api, models.Job.objects.get().pk, "a", datetime.now(UTC))
    while reading.next_page():
        pass

    with pytest.raises(LeaseLost):
        store_reading(reading, fence=lost.check)

    assert not models.JobError.objects.exists()
    assert models.Job.objects.get().errors_count == 0


def test_a_lease_is_not_given_to_two(store: Store, db: None) -> None:
    first, second = Lease(store.slug), Lease(store.slug)

    assert first.acquire()
    assert not second.acquire()
    first.renew()
    first.release()
    assert second.acquire()
    with pytest.raises(LeaseLost):
        first.renew()
    assert second.token > 1


def test_giving_back_what_is_lost_takes_nothing_from_the_new_holder(lost: Lease) -> None:
    holder = models.SyncState.objects.get().lease_holder

    lost.release()

    assert models.SyncState.objects.get().lease_holder == holder


def test_each_store_has_its_own_lease(db: None) -> None:
    assert Lease("europe").acquire()
    assert Lease("america").acquire()


def test_a_single_round_beside_a_watcher_waits_and_then_says_who_it_is(store: Store, db: None) -> None:
    lease = Lease(store.slug)
    assert lease.acquire()

    with pytest.raises(CommandError, match=f"another process .*{os.getpid()}.* all the time"):
        call_command("sync_jobs", wait=0.2)


def test_a_single_round_goes_on_when_the_lease_runs_out(sandbox: SandboxProcess, store: Store, db: None) -> None:
    sandbox.put_job("a", raw_job("a"))
    assert Lease(store.slug, life=timedelta(seconds=0.5)).acquire()

    call_command("sync_jobs", wait=10)

    assert models.Job.objects.exists()
    assert models.SyncState.objects.get().lease_holder == ""


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite cannot end another process's transaction")
def test_a_holder_that_is_paused_within_a_transaction_keeps_nobody_waiting(
    store: Store, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "_LONGEST_PAUSE_INSIDE", "300ms")
    first, second = Lease(store.slug), Lease(store.slug)
    assert first.acquire()
    expire_lease()

    def take_over() -> None:
        second.acquire()  # waits for the row
        connection.close()

    def pause_while_another_takes_over() -> None:
        with transaction.atomic():
            first.check()
            other = threading.Thread(target=take_over)
            other.start()
            other.join(10)
            models.SyncState.objects.exists()

    with pytest.raises(DatabaseError):
        pause_while_another_takes_over()
    connection.close()

    assert second.token > first.token
