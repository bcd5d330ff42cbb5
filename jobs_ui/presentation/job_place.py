"""Where one waiting job stands in its queue, for its own page: what is before it, when it starts, what it holds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from jobs_ui.insights.queue import Estimate, Queue
from jobs_ui.presentation.queue_rows import in_words, sure
from jobs_ui.presentation.rows import counted
from jobs_ui.sources.base import MOST_QUEUED
from jobs_ui.status import STARTED, job_type

AT_LEAST = "at least: other stores of the organisation share this queue"
MOST_BEFORE = 5


@dataclass(frozen=True, slots=True)
class Before:
    """A job that goes first."""

    job_id: str
    label: str
    url: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Place and start in one sentence; the first of those before it, and how many more; what cancelling it frees."""

    sentence: str
    before: tuple[Before, ...]
    more: int
    frees: str


UNKNOWN = JobPlace("", (), 0, "Jobs that wait behind it move up.")


def job_place(job_id: str, queue: Queue, now: datetime, *, as_of: str, least: str) -> JobPlace:
    """The job's place in the queue at `now`.

    What has to be said before: `as_of` of a moment that is past, see `moment_shown`; `least` of counts, see `at_least`.
    """
    estimate = queue.of(job_id)
    if estimate is None or estimate.position == 0:
        far = f"At least {MOST_QUEUED:,} jobs are before it, so when it starts cannot be told."
        return JobPlace(f"{as_of}{far}" if least else "", (), 0, UNKNOWN.frees)
    before = queue.before(estimate)
    rows = tuple(
        Before(job.id, job_type(job.type).label, reverse("job_detail", args=[job.id]), job.status == STARTED)
        for job in before[:MOST_BEFORE]
    )
    behind = len(queue.waiting) - estimate.position
    return JobPlace(as_of + _place(estimate, now), rows, len(before) - len(rows), _frees(behind, least))


def _place(estimate: Estimate, now: datetime) -> str:
    place = f"{ordinal(estimate.position)} in line ({AT_LEAST})"
    if estimate.start is None:
        return f"{place}. When it starts cannot be told: {estimate.reason}."
    ends = f", ends {in_words(estimate.end, now)}" if estimate.end else ""
    return f"{place}. Starts {in_words(estimate.start, now)}{ends}, {sure(estimate.start)}."


def _frees(behind: int, least: str) -> str:
    if behind == 0 and not least:
        return "No job of this store waits behind it."
    if behind == 0:
        return UNKNOWN.frees
    return f"{least}{counted(behind, 'job')} {'moves' if behind == 1 else 'move'} up.".capitalize()


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
