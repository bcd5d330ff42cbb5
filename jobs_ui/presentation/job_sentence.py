"""One job in one or two plain sentences: when it was created, how long it waited and ran, and how it ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from jobs_ui.presentation.durations import clock, duration, exact, local, zone_name
from jobs_ui.sources.base import ErrorsReading, JobRecord
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS, is_final

# How it ended: of a job of which nothing more is known, one that is known to have waited, and one that ran as well.
ENDS = {
    SUCCESS: (
        gettext_noop("It succeeded."),
        gettext_noop("It waited %(wait)s and succeeded."),
        gettext_noop("It waited %(wait)s, ran for %(run)s and succeeded."),
    ),
    FAILED: (
        gettext_noop("It failed."),
        gettext_noop("It waited %(wait)s and failed."),
        gettext_noop("It waited %(wait)s, ran for %(run)s and failed."),
    ),
    CANCELLED: (
        gettext_noop("It was cancelled."),
        gettext_noop("It waited %(wait)s and was cancelled."),
        gettext_noop("It waited %(wait)s, ran for %(run)s and was cancelled."),
    ),
}


def job_sentence(job: JobRecord, now: datetime) -> str:
    """The job as it is at `now`, by the API's clock."""
    return f"{_created(job.created_at, now)} {_course(job, now)}"


def messages_in_figures(reading: ErrorsReading) -> str:
    """The number of messages as this reader writes it: `12,345`, or `100+` where there are more."""
    return number_format(reading.count) + ("+" if reading.state == "more" else "")


def _created(moment: datetime, now: datetime) -> str:
    days = (local(now).date() - local(moment).date()).days
    if days not in (0, 1):
        return _("Created %(time)s.") % {"time": exact(moment)}
    words = {"clock": clock(moment), "zone": zone_name(moment)}
    return (
        _("Created today at %(clock)s %(zone)s.") if days == 0 else _("Created yesterday at %(clock)s %(zone)s.")
    ) % words


def _course(job: JobRecord, now: datetime) -> str:
    waited, ran = job.waited(now), job.ran(now)
    words = {"wait": duration(waited), "run": duration(ran), "status": job.status, "time": exact(job.read_at)}
    words["errors"] = messages_in_figures(job.errors)
    if job.gone_at is not None:
        return _("Elastic Path does not have this job any more; this is what was last known of it.")
    if not job.is_followed and not is_final(job.status):
        return f"{_when_last_read(waited, ran) % words} " + _(
            "Its store is not read any more, so how it went on is not known."
        )
    if job.status == PENDING:
        return _("It has waited %(wait)s so far; one job runs at a time, the earliest first.") % words
    if job.status == STARTED:
        return (_("It runs now.") if ran is None else _("It waited %(wait)s, and has run for %(run)s so far.")) % words
    if job.status in ENDS:
        return _ended(job, waited, ran) % words
    return _("Elastic Path calls its status “%(status)s”, which this console does not know.") % words


def _when_last_read(waited: timedelta | None, ran: timedelta | None) -> str:
    if ran is not None:
        return _("It ran for %(run)s when it was last read, %(time)s.")
    if waited is not None:
        return _("It waited %(wait)s when it was last read, %(time)s.")
    return _("Its status was “%(status)s” when it was last read, %(time)s.")


def _ended(job: JobRecord, waited: timedelta | None, ran: timedelta | None) -> str:
    known = 0 if waited is None else 1 if ran is None else 2
    if job.status != FAILED or not job.errors.count:
        return _(ENDS[job.status][known])
    count = job.errors.count
    sentences = (
        ngettext("It failed with %(errors)s error.", "It failed with %(errors)s errors.", count),
        ngettext(
            "It waited %(wait)s and failed with %(errors)s error.",
            "It waited %(wait)s and failed with %(errors)s errors.",
            count,
        ),
        ngettext(
            "It waited %(wait)s, ran for %(run)s and failed with %(errors)s error.",
            "It waited %(wait)s, ran for %(run)s and failed with %(errors)s errors.",
            count,
        ),
    )
    return sentences[known]
