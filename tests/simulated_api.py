"""A Jobs API in memory, behind the client's own walks: it moves, fails, answers late, and kills who asks it."""

from __future__ import annotations

import copy
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from jobs_ui.jobs_api import Job, JobError, JobsClient, NotFound, Page, UnreadableAnswer, UpstreamFailure, Walk
from jobs_ui.jobs_api.exceptions import JobsApiError, NotReachable, RateLimited, TimedOut
from jobs_ui.jobs_api.pages import read_page
from jobs_ui.jobs_api.paging import ErrorWalk, MovingWalk
from tests.conftest import Clock, raw_job

FAILURES: dict[str, type[JobsApiError]] = {
    "upstream": UpstreamFailure,
    "unreadable": UnreadableAnswer,
    "unreachable": NotReachable,
    "timeout": TimedOut,
    "rate": RateLimited,
}


class Killed(BaseException):
    """kill -9, as far as one process can do that to itself."""


@dataclass(order=True)
class SimulatedJob:
    """One job. They are ordered as the list is: newest first, and by id where the times are the same."""

    order: tuple[float, str]
    job_id: str = field(compare=False)
    raw: dict[str, Any] = field(compare=False)
    messages: list[str] = field(default_factory=list, compare=False)

    @property
    def status(self) -> str:
        return str(self.raw["attributes"]["status"])


class SimulatedApi:
    """What `Syncer` asks of a client. Use `as_client()` where the type matters.

    `trouble` maps the number of a call, counted from the last `begin()`, to what happens then: a key of FAILURES,
    "kill", or, for reads by id, one of two that show the state of a while ago: "late" says so by its time, "stale"
    does not.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.jobs: list[SimulatedJob] = []
        self.snapshots: list[tuple[datetime, list[SimulatedJob]]] = []
        self.trouble: dict[int, str] = {}
        self.churn: dict[int, Any] = {}
        self.calls = 0
        self.clock_offset = timedelta(0)
        self._number = 0

    def as_client(self) -> JobsClient:
        return cast("JobsClient", self)

    def begin(self, trouble: dict[int, str] | None = None, churn: dict[int, Any] | None = None) -> None:
        self.calls = 0
        self.trouble, self.churn = trouble or {}, churn or {}

    # What happens to jobs.

    def create(self, *, ago: float = 0.0) -> SimulatedJob:
        self._number += 1
        created = self.clock() - timedelta(seconds=ago)
        job_id = f"job-{self._number:04}"
        times = {"created_at": created.isoformat(), "started_at": None, "completed_at": None}
        job = SimulatedJob((-created.timestamp(), job_id), job_id, raw_job(job_id, status="pending", **times))
        insort(self.jobs, job)
        return job

    def start(self, job: SimulatedJob) -> None:
        job.raw["attributes"] |= {"status": "started", "started_at": self.clock().isoformat()}

    def end(self, job: SimulatedJob, status: str, messages: int = 0) -> None:
        job.raw["attributes"] |= {"status": status, "completed_at": self.clock().isoformat()}
        job.messages = [f"row {number} of {job.job_id} is wrong" for number in range(messages)]

    def remove(self, job: SimulatedJob) -> None:
        self.jobs = [other for other in self.jobs if other is not job]

    def remember(self) -> None:
        """Late answers can show this state from now on."""
        self.snapshots = [*self.snapshots[-4:], (self.clock(), copy.deepcopy(self.jobs))]

    # What sync asks.

    def list_jobs(self, *, offset: int = 0, limit: int = 100) -> Page[Job]:
        # Not of a while ago: a list that jumps back and forth between two calls is no list.
        _, jobs, read_at = self._call(past=False)
        rows = [copy.deepcopy(job.raw) for job in jobs[offset : offset + limit]]
        return read_page(rows, lambda row: Job.from_api(row, read_at=read_at), offset=offset, read_at=read_at, total=1)

    def iter_pages(
        self, *, start: int = 0, limit: int = 100, overlap: int = 5, before_page: Callable[[], None]
    ) -> Walk[Job]:
        def fetch(offset: int, size: int) -> Page[Job]:
            before_page()
            return self.list_jobs(offset=offset, limit=size)

        return MovingWalk(fetch, start=start, limit=limit, overlap=overlap)

    def get_job(self, job_id: str) -> Job:
        found, _, read_at = self._call(job_id)
        return Job.from_api(copy.deepcopy(found.raw), read_at=read_at)

    def iter_errors(self, job_id: str, *, limit: int = 3) -> Walk[JobError]:
        def fetch(offset: int, size: int) -> tuple[Page[JobError], bool]:
            found, _, read_at = self._call(job_id, past=False)
            rows = [
                {"id": f"{job_id}-{n}", "attributes": {"message": message}} for n, message in enumerate(found.messages)
            ]
            page = read_page(
                rows[offset : offset + size], JobError.from_api, offset=offset, read_at=read_at, total=None
            )
            return page, False

        return ErrorWalk(fetch, limit=limit)

    def _call(self, job_id: str = "", *, past: bool = True) -> tuple[SimulatedJob, list[SimulatedJob], datetime]:
        self.calls += 1
        self.clock.advance(0.05)
        if action := self.churn.get(self.calls):
            action()
        what = self.trouble.get(self.calls)
        if what == "kill":
            raise Killed
        if what in FAILURES:
            raise FAILURES[what]
        read_at, jobs = self.clock(), self.jobs
        if what in ("late", "stale") and past and self.snapshots:
            then, jobs = self.snapshots[0]
            read_at = then if what == "late" else read_at
        found = next((job for job in jobs if job.job_id == job_id), None)
        if job_id and found is None:
            raise NotFound
        return found or SimulatedJob((0.0, ""), "", {}), jobs, read_at
