"""When a job that was stored is read by id the next time, and whether its errors are to be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from jobs_ui import models
from jobs_ui.models import ErrorsState
from jobs_ui.status import can_carry_messages, is_final
from jobs_ui.sync.clocks import FIRST_INTERVAL, SECOND_LOOK, SETTLING


class Moments(NamedTuple):
    """The present by our clock, which our own times count from, and by the API's, which those of jobs do."""

    here: datetime
    api: datetime


def ended_lately(row: models.Job, now: Moments) -> bool:
    """Whether the job ended so lately that its files and errors may still settle."""
    return row.completed_at is not None and now.api - row.completed_at < SETTLING


def set_clocks(row: models.Job, now: Moments, *, ended_now: bool) -> None:
    """When the job is read by id the next time, and whether its errors are to be read."""
    if not is_final(row.status):
        row.read_interval = FIRST_INTERVAL
        row.next_read_at = now.here + timedelta(seconds=FIRST_INTERVAL)
        return
    # Files and errors of a job may settle after it has ended: one more look, a minute later.
    row.read_interval = FIRST_INTERVAL
    row.next_read_at = now.here + SECOND_LOOK if ended_now else None
    if can_carry_messages(row.type, row.status) and (row.errors_state == ErrorsState.NOT_ASKED or ended_now):
        row.errors_due_at = now.here
