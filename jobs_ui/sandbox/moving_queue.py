"""The life of the jobs: they arrive, wait, run one at a time, earliest pending first, and end.

No thread moves it. Every request first asks it to catch up with the clock, event by event, so that what is seen does
not depend on how often somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .jobs import LIVE, SandboxJob, draw, plan_job

WARM_UP = 330.0  # seconds of live jobs before the start: enough for the newest 25 to be such
MAX_PENDING = 6  # live jobs hold back while as many wait, so the queue stays short whatever was drawn
_MEAN_GAP, _MIN_GAP, _MAX_GAP = 8.5, 1.0, 25.0
_DISPATCH = 0.25  # seconds between a queue that is free and the start of its next job
# The last arrivals before the start come at these offsets and the first of them runs long, so that at the start
# something is running and a few jobs wait.
_BEFORE_START, _RUNS_AT_START = (-9.0, -6.0, -3.5, -1.0), 15.0

Event = tuple[float, Callable[[float], None]]


class MovingQueue:
    """The queue of one store. All times are epoch seconds.

    `planned` are jobs of the past, oldest first. Live ones arrive from `live_from` until `live_until`. `on_arrival`
    is told of each job at the moment it exists.
    """

    def __init__(
        self,
        *,
        seed: int,
        start: float,
        planned: Sequence[SandboxJob],
        live_from: float,
        live_until: float,
        on_arrival: Callable[[SandboxJob], None],
    ) -> None:
        self.time = planned[0].created_at if planned else live_from
        self.running: SandboxJob | None = None
        self.pending: list[SandboxJob] = []
        self._seed, self._start = seed, start
        self._planned, self._next_planned = planned, 0
        self._live_until, self._live_count, self._made_count, self._gaps = live_until, 0, 0, 0
        self._next_live = live_from + 1.0
        self._free_at = -math.inf
        self._on_arrival = on_arrival

    def run_until(self, now: float) -> None:
        """Let everything happen that happens up to `now`."""
        while (event := self._next_event()) is not None and event[0] <= now:
            at, happen = event
            self.time = max(self.time, at)
            happen(self.time)
        self.time = max(self.time, now)

    def add(self, job: SandboxJob) -> None:
        """Let `job` wait its turn, from its `created_at` on."""
        job.updated_at = job.created_at
        place = len(self.pending)
        while place and self.pending[place - 1].created_at > job.created_at:
            place -= 1
        self.pending.insert(place, job)
        self._on_arrival(job)

    def add_live(self, created_at: float) -> SandboxJob:
        """The next live job, created at `created_at`."""
        job = plan_job(self._seed, LIVE, self._live_count, created_at)
        self._live_count += 1
        self.add(job)
        return job

    def add_made(self, created_at: float, job_type: str, filter_text: str | None) -> SandboxJob:
        """A job that a client asked for. It waits until its turn comes or that client cancels it."""
        self._made_count += 1
        # Counted backwards, so that it takes the place of none of the live jobs that are sure to come.
        job = plan_job(self._seed, LIVE, -self._made_count, created_at, job_type)
        job.cancel_after = None
        job.filter = filter_text if job_type == "product-export" else None
        self.add(job)
        return job

    def cancel(self, job: SandboxJob, now: float) -> None:
        """End a pending job. Its `updated_at` moves, it never gets a start or an end."""
        self.forget(job)
        job.status, job.updated_at = "cancelled", round(now, 3)

    def forget(self, job: SandboxJob) -> None:
        """Take `job` out of the queue; it keeps the state it has."""
        if self.running is job:
            self.running, self._free_at = None, self.time
        if job in self.pending:
            self.pending.remove(job)

    def _next_event(self) -> Event | None:
        """What happens next; of several at the same time an end comes before a start, and that before an arrival."""
        events: list[Event] = []
        if self.running is not None and self.running.started_at is not None:
            events.append((self.running.started_at + self.running.run_time, self._finish))
        events.extend(
            (job.created_at + job.cancel_after, self._cancel_due)
            for job in self.pending
            if job.cancel_after is not None
        )
        if self.running is None and self.pending:
            events.append((max(self._free_at, self.pending[0].created_at) + _DISPATCH, self._begin))
        if self._next_planned < len(self._planned):
            events.append((self._planned[self._next_planned].created_at, self._arrive_planned))
        if self._next_live < self._live_until:
            events.append((self._next_live, self._arrive_live))
        return min(events, key=lambda event: event[0], default=None)

    def _begin(self, now: float) -> None:
        job = self.pending.pop(0)
        job.status = "started"
        job.started_at = job.updated_at = round(now, 3)
        self.running = job

    def _finish(self, now: float) -> None:
        job = self.running
        if job is None:
            return
        # `updated_at` stays: as in the real API, it does not move when a job completes.
        job.status, job.completed_at = job.outcome, round(now, 3)
        self.running, self._free_at = None, now
        if not self.pending and self._start <= now:
            self._next_live = min(self._next_live, now + 1.5)

    def _cancel_due(self, now: float) -> None:
        for job in list(self.pending):
            if job.cancel_after is not None and job.created_at + job.cancel_after <= now:
                self.cancel(job, now)

    def _arrive_planned(self, _now: float) -> None:
        self.add(self._planned[self._next_planned])
        self._next_planned += 1

    def _arrive_live(self, now: float) -> None:
        if len(self.pending) < MAX_PENDING:
            job = self.add_live(now)
            if -_BEFORE_START[0] >= self._start - now > 0:
                job.cancel_after = None
                if now == self._start + _BEFORE_START[0]:
                    job.run_time = max(job.run_time, _RUNS_AT_START)
        rng = draw(self._seed, "gap", self._gaps)
        self._gaps += 1
        due = now + min(max(rng.expovariate(1 / _MEAN_GAP), _MIN_GAP), _MAX_GAP)
        before_start = [self._start + offset for offset in _BEFORE_START if self._start + offset > now]
        if before_start:
            # Nothing else comes between them.
            due = before_start[0] if len(before_start) < len(_BEFORE_START) else min(due, before_start[0])
        self._next_live = due
