"""Rounds: a walk, the jobs still open, the errors that are due; then how long to wait, and what pages may say of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs_ui import models
from jobs_ui.jobs_api import JobsApiError, JobsClient, Problem
from jobs_ui.status import PENDING, STARTED
from jobs_ui.sync.errors import read_due_errors
from jobs_ui.sync.open_jobs import read_due_jobs
from jobs_ui.sync.walk import WalkOutcome, walk_store

logger = logging.getLogger(__name__)

BUSY = timedelta(seconds=2)
QUIET = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(seconds=30)
YOUNG = timedelta(days=1)
# Reads by id and error lists a round of `--watch`, so that the next walk is never far off.
READS_A_ROUND = 20


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """How a round went.

    `problem` is one plain sentence, "" when all went well; `wait` is the time to the next round.
    """

    complete: bool
    created: int
    changed: int
    unreadable: int
    problem: str
    wait: timedelta


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Syncer:
    """Keeps the mirror of one store. `clock` gives aware UTC times; tests hand in their own."""

    def __init__(self, store: str, client: JobsClient, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.store = store
        self.client = client
        self._clock = clock
        self._failures = 0
        self._reported: set[str] = set()

    def run_round(self, *, full: bool = False, reads: int | None = None) -> RoundOutcome:
        """One whole round. `reads` bounds the reads by id and of error lists, None does all that are due.

        Never raises for what the API does: the outcome and the store's SyncState say it. Raises DatabaseError when the
        mirror itself cannot be written, since then there is nowhere to say it.
        """
        state, _ = models.SyncState.objects.get_or_create(store=self.store)
        walk = WalkOutcome()
        try:
            walk = walk_store(self.client, state, self._clock, full=full)
            self._report(walk.problems)
            limit = 1_000_000 if reads is None else reads
            read_due_jobs(self.client, self.store, self._clock, passed=walk.ids, limit=limit)
        except JobsApiError as error:
            return self._failed(state, walk, error)
        failures = read_due_errors(self.client, self.store, self._clock, limit=limit)
        for failure in failures:
            logger.warning("The errors of a job of store %s could not be read: %s", self.store, failure)
        return self._succeeded(state, walk, failures)

    def _succeeded(self, state: models.SyncState, walk: WalkOutcome, failures: list[JobsApiError]) -> RoundOutcome:
        now = self._clock()
        self._failures = 0
        wait = BUSY if self._something_young_is_open(now) else QUIET
        state.last_try_at = state.last_success_at = now
        state.next_round_at = now + wait
        state.failing_since = None
        state.problem_kind = state.problem = state.problem_request_id = ""
        state.unreadable_rows = len(walk.problems)
        state.clock_offset_ms = round(self.client.clock_offset / timedelta(milliseconds=1))
        state.save()
        problem = ""
        if not walk.complete:
            problem = "The list moved while it was read, so jobs may be missing until the next round."
        elif failures:
            problem = f"The errors of {len(failures)} jobs could not be read; the next round tries again. {failures[0]}"
        return RoundOutcome(not problem, walk.created, walk.changed, len(walk.problems), problem, wait)

    def _failed(self, state: models.SyncState, walk: WalkOutcome, error: JobsApiError) -> RoundOutcome:
        now = self._clock()
        self._failures += 1
        wait = self._back_off()
        state.last_try_at = now
        state.next_round_at = now + wait
        state.failing_since = state.failing_since or now
        state.problem_kind, state.problem, state.problem_request_id = error.kind, str(error), error.request_id
        state.save()
        logger.warning("Sync of store %s failed: %s", self.store, error)
        return RoundOutcome(False, walk.created, walk.changed, len(walk.problems), str(error), wait)

    def _back_off(self) -> timedelta:
        """Doubling with jitter, at most half a minute: pages must know within 30 s when the API is back or gone."""
        longest = min(BUSY * 2 ** min(self._failures - 1, 8), LONGEST_PAUSE)
        return timedelta(seconds=longest.total_seconds() * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret

    def _something_young_is_open(self, now: datetime) -> bool:
        jobs = models.Job.objects.filter(store=self.store, gone_at=None, created_at__gt=now - YOUNG)
        return jobs.filter(status__in=(PENDING, STARTED)).exists()

    def _report(self, problems: list[Problem]) -> None:
        """Each row that cannot be read is logged once a process, not once every two seconds."""
        for problem in problems:
            key = f"{problem.id}:{problem.reason}"
            if key not in self._reported and len(self._reported) < 10_000:
                self._reported.add(key)
                logger.warning(
                    "A row of store %s's job list cannot be read (id %r): %s", self.store, problem.id, problem.reason
                )
