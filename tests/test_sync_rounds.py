"""Rounds of sync against the simulated API over real HTTP: nothing is missed, whatever the list does meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs_ui import models
from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store
from jobs_ui.sync import RoundOutcome, Syncer, store_job, walk
from jobs_ui.sync.context import SyncContext
from tests.conftest import Clock, raw_job
from tests.simulated_api import SimulatedApi

pytestmark = pytest.mark.django_db
BASE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def put_jobs(sandbox: SandboxProcess, numbers: range, **changes: Any) -> None:
    """Jobs a minute apart, long ended unless `changes` say otherwise; the higher the number the newer."""
    for number in numbers:
        created = BASE + timedelta(minutes=number)
        times = {
            "created_at": created.isoformat(),
            "started_at": created.isoformat(),
            "completed_at": (created + timedelta(seconds=20)).isoformat(),
        }
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}", **{**times, **changes}))


def mirrored() -> set[str]:
    return set(models.Job.objects.values_list("job_id", flat=True))


def listed(numbers: range) -> set[str]:
    return {f"job-{number}" for number in numbers}


def jobs_requests(sandbox: SandboxProcess) -> int:
    count: int = sandbox.state()["requests"]["jobs"]
    return count


@pytest.fixture
def syncer(store: Store, api: JobsClient, clock: Clock) -> Syncer:
    return Syncer(store.slug, api, clock=clock)


def test_the_first_round_reads_everything(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(250))

    outcome = syncer.run_round()

    assert outcome.complete
    assert outcome.created == 250
    assert mirrored() == listed(range(250))


def test_a_round_in_which_nothing_changed_is_one_request(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(250))
    syncer.run_round()
    before = sandbox.state()["requests"]

    outcome = syncer.run_round()

    after = sandbox.state()["requests"]
    assert outcome.complete
    assert (outcome.created, outcome.changed) == (0, 0)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"jobs": 1}


def test_new_jobs_are_read_up_to_what_is_known(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(300))
    syncer.run_round()
    put_jobs(sandbox, range(300, 430))
    before = jobs_requests(sandbox)

    syncer.run_round()

    assert mirrored() == listed(range(430))
    assert jobs_requests(sandbox) - before == 2


@pytest.mark.parametrize(
    "behaviour",
    [{"ignore_paging": True}, {"max_limit": 25}, {"total": 1}, {"with_links": True}],
    ids=["ignores paging", "caps the limit", "lies about the total", "sends links"],
)
def test_it_reads_everything_from_a_server_that(
    sandbox: SandboxProcess, syncer: Syncer, behaviour: dict[str, Any]
) -> None:
    put_jobs(sandbox, range(130))
    sandbox.settings(**behaviour)

    assert syncer.run_round().complete
    assert mirrored() == listed(range(130))


def test_jobs_that_arrive_and_vanish_while_it_reads_hide_no_others(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(400))
    sandbox.churn(insert_per_page=3, remove_per_page=2)

    outcome = syncer.run_round()
    sandbox.churn()

    assert outcome.complete
    still_there = {job_id for job_id in sandbox.job_ids() if job_id.startswith("job-")}
    assert still_there <= mirrored()


def test_a_walk_that_was_not_continuous_leaves_the_watermark(
    sandbox: SandboxProcess, store: Store, api: JobsClient, clock: Clock
) -> None:
    put_jobs(sandbox, range(1_500))
    Syncer(store.slug, api, clock=clock).run_round()
    watermark = models.SyncState.objects.values_list("watermark_created_at", "watermark_job_id").get()
    asked = 0

    def clock_that_starts_trouble() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 20:
            # From deep in the list on, so many rows vanish after each page that no step back finds the one before.
            sandbox.churn(remove_per_page=150)
        return clock()

    outcome = Syncer(store.slug, api, clock=clock_that_starts_trouble).run_round(full=True)

    assert not outcome.complete
    assert models.SyncState.objects.values_list("watermark_created_at", "watermark_job_id").get() == watermark


def test_a_walk_that_breaks_off_loses_nothing_and_the_next_one_catches_up(
    sandbox: SandboxProcess, syncer: Syncer
) -> None:
    put_jobs(sandbox, range(100))
    syncer.run_round()
    put_jobs(sandbox, range(100, 500))
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 500, "skip": 2, "times": None}])

    broken = syncer.run_round()
    assert not broken.complete
    assert mirrored() < listed(range(500))
    sandbox.faults([])

    assert syncer.run_round().complete
    assert mirrored() == listed(range(500))


def test_a_first_load_that_was_cut_off_goes_on_where_it_was(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(900))
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 500, "skip": 6, "times": None}])
    syncer.run_round()
    sandbox.faults([])
    put_jobs(sandbox, range(900, 910))
    before = jobs_requests(sandbox)

    assert syncer.run_round().complete
    resumed = jobs_requests(sandbox) - before
    assert syncer.run_round().complete

    assert mirrored() == listed(range(910))
    assert resumed <= 7
    # What has come since the load began, and not all that it had passed before it was cut off.
    assert jobs_requests(sandbox) - before - resumed == 1


def test_a_first_load_goes_on_where_it_was_also_when_the_list_has_become_shorter(
    sandbox: SandboxProcess, syncer: Syncer
) -> None:
    put_jobs(sandbox, range(500))
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 500, "skip": 4, "times": None}])
    syncer.run_round()
    assert len(mirrored()) == 385
    for number in range(300, 500):
        sandbox.delete_job(f"job-{number}")
    sandbox.faults([])

    assert syncer.run_round().complete

    assert mirrored() == listed(range(500))


def test_a_first_load_under_which_the_list_collapsed_starts_anew(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 6)
    monkeypatch.setattr(walk, "OVERLAP", 2)
    simulated = SimulatedApi(clock)
    for _ in range(60):
        simulated.end(simulated.create(), "success")
        clock.advance(120)

    def collapse() -> None:
        del simulated.jobs[:28]

    simulated.begin(churn={8: collapse})
    syncer = Syncer(store.slug, simulated.as_client(), clock=clock)
    assert not syncer.run_round().complete
    assert not {job.job_id for job in simulated.jobs} <= mirrored()
    simulated.begin()

    assert syncer.run_round().complete

    assert {job.job_id for job in simulated.jobs} <= mirrored()


def test_a_first_load_does_not_go_on_from_the_last_few_rows(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be known because somebody asked for them, and a walk cannot tell what it misses before them."""
    monkeypatch.setattr(walk, "PAGE", 6)
    monkeypatch.setattr(walk, "OVERLAP", 2)
    simulated = SimulatedApi(clock)
    for _ in range(20):
        simulated.end(simulated.create(), "success")
        clock.advance(1_200)
    simulated.begin({4: "unreachable"})
    syncer = Syncer(store.slug, simulated.as_client(), clock=clock)
    assert not syncer.run_round().complete
    assert models.SyncState.objects.get().first_load_offset == 8
    for job in simulated.jobs[-2:]:
        store_job(store.slug, simulated.get_job(job.job_id), now=clock())
    del simulated.jobs[:10]
    simulated.begin()

    assert syncer.run_round().complete

    assert {job.job_id for job in simulated.jobs} <= mirrored()


def test_there_is_a_sign_of_life_before_each_call_also_while_a_walk_steps_back(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease does not outlive the four calls that a walk may take for one page."""
    monkeypatch.setattr(walk, "PAGE", 6)
    monkeypatch.setattr(walk, "OVERLAP", 2)
    simulated = SimulatedApi(clock)
    for _ in range(60):
        simulated.end(simulated.create(), "success")
        clock.advance(120)

    def vanish() -> None:
        del simulated.jobs[:20]

    beats: list[int] = []
    monkeypatch.setattr(SyncContext, "beat", lambda _: beats.append(simulated.calls))
    simulated.begin(churn={4: vanish, 5: vanish})

    Syncer(store.slug, simulated.as_client(), clock=clock).run_round()

    assert simulated.calls > 5
    assert set(range(simulated.calls)) <= set(beats)


def test_a_job_from_the_future_hides_no_later_ones(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(50))
    sandbox.put_job("future", raw_job("future", created_at="2199-01-01T00:00:00Z"))
    syncer.run_round()
    put_jobs(sandbox, range(50, 450))

    syncer.run_round()

    assert mirrored() == listed(range(450)) | {"future"}


def test_one_bad_row_does_not_lose_the_others(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(120))
    sandbox.put_job("bad", {"id": "bad", "type": "pim-job", "attributes": "nonsense"}, at=3)

    outcome = syncer.run_round()

    assert outcome.complete
    assert outcome.unreadable == 1
    assert mirrored() == listed(range(120))


def test_an_open_job_that_the_walk_does_not_pass_is_read_by_id(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(1, 150))
    put_jobs(sandbox, range(1), status="pending", started_at=None, completed_at=None)
    syncer.run_round()
    put_jobs(sandbox, range(1), status="failed")
    clock.advance(5)

    syncer.run_round()

    assert models.Job.objects.get(job_id="job-0").status == "failed"


def test_an_open_job_that_the_walk_passes_is_not_read_by_id_again(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(5), status="started", completed_at=None)
    for _ in range(5):
        syncer.run_round()
        clock.advance(60)

    assert sandbox.state()["requests"].get("job", 0) == 0


def test_an_open_job_that_does_not_change_is_read_ever_less_often(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(1, 150))
    put_jobs(sandbox, range(1), status="pending", started_at=None, completed_at=None)
    syncer.run_round()
    for _ in range(600):
        clock.advance(10)
        row = models.Job.objects.get(job_id="job-0")
        if row.next_read_at is not None and row.next_read_at <= clock():
            syncer.run_round()

    assert sandbox.state()["requests"]["job"] <= 12
    assert models.Job.objects.get(job_id="job-0").read_interval >= 1800


def test_a_job_is_gone_after_two_404s_a_minute_apart_and_stays_readable(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    put_jobs(sandbox, range(1, 150))
    put_jobs(sandbox, range(1), status="started", completed_at=None)
    syncer.run_round()
    sandbox.delete_job("job-0")

    clock.advance(5)
    syncer.run_round()
    once = models.Job.objects.get(job_id="job-0")
    clock.advance(61)
    syncer.run_round()
    twice = models.Job.objects.get(job_id="job-0")

    assert once.missing_since is not None
    assert once.gone_at is None
    assert twice.gone_at is not None
    assert twice.next_read_at is None


def test_a_finished_job_that_a_list_does_not_show_is_not_gone(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(10))
    syncer.run_round()
    sandbox.delete_job("job-3")

    syncer.run_round()

    assert models.Job.objects.filter(job_id="job-3", gone_at=None).exists()


def test_a_failed_round_says_what_went_wrong_and_since_when(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    sandbox.faults([{"match": "token", "kind": "status", "status": 403}])
    began = clock()

    outcome = syncer.run_round()
    clock.advance(10)
    syncer.run_round()

    state = models.SyncState.objects.get()
    assert not outcome.complete
    assert state.problem_kind == "credentials-refused"
    assert state.failing_since == began
    assert timedelta(0) < outcome.wait <= timedelta(seconds=30)


def test_when_the_api_is_back_the_state_recovers_by_itself(sandbox: SandboxProcess, syncer: Syncer) -> None:
    sandbox.faults([{"match": "jobs", "kind": "status", "status": 500}])
    syncer.run_round()
    sandbox.faults([])

    assert syncer.run_round().complete

    state = models.SyncState.objects.get()
    assert state.failing_since is None
    assert state.problem == ""


def test_rounds_follow_quickly_only_while_something_young_is_open(
    sandbox: SandboxProcess, syncer: Syncer, sync: Callable[[], RoundOutcome]
) -> None:
    put_jobs(sandbox, range(3))
    assert sync().wait == timedelta(seconds=15)

    sandbox.put_job("now", raw_job("now", status="pending", started_at=None, completed_at=None))

    assert sync().wait == timedelta(seconds=2)


def test_a_job_that_is_open_for_more_than_a_day_does_not_keep_rounds_short(
    sandbox: SandboxProcess, syncer: Syncer, clock: Clock
) -> None:
    created = (clock() - timedelta(hours=25)).isoformat()
    sandbox.put_job("stuck", raw_job("stuck", status="started", created_at=created, completed_at=None))
    assert syncer.run_round().wait == timedelta(seconds=15)

    created = (clock() - timedelta(hours=23)).isoformat()
    sandbox.put_job("young", raw_job("young", status="started", created_at=created, completed_at=None))
    assert syncer.run_round().wait == timedelta(seconds=2)


def test_one_token_serves_many_rounds(sandbox: SandboxProcess, syncer: Syncer) -> None:
    put_jobs(sandbox, range(150))
    for _ in range(5):
        syncer.run_round()

    assert sandbox.state()["tokens_issued"] == 1
