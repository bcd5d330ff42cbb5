"""All state of the sandbox. Whoever touches it holds `lock`."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import Counter
from typing import Any

from .clock import Clock, parse_timestamp
from .faults import FaultPlan
from .files import part_path, sign
from .inbox import Inbox
from .jobs import TERMINAL, SandboxJob
from .moving_queue import WARM_UP, MovingQueue
from .schedule import plan_history
from .settings import SandboxSettings
from .wire import job_object, shown_status

DAY = 86_400.0


class World:
    """The store that the sandbox plays: jobs newest first, tokens, clock, counters, settings, faults."""

    def __init__(
        self, *, seed: int = 1, history: int = 600, days: float = 90, speed: float = 1.0, quiet: bool = False
    ) -> None:
        self.lock = threading.RLock()
        self.held = 0
        self._released = threading.Condition()
        self._release_count = 0
        self.speed = speed
        self.base_url = ""
        self.mail_port = 0
        self.reset(seed=seed, history=history, days=days, quiet=quiet)

    def reset(
        self,
        *,
        seed: int = 1,
        history: int = 600,
        days: float = 90,
        quiet: bool = False,
        empty: bool = False,
        start: float | None = None,
    ) -> None:
        """A fresh world of `history` jobs over `days`; with the same `start` (epoch seconds) the very same one.

        A `quiet` one stands still: no job arrives by itself, and the queue moves only as far as the clock is moved
        by hand. An `empty` one has no job yet.
        """
        self.seed, self.quiet, self.days = seed, quiet, days
        self.clock = Clock(start=time.time() if start is None else start, speed=self.speed)
        self.settings = SandboxSettings()
        self.faults = FaultPlan([])
        self.requests: Counter[str] = Counter()
        self.tokens: dict[str, tuple[str, float]] = {}
        self.tokens_issued = 0
        self.offending_file_requests: list[dict[str, Any]] = []
        self.churn = {"insert_per_page": 0, "remove_per_page": 0}
        self.inbox = Inbox()
        self.release()
        self._build(0 if empty else history, empty)

    def _build(self, history: int, empty: bool) -> None:
        start = self.clock.start
        live_from = start if empty else start - WARM_UP
        # How many jobs the warm-up brings is known when it has run once: the history before it fills up the rest.
        warm_up = 0 if empty else len(self._run([], live_from, start))
        planned = plan_history(self.seed, max(0, history - warm_up), start - self.days * DAY, live_from)
        self._run(planned, live_from, start if self.quiet else math.inf)
        for job in self.jobs[history:]:
            self.remove(job)

    def _run(self, planned: list[SandboxJob], live_from: float, live_until: float) -> list[SandboxJob]:
        self.jobs: list[SandboxJob] = []
        self._by_id: dict[str, SandboxJob] = {}
        self.queue = MovingQueue(
            seed=self.seed,
            start=self.clock.start,
            planned=planned,
            live_from=live_from,
            live_until=live_until,
            on_arrival=self.insert,
        )
        self.queue.run_until(self.clock.start)
        return self.jobs

    def now(self) -> float:
        """Epoch seconds in UTC."""
        return self.clock.now()

    def catch_up(self) -> None:
        """Let the queue live up to now."""
        self.queue.run_until(self.clock.hand_moved() if self.quiet else self.clock.now())

    def insert(self, job: SandboxJob, at: int | None = None) -> None:
        """Put `job` into the list at the place of its `created_at`, or at the index `at`."""
        if at is None:
            at = 0
            while at < len(self.jobs) and self.jobs[at].created_at > job.created_at:
                at += 1
        self.jobs.insert(at, job)
        self._by_id[job.id] = job

    def find(self, job_id: str) -> SandboxJob | None:
        """The job of that id, if there is one."""
        return self._by_id.get(job_id)

    def remove(self, job: SandboxJob) -> None:
        """Make `job` as if it had never been; its files are gone with it."""
        self.queue.forget(job)
        self.jobs.remove(job)
        del self._by_id[job.id]

    def put_raw(self, job_id: str, raw: Any, at: int | None) -> None:
        """Send `raw` for the job `job_id` from now on, whatever it is."""
        old = self.find(job_id)
        errors = old.errors if old is not None else None
        if old is not None:
            at = self.jobs.index(old) if at is None else at
            self.remove(old)
        attributes = raw.get("attributes") if isinstance(raw, dict) else None
        created = parse_timestamp(attributes.get("created_at")) if isinstance(attributes, dict) else None
        job = SandboxJob(
            id=job_id,
            key=f"{self.seed}:raw:{job_id}",
            type="",
            # One without a date that can be read comes first, as if it had been created this moment.
            created_at=self.now() if created is None else created,
            request_id="",
            raw=raw,
            errors=errors,
        )
        self.insert(job, at)

    def link(self, job: SandboxJob, part: int) -> str:
        """The signed URL of a part (from 1): valid from now, or from the moment at which the file was written."""
        fresh = self.settings.resign_links or job.completed_at is None
        written_at = self.now() if fresh or job.completed_at is None else job.completed_at
        return self.base_url + sign(self.seed, part_path(job, part), written_at, self.settings.link_lifetime)

    def wire(self, job: SandboxJob) -> Any:
        """The job as it is sent."""
        return job_object(job, self.settings, self.link)

    def issue_token(self, grant: str) -> tuple[str, float]:
        """A new token of that grant, and when it expires (epoch seconds)."""
        token = secrets.token_hex(20)
        expires = self.now() + self.settings.token_lifetime
        self.tokens[token] = (grant, expires)
        self.tokens_issued += 1
        return token, expires

    def churn_list(self) -> None:
        """Between two pages, let jobs appear at the top and finished ones of the top disappear."""
        before = [job for job in self.jobs if shown_status(job) in TERMINAL]
        for _ in range(self.churn["insert_per_page"]):
            self.queue.add_live(self.now())
        for job in before[: self.churn["remove_per_page"]]:
            self.remove(job)

    def hold(self, stopping: threading.Event) -> None:
        """Wait until somebody says `release`, or the server ends. Whoever calls does not hold `lock`."""
        with self._released:
            seen, self.held = self._release_count, self.held + 1
            while self._release_count == seen and not stopping.is_set():
                self._released.wait(0.2)
            self.held -= 1

    def release(self) -> int:
        """Let everybody go on who is held; returns how many these are."""
        with self._released:
            self._release_count += 1
            self._released.notify_all()
            return self.held

    def report(self) -> dict[str, Any]:
        """What a test may want to know."""
        return {
            "now": self.now(),
            "seed": self.seed,
            "jobs": len(self.jobs),
            "pending": len(self.queue.pending),
            "requests": dict(self.requests),
            "held": self.held,
            "tokens_issued": self.tokens_issued,
            "offending_file_requests": self.offending_file_requests,
            "mail_port": self.mail_port,
        }
