"""The queue of a store: what runs, what waits, and when it starts, as ranges to scale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs_ui.insights.queue import NO_HISTORY, TOO_FAR, Estimate, Queue, Range
from jobs_ui.insights.run_times import UsualTime, is_stuck
from jobs_ui.presentation.against_usual import AgainstUsual, against_usual, usual_words
from jobs_ui.presentation.durations import clock, duration, exact, hover, zone_name
from jobs_ui.presentation.facts import NICE_STEPS
from jobs_ui.presentation.rows import what
from jobs_ui.sources.base import MOST_QUEUED, Freshness, JobRecord
from jobs_ui.sources.queue_knowledge import queue_job
from jobs_ui.status import STARTED, JobType, job_type

SHORTEST_AXIS = timedelta(seconds=30)
LONGEST_AXIS = timedelta(days=2)
OLD_NEWS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class RunningRow:
    """The job that runs, against the usual time of its type; `usual` says that, or why it is not known."""

    job: JobRecord
    type: JobType
    caption: str
    is_code: bool
    url: str
    ran: str
    against: AgainstUsual | None
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
    start_hover: str
    end: str
    low: str
    width: str


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
    is_cut = may_be_more(jobs)
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
        more=_more(more, is_cut=is_cut),
        ticks=_ticks(span),
        summary=_summary(queue, now, is_cut=is_cut),
    )


def may_be_more(jobs: tuple[JobRecord, ...]) -> bool:
    """Whether every count of the queue's jobs is a least, because a source gives no more of them."""
    return len(jobs) >= MOST_QUEUED


def _more(count: int, *, is_cut: bool) -> str:
    if count <= 0:
        return ""
    if is_cut:
        words = ngettext(
            "At least %(count)s more waits behind these.", "At least %(count)s more wait behind these.", count
        )
    else:
        words = ngettext("%(count)s more waits behind these.", "%(count)s more wait behind these.", count)
    return words % {"count": number_format(count)}


def moment_shown(now: datetime, freshness: Freshness) -> tuple[datetime, str]:
    """The moment of which a queue is told, by the API's clock, and its name where it has to be said: see `as_it_was`.

    What ran when the API last answered may have ended since: while it does not, nothing is told of the time after.
    """
    at = freshness.as_of
    if at is None or now - at < OLD_NEWS:
        return now + freshness.clock_offset, ""
    return at + freshness.clock_offset, exact(at)


def as_it_was(as_of: str, sentence: str) -> str:
    """The sentence, with the moment of which it holds where that is past."""
    return _("As it was at %(time)s: %(sentence)s") % {"time": as_of, "sentence": sentence} if as_of else sentence


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
        return _("within %(time)s") % {"time": f"{number_format(most)} {unit}"}
    if small == unit:
        words = {"low": number_format(least), "high": f"{number_format(max(most, least + 1))} {unit}"}
    else:
        words = {"low": f"{least} {small}", "high": f"{number_format(most)} {unit}"}
    return _("in %(low)s to %(high)s") % words


def _unit(seconds: float) -> tuple[int, str]:
    """The largest unit of which there is one at least: its length in seconds, and its name."""
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    return next((size, unit) for size, unit in units if seconds >= size or size == 1)


def sure(when: Range) -> str:
    """How sure the range is: `right 8 times of 10`."""
    return _("right %(count)s times of 10") % {"count": round(when.coverage * 10)}


def reason_words(reason: str) -> str:
    """Why there is no range, in the reader's language."""
    return {NO_HISTORY: _("no history yet"), TOO_FAR: _("too far back in the queue")}.get(reason, reason)


def _ceil(value: float) -> int:
    return int(value) + (value > int(value))


def _running(job: JobRecord, estimate: Estimate | None, usual: dict[str, UsualTime], now: datetime) -> RunningRow:
    caption, is_code = what(job)
    ran = job.ran(now)
    known = usual.get(job_type(job.type).name)
    return RunningRow(
        job=job,
        type=job_type(job.type),
        caption=caption,
        is_code=is_code,
        url=reverse("job_detail", args=[job.job_id]),
        ran=duration(ran),
        against=against_usual(ran, known),
        usual=usual_words(known) if known else _("No job of this type has run yet, so its usual time is not known."),
        end=_end_words(estimate, now),
        is_stuck=is_stuck(queue_job(job), known, now),
    )


def _end_words(estimate: Estimate | None, now: datetime) -> str:
    if estimate is None:
        return _("Another job has started since, so this one has ended or hangs.")
    if estimate.end is None:
        untold = _("When it ends cannot be told: %(reason)s.")
        return untold % {"reason": reason_words(estimate.reason)} if estimate.reason else ""
    return _("Ends %(when)s, %(sure)s.") % {"when": in_words(estimate.end, now), "sure": sure(estimate.end)}


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
        created=hover(job.created_at),
        waited=duration(job.waited(now)),
        start=in_words(start, now) if start else reason_words(estimate.reason),
        start_hover=_start_hover(start) if start else "",
        end=in_words(estimate.end, now),
        low=f"{low:.2f}%" if start else "",
        width=f"{max(_place(start.high, now, span) - low, 0.6):.2f}%" if start else "",
    )


def _start_hover(start: Range) -> str:
    """The range on the clock, in UTC as well where that is another time, and how sure it is."""
    words = {"low": clock(start.low), "high": clock(start.high), "zone": zone_name(start.low), "sure": sure(start)}
    if not timezone.localtime(start.low).utcoffset():
        return _("%(low)s to %(high)s %(zone)s, %(sure)s") % words
    words |= {
        f"{name}_utc": f"{at.astimezone(UTC):%H:%M:%S}" for name, at in (("low", start.low), ("high", start.high))
    }
    return _("%(low)s to %(high)s %(zone)s = %(low_utc)s to %(high_utc)s UTC, %(sure)s") % words


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
    return ("0%", _("now")), *later


def _summary(queue: Queue, now: datetime, *, is_cut: bool) -> str:
    """The queue in one sentence or two."""
    if not queue.waiting:
        return _("One job runs, and none waits.") if queue.running else _("Nothing runs and nothing waits.")
    count, last = len(queue.waiting), queue.waiting[-1]
    longest = max(now - one.job.created_at for one in queue.waiting)
    waits = _waits(count, is_running=queue.running is not None, is_cut=is_cut) % {
        "count": number_format(count),
        "time": duration(longest),
    }
    if last.start is None:
        return waits
    all_started = _("All have started %(when)s, %(sure)s.")
    return f"{waits} {all_started % {'when': in_words(last.start, now), 'sure': sure(last.start)}}"


def _waits(count: int, *, is_running: bool, is_cut: bool) -> str:
    """How many wait, `count` and `time` still to be filled in."""
    if is_running and is_cut:
        return ngettext(
            "One job runs, at least %(count)s job waits; the longest wait so far is %(time)s.",
            "One job runs, at least %(count)s jobs wait; the longest wait so far is %(time)s.",
            count,
        )
    if is_running:
        return ngettext(
            "One job runs, %(count)s job waits; the longest wait so far is %(time)s.",
            "One job runs, %(count)s jobs wait; the longest wait so far is %(time)s.",
            count,
        )
    if is_cut:
        return ngettext(
            "Nothing runs, at least %(count)s job waits; the longest wait so far is %(time)s.",
            "Nothing runs, at least %(count)s jobs wait; the longest wait so far is %(time)s.",
            count,
        )
    return ngettext(
        "Nothing runs, %(count)s job waits; the longest wait so far is %(time)s.",
        "Nothing runs, %(count)s jobs wait; the longest wait so far is %(time)s.",
        count,
    )
