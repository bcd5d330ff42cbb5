"""What goes wrong in the middle of things: one bad job, somebody else at the same moment, a database that refuses."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from jobs_ui import models
from jobs_ui.jobs_api import Job, JobsClient, UnreadableAnswer
from jobs_ui.models import ErrorsState
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources.mirror import MirrorSource
from jobs_ui.stores import Store, configured_stores
from jobs_ui.sync import Syncer, errors, read_errors, store_job, store_jobs, watch
from jobs_ui.sync.open_jobs import read_by_id
from jobs_ui.sync.watch import Watch
from tests.conftest import Clock, raw_job
from tests.test_sync_errors import messages
from tests.test_sync_lease import SyncProcess, environment, expire_lease
from tests.test_sync_rounds import listed, mirrored, put_jobs

pytestmark = pytest.mark.django_db
OPEN: dict[str, Any] = {"status": "started", "completed_at": None}
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="how SQLite does it")


def freshness(now: datetime) -> Any:
    return MirrorSource(configured_stores()).freshness(now)


@pytest.fixture
def syncer(store: Store, api: JobsClient, clock: Clock) -> Syncer:
    return Syncer(store.slug, api, clock=clock)


# One job that cannot be read.


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": status} for status in (400, 403, 500)] + [{"kind": "html", "status": 200}],
    ids=["400", "403", "500", "a web page"],
)
def test_one_job_that_cannot_be_read_holds_up_nothing(
    fault: dict[str, Any], sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(2, 150))
    put_jobs(sandbox, range(2), **OPEN)
    syncer.run_round()
    put_jobs(sandbox, range(1, 2), status="failed")
    put_jobs(sandbox, range(1, 2), status="failed")
    sandbox.put_errors("job-1", messages=["one"])
    sandbox.faults([{"match": "job", "times": 1, **fault}])

    clock.advance(5)
    outcome = syncer.run_round()

    assert not outcome.complete
    assert freshness(clock()).state == "fresh"
    assert set(models.Job.objects.filter(job_id__in=("job-0", "job-1")).values_list("status", flat=True)) == {
        "started",
        "failed",
    }


def test_a_job_that_fails_each_time_is_asked_for_ever_less_often(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(1, 150))
    put_jobs(sandbox, range(1), **OPEN)
    syncer.run_round()
    sandbox.faults([{"match": "job", "kind": "status", "status": 500, "times": None}])
    for _ in range(120):
        clock.advance(15)
        syncer.run_round()

    assert 5 <= sandbox.state()["requests"]["job"] <= 12


@pytest.mark.parametrize("kind", ["close", "hang"])
def test_where_another_call_would_fare_no_better_the_round_ends(
    kind: str, sandbox: SandboxProcess, store: Store, clock: Clock
) -> None:
    put_jobs(sandbox, range(20, 150))
    put_jobs(sandbox, range(20), **OPEN)
    with JobsClient(
        base_url=store.base_url,
        client_id="sandbox",
        client_secret="sandbox",
        timeouts=(1.0, 0.2),
        deadline=0.5,
        retries=0,
    ) as client:
        syncer = Syncer(store.slug, client, clock=clock)
        syncer.run_round()
        sandbox.faults([{"match": "job", "kind": kind, "times": None}])
        clock.advance(5)
        outcome = syncer.run_round()

    assert not outcome.complete
    assert sandbox.state()["requests"]["job"] == 1
    # The next walk, soon, finds out whether it was the API or this one job.
    assert outcome.wait == timedelta(seconds=2)


def test_a_page_of_the_list_that_fails_each_time_stops_neither_reads_by_id_nor_error_lists(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(1, 150))
    put_jobs(sandbox, range(1), **OPEN)
    syncer.run_round()
    put_jobs(sandbox, range(1), status="failed")
    sandbox.put_errors("job-0", messages=["one"])
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 500, "times": None}])

    clock.advance(5)
    outcome = syncer.run_round()

    assert not outcome.complete
    assert freshness(clock()).state == "down"
    assert models.Job.objects.get(job_id="job-0").status == "failed"
    assert messages("job-0") == ["one"]


def test_while_all_fails_little_is_asked_for_and_a_job_is_not_put_off_for_long(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(1, 150))
    put_jobs(sandbox, range(1), **OPEN)
    sandbox.put_job("a", raw_job("a", status="failed"))
    syncer.run_round()
    before = sandbox.state()["requests"]
    sandbox.faults([{"match": "*", "kind": "status", "status": 500, "times": None}])
    for _ in range(30):
        clock.advance(30)
        syncer.run_round()
    asked = sandbox.state()["requests"]
    assert asked["job"] - before.get("job", 0) <= 30
    assert asked["errors"] == before["errors"]

    sandbox.faults([])
    put_jobs(sandbox, range(1), status="failed")
    clock.advance(61)
    syncer.run_round()

    assert models.Job.objects.filter(status="failed").count() == 2


def test_an_answer_about_another_job_is_not_taken(sandbox: SandboxProcess, api: JobsClient) -> None:
    sandbox.put_job("a", {**raw_job("a"), "id": "b"})

    with pytest.raises(UnreadableAnswer):
        api.get_job("a")


# Somebody else at the same moment.


def test_errors_of_a_job_that_fails_while_somebody_reads_it_again_are_not_lost(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    sandbox.put_job("a", raw_job("a", **OPEN))
    syncer = Syncer(store.slug, api, clock=clock)
    syncer.run_round()
    reading = errors.Reading(api, models.Job.objects.get().pk, "a", clock())
    while reading.next_page():
        pass
    clock.advance(1)
    sandbox.put_job("a", raw_job("a", status="failed", completed_at=clock().isoformat()))
    sandbox.put_errors("a", messages=["boom"])
    store_job(store.slug, api.get_job("a"), now=clock())

    errors.store_reading(reading)
    syncer.run_round()

    assert messages() == ["boom"]


def test_an_older_reading_of_errors_does_not_replace_a_newer_one(
    sandbox: SandboxProcess, api: JobsClient, clock: Clock, syncer: Syncer
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["one"])
    syncer.run_round()
    clock.advance(1)
    older = errors.Reading(api, models.Job.objects.get().pk, "a", clock())
    while older.next_page():
        pass
    clock.advance(1)
    sandbox.put_errors("a", messages=["one", "two"])
    read_errors(api, models.Job.objects.get(), clock)

    errors.store_reading(older)

    assert messages() == ["one", "two"]


def test_messages_that_are_held_stay_when_the_api_has_them_no_more(
    sandbox: SandboxProcess, api: JobsClient, clock: Clock, syncer: Syncer
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["one"])
    syncer.run_round()
    sandbox.faults([{"match": "errors", "kind": "status", "status": 404}])

    clock.advance(1)
    read_errors(api, models.Job.objects.get(), clock)

    assert messages() == ["one"]
    assert models.Job.objects.get().errors_state == ErrorsState.COMPLETE


def test_a_404_that_was_under_way_does_not_hide_a_job_that_was_seen_since(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    sandbox.put_job("a", raw_job("a", **OPEN))
    Syncer(store.slug, api, clock=clock).run_round()
    stale = models.Job.objects.get()
    asked_at = clock()
    sandbox.delete_job("a")

    def clock_of_a_slow_call() -> datetime:
        later = Job.from_api(raw_job("a"), read_at=asked_at + timedelta(seconds=1))
        store_job(store.slug, later, now=asked_at + timedelta(seconds=1))
        return asked_at

    read_by_id(api, stale, clock_of_a_slow_call)

    row = models.Job.objects.get()
    assert row.missing_since is None
    assert row.status == "success"


def test_a_job_that_is_pruned_while_it_is_asked_for_does_not_end_sync(
    sandbox: SandboxProcess, api: JobsClient, clock: Clock, syncer: Syncer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.put_job("a", raw_job("a", **OPEN))
    assert syncer.run_round().complete
    sandbox.delete_job("a")
    clock.advance(60)
    ask = api.get_job

    def pruned_meanwhile(job_id: str) -> Job:
        models.Job.objects.filter(job_id=job_id).delete()
        return ask(job_id)

    monkeypatch.setattr(api, "get_job", pruned_meanwhile)

    assert syncer.run_round().complete
    assert not models.Job.objects.exists()


def test_a_job_is_not_gone_while_the_list_does_not_work(
    sandbox: SandboxProcess, api: JobsClient, clock: Clock, syncer: Syncer
) -> None:
    sandbox.put_job("a", raw_job("a", **OPEN))
    syncer.run_round()
    sandbox.faults(
        [{"match": match, "kind": "status", "status": 404, "times": None} for match in ("job", "jobs")],
    )
    syncer.run_round()
    for _ in range(3):
        clock.advance(61)
        read_by_id(api, models.Job.objects.get(), clock)
    assert models.Job.objects.get().missing_since is not None
    assert models.Job.objects.get().gone_at is None

    sandbox.faults([{"match": "job", "kind": "status", "status": 404, "times": None}])
    sandbox.delete_job("a")
    clock.advance(61)
    syncer.run_round()

    assert models.Job.objects.get().gone_at is not None


@pytest.mark.django_db(transaction=True)
def test_processes_that_store_the_same_jobs_do_not_lock_each_other_up() -> None:
    ids = [f"job-{number}" for number in range(40)]
    trouble: list[str] = []

    def store_them(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for turn in range(4):
                jobs = [
                    Job.from_api(
                        raw_job(job_id, filter=f"eq(sku,{seed}-{turn})", type=f"new-{seed % 2}"),
                        read_at=datetime.now(UTC),
                    )
                    for job_id in dice.sample(ids, len(ids))
                ]
                store_jobs("default", jobs, now=datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
            trouble.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=store_them, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert trouble == []
    assert models.Job.objects.count() == len(ids)


# What pages may say.


def test_a_walk_that_was_not_complete_is_not_fresh(sandbox: SandboxProcess, syncer: Syncer, clock: Clock) -> None:
    put_jobs(sandbox, range(1_200))
    sandbox.churn(remove_per_page=150)

    outcome = syncer.run_round()

    assert not outcome.complete
    assert freshness(clock()).state == "stale"
    assert "moved" in freshness(clock()).headline
    assert models.SyncState.objects.get().last_success_at is None
    sandbox.churn()
    assert syncer.run_round().complete
    assert freshness(clock()).state == "fresh"


def test_a_round_that_broke_off_tells_what_it_stored(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(300))
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 500, "skip": 2, "times": None}])

    assert syncer.run_round().created == models.Job.objects.count() > 100


def test_a_long_phase_of_errors_does_not_look_like_no_sync(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_jobs(sandbox, range(12), status="failed")
    states = []
    ask = JobsClient.iter_errors

    def slow(self: JobsClient, job_id: str, **options: Any) -> Any:
        clock.advance(19)
        states.append(freshness(clock()).state)
        return ask(self, job_id, **options)

    monkeypatch.setattr(JobsClient, "iter_errors", slow)

    Syncer(store.slug, api, clock=clock).run_round()

    assert states == ["fresh"] * 12


def test_a_long_list_of_errors_goes_on_in_the_next_round(sandbox: SandboxProcess, syncer: Syncer, clock: Clock) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    expected = [f"message {number}" for number in range(650)]
    sandbox.put_errors("a", messages=expected)

    rounds = 0
    while not models.Job.objects.filter(errors_state=ErrorsState.COMPLETE).exists():
        outcome = syncer.run_round(reads_for=timedelta(milliseconds=1))
        rounds += 1
        assert rounds < 30

    assert rounds > 3
    # One request a page, and the walks: nothing was read twice.
    assert sandbox.state()["requests"]["errors"] <= 9
    assert outcome.wait == timedelta(seconds=2)
    assert messages() == expected


def test_an_unreadable_row_is_counted_until_the_whole_list_is_read(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(300))
    sandbox.put_job("bad", {"id": "bad", "type": "pim-job", "attributes": {}}, at=250)
    syncer.run_round()
    syncer.run_round()
    assert freshness(clock()).unreadable == 1

    sandbox.delete_job("bad")
    syncer.run_round(full=True)

    assert freshness(clock()).unreadable == 0


# A database that refuses.


class WatchOfOneRound(Watch):
    """Ends after the first round that was whole."""

    def _pause(self, length: timedelta) -> None:
        self._stop.set()


def watch_until_whole(
    store: Store, api: JobsClient, *, report: Callable[[object], None], mend: Callable[[], None]
) -> list[str]:
    """Runs sync as `--watch` does; `mend` is called with the first complaint. Returns what was complained of."""
    complaints: list[str] = []

    def complain(line: str) -> None:
        if not complaints:
            mend()
        complaints.append(line)

    WatchOfOneRound(store.slug, api, threading.Event(), say=lambda _: None, complain=complain, report=report).run()
    return complaints


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_locked_database_is_survived(
    sandbox: SandboxProcess, store: Store, api: JobsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_AFTER_TROUBLE", 0.01)
    put_jobs(sandbox, range(350))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        locks = iter(["BEGIN IMMEDIATE"])

        def lock(_: object) -> None:
            for statement in locks:  # once
                other.execute(statement)

        def unlock() -> None:
            other.execute("ROLLBACK")

        complaints = watch_until_whole(store, api, report=lock, mend=unlock)

    assert len(complaints) == 1
    assert "The mirror's database did not answer, trying again: OperationalError: database is locked" in complaints[0]
    assert mirrored() == listed(range(350))


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_survived(
    sandbox: SandboxProcess, store: Store, api: JobsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_AFTER_TROUBLE", 0.01)
    put_jobs(sandbox, range(350), filter="eq(sku,a)" * 100)
    # Other tests have left free pages, which would be filled before the disk is.
    connection.cursor().execute("VACUUM")

    fills = iter(["PRAGMA page_count"])

    def fill(_: object) -> None:
        for statement in fills:  # once
            cursor = connection.cursor()
            # Of this connection alone: the one after it finds room again.
            cursor.execute(statement)
            cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")

    complaints = watch_until_whole(store, api, report=fill, mend=lambda: None)

    assert "database or disk is full" in complaints[0]
    assert mirrored() == listed(range(350))


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_single_round_says_that_the_database_is_locked(sandbox: SandboxProcess, store: Store) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(CommandError, match="The mirror's database cannot be used \\(database is locked\\)"):
            call_command("sync_jobs")

        other.execute("ROLLBACK")


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_nothing_is_lost(sandbox: SandboxProcess, store: Store, tmp_path: Path) -> None:
    put_jobs(sandbox, range(400))
    put_jobs(sandbox, range(0, 400, 40), status="failed")
    for number in range(0, 400, 40):
        sandbox.put_errors(f"job-{number}", messages=[f"row {line} of {number}" for line in range(150)])
    dice = random.Random()
    for attempt in range(4):
        expire_lease()  # of the one that was killed
        sync = SyncProcess(environment(sandbox, CONSOLE_API_BUDGET="1000"), tmp_path / f"{attempt}.txt", "--watch")
        until = time.monotonic() + 20
        while not sync.holds_the_lease():
            assert time.monotonic() < until, sync.said()
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 0.5))
        sync.process.kill()
        sync.process.wait()
    expire_lease()

    call_command("sync_jobs")

    assert mirrored() == listed(range(400))
    for number in range(0, 400, 40):
        assert messages(f"job-{number}") == [f"row {line} of {number}" for line in range(150)]
