"""Position and wait: who is before a job in the queue, and when it starts and ends, as ranges.

A position counts the jobs of one store, and the stores of an organisation share a queue: say "at least". A moment is
never told without the range that it lies in. How it is made, what it does not know and how good it is: docs/queue.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs_ui.insights.line import Line
from jobs_ui.insights.queue_jobs import QueueJob, in_line, running_job
from jobs_ui.insights.ranges import COVERAGE, Span, raw_span
from jobs_ui.insights.replay import AT_ONCE, Learned

NO_HISTORY = "no history yet"
"""Why there is no range: too few jobs have run."""
TOO_FAR = "too far back in the queue"
"""Why there is no range: see MOST_ESTIMATED."""
MOST_ESTIMATED = 100
"""Waiting jobs that get a range, the first ones: what lies behind 100 others is no more than a guess."""


@dataclass(frozen=True, slots=True)
class Range:
    """From when to when, aware and in UTC like `now`; the truth lies within it as often as `coverage` says (0 to 1)."""

    low: datetime
    high: datetime
    coverage: float = COVERAGE


@dataclass(frozen=True, slots=True)
class Estimate:
    """A job's position (1 is the next to start, 0 runs), and when it starts and ends.

    Without ranges, `reason` says why, in words. Of a running job `start` is None: it is known.
    """

    job: QueueJob
    position: int
    start: Range | None = None
    end: Range | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """What runs, and what waits, the next one first."""

    running: Estimate | None
    waiting: tuple[Estimate, ...]

    def of(self, job_id: str) -> Estimate | None:
        """That job's estimate; None for a job that neither runs nor waits."""
        return next((one for one in self._all() if one.job.id == job_id), None)

    def before(self, estimate: Estimate) -> tuple[QueueJob, ...]:
        """The jobs before it, as far as they are seen: the running one, then those that start earlier."""
        return tuple(one.job for one in self._all() if one.position < estimate.position)

    def _all(self) -> tuple[Estimate, ...]:
        return (self.running, *self.waiting) if self.running else self.waiting


def estimate_queue(jobs: Iterable[QueueJob], learned: Learned, now: datetime) -> Queue:
    """The queue at `now` (aware).

    `jobs` of one store in whatever order: those that run and wait, and the one that ended last, if that is more recent
    than what was learnt. Others do no harm: cancelled ones and those of an unknown status are not in line.
    """
    jobs = list(jobs)
    running, waiting = running_job(jobs), in_line(jobs)
    if not learned.experience.is_enough:
        places = tuple(Estimate(job, number, reason=NO_HISTORY) for number, job in enumerate(waiting, 1))
        return Queue(Estimate(running, 0, reason=NO_HISTORY) if running else None, places)
    last_end = _last_end(jobs, learned)
    since = _running_since(running, last_end) if running else 0.0
    at = now.timestamp()
    line = Line(learned.experience, now=at, running=running, running_since=since, last_end=last_end)
    first = _of_running(running, max(at - since, 0.0), learned, now) if running else None
    return Queue(first, tuple(_of_waiting(waiting, line, learned, now)))


def _of_running(job: QueueJob, elapsed: float, learned: Learned, now: datetime) -> Estimate:
    left = learned.corrections.run.applied(raw_span(learned.experience.run_left(job.kind, elapsed)))
    return Estimate(job, 0, end=_range(left, now))


def _of_waiting(jobs: list[QueueJob], line: Line, learned: Learned, now: datetime) -> Iterable[Estimate]:
    start = AT_ONCE
    for position, job in enumerate(jobs, 1):
        if position > MOST_ESTIMATED:
            yield Estimate(job, position, reason=TOO_FAR)
            continue
        place = line.append(job)
        start = learned.corrections.start_span(place, start)
        end = learned.corrections.end_span(place, start)
        yield Estimate(job, position, _range(start, now), _range(end, now))


def _range(span: Span, now: datetime) -> Range:
    return Range(now + timedelta(seconds=span.low), now + timedelta(seconds=span.high))


def _last_end(jobs: list[QueueJob], learned: Learned) -> float | None:
    """When the last job ended, whether it was learnt from or not."""
    ends = [job.completed_at.timestamp() for job in jobs if job.completed_at and job.run_seconds is not None]
    if learned.last_end is not None:
        ends.append(learned.last_end)
    return max(ends, default=None)


def _running_since(job: QueueJob, last_end: float | None) -> float:
    """When it started; where the API has not told yet, not before it was created and the one before it ended."""
    if job.started_at is not None:
        return job.started_at.timestamp()
    created = job.created_at.timestamp()
    return created if last_end is None else max(created, last_end)
