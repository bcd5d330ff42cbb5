"""How far the mirror can be trusted, in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from jobs_ui import models
from jobs_ui.sources.asking import sentence_for
from jobs_ui.sources.base import Freshness
from jobs_ui.sync.rounds import INCOMPLETE

OVERDUE = timedelta(seconds=30)
# Durations are corrected by the API's clock only where that differs by more than its `Date` header can tell.
CLOCK_GRAIN = timedelta(seconds=2)
SYNC = "python manage.py sync_jobs --watch"


def no_longer_read(states: Sequence[models.SyncState]) -> Freshness:
    """The notice for stores that were taken out of the settings."""
    return Freshness(
        "stale",
        max((state.last_success_at for state in states if state.last_success_at), default=None),
        _("This store is not read any more."),
        _("You see what was last known of its jobs: the console has no key for the store."),
    )


def freshness_of(state: models.SyncState | None, now: datetime) -> Freshness:
    """The notice for a store at `now`, by what sync last wrote of itself (None: it never did)."""
    if state is None or state.next_round_at is None:
        return Freshness(
            "stale",
            None,
            _("Nothing has been read from Elastic Path yet."),
            _("Start `%(command)s`.") % {"command": SYNC},
        )
    is_overdue = now > state.next_round_at + OVERDUE
    not_running = _("Sync is not running: start `%(command)s`.") % {"command": SYNC} if is_overdue else ""
    clock_offset = timedelta(milliseconds=state.clock_offset_ms)
    if abs(clock_offset) < CLOCK_GRAIN:
        clock_offset = timedelta(0)
    fresh = Freshness(
        "fresh",
        state.last_success_at,
        clock_offset=clock_offset,
        unreadable=state.unreadable_rows,
        history_cut=state.history_cut,
    )
    if state.failing_since is not None:
        return replace(
            fresh,
            state="down",
            headline=str(sentence_for(state.problem_kind)),
            detail=not_running or _("You see what was known before. The console keeps trying."),
            since=state.failing_since,
            request_id=state.problem_request_id,
        )
    if is_overdue:
        return replace(fresh, state="stale", headline=_("What you see may be old."), detail=not_running)
    if state.problem_kind == INCOMPLETE:
        headline = _("The list moved while it was read, so jobs may be missing.")
        return replace(fresh, state="stale", headline=headline, detail=_("It is read again in a moment."))
    if state.last_success_at is None:
        headline = _("The jobs are being read for the first time.")
        return replace(fresh, state="stale", headline=headline, detail=_("The newest are here; older ones follow."))
    return fresh
