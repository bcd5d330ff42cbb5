"""Rounds: a walk, the jobs still open, the errors that are due; then how long to wait, and what pages may say of it."""

from __future__ import annotations

import logging
import random
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs_ui import models
from jobs_ui.jobs_api import JobsApiError, JobsClient, Problem, clean_line
from jobs_ui.status import PENDING, STARTED
from jobs_ui.sync.clocks import BUSY, LONGEST_PAUSE, QUIET, YOUNG, Clock, TimeBox, utc_now
from jobs_ui.sync.context import SyncContext
from jobs_ui.sync.day_counting import DayCounting
from jobs_ui.sync.errors import DueErrors
from jobs_ui.sync.groups import regroup
from jobs_ui.sync.lease import Lease
from jobs_ui.sync.open_jobs import ENDS_THE_ROUND, ends_reading, read_due_jobs
from jobs_ui.sync.walk import Report, WalkOutcome, walk_store

logger = logging.getLogger(__name__)

INCOMPLETE = "incomplete"
"""The `problem_kind` of a list that moved too much to be read as a whole."""
MISTAKE = "internal"
"""The `problem_kind` of a mistake of the console's own."""
_MOVED = "The list moved while it was read, so jobs may be missing until the next round."


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


class Syncer:
    """Keeps the mirror of one store. `clock` gives aware UTC times; tests hand in their own.

    With a `lease`, which must be held, every transaction checks it first.
    """

    def __init__(self, store: str, client: JobsClient, *, clock: Clock = utc_now, lease: Lease | None = None) -> None:
        self.store = store
        self._context = SyncContext(store, client, clock=clock, lease=lease)
        self._due_errors = DueErrors(self._context)
        self._days = DayCounting(self._context)
        self._failures = 0
        self._reported: set[str] = set()

    def run_round(
        self, *, full: bool = False, reads_for: timedelta | None = None, report: Report | None = None
    ) -> RoundOutcome:
        """One whole round. `reads_for` bounds the reads by id and of error lists, None does all that are due.

        Never raises for what the API does: the outcome and the store's SyncState say it. Raises LeaseLost, and
        DatabaseError when the mirror itself cannot be written, since then there is nowhere to say it.
        """
        state = self._context.state()
        walk = WalkOutcome()
        try:
            walk_store(self._context, state, walk, full=full, report=report)
        except JobsApiError as error:
            return self._failed(state, walk, error, reads_for)
        self._report(walk.problems)
        # Said at once: what follows may take long, and whether a job is gone depends on whether the list works.
        self._note_walk(state, walk)
        self._days.run()
        box = TimeBox(reads_for)
        failures = self._read_due(walk, box, list_works=True)
        return self._ended(state, walk, failures, is_cut=box.is_over())

    def _read_due(self, walk: WalkOutcome, box: TimeBox, *, list_works: bool) -> list[JobsApiError]:
        """What comes after the walk, as far as the time box allows; returns what failed."""
        failures = read_due_jobs(self._context, passed=walk.ids, box=box, list_works=list_works)
        if not ends_reading(failures, list_works=list_works):
            failures += self._due_errors.read(box, list_works=list_works)
        regroup(self._context, box)
        for failure in failures:
            logger.warning("A job of store %s could not be read: %s", self.store, failure)
        return failures

    def note_mistake(self, error: Exception, *, wait: timedelta) -> str:
        """Says in the log, and to pages, that a round ended by a mistake of our own; returns it as a plain sentence.

        `wait` is the time to the next round. Raises LeaseLost and DatabaseError.
        """
        name = type(error).__name__
        # No more than names, places, and a cleaned line: the exception may hold what an answer held, links included.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error(
            "Sync of store %s met a mistake of the console's own, %s: %s\n%s",
            self.store,
            name,
            clean_line(str(error)),
            places,
        )
        problem = f"The console made a mistake of its own ({name}): its log says where."
        state, now = self._context.state(), self._context.clock()
        self._context.save(
            state,
            last_try_at=now,
            next_round_at=now + wait,
            failing_since=state.failing_since or now,
            problem_kind=MISTAKE,
            problem=problem,
            problem_request_id="",
        )
        return problem

    def _note_walk(self, state: models.SyncState, walk: WalkOutcome) -> None:
        now = self._context.clock()
        self._failures = 0
        # A walk of the newest alone does not pass the unreadable rows further down, which are still missing.
        unreadable = len(walk.problems) if walk.reached_end else max(len(walk.problems), state.unreadable_rows)
        self._context.save(
            state,
            last_try_at=now,
            last_success_at=now if walk.complete else state.last_success_at,
            failing_since=None,
            problem_kind="" if walk.complete else INCOMPLETE,
            problem="" if walk.complete else _MOVED,
            problem_request_id="",
            unreadable_rows=unreadable,
            clock_offset_ms=round(self._context.clock_offset / timedelta(milliseconds=1)),
        )

    def _ended(
        self, state: models.SyncState, walk: WalkOutcome, failures: list[JobsApiError], *, is_cut: bool
    ) -> RoundOutcome:
        self._days.run()
        now = self._context.clock()
        # A failure that another call would meet as well is the next walk's to find, soon.
        is_urgent = is_cut or (failures and isinstance(failures[-1], ENDS_THE_ROUND))
        wait = BUSY if is_urgent or self._something_young_is_open(now) else QUIET
        self._context.save(state, next_round_at=now + wait)
        problem = ""
        if not walk.complete:
            problem = _MOVED
        elif failures:
            problem = f"{len(failures)} reads of single jobs failed; they are tried again later. {failures[0]}"
        return RoundOutcome(not problem, walk.created, walk.changed, len(walk.problems), problem, wait)

    def _failed(
        self, state: models.SyncState, walk: WalkOutcome, error: JobsApiError, reads_for: timedelta | None
    ) -> RoundOutcome:
        now = self._context.clock()
        self._failures += 1
        wait = self._back_off()
        self._context.save(
            state,
            last_try_at=now,
            next_round_at=now + wait,
            failing_since=state.failing_since or now,
            problem_kind=error.kind,
            problem=str(error),
            problem_request_id=error.request_id,
        )
        logger.warning("Sync of store %s failed: %s", self.store, error)
        if not isinstance(error, ENDS_THE_ROUND):
            # It may be that one page alone, for as long as a row of it is there: the rest must not wait for that.
            self._read_due(walk, TimeBox(reads_for), list_works=False)
            self._context.save(state, next_round_at=self._context.clock() + wait)
        self._days.run()
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
