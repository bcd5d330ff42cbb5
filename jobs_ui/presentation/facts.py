"""One job in words and to scale, for its own page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs_ui.presentation.durations import ago, clock, duration, exact, hover
from jobs_ui.presentation.job_sentence import job_sentence, messages_in_figures
from jobs_ui.presentation.rows import what
from jobs_ui.sources.base import ErrorsReading, JobRecord
from jobs_ui.status import FAILED, STARTED, SUCCESS, JobStatus, JobType, job_status, job_type

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
    see_errors: str
    read_hover: str
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
        sentence=job_sentence(job, now),
        caption=caption,
        caption_is_code=is_code,
        created=_event(_("created"), job.created_at),
        started=_event(_("started"), job.started_at) if job.started_at else None,
        ended=_event(str(status.label).lower(), job.completed_at) if job.completed_at else None,
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
        see_errors=_see_errors(job),
        read_hover=hover(job.read_at),
        read_ago=read_ago,
        raw=json.dumps(job.raw, indent=2, ensure_ascii=False),
    )


def _event(name: str, moment: datetime) -> Event:
    return Event(name, clock(moment), exact(moment), hover(moment), moment.isoformat())


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
    words = _("Waited %(wait)s, ran %(run)s, drawn to scale.") % {"wait": duration(waited), "run": duration(ran)}
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
        return str(job_status(job.status).label).lower()
    return _("started") if job.started_at is not None and ran is None else _("now")


def _tick_label(moment: timedelta, step: float) -> str:
    seconds = moment.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and step >= size:
            return f"{_figure(f'{seconds / size:g}')} {unit}"
    if step < 0.05:
        return f"{_figure(f'{1000 * seconds:.3g}')} ms"
    return duration(moment) if step < 1 or seconds >= 60 else f"{_figure(f'{seconds:g}')} s"


def _figure(text: str) -> str:
    return text.replace(".", get_format("DECIMAL_SEPARATOR"), 1)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def files_sentence(job: JobRecord) -> str:
    """What there is to download, said before anyone clicks; "" where the files speak for themselves."""
    if not job.is_export:
        return _("Only exports have files.")
    if job.files_gone_at is not None:
        count = len(job.files or ())
        return ngettext(
            "Elastic Path does not list its %(count)s file any more. "
            "Run the export again with the same filter to get new ones.",
            "Elastic Path does not list its %(count)s files any more. "
            "Run the export again with the same filter to get new ones.",
            count,
        ) % {"count": number_format(count)}
    if job.files:
        return ""
    if job.files is not None and job.status == SUCCESS:
        return _("No file: the export matched no products.")
    if job.is_followed and job.is_final:
        if job.status == SUCCESS:
            return _("Elastic Path has not said yet where the file is.")
        return _("No file was written.")
    return _("The file is there when the export has succeeded.")


def files_lead(job: JobRecord) -> str:
    """How many parts there are, and whether there may come more; "" where that goes without saying."""
    count = 0 if job.files_gone_at else len(job.files or ())
    words = {"count": number_format(count)}
    if count and not job.is_final:
        return (
            ngettext(
                "%(count)s part so far: the export is still being written.",
                "%(count)s parts so far: the export is still being written.",
                count,
            )
            % words
        )
    if job.status == STARTED and not job.is_final:
        return _("Still being written.")
    if count < 2:
        return ""
    several = ngettext(
        "%(count)s part, each with its own header row.", "%(count)s parts, each with its own header row.", count
    )
    return several % words


def errors_sentence(job: JobRecord) -> str:
    """What the job's error list says, or why it says nothing."""
    reading = job.errors
    if reading.state == "none":
        none = _("Elastic Path lists no errors for this job%(read)s.") % {"read": _when_read(reading)}
        return f"{none} {_('Quote the request id to its support.')}" if job.status == FAILED else none
    if reading.state in ("partial", "more", "complete"):
        return _messages_read(reading) % {"count": number_format(reading.count), "read": _when_read(reading)}
    if reading.state == "unavailable":
        return _("Elastic Path did not give out the errors of this job. Read the job again to try once more.")
    if job.status == FAILED:
        return _("The errors of this job have not been read yet.")
    if job.is_final:
        return _("The errors of this job have not been asked for: only failed jobs and price imports usually have any.")
    return _("Errors are listed when the job has ended.")


def _when_read(reading: ErrorsReading) -> str:
    # Translators: follows what a list held; begins with a space
    return _(" (read %(time)s)") % {"time": exact(reading.read_at)} if reading.read_at else ""


def _messages_read(reading: ErrorsReading) -> str:
    """The sentence on messages that were read, `count` and `read` still to be filled in."""
    if reading.state == "partial":
        return ngettext(
            "%(count)s message could be read, and Elastic Path has more%(read)s.",
            "%(count)s messages could be read, and Elastic Path has more%(read)s.",
            reading.count,
        )
    if reading.state == "more":
        return ngettext(
            "%(count)s message and more, read from Elastic Path page by page.",
            "%(count)s messages and more, read from Elastic Path page by page.",
            reading.count,
        )
    return ngettext(
        "%(count)s message, all of them%(read)s.", "%(count)s messages, all of them%(read)s.", reading.count
    )


def _see_errors(job: JobRecord) -> str:
    """What the button to the messages says; "" where there are none."""
    count = job.errors.count
    if not count:
        return ""
    if job.status == FAILED:
        words = ngettext("See the %(count)s error", "See all %(count)s errors", count)
    else:
        words = ngettext("See the %(count)s notice", "See all %(count)s notices", count)
    return words % {"count": messages_in_figures(job.errors)}
