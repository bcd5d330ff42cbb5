"""One walk over a store's list, newest first, into the mirror.

The watermark is the newest job at the time when the last complete walk began. A walk is complete when it was
continuous and has reached a page that ends beyond the watermark less ten minutes, or the end of everything: one
request where nothing has changed. (A whole page beyond it was not asked for: that would be a second request each
time, and prove nothing more of a list that is in order.) A walk that was cut off anywhere leaves the watermark where
it was, so that nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs_ui.jobs_api import Job, JobsClient, Page, Problem
from jobs_ui.models import Job as MirroredJob
from jobs_ui.models import SyncState
from jobs_ui.sync.store import store_jobs

PAGE = 100
OVERLAP = 5
SAFETY = timedelta(minutes=10)
HEARTBEAT = timedelta(seconds=30)


@dataclass(slots=True)
class WalkOutcome:
    """What a walk saw: whether it was complete, the ids it passed, how many jobs were new or changed, bad rows."""

    complete: bool = False
    ids: set[str] = field(default_factory=set)
    created: int = 0
    changed: int = 0
    problems: list[Problem] = field(default_factory=list)


def walk_store(
    client: JobsClient, state: SyncState, clock: Callable[[], datetime], *, full: bool = False
) -> WalkOutcome:
    """Walks the list of the state's store until it is complete; `full` goes to the end whatever the watermark says.

    Saves the state as it goes. Raises JobsApiError where a call failed for good; what was stored until then stays.
    """
    outcome = WalkOutcome()
    first_load = state.watermark_created_at is None
    start = _resume_at(client, state) if first_load and not full else 0
    horizon = None if full or state.watermark_created_at is None else state.watermark_created_at - SAFETY
    newest: tuple[datetime, str] | None = None
    walk = client.iter_pages(start=start, limit=PAGE, overlap=OVERLAP)
    for page in walk:
        newest = newest or _newest(page, clock())
        if first_load and start == 0 and page.offset == 0 and newest:
            state.first_load_created_at, state.first_load_job_id = newest
        _store_page(state, page, outcome, clock())
        if first_load and walk.continuous:
            state.first_load_offset = page.offset
        _beat(state, clock())
        if horizon is not None and _reaches(page, horizon):
            break
    outcome.complete = walk.continuous
    if outcome.complete:
        if walk.end == "offset-limit":
            state.history_cut = True
        _move_watermark(state, newest, first_load=first_load)
    return outcome


def _resume_at(client: JobsClient, state: SyncState) -> int:
    """Where a first load that was cut off goes on: at a page of which the mirror already knows a job.

    Rows that were removed meanwhile have pulled the rest up, so the page at the old place may lie beyond what was read.
    """
    offset = state.first_load_offset
    while offset > 0:
        page = client.list_jobs(offset=offset, limit=PAGE)
        if MirroredJob.objects.filter(store=state.store, job_id__in=list(page.ids)).exists():
            return offset
        offset -= PAGE - OVERLAP
    return 0


def _store_page(state: SyncState, page: Page[Job], outcome: WalkOutcome, now: datetime) -> None:
    stored = store_jobs(state.store, page.items, now=now)
    outcome.ids.update(page.ids)
    outcome.created += stored.created
    outcome.changed += stored.changed
    outcome.problems.extend(page.problems)


def _newest(page: Page[Job], now: datetime) -> tuple[datetime, str] | None:
    """The page's newest job. One that says it comes from the future is no mark: all later ones would look passed."""
    past = [job for job in page.items if job.created_at <= now + SAFETY]
    job = max(past, key=lambda item: item.created_at, default=None)
    return (job.created_at, job.id) if job else None


def _reaches(page: Page[Job], horizon: datetime) -> bool:
    """Whether the page ends beyond the horizon.

    Its last rows must all be older: one row out of place proves nothing. A page without a readable job says nothing.
    """
    last = page.items[-OVERLAP:]
    return bool(last) and all(job.created_at < horizon for job in last)


def _beat(state: SyncState, now: datetime) -> None:
    """A long walk says that it is alive: the next word from it is due in half a minute."""
    state.next_round_at = now + HEARTBEAT
    state.save()


def _move_watermark(state: SyncState, newest: tuple[datetime, str] | None, *, first_load: bool) -> None:
    if first_load and state.first_load_created_at is not None:
        newest = (state.first_load_created_at, state.first_load_job_id)
    if newest is None:
        return
    state.watermark_created_at, state.watermark_job_id = newest
    state.first_load_offset, state.first_load_created_at, state.first_load_job_id = 0, None, ""
    state.save()
