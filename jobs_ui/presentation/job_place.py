"""Where one waiting job stands in its queue, for its own page: what is before it, when it starts, what it holds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jobs_ui.insights.queue import Estimate, Queue
from jobs_ui.presentation.queue_rows import as_it_was, in_words, reason_words, sure
from jobs_ui.sources.base import MOST_QUEUED
from jobs_ui.status import STARTED, job_type

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


def place_unknown() -> JobPlace:
    """The place of a job whose queue cannot be told."""
    return JobPlace("", (), 0, _frees_some())


def job_place(job_id: str, queue: Queue, now: datetime, *, as_of: str, is_cut: bool) -> JobPlace:
    """The job's place in the queue at `now`.

    `as_of`: the moment that is told of where that is past, see `moment_shown`. `is_cut`: there may be more jobs.
    """
    estimate = queue.of(job_id)
    if estimate is None or estimate.position == 0:
        far = _("At least %(count)s jobs are before it, so when it starts cannot be told.")
        sentence = as_it_was(as_of, far % {"count": number_format(MOST_QUEUED)}) if is_cut else ""
        return JobPlace(sentence, (), 0, _frees_some())
    before = queue.before(estimate)
    rows = tuple(
        Before(job.id, str(job_type(job.type).label), reverse("job_detail", args=[job.id]), job.status == STARTED)
        for job in before[:MOST_BEFORE]
    )
    behind = len(queue.waiting) - estimate.position
    return JobPlace(
        as_it_was(as_of, _place(estimate, now)), rows, len(before) - len(rows), _frees(behind, is_cut=is_cut)
    )


def _place(estimate: Estimate, now: datetime) -> str:
    place = _("%(place)s in line (at least: other stores of the organisation share this queue).") % {
        "place": ordinal(estimate.position)
    }
    if estimate.start is None:
        when = _("When it starts cannot be told: %(reason)s.") % {"reason": reason_words(estimate.reason)}
        return f"{place} {when}"
    words = {
        "start": in_words(estimate.start, now),
        "end": in_words(estimate.end, now),
        "sure": sure(estimate.start),
    }
    when = _("Starts %(start)s, ends %(end)s, %(sure)s.") if estimate.end else _("Starts %(start)s, %(sure)s.")
    return f"{place} {when % words}"


def _frees_some() -> str:
    return _("Jobs that wait behind it move up.")


def _frees(behind: int, *, is_cut: bool) -> str:
    if behind == 0:
        return _frees_some() if is_cut else _("No job of this store waits behind it.")
    if is_cut:
        words = ngettext("At least %(count)s job moves up.", "At least %(count)s jobs move up.", behind)
    else:
        words = ngettext("%(count)s job moves up.", "%(count)s jobs move up.", behind)
    return words % {"count": number_format(behind)}


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    words = pgettext("ordinal", "%(number)sth")
    if not 10 <= number % 100 <= 20:
        words = {
            1: pgettext("ordinal", "%(number)sst"),
            2: pgettext("ordinal", "%(number)snd"),
            3: pgettext("ordinal", "%(number)srd"),
        }.get(number % 10, words)
    return words % {"number": number_format(number)}
