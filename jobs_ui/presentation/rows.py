"""The rows of the list, formatted and grouped by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from django.urls import reverse

from jobs_ui.presentation.durations import ago, clock, day_label, duration, exact
from jobs_ui.presentation.lanes import Lane, lane
from jobs_ui.sources.base import JobRecord
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS, job_status, job_type

SHORT_ID = 8
LONGEST_CAPTION = 160


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job, in a few words, and where to read more ("" for nowhere)."""

    text: str
    url: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the list prints it: text only, and the lengths of its lane.

    `type_name` is the API's own name, `api_type` the same where a reader could not guess it from the label, else "".
    """

    job_id: str
    short_id: str
    url: str
    status: str
    status_label: str
    icon: str
    type_label: str
    type_name: str
    api_type: str
    created_iso: str
    created_clock: str
    created_exact: str
    created_ago: str
    caption: str
    caption_is_code: bool
    waited: str
    ran: str
    lane: Lane
    result: Result
    is_running: bool
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one day (UTC)."""

    label: str
    rows: tuple[JobRow, ...]


def days(jobs: Iterable[JobRecord], now: datetime) -> list[Day]:
    """The jobs as rows under their days, in the order given."""
    grouped = groupby(jobs, key=lambda job: job.created_at.astimezone(UTC).date())
    result = []
    for _, group in grouped:
        members = list(group)
        result.append(Day(day_label(members[0].created_at, now), tuple(row(job, now) for job in members)))
    return result


def row(job: JobRecord, now: datetime) -> JobRow:
    """The job as a row of the list."""
    status, kind = job_status(job.status), job_type(job.type)
    waited, ran = job.waited(now), job.ran(now)
    caption, is_code = what(job)
    return JobRow(
        job_id=job.job_id,
        short_id=job.job_id[:SHORT_ID],
        url=reverse("job_detail", args=[job.job_id]),
        status=job.status,
        status_label=status.label,
        icon=status.icon,
        type_label=kind.label,
        type_name=job.type,
        api_type=api_type(job.type),
        created_iso=job.created_at.isoformat(),
        created_clock=clock(job.created_at),
        created_exact=exact(job.created_at),
        created_ago=ago(job.created_at, now),
        caption=shortened(caption),
        caption_is_code=is_code,
        waited=duration(waited),
        ran=duration(ran),
        lane=lane(waited, ran),
        result=result(job),
        is_running=job.status == STARTED and job.gone_at is None,
        is_gone=job.gone_at is not None,
    )


def api_type(name: str) -> str:
    """The API's name of a type where our words for it do not lead there: "" for `product-import`, "Product import"."""
    label = job_type(name).label
    return "" if name in (label, label.lower().replace(" ", "-")) else name


def what(job: JobRecord) -> tuple[str, bool]:
    """What the job works on, and whether that is an expression rather than words."""
    if job.is_export:
        return (job.filter, True) if job.filter else ("all products", False)
    if job.copied_from and job.hierarchy_id:
        return f"from {job.copied_from[:SHORT_ID]} to {job.hierarchy_id[:SHORT_ID]}", False
    if job.copied_from:
        return f"from {job.copied_from[:SHORT_ID]}", False
    return ("", False) if job_type(job.type).label != job.type else ("a type this console does not know yet", False)


def result(job: JobRecord) -> Result:
    """What came of the job: its files or its messages, or that there is nothing yet."""
    if job.is_export and job.status == SUCCESS:
        if job.files is None:
            return Result("file not written yet")
        if not job.files:
            return Result("no file")
        return Result(counted(len(job.files), "file"), f"{reverse('job_detail', args=[job.job_id])}#files")
    if job.errors.count:
        is_bad = job.status == FAILED
        return Result(
            counted(job.errors.count, "error" if is_bad else "notice"),
            reverse("job_errors", args=[job.job_id]),
            is_bad=is_bad,
        )
    if job.status == FAILED:
        words = "no errors listed" if job.errors.state == "none" else "errors not read yet"
        return Result(words, reverse("job_errors", args=[job.job_id]), is_bad=True)
    if job.status == SUCCESS and job.errors.state == "none":
        return Result("no errors")
    return Result("" if job.status in (PENDING, STARTED, CANCELLED, SUCCESS) else "–")


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `12,345 errors`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def shortened(text: str) -> str:
    """The text on one line, cut to what a row can show."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_CAPTION else line[: LONGEST_CAPTION - 1] + "…"
