"""Goes through a history in the order in which it happened, and learns from it as if it happened now.

At each moment only that is known which was known then. So the same walk teaches the estimates (`learn`) and measures
them (`insights.backtest`).
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from jobs_ui.insights.experience import Experience
from jobs_ui.insights.line import Line, Place
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.ranges import USEFUL, Correction, Raw, Span, raw_span
from jobs_ui.status import PENDING

AT_ONCE = Span(0.0, 0.0)
LOOK_AGAIN = 0.25
"""After how much more of its time a promise that was missed is looked at again."""
_CREATED, _LATER = 0, 1
_STARTS, _ENDS = 0, 1


@dataclass(slots=True)
class Corrections:
    """By how much ranges are stretched: of starts with nothing before and behind others, of ends, of runs."""

    first: Correction = field(default_factory=Correction)
    behind: Correction = field(default_factory=lambda: Correction(USEFUL))
    end: Correction = field(default_factory=Correction)
    run: Correction = field(default_factory=Correction)

    def start_span(self, place: Place, before: Span = AT_ONCE) -> Span:
        """When the job starts, in seconds from now on; no sooner than the one `before` it in line."""
        if place.before == 0 and place.alone is not None:
            return self.first.applied(raw_span(place.start))
        spans = [before, self.behind.applied(raw_span(place.start))]
        if place.alone is not None:
            spans.append(self.first.applied(raw_span(place.alone)))
        return Span(max(span.low for span in spans), max(span.high for span in spans))

    def end_span(self, place: Place, start: Span) -> Span:
        """When the job ends, in seconds from now on: not before it starts."""
        span = self.end.applied(raw_span(place.end))
        return Span(max(span.low, start.low), max(span.high, start.high))


@dataclass(slots=True)
class Promise:
    """A range that was given at a moment, in epoch seconds, and what is to learn from its outcome.

    `raw`: the range before it was corrected, and `span` after that, both in seconds from that moment on.
    """

    at: float
    span: Span
    raw: Raw
    correction: Correction
    before: int
    is_open: bool = True
    _score: int | None = None

    def is_late(self, now: float) -> None:
        """The range has passed: that it was missed is known before the truth is."""
        self._score = self.correction.outlasted(self.raw, now - self.at, self.before, self._score)

    def came(self, at: float) -> None:
        """The truth."""
        self.correction.came(self.raw, at - self.at, self.before, self._score)
        self.is_open = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was estimated when a job was created, and what came, in seconds after that."""

    job: QueueJob
    before: int
    span: Span
    wait: float


class Replay:
    """The state of the queue and of what is known, moving forward through a history."""

    def __init__(self) -> None:
        self.experience = Experience()
        self.corrections = Corrections()
        self.last_end: float | None = None
        self._waiting: list[tuple[tuple[datetime, str], QueueJob]] = []
        self._running: tuple[QueueJob, float] | None = None
        # Kept while jobs only join it.
        self._line: Line | None = None
        self._starts: dict[str, tuple[Promise, int]] = {}
        self._ends: dict[str, list[Promise]] = {}
        self._due: list[tuple[float, int, Promise]] = []
        self._looks = 0

    def run(self, jobs: Iterable[QueueJob], until: float | None = None) -> Iterator[Outcome]:
        """Goes through the jobs up to a moment in epoch seconds (None: to the end); yields each start as it comes."""
        for at, stage, _, what, _, job in sorted(_events(jobs), key=lambda event: event[:5]):
            if until is not None and at > until:
                break
            self._pass_to(at)
            if stage == _CREATED:
                self._create(job, at)
            elif what == _STARTS:
                yield from self._start(job, at)
            else:
                self._end(job, at)
        if until is not None:
            self._pass_to(until)

    def _pass_to(self, at: float) -> None:
        while self._due and self._due[0][0] < at:
            now, _, promise = heapq.heappop(self._due)
            if promise.is_open:
                promise.is_late(now)
                self._look_at(promise, now + LOOK_AGAIN * max(now - promise.at, 1.0))

    def _look_at(self, promise: Promise, at: float) -> None:
        self._looks += 1
        heapq.heappush(self._due, (at, self._looks, promise))

    def _promise(self, at: float, span: Span, raw: Raw, correction: Correction, before: int) -> Promise:
        promise = Promise(at, span, raw, correction, before)
        self._look_at(promise, at + span.high)
        return promise

    def _create(self, job: QueueJob, at: float) -> None:
        if self.experience.is_enough:
            place, start = self._place(job, at)
            end = self.corrections.end_span(place, start)
            is_first = place.before == 0
            correction = self.corrections.first if is_first else self.corrections.behind
            self._starts[job.id] = (
                self._promise(at, start, raw_span(place.start), correction, place.before),
                place.before,
            )
            self._ends[job.id] = [self._promise(at, end, raw_span(place.end), self.corrections.end, place.before)]
        insort(self._waiting, (job.place, job))

    def _place(self, job: QueueJob, at: float) -> tuple[Place, Span]:
        """The place at the end of the line, and when its turn comes."""
        if self._line is None:
            running, since = self._running or (None, 0.0)
            self._line = Line(self.experience, now=at, running=running, running_since=since, last_end=self.last_end)
            for _, other in self._waiting:
                if not self._line.is_fresh(other):
                    self._line.skip(other)
        else:
            self._line.move_to(at)
        if not self._line.is_fresh(job):
            place = self._line.append(job)
            return place, self.corrections.start_span(place)
        line, start = copy(self._line), AT_ONCE
        for _, other in self._waiting:
            if line.is_fresh(other):
                start = self.corrections.start_span(line.append(other), start)
        place = line.append(job)
        return place, self.corrections.start_span(place, start)

    def _start(self, job: QueueJob, at: float) -> Iterator[Outcome]:
        created = job.created_at.timestamp()
        self._leave(job)
        if self.last_end is not None and self.last_end > created:
            self.experience.learn_pause(at - self.last_end)
        elif self._running is None:
            self.experience.learn_first_wait(at - created)
        self._running = job, at
        if (given := self._starts.pop(job.id, None)) is not None:
            promise, before = given
            promise.came(at)
            yield Outcome(job, before, promise.span, at - created)
        if self.experience.is_enough:
            raw = raw_span(self.experience.run_left(job.kind, 0.0))
            span = self.corrections.run.applied(raw)
            self._ends.setdefault(job.id, []).append(self._promise(at, span, raw, self.corrections.run, 0))

    def _end(self, job: QueueJob, at: float) -> None:
        promises = self._ends.pop(job.id, ())
        run = job.run_seconds
        if run is None:
            self._leave(job)
            if (given := self._starts.pop(job.id, None)) is not None:
                given[0].is_open = False
            for promise in promises:
                promise.is_open = False
            return
        for promise in promises:
            promise.came(at)
        self._line = None
        if self._running is not None and self._running[0].id == job.id:
            self._running = None
        self.last_end = at
        self.experience.learn_run(job.kind, run)

    def _leave(self, job: QueueJob) -> None:
        self._line = None
        self._waiting = [entry for entry in self._waiting if entry[1].id != job.id]


_Event = tuple[float, int, float, int, tuple[datetime, str], QueueJob]


def _events(jobs: Iterable[QueueJob]) -> Iterator[_Event]:
    """What happened to the jobs. At one moment: creations first, then what happened to the job that started first."""
    for job in jobs:
        created = job.created_at.timestamp()
        started = max(job.started_at.timestamp(), created) if job.started_at else None
        ended = max(job.completed_at.timestamp(), started or created) if job.completed_at else None
        if started is None and ended is None and job.status != PENDING:
            continue  # It is not known how long it was in line.
        yield created, _CREATED, 0.0, 0, job.place, job
        if started is not None:
            yield started, _LATER, started, _STARTS, job.place, job
        if ended is not None:
            yield ended, _LATER, started or ended, _ENDS, job.place, job


@dataclass(frozen=True, slots=True)
class Learned:
    """What a history teaches; to be kept for a minute rather than learnt for each page.

    `last_end`: when the last job ended, in epoch seconds; None where none has.
    """

    experience: Experience
    corrections: Corrections
    last_end: float | None


def learn(jobs: Iterable[QueueJob], now: datetime) -> Learned:
    """What is to be known at `now` from these jobs, in whatever order: the history, and what is in the queue."""
    replay = Replay()
    for _ in replay.run(jobs, now.timestamp()):
        pass
    return Learned(replay.experience, replay.corrections, replay.last_end)
