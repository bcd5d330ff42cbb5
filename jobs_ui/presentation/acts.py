"""What came of what somebody did, in one plain sentence of the active language."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from jobs_ui.presentation.durations import duration
from jobs_ui.sources.base import CancelOutcome, CannotAsk, JobRecord, OutcomeUnknown
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS


def cancel_sentence(outcome: CancelOutcome, now: datetime) -> str:
    """What became of a job that somebody wanted to cancel. `now` is by the API's clock, as far as it is known."""
    job = outcome.job
    if job.status == CANCELLED:
        return _("It is cancelled.") if outcome.is_done else _("It was cancelled before.")
    if job.gone_at or job.missing_since:
        return _("Elastic Path does not find this job any more, so there is nothing to cancel.")
    if job.status == PENDING:
        if outcome.asked == "refused":
            return _("Elastic Path refused to cancel it, and it still waits. Try again in a moment.")
        return _("Elastic Path gave no clear answer, and it still waits. Try again in a moment.")
    if job.status in (STARTED, SUCCESS, FAILED):
        return _too_late(job, now)
    return _("Its status is “%(status)s”, and only a pending job can be cancelled.") % {"status": job.status}


def trouble_sentence(error: CannotAsk) -> str:
    """Why a job was not cancelled, or why nobody knows whether it was."""
    if isinstance(error, OutcomeUnknown):
        perhaps = _("It may be cancelled or not: its page shows it as soon as Elastic Path answers.")
        return f"{error.sentence} {perhaps}"
    said = f"{_('It was not cancelled.')} {error.sentence}"
    if not error.retry_after:
        return said
    return said + " " + _("Try again in %(seconds)s s.") % {"seconds": math.ceil(error.retry_after)}


def _too_late(job: JobRecord, now: datetime) -> str:
    """That the job went on before it could be cancelled, and since when where that is known."""
    moment = job.started_at if job.status == STARTED else job.completed_at
    if moment is None:
        return {
            STARTED: _("It started: too late to cancel."),
            SUCCESS: _("It has succeeded: too late to cancel."),
            FAILED: _("It has failed: too late to cancel."),
        }[job.status]
    sentence = {
        STARTED: _("It started %(time)s ago: too late to cancel."),
        SUCCESS: _("It has succeeded %(time)s ago: too late to cancel."),
        FAILED: _("It has failed %(time)s ago: too late to cancel."),
    }[job.status]
    return sentence % {"time": duration(max(now - moment, timedelta(0)))}
