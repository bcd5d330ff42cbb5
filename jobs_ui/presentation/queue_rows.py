"""The queue of a store: what runs, what waits, and when it starts, as ranges to scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from jobs_ui.insights.queue import Estimate, Queue, Range
from jobs_ui.insights.run_times import UsualTime, is_stuck
from jobs_ui.presentation.durations import ago, clock, duration, exact
from jobs_ui.presentation.facts import NICE_STEPS
from jobs_ui.presentation.rows import counted, what
from jobs_ui.sources.base import MOST_QUEUED, Freshness, JobRecord
from jobs_ui.sources.queue_knowledge import queue_job
from jobs_ui.status import STARTED, JobStatus, JobType, is_final, job_status, job_type

SHORTEST_AXIS = timedelta(seconds=30)
LONGEST_AXIS = timedelta(days=2)
OLD_NEWS = timedelta(seconds=60)
MOST_ENDED = 5


@dataclass(frozen=True, slots=True)
class RunningRow:
    """The job that runs, against the usual time of its type. Lengths are for SVG; "" where there is nothing to draw."""

    job: JobRecord
    type: JobType
    caption: str
    is_code: bool
    url: str
    ran: str
    bar: str
    beyond_at: str
    beyond: str
    usual_at: str
    usual: str
    end: str
    is_stuck: bool


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A job that waits: its place, how long it waits so far, and the range of its start on the page's axis."""

    job: JobRecord
    type: JobType
    caption: str
    is_code: bool
    url: str
    position: int
    created: str
    waited: str
    start: str
    start_exact: str
    end: str
    low: str
    width: str


@dataclass(frozen=True, slots=True)
class EndedRow:
    """A job that has left the queue: what came of it, how long it ran, and when it ended where that is known."""

    job: JobRecord
    type: JobType
    status: JobStatus
    url: str
    ran: str
    ended: str
    ended_exact: str


@dataclass(frozen=True, slots=True)
class QueueView:
    """All that the page prints of a queue. `ticks` are places and labels of the axis that waiting jobs share.

    `running`: the job that holds the queue first; others that are said to run are old news, or another store's API.
    `more`: a sentence about those that wait behind the ones that are shown.
    """

    running: tuple[RunningRow, ...]
    waiting: tuple[WaitingRow, ...]
    more: str
    ticks: tuple[tuple[str, str], ...]
    summary: str


def queue_view(
    jobs: tuple[JobRecord, ...], queue: Queue, usual: dict[str, UsualTime], now: datetime, *, most: int
) -> QueueView:
    """The page's view of the queue at `now` (by the API's clock), with at most `most` waiting jobs."""
    records = {job.job_id: job for job in jobs}
    least = at_least(jobs)
    more = len(queue.waiting) - most
    span = _axis([one.start for one in queue.waiting[:most] if one.start], now)
    running = queue.running
    return QueueView(
        running=tuple(
            _running(job, running if running and running.job.id == job.job_id else None, usual, now)
            for job in sorted(jobs, key=lambda job: not running or running.job.id != job.job_id)
            if job.status == STARTED
        ),
        waiting=tuple(_waiting(records[one.job.id], one, now, span) for one in queue.waiting[:most]),
        more=f"{least}{more:,} more wait behind these.".capitalize() if more > 0 else "",
        ticks=_ticks(span),
        summary=_summary(queue, now, least),
    )


def at_least(jobs: tuple[JobRecord, ...]) -> str:
    """What has to be said before a count of the queue's jobs: `at least ` where a source gave no more than it does."""
    return "at least " if len(jobs) >= MOST_QUEUED else ""


def ended_rows(jobs: Iterable[JobRecord], now: datetime) -> list[EndedRow]:
    """The jobs that ended last, the newest end first. One that was cancelled may have no end that is known."""
    ended = sorted((job for job in jobs if is_final(job.status)), key=_end, reverse=True)
    return [
        EndedRow(
            job=job,
            type=job_type(job.type),
            status=job_status(job.status),
            url=reverse("job_detail", args=[job.job_id]),
            ran=duration(job.ran(now)) if job.ran(now) is not None else "",
            ended=ago(job.completed_at, now) if job.completed_at else "",
            ended_exact=exact(job.completed_at) if job.completed_at else "",
        )
        for job in ended[:MOST_ENDED]
    ]


def _end(job: JobRecord) -> datetime:
    return job.completed_at or job.created_at


def moment_shown(now: datetime, freshness: Freshness) -> tuple[datetime, str]:
    """The moment of which a queue is told, by the API's clock, and what has to be said of it.

    What ran when the API last answered may have ended since: while it does not, nothing is told of the time after.
    """
    at = freshness.as_of
    if at is None or now - at < OLD_NEWS:
        return now + freshness.clock_offset, ""
    return at + freshness.clock_offset, f"As it was at {exact(at)}: "


def in_words(when: Range | None, now: datetime) -> str:
    """A range as seen from `now`: `in 2 to 8 min`, `in 20 s to 4 min`, `within 40 s`. Never one end alone."""
    if when is None:
        return ""
    low, high = (max((moment - now).total_seconds(), 0.0) for moment in (when.low, when.high))
    size, unit = _unit(high)
    most = max(_ceil(high / size), 1)
    small_size, small = _unit(low)
    least = int(low / small_size)
    if least == 0:
        return f"within {most:,} {unit}"
    if small == unit:
        return f"in {least:,} to {max(most, least + 1):,} {unit}"
    return f"in {least} {small} to {most:,} {unit}"


def _unit(seconds: float) -> tuple[int, str]:
    """The largest unit of which there is one at least: its length in seconds, and its name."""
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    return next((size, unit) for size, unit in units if seconds >= size or size == 1)


def sure(when: Range) -> str:
    """How sure the range is: `right 8 times of 10`."""
    return f"right {round(when.coverage * 10)} times of 10"


def _ceil(value: float) -> int:
    return int(value) + (value > int(value))


def _running(job: JobRecord, estimate: Estimate | None, usual: dict[str, UsualTime], now: datetime) -> RunningRow:
    caption, is_code = what(job)
    ran = job.ran(now)
    known = usual.get(job_type(job.type).name)
    share = usual_share = 0.0
    if known and ran is not None and known.median > 0:
        # From none to twice the usual time, or to what it has run where that is more.
        longest = max(2 * known.median, ran.total_seconds() * 1.02)
        share, usual_share = 100 * ran.total_seconds() / longest, 100 * known.median / longest
    return RunningRow(
        job=job,
        type=job_type(job.type),
        caption=caption,
        is_code=is_code,
        url=reverse("job_detail", args=[job.job_id]),
        ran=duration(ran),
        bar=f"{min(share, usual_share):.2f}%" if share else "",
        beyond_at=f"{usual_share:.2f}%",
        beyond=f"{share - usual_share:.2f}%" if share > usual_share > 0 else "",
        usual_at=f"{usual_share:.2f}%" if usual_share else "",
        usual=_usual_words(known),
        end=_end_words(estimate, now),
        is_stuck=is_stuck(queue_job(job), known, now),
    )


def _usual_words(known: UsualTime | None) -> str:
    if known is None:
        return "No job of this type has run yet, so its usual time is not known."
    median, longest = (duration(timedelta(seconds=seconds)) for seconds in (known.median, known.percentile_95))
    return f"Usually {median}; 19 of 20 take less than {longest}."


def _end_words(estimate: Estimate | None, now: datetime) -> str:
    if estimate is None:
        return "Another job has started since, so this one has ended or hangs."
    if estimate.end is None:
        return f"When it ends cannot be told: {estimate.reason}." if estimate.reason else ""
    return f"Ends {in_words(estimate.end, now)}, {sure(estimate.end)}."


def _waiting(job: JobRecord, estimate: Estimate, now: datetime, span: timedelta) -> WaitingRow:
    caption, is_code = what(job)
    start = estimate.start
    low = _place(start.low, now, span) if start else 0.0
    return WaitingRow(
        job=job,
        type=job_type(job.type),
        caption=caption,
        is_code=is_code,
        url=reverse("job_detail", args=[job.job_id]),
        position=estimate.position,
        created=exact(job.created_at),
        waited=duration(job.waited(now)),
        start=in_words(start, now) if start else estimate.reason,
        start_exact=f"{clock(start.low)} to {clock(start.high)} UTC, {sure(start)}" if start else "",
        end=in_words(estimate.end, now),
        low=f"{low:.2f}%" if start else "",
        width=f"{max(_place(start.high, now, span) - low, 0.6):.2f}%" if start else "",
    )


def _axis(starts: list[Range], now: datetime) -> timedelta:
    """How far the axis reaches: to the end of the widest range, within reason."""
    farthest = max((start.high - now for start in starts), default=SHORTEST_AXIS)
    return min(max(farthest, SHORTEST_AXIS), LONGEST_AXIS)


def _place(moment: datetime, now: datetime, span: timedelta) -> float:
    return 100 * min(max((moment - now) / span, 0.0), 1.0)


def _ticks(span: timedelta) -> tuple[tuple[str, str], ...]:
    seconds = span.total_seconds()
    step = next((size for size in NICE_STEPS if seconds / size <= 5), seconds / 5)
    places = range(1, int(seconds // step) + 1)
    later = [(f"{100 * number * step / seconds:.2f}%", duration(timedelta(seconds=number * step))) for number in places]
    return ("0%", "now"), *later


def _summary(queue: Queue, now: datetime, least: str) -> str:
    """The queue in one sentence."""
    runs = "One job runs" if queue.running else "Nothing runs"
    if not queue.waiting:
        return f"{runs}, and none waits." if queue.running else "Nothing runs and nothing waits."
    longest = max(now - one.job.created_at for one in queue.waiting)
    waits = f"{least}{counted(len(queue.waiting), 'job')} {'waits' if len(queue.waiting) == 1 else 'wait'}"
    last = queue.waiting[-1]
    empty = f" All have started {in_words(last.start, now)}, {sure(last.start)}." if last.start else ""
    return f"{runs}, {waits}; the longest wait so far is {duration(longest)}.{empty}"
