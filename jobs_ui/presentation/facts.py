"""One job in words and to scale, for its own page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from jobs_ui.presentation.durations import ago, clock, day_label, duration, exact, hover, zone_name
from jobs_ui.presentation.rows import counted, what
from jobs_ui.sources.base import JobRecord
from jobs_ui.status import (
    CANCELLED,
    FAILED,
    PENDING,
    STARTED,
    SUCCESS,
    JobStatus,
    JobType,
    is_final,
    job_status,
    job_type,
)

NICE_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Event:
    """A moment in a job's life: its name, the time of day, the exact time, and that in UTC as well."""

    name: str
    clock: str
    exact: str
    hover: str
    iso: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A job's life on a linear axis from its creation; places and lengths in percent, as text for SVG attributes."""

    wait: str
    run_at: str
    run: str
    end: str
    end_name: str
    ticks: tuple[tuple[str, str], ...]
    words: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of an export: its number from 1, its name, and where the console serves it and its first rows."""

    number: int
    name: str
    url: str
    preview_url: str


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the detail page prints of a job.

    `csv_url` and `zip_url` lead to all parts as one file; they are "" for fewer than two, or while more may come.
    """

    status: JobStatus
    type: JobType
    sentence: str
    caption: str
    caption_is_code: bool
    created: Event
    started: Event | None
    ended: Event | None
    waited: str
    ran: str
    timeline: Timeline | None
    files: tuple[FilePart, ...]
    files_sentence: str
    files_lead: str
    csv_url: str
    zip_url: str
    errors_sentence: str
    read_exact: str
    read_ago: str
    raw: str


def job_facts(job: JobRecord, now: datetime, *, clock_offset: timedelta = timedelta(0)) -> JobFacts:
    """Everything that the detail page says of the job at `now`; `clock_offset` is the API's clock less ours."""
    read_ago = ago(job.read_at, now)
    # The job's own times are by the API's clock, and so is how long it waits or runs.
    now += clock_offset
    status, kind = job_status(job.status), job_type(job.type)
    caption, is_code = what(job)
    waited, ran = job.waited(now), job.ran(now)
    is_several = job.is_final and len(job.files or ()) > 1 and job.files_gone_at is None
    return JobFacts(
        status=status,
        type=kind,
        sentence=_sentence(job, now),
        caption=caption,
        caption_is_code=is_code,
        created=_event("created", job.created_at),
        started=_event("started", job.started_at) if job.started_at else None,
        ended=_event(status.label.lower(), job.completed_at) if job.completed_at else None,
        waited=duration(waited),
        ran=duration(ran),
        timeline=_timeline(job, waited, ran),
        files=tuple(
            FilePart(number, name, *(reverse(view, args=[job.job_id, number]) for view in ("job_file", "job_preview")))
            for number, name in enumerate(() if job.files_gone_at else job.files or (), start=1)
        ),
        files_sentence=files_sentence(job),
        files_lead=files_lead(job) if job.is_export else "",
        csv_url=reverse("job_files_csv", args=[job.job_id]) if is_several else "",
        zip_url=reverse("job_files_zip", args=[job.job_id]) if is_several else "",
        errors_sentence=errors_sentence(job),
        read_exact=exact(job.read_at),
        read_ago=read_ago,
        raw=json.dumps(job.raw, indent=2, ensure_ascii=False),
    )


def _event(name: str, moment: datetime) -> Event:
    return Event(name, clock(moment), exact(moment), hover(moment), moment.isoformat())


def _sentence(job: JobRecord, now: datetime) -> str:
    """The job in one plain sentence: when, how long it waited and ran, and how it ended."""
    waited, ran = job.waited(now), job.ran(now)
    words = f"Created {day_label(job.created_at, now).split(',')[0].lower()}" if _is_recent(job, now) else "Created"
    start = (
        f"{words} at {clock(job.created_at)} {zone_name(job.created_at)}"
        if _is_recent(job, now)
        else f"Created {exact(job.created_at)}"
    )
    wait = f"waited {duration(waited)}" if waited is not None else ""
    run = f"ran for {duration(ran)}" if ran is not None else ""
    if job.gone_at is not None:
        return f"{start}. Elastic Path does not have this job any more; this is what was last known of it."
    if not job.is_followed and not is_final(job.status):
        so_far = f" when it was last read, {exact(job.read_at)}"
        state = f"It {run}" if run else f"It {wait}" if wait else f"Its status was “{job.status}”"
        return f"{start}. {state}{so_far}. Its store is not read any more, so how it went on is not known."
    if job.status == PENDING:
        return f"{start}. It has waited {duration(waited)} so far; one job runs at a time, the earliest first."
    if job.status == STARTED:
        running = f"has run for {duration(ran)} so far" if ran is not None else "runs now"
        return f"{start}. It {wait}, and {running}." if wait else f"{start}. It {running}."
    ends = {SUCCESS: "succeeded", FAILED: "failed", CANCELLED: "was cancelled"}
    if job.status in ends:
        parts = [part for part in (wait, run, ends[job.status]) if part]
        words = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        tail = (
            f" with {job.errors.count_words} error{'' if job.errors.count == 1 else 's'}"
            if job.status == FAILED and job.errors.count
            else ""
        )
        return f"{start}. It {words}{tail}."
    return f"{start}. Elastic Path calls its status “{job.status}”, which this console does not know."


def _is_recent(job: JobRecord, now: datetime) -> bool:
    return now - job.created_at < timedelta(days=2) and day_label(job.created_at, now).startswith(("Today", "Yest"))


def _timeline(job: JobRecord, waited: timedelta | None, ran: timedelta | None) -> Timeline | None:
    """None where neither the wait nor the run is known."""
    total = ((waited or timedelta(0)) + (ran or timedelta(0))).total_seconds()
    if total <= 0:
        return None
    step = next((size for size in NICE_STEPS if total / size <= 7), total / 7) if total >= 1 else total / 4
    span = total * 1.02
    ticks = []
    for number in range(int(span // step) + 1):
        moment = timedelta(seconds=number * step)
        ticks.append((_percent(number * step / span), "0" if number == 0 else _tick_label(moment, step)))
    start = (waited or timedelta(0)).total_seconds()
    words = f"Waited {duration(waited)}, ran {duration(ran)}, drawn to scale."
    return Timeline(
        wait=_percent(start / span) if waited else "",
        run_at=_percent(start / span),
        run=_percent(max(total - start, span * 0.002) / span) if ran is not None else "",
        end=_percent(total / span),
        end_name=_end_name(job, ran),
        ticks=tuple(ticks),
        words=words,
    )


def _end_name(job: JobRecord, ran: timedelta | None) -> str:
    """What the right end of the timeline is; "started" where it is not known how the job went on."""
    if job.completed_at is not None:
        return job_status(job.status).label.lower()
    return "started" if job.started_at is not None and ran is None else "now"


def _tick_label(moment: timedelta, step: float) -> str:
    seconds = moment.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and step >= size:
            return f"{seconds / size:g} {unit}"
    if step < 0.05:
        return f"{1000 * seconds:.3g} ms"
    return duration(moment) if step < 1 or seconds >= 60 else f"{seconds:g} s"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def files_sentence(job: JobRecord) -> str:
    """What there is to download, said before anyone clicks; "" where the files speak for themselves."""
    if not job.is_export:
        return "Only exports have files."
    if job.files_gone_at is not None:
        had = f"its {counted(len(job.files or ()), 'file')}"
        return f"Elastic Path does not list {had} any more. Run the export again with the same filter to get new ones."
    if job.files:
        return ""
    if job.files is not None and job.status == SUCCESS:
        return "No file: the export matched no products."
    if job.is_followed and job.is_final:
        return "No file was written." if job.status != SUCCESS else "Elastic Path has not said yet where the file is."
    return "The file is there when the export has succeeded."


def files_lead(job: JobRecord) -> str:
    """How many parts there are, and whether there may come more; "" where that goes without saying."""
    count = 0 if job.files_gone_at else len(job.files or ())
    if count and not job.is_final:
        return f"{counted(count, 'part')} so far: the export is still being written."
    if job.status == STARTED and not job.is_final:
        return "Still being written."
    return f"{counted(count, 'part')}, each with its own header row." if count > 1 else ""


def errors_sentence(job: JobRecord) -> str:
    """What the job's error list says, or why it says nothing."""
    reading, when = job.errors, f" (read {exact(job.errors.read_at)})" if job.errors.read_at else ""
    if reading.state == "none":
        if job.status == FAILED:
            return f"Elastic Path lists no errors for this job{when}. Quote the request id to its support."
        return f"Elastic Path lists no errors for this job{when}."
    if reading.state == "partial":
        return f"{counted(reading.count, 'message')} could be read, and Elastic Path has more{when}."
    if reading.state == "more":
        return f"{counted(reading.count, 'message')} and more, read from Elastic Path page by page."
    if reading.state == "unavailable":
        return "Elastic Path did not give out the errors of this job. Read the job again to try once more."
    if reading.state == "complete":
        return f"{counted(reading.count, 'message')}, all of them{when}."
    if job.status == FAILED:
        return "The errors of this job have not been read yet."
    if job.is_final:
        return "The errors of this job have not been asked for: only failed jobs and price imports usually have any."
    return "Errors are listed when the job has ended."
