"""The errors of jobs in the mirror: all of them, in order, and never half of one reading and half of another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from jobs_ui import models
from jobs_ui.jobs_api import JobError, JobsClient, Walk
from jobs_ui.models import ErrorsState
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store
from jobs_ui.sync import RoundOutcome, Syncer, read_errors, readings
from jobs_ui.sync.errors import Reading, store_reading
from tests.conftest import Clock, raw_job
from tests.simulated_api import Killed, SimulatedApi

pytestmark = pytest.mark.django_db
LONG_AGO = dict.fromkeys(("created_at", "started_at", "completed_at"), "2026-01-05T15:27:23Z")


def messages(job_id: str = "a") -> list[str]:
    row = models.Job.objects.get(job_id=job_id)
    errors = models.JobError.objects.filter(job=row, reading=row.errors_reading).order_by("position")
    return list(errors.values_list("message", flat=True))


def test_all_errors_of_a_failed_job_are_there_in_order(
    sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    expected = [f"data.attributes.sku: SKU-{n} Must be unique amongst products." for n in range(1_234)]
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=expected)

    sync()

    job = models.Job.objects.get()
    assert messages() == expected
    assert job.errors_count == 1_234
    assert job.errors_state == ErrorsState.COMPLETE


def test_a_successful_price_import_keeps_its_notices(sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]) -> None:
    sandbox.put_job("a", raw_job("a", type="price-import"))
    sandbox.put_errors("a", messages=["matched price with p - q not found"])

    sync()

    assert messages() == ["matched price with p - q not found"]


def test_a_failed_job_without_errors_is_known_to_have_none(
    sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))

    sync()

    assert models.Job.objects.get().errors_state == ErrorsState.NONE


@pytest.mark.parametrize("status", [200, 422])
def test_the_old_form_is_the_reason_that_it_is(
    sandbox: SandboxProcess, sync: Callable[[], RoundOutcome], status: int
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["missing required csv header: name"])
    sandbox.settings(old_errors_form=status)

    sync()

    assert len(messages()) == 1
    assert "missing required csv header: name" in messages()[0]


def test_errors_that_grow_after_the_end_are_read_until_two_readings_agree(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    syncer = Syncer(store.slug, api, clock=clock)
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["one"])
    syncer.run_round()
    sandbox.put_errors("a", messages=["one", "two"])

    clock.advance(61)
    syncer.run_round()
    assert messages() == ["one", "two"]
    assert models.Job.objects.get().errors_due_at is not None
    clock.advance(61)
    syncer.run_round()

    assert models.Job.objects.get().errors_due_at is None


def test_errors_of_a_job_that_ended_long_ago_are_read_once(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed", **LONG_AGO))
    sandbox.put_errors("a", messages=["one"])
    syncer = Syncer(store.slug, api, clock=clock)
    for _ in range(4):
        syncer.run_round()
        clock.advance(120)

    assert sandbox.state()["requests"]["errors"] <= 2


def test_whether_a_list_may_still_grow_is_told_by_the_clock_of_the_api(store: Store, clock: Clock) -> None:
    """Which is an hour behind ours: by ours the job has ended long ago."""
    simulated = SimulatedApi(clock)
    simulated.clock_offset = -timedelta(hours=1)
    job = simulated.create(ago=3_700)
    simulated.end(job, "failed", messages=1)
    job.raw["attributes"]["completed_at"] = (clock() - timedelta(minutes=61)).isoformat()
    syncer = Syncer(store.slug, simulated.as_client(), clock=clock)
    syncer.run_round()
    assert len(messages(job.job_id)) == 1
    job.messages.append("one more")

    clock.advance(61)
    syncer.run_round()

    assert len(messages(job.job_id)) == 2


def test_the_lists_of_failed_jobs_are_read_first_and_the_newest_before_others(store: Store, clock: Clock) -> None:
    asked: list[str] = []

    class Api(SimulatedApi):
        def iter_errors(self, job_id: str, *, limit: int = 3) -> Walk[JobError]:
            asked.append(job_id)
            return super().iter_errors(job_id, limit=limit)

    simulated = Api(clock)
    jobs = []
    for status, kind in (("failed", "product-import"), ("success", "price-import")) * 2:
        job = simulated.create()
        job.raw["attributes"]["type"] = kind
        simulated.end(job, status, messages=1)
        jobs.append(job.job_id)
        clock.advance(60)

    Syncer(store.slug, simulated.as_client(), clock=clock).run_round()

    assert asked == [jobs[2], jobs[0], jobs[3], jobs[1]]


def test_a_reading_that_breaks_off_leaves_the_one_before(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    syncer = Syncer(store.slug, api, clock=clock)
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["one"])
    syncer.run_round()
    sandbox.put_errors("a", messages=[f"other {n}" for n in range(300)])
    sandbox.faults([{"match": "errors", "kind": "status", "status": 500, "skip": 1, "times": None}])

    clock.advance(61)
    outcome = syncer.run_round()

    assert not outcome.complete
    assert messages() == ["one"]
    sandbox.faults([])
    clock.advance(61)
    assert syncer.run_round().complete
    assert len(messages()) == 300


def test_the_errors_of_one_job_that_cannot_be_read_do_not_hold_up_the_list(
    sandbox: SandboxProcess, store: Store, api: JobsClient
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.faults([{"match": "errors", "kind": "status", "status": 500}])

    outcome = Syncer(store.slug, api).run_round()

    assert not outcome.complete
    assert models.Job.objects.get().status == "failed"
    assert models.SyncState.objects.get().failing_since is None


def test_a_list_that_is_refused_is_said_not_to_be_had(sandbox: SandboxProcess, store: Store, api: JobsClient) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.faults([{"match": "errors", "kind": "status", "status": 404}])

    Syncer(store.slug, api).run_round()

    assert models.Job.objects.get().errors_state == ErrorsState.UNAVAILABLE


def test_a_new_reading_leaves_the_one_before_to_its_readers_and_nothing_older(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    syncer = Syncer(store.slug, api, clock=clock)
    sandbox.put_job("a", raw_job("a", status="failed", **LONG_AGO))
    sandbox.put_errors("a", messages=[f"old {n}" for n in range(700)])
    syncer.run_round()
    seen = models.Job.objects.get().errors_reading
    for version in ("newer", "newest"):
        clock.advance(5)
        sandbox.put_errors("a", messages=[version])
        read_errors(api, models.Job.objects.get(), clock)

    assert messages() == ["newest"]
    assert not models.JobError.objects.filter(reading=seen).exists()
    assert list(models.JobError.objects.order_by("pk").values_list("message", flat=True)) == ["newer", "newest"]


def test_a_reading_is_dropped_when_nobody_can_be_looking_at_it(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    syncer = Syncer(store.slug, api, clock=clock)
    sandbox.put_job("a", raw_job("a", status="failed", **LONG_AGO))
    sandbox.put_errors("a", messages=["old"])
    syncer.run_round()
    clock.advance(5)
    sandbox.put_errors("a", messages=["new"])
    read_errors(api, models.Job.objects.get(), clock)
    assert models.JobError.objects.count() == 2

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=70)):
        clock.advance(70)
        syncer.run_round()  # a list that has changed is read once more by itself

    assert messages() == ["new"]
    assert models.JobError.objects.count() == 1


def read_and_be_killed(api: JobsClient, clock: Clock) -> None:
    """A reading of the job's list, of which a batch is written and no more."""
    reading = Reading(api, models.Job.objects.get().pk, "a", clock())
    while reading.next_page():
        pass
    transactions = iter(range(2))

    def fence() -> None:
        if next(transactions, None) is None:
            raise Killed

    with pytest.raises(Killed):
        store_reading(reading, fence=fence)


def held() -> list[str]:
    """The messages in the table, shown or not."""
    return list(models.JobError.objects.order_by("reading", "position").values_list("message", flat=True))


@pytest.fixture
def killed(sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock) -> Syncer:
    """The list of a job has been shown once; of a newer reading 500 messages were left behind. Now it has three."""
    syncer = Syncer(store.slug, api, clock=clock)
    sandbox.put_job("a", raw_job("a", status="failed", **LONG_AGO))
    sandbox.put_errors("a", messages=["old"])
    syncer.run_round()
    sandbox.put_errors("a", messages=[f"new {n}" for n in range(700)])
    clock.advance(5)
    read_and_be_killed(api, clock)
    assert len(held()) == 501
    sandbox.put_errors("a", messages=["one", "two", "three"])
    clock.advance(5)
    return syncer


def test_what_a_killed_process_left_behind_is_dropped_with_the_next_reading(killed: Syncer, clock: Clock) -> None:
    models.Job.objects.update(errors_due_at=clock())

    killed.run_round()

    # The one that was in sight until now stays for its readers.
    assert held() == ["old", "one", "two", "three"]


def test_what_was_left_behind_is_looked_after_also_where_only_somebody_reads_the_job_again(
    killed: Syncer, api: JobsClient, clock: Clock
) -> None:
    read_errors(api, models.Job.objects.get(), clock)
    models.Job.objects.update(errors_due_at=None)
    clock.advance(5)
    read_errors(api, models.Job.objects.get(), clock)
    # Sync, as far as somebody else can tell, may be writing it just now.
    assert len(held()) == 504

    clock.advance(3_600)
    killed.run_round()

    assert messages() == ["one", "two", "three"]
    assert len(held()) <= 4


def test_a_reading_that_sync_has_swept_away_is_not_shown(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    syncer = Syncer(store.slug, api, clock=clock)
    sandbox.put_job("a", raw_job("a", status="failed", **LONG_AGO))
    sandbox.put_errors("a", messages=["old"])
    syncer.run_round()
    sandbox.put_errors("a", messages=["new"])
    clock.advance(5)
    pk = models.Job.objects.get().pk
    reading = Reading(api, pk, "a", clock())
    while reading.next_page():
        pass

    def sweep_meanwhile() -> None:
        readings.sweep(pk, lambda: None)

    store_reading(reading, fence=sweep_meanwhile)

    assert messages() == ["old"]
    syncer.run_round()
    assert messages() == ["new"]
