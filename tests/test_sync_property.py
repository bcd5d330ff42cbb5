"""Whatever the API does and wherever sync is killed: the mirror then holds all that the API lists, as it is now."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import cast
from unittest.mock import patch

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs_ui import models
from jobs_ui.jobs_api import Job, paging
from jobs_ui.models import ErrorsState
from jobs_ui.status import is_final
from jobs_ui.sync import Syncer, store_jobs, walk
from jobs_ui.sync.errors import Reading, store_reading
from jobs_ui.sync.lease import Lease
from tests.conftest import Clock
from tests.simulated_api import FAILURES, Killed, SimulatedApi, SimulatedJob

STORE = "default"
# Jobs in the list from which on no more arrive: each is read again and again, and a walk has pages enough.
MANY = 60
CALL = st.integers(1, 8)
TROUBLE = st.dictionaries(CALL, st.sampled_from([*FAILURES, "late", "stale", "kill"]), max_size=3)


class LeaseThatKills:
    """Always ours. When `left` more transactions have begun the process is killed; 0 is never."""

    left = 0

    def check(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def renew(self, **changes: object) -> None:
        models.SyncState.objects.filter(store=STORE).update(**changes)


class Mirror(RuleBasedStateMachine):
    """Sync against a simulated API: small pages, so that a walk has many."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.api = SimulatedApi(self.clock)
        self.syncer = self.new_syncer()
        self.final: dict[str, str] = {}
        self.seen: set[str] = set()
        for model in (models.JobError, models.JobText, models.Job, models.SyncState):
            model.objects.all().delete()

    def new_syncer(self) -> Syncer:
        self.lease = LeaseThatKills()
        # What is asked of a lease is to let a transaction begin, or not.
        return Syncer(STORE, self.api.as_client(), clock=self.clock, lease=cast("Lease", self.lease))

    @initialize(count=st.integers(0, 25), seed=st.integers(0, 10_000), is_loaded=st.booleans())
    def a_store_that_has_been_there(self, count: int, seed: int, is_loaded: bool) -> None:
        """Jobs in all states; most of the time sync has read them at least once, as they were a while ago."""
        self.jobs_trickle_in(count, 120.0)
        if is_loaded:
            self.sync_runs()
        self.jobs_go_on(seed, 0.7)
        if is_loaded:
            self.sync_runs()

    @precondition(lambda self: len(self.api.jobs) < MANY)
    @rule(count=st.integers(1, 9), ago=st.sampled_from([0.0, 1.0, 240.0, 500.0]))
    def jobs_arrive(self, count: int, ago: float) -> None:
        """Many at the same time; some of them are shown minutes late."""
        for _ in range(count):
            self.api.create(ago=ago)

    @precondition(lambda self: len(self.api.jobs) < MANY)
    @rule(count=st.integers(5, 25), seconds=st.sampled_from([15.0, 15.0, 120.0]))
    def jobs_trickle_in(self, count: int, seconds: float) -> None:
        """While sync does not run, so that the next walk is a long one. Most are over by then."""
        for number in range(count):
            job = self.api.create()
            if number % 3:
                self.api.start(job)
                self.api.end(job, "success")
            self.clock.advance(seconds)

    @rule(seed=st.integers(0, 10_000), share=st.sampled_from([0.2, 0.5, 1.0]))
    def jobs_go_on(self, seed: int, share: float) -> None:
        self.api.remember()
        self.clock.advance(1)
        dice = random.Random(seed)
        for job in self.api.jobs:
            if dice.random() < share:
                self.go_on(job, dice)

    def go_on(self, job: SimulatedJob, dice: random.Random) -> None:
        if job.status == "pending":
            if dice.random() < 0.3:
                self.api.end(job, "cancelled")
            else:
                self.api.start(job)
        elif job.status == "started":
            status = dice.choice(["success", "failed"])
            self.api.end(job, status, dice.choice([0, 1, 7]) if status == "failed" else 0)

    @rule(seed=st.integers(0, 10_000), count=st.integers(1, 8))
    def jobs_vanish(self, seed: int, count: int) -> None:
        for job in random.Random(seed).sample(self.api.jobs, min(count, len(self.api.jobs))):
            self.api.remove(job)

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0, 400.0, 1500.0]))
    def time_passes(self, seconds: float) -> None:
        self.api.remember()
        self.clock.advance(seconds)

    @rule()
    def sync_runs(self) -> None:
        self.run_round({}, {})

    @rule(trouble=TROUBLE, fatal=st.integers(0, 8), moves=st.dictionaries(CALL, st.integers(0, 10_000), max_size=3))
    def sync_runs_into_trouble(self, trouble: dict[int, str], fatal: int, moves: dict[int, int]) -> None:
        self.lease.left = fatal
        self.run_round(trouble, {number: partial(self.move, seed) for number, seed in moves.items()})

    @precondition(lambda self: len(self.api.jobs) < MANY)
    @rule(call=st.integers(3, 6), count=st.integers(8, 20))
    def so_many_vanish_under_a_long_walk_that_no_step_back_helps(self, call: int, count: int) -> None:
        self.jobs_trickle_in(30, 120.0)
        self.run_round({}, {call: partial(self.vanish_from_the_top, count)})

    def run_round(self, trouble: dict[int, str], churn: dict[int, Callable[[], None]]) -> None:
        self.api.begin(trouble, churn)
        try:
            self.syncer.run_round()
        except Killed:
            self.syncer = self.new_syncer()
        self.lease.left = 0

    def vanish_from_the_top(self, count: int) -> None:
        del self.api.jobs[:count]

    def move(self, seed: int) -> None:
        """Between two calls of one round."""
        dice = random.Random(seed)
        what = dice.choice(["arrive", "vanish", "go on"])
        if what == "arrive":
            self.jobs_arrive(dice.randint(1, 4), dice.choice([0.0, 200.0]))
        elif what == "vanish":
            self.jobs_vanish(seed, dice.randint(1, 6))
        else:
            self.jobs_go_on(seed, 0.5)

    @precondition(lambda self: self.api.snapshots)
    @rule(seed=st.integers(0, 10_000), says_so=st.booleans())
    def an_answer_of_a_while_ago_is_stored(self, seed: int, says_so: bool) -> None:
        """Somebody's "Read again" that was under way for long, or was answered by a server that lags behind."""
        dice = random.Random(seed)
        then, jobs = dice.choice(self.api.snapshots)
        now = {job.job_id: job.status for job in self.api.jobs}
        # Those that went on since are the ones that could be taken back.
        jobs = [job for job in jobs if now.get(job.job_id) != job.status] or jobs
        read_at = then if says_so else self.clock()
        late = [Job.from_api(job.raw, read_at=read_at) for job in dice.sample(jobs, min(9, len(jobs)))]
        newer = models.Job.objects.filter(job_id__in=[job.id for job in late], read_at__gt=read_at)
        before = list(newer.order_by("pk").values())
        store_jobs(STORE, late, now=self.clock())
        assert list(newer.order_by("pk").values()) == before

    @rule(seed=st.integers(0, 10_000))
    def a_job_fails_while_somebody_reads_its_errors(self, seed: int) -> None:
        running = {job.job_id: job for job in self.api.jobs if job.status == "started"}
        row = models.Job.objects.filter(job_id__in=running, status="started").order_by("job_id").first()
        if row is None:
            return
        self.api.begin()
        reading = Reading(self.api.as_client(), row.pk, row.job_id, self.clock())
        while reading.next_page():
            pass
        self.api.end(running[row.job_id], "failed", random.Random(seed).randint(0, 5))
        store_jobs(STORE, [self.api.get_job(row.job_id)], now=self.clock())
        store_reading(reading)

    @invariant()
    def nothing_is_lost_or_taken_back(self) -> None:
        held = dict(models.Job.objects.values_list("job_id", "status"))
        assert self.seen <= held.keys()
        assert {job_id: held[job_id] for job_id in self.final} == self.final
        self.seen |= held.keys()
        self.final |= {job_id: status for job_id, status in held.items() if is_final(status)}

    def teardown(self) -> None:
        """Calls work again, and time goes by."""
        self.lease.left = 0
        for seconds in (2.0, 61.0, 61.0, 61.0, 3700.0, 3700.0, 3700.0):
            self.clock.advance(seconds)
            self.api.begin()
            outcome = self.syncer.run_round()
            assert outcome.complete, outcome.problem
        self.nothing_is_lost_or_taken_back()
        held = {row.job_id: row for row in models.Job.objects.all()}
        listed = {job.job_id: job for job in self.api.jobs}
        assert listed.keys() <= held.keys()
        assert {job_id: held[job_id].status for job_id in listed} == {id_: job.status for id_, job in listed.items()}
        assert not [job_id for job_id in listed if held[job_id].gone_at]
        for job_id, job in listed.items():
            assert held[job_id].raw == job.raw
            if job.status == "failed":
                expect_errors(held[job_id], job)
        for job_id in held.keys() - listed.keys():
            assert is_final(held[job_id].status) or held[job_id].gone_at is not None


def expect_errors(row: models.Job, job: SimulatedJob) -> None:
    errors = models.JobError.objects.filter(job=row, reading=row.errors_reading).order_by("position")
    assert list(errors.values_list("message", flat=True)) == job.messages
    assert row.errors_count == len(job.messages)
    assert row.errors_state == (ErrorsState.COMPLETE if job.messages else ErrorsState.NONE)
    assert row.errors_due_at is None


@pytest.mark.django_db
@pytest.mark.skipif("postgresql" in django_settings.DATABASES["default"]["ENGINE"], reason="the logic is the same")
def test_the_mirror_is_complete_and_current_whatever_happened() -> None:
    small = patch.object(walk, "PAGE", 6), patch.object(walk, "OVERLAP", 2), patch.object(paging, "_STEPS_BACK", 1)
    with small[0], small[1], small[2]:
        run_state_machine_as_test(
            Mirror,
            settings=settings(
                max_examples=40,
                stateful_step_count=18,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                # Where it fails, shrinking the example takes minutes: add `Phase.shrink` when it is worth them.
                phases=(Phase.explicit, Phase.generate),
            ),
        )
