"""What came of what somebody did, in one plain sentence."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from jobs_ui.presentation.durations import duration
from jobs_ui.sources.base import CancelOutcome, CannotAsk, OutcomeUnknown
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS


def cancel_sentence(outcome: CancelOutcome, now: datetime) -> str:
    """What became of a job that somebody wanted to cancel. `now` is by the API's clock, as far as it is known."""
    job = outcome.job
    if job.status == CANCELLED:
        return "It is cancelled." if outcome.is_done else "It was cancelled before."
    if job.gone_at or job.missing_since:
        return "Elastic Path does not find this job any more, so there is nothing to cancel."
    if job.status == PENDING:
        answer = "refused to cancel it" if outcome.asked == "refused" else "gave no clear answer"
        return f"Elastic Path {answer}, and it still waits. Try again in a moment."
    if job.status == STARTED:
        return f"It started{_ago(job.started_at, now)}: too late to cancel."
    ends = {SUCCESS: "succeeded", FAILED: "failed"}
    if job.status in ends:
        return f"It has {ends[job.status]}{_ago(job.completed_at, now)}: too late to cancel."
    return f"Its status is “{job.status}”, and only a pending job can be cancelled."


def trouble_sentence(error: CannotAsk) -> str:
    """Why a job was not cancelled, or why nobody knows whether it was."""
    if isinstance(error, OutcomeUnknown):
        return f"{error.sentence} It may be cancelled or not: its page shows it as soon as Elastic Path answers."
    again = f" Try again in {math.ceil(error.retry_after)} s." if error.retry_after else ""
    return f"It was not cancelled. {error.sentence}{again}"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f" {duration(max(now - moment, timedelta(0)))} ago" if moment else ""
