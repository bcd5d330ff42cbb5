"""What came of what somebody did, in one plain sentence."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs_ui.presentation.durations import duration
from jobs_ui.sources.base import CancelOutcome
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS


def cancel_sentence(outcome: CancelOutcome, now: datetime) -> str:
    """What became of a job that somebody wanted to cancel. `now` is by the API's clock, as far as it is known."""
    job = outcome.job
    if job.status == CANCELLED:
        return "It is cancelled." if outcome.was_asked else "It was cancelled before."
    if job.status == PENDING:
        return "Elastic Path refused to cancel it, and it still waits. Try again in a moment."
    if job.status == STARTED:
        return f"It started{_ago(job.started_at, now)}: too late to cancel."
    ends = {SUCCESS: "succeeded", FAILED: "failed"}
    if job.status in ends:
        return f"It has {ends[job.status]}{_ago(job.completed_at, now)}: too late to cancel."
    return f"Its status is “{job.status}”, so Elastic Path was not asked to cancel it."


def _ago(moment: datetime | None, now: datetime) -> str:
    return f" {duration(max(now - moment, timedelta(0)))} ago" if moment else ""
