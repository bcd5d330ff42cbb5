"""The sandbox's queue lives: one job at a time, the earliest pending first, something every few seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from jobs_ui.sandbox.moving_queue import MAX_PENDING
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sandbox.world import World
from tests.test_sandbox import Caller

HOUR = 3600


@pytest.fixture(scope="module")
def process() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def sandbox(process: SandboxProcess) -> Caller:
    process.reset(history=120)
    process.settings(token_lifetime=10 * HOUR)
    return Caller(process)


def by_status(jobs: list[Any], status: str) -> list[Any]:
    return [job for job in jobs if job["attributes"]["status"] == status]


def holds_what_is_promised(newest: list[Any]) -> bool:
    """Whether a failed import and a successful export of two parts are among them."""
    kinds = {
        (job["attributes"]["type"], job["attributes"]["status"], len(job["meta"].get("file_locations") or []))
        for job in newest
    }
    return {("product-import", "failed", 0), ("product-export", "success", 2)} <= kinds


def test_an_hour_of_the_queue(sandbox: Caller, process: SandboxProcess) -> None:
    seen: list[str] = []
    lengths = set()
    waiting: list[str] = []
    for _ in range(HOUR // 10):
        jobs = sandbox.jobs(limit=40)
        assert holds_what_is_promised(jobs[:25])
        assert len(by_status(jobs, "started")) <= 1
        pending = [job["id"] for job in reversed(by_status(jobs, "pending"))]
        assert len(pending) <= MAX_PENDING
        # Whoever waited and still waits does so in the same order, and nobody came in before them.
        still = [job_id for job_id in waiting if job_id in pending]
        assert pending[: len(still)] == still
        waiting = pending
        lengths.add(len(pending))
        seen += [job["id"] for job in by_status(jobs, "started") if job["id"] not in seen]
        process.advance(10)
    assert len(seen) > 150
    assert {0, 1, 2, 3} <= lengths


def test_one_job_runs_at_a_time_and_the_earliest_is_next(sandbox: Caller, process: SandboxProcess) -> None:
    process.advance(HOUR)
    jobs = [job["attributes"] for job in sandbox.all_jobs() if job["attributes"]["started_at"]]
    jobs.sort(key=lambda job: datetime.fromisoformat(job["started_at"]))
    created = [datetime.fromisoformat(job["created_at"]) for job in jobs]
    assert created == sorted(created)
    for job, following in pairwise(jobs):
        assert datetime.fromisoformat(job["created_at"]) <= datetime.fromisoformat(job["started_at"])
        assert datetime.fromisoformat(job["completed_at"]) <= datetime.fromisoformat(following["started_at"])
    live = [
        (datetime.fromisoformat(job["completed_at"]) - datetime.fromisoformat(job["started_at"])).total_seconds()
        for job in jobs[-300:-1]
    ]
    assert sum(3 <= run <= 25 for run in live) > 0.85 * len(live)


def test_at_the_start_one_runs_and_a_few_wait(sandbox: Caller) -> None:
    jobs = sandbox.jobs()
    assert len(by_status(jobs, "started")) == 1
    assert 2 <= len(by_status(jobs, "pending")) <= MAX_PENDING


def test_live_jobs_end_in_every_way(sandbox: Caller, process: SandboxProcess) -> None:
    old = set(process.job_ids())
    process.advance(HOUR)
    new = [job for job in sandbox.all_jobs() if job["id"] not in old]
    assert {"success", "failed", "cancelled"} <= {job["attributes"]["status"] for job in new}
    assert len({job["attributes"]["type"] for job in new}) == 5


def test_a_quiet_queue_moves_only_by_hand() -> None:
    # The clock goes a thousand times as fast, so that a queue that moved by itself could not be overlooked.
    with SandboxProcess(history=60, speed=1000, quiet=True) as process:
        process.settings(token_lifetime=10**9)
        sandbox = Caller(process)

        def states() -> list[tuple[str, str]]:
            return [(job["id"], job["attributes"]["status"]) for job in sandbox.jobs()]

        before, then = states(), process.state()["now"]
        while process.state()["now"] < then + 60:
            pass
        assert states() == before
        process.advance(600)
        after = states()
        assert [job_id for job_id, _ in after] == [job_id for job_id, _ in before]
        assert {"pending", "started"}.isdisjoint(status for _, status in after)


def test_it_does_not_matter_how_often_somebody_looks() -> None:
    def world(steps: list[float]) -> list[tuple[object, ...]]:
        world = World()
        world.reset(seed=8, history=80, start=1_800_000_000)
        for step in steps:
            world.queue.run_until(world.clock.start + step)
        return [(job.id, job.status, round((job.started_at or 0) - world.clock.start, 2)) for job in world.jobs]

    assert world([float(step) for step in range(1, 1801)]) == world([1800.0])


@pytest.mark.parametrize("seed", range(8))
def test_every_seed_keeps_the_promises(seed: int) -> None:
    world = World(seed=seed, history=60)
    assert (len(world.jobs), world.queue.running is not None) == (60, True)
    assert 2 <= len(world.queue.pending) <= MAX_PENDING
    for step in range(0, HOUR + 600, 9):
        world.queue.run_until(world.clock.start + step)
        assert holds_what_is_promised([world.wire(job) for job in world.jobs[:25]])
        assert len(world.queue.pending) <= MAX_PENDING


def test_jobs_that_are_made_do_not_take_the_place_of_those_that_are_sure() -> None:
    world = World(seed=2, history=60)
    for step in range(0, HOUR, 5):
        world.queue.run_until(world.clock.start + step)
        if step % 60 == 0:
            world.queue.cancel(world.queue.add_made(world.queue.time, "child-products", None), world.queue.time)
        assert holds_what_is_promised([world.wire(job) for job in world.jobs[:25]])
    assert len({job.id for job in world.jobs}) == len(world.jobs)
