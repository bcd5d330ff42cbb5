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

from jobs_ui.jobs_api import MAX_LIMIT, OVERLAP, Job, Page, Problem
from jobs_ui.models import Job as MirroredJob
from jobs_ui.models import SyncState
from jobs_ui.sync.context import SyncContext
from jobs_ui.sync.store import store_jobs

PAGE = MAX_LIMIT
SAFETY = timedelta(minutes=10)


@dataclass(slots=True)
class WalkOutcome:
    """What a walk saw, filled in page by page: what was stored counts also where the walk breaks off.

    `ids` are the jobs that were read; `reached_end` tells whether it went to the end of the list, or to where the API
    lists no further.
    """

    complete: bool = False
    ids: set[str] = field(default_factory=set)
    created: int = 0
    changed: int = 0
    problems: list[Problem] = field(default_factory=list)
    places_of_problems: set[int] = field(default_factory=set)
    reached_end: bool = False


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far the walk of a first load, or of the whole list, has come.

    `offset`: records of the list that lie behind it. `total`: what the API says that there are, which cannot be
    trusted (Jobs API); None where it says nothing. `is_over`: the walk has ended.
    """

    offset: int
    total: int | None
    is_over: bool = False


Report = Callable[[LoadProgress], None]


def walk_store(
    context: SyncContext,
    state: SyncState,
    outcome: WalkOutcome,
    *,
    full: bool = False,
    report: Report | None = None,
) -> None:
    """Walks the list of the state's store until it is complete; `full` goes to the end whatever the watermark says.

    Saves the state as it goes, and tells `report` how far it is where it goes to the end. Raises JobsApiError where a
    call failed for good, and LeaseLost; what was stored until then stays.
    """
    first_load = state.watermark_created_at is None
    start = _resume_at(context, state) if first_load and not full else 0
    horizon = None if full or state.watermark_created_at is None else state.watermark_created_at - SAFETY
    newest: tuple[datetime, str] | None = None
    reached = start
    # A beat before each call, not each page: a walk that steps back makes several calls for one.
    walk = context.client.iter_pages(start=start, limit=PAGE, overlap=OVERLAP, before_page=context.beat)
    for page in walk:
        newest = newest or _newest(page, context.api_now())
        if first_load and start == 0 and page.offset == 0 and newest:
            context.save(state, first_load_created_at=newest[0], first_load_job_id=newest[1])
        if first_load and not walk.continuous and state.first_load_offset:
            # Before anything beyond the gap is stored: a load that found it known there would go on behind the gap.
            context.save(state, first_load_offset=0)
        _store_page(context, page, outcome, None if full else state.pruned_before)
        if first_load and walk.continuous:
            context.save(state, first_load_offset=page.offset)
        reached = page.offset + page.received
        if report is not None and horizon is None:
            report(LoadProgress(reached, page.total))
        if horizon is not None and _reaches(page, horizon):
            break
    if report is not None and horizon is None:
        report(LoadProgress(reached, reached, is_over=True))
    outcome.reached_end = walk.end is not None
    outcome.complete = walk.continuous
    if outcome.complete:
        _move_watermark(context, state, newest, first_load=first_load)
        if horizon is None or walk.end == "offset-limit":
            context.save(state, history_cut=walk.end == "offset-limit")


def _resume_at(context: SyncContext, state: SyncState) -> int:
    """Where a first load that was cut off goes on: at a page whose first rows the mirror knows already.

    Rows that were removed meanwhile have pulled the rest up, so the page at the old place may begin beyond what was
    read. One known row alone would prove nothing: somebody may have asked for that job by its id. Nor is a page taken
    that is the last few rows: a walk cannot tell what follows on a single one.
    """
    offset = state.first_load_offset
    while offset > 0:
        context.beat()
        page = context.client.list_jobs(offset=offset, limit=PAGE)
        first = [job.id for job in page.items[:OVERLAP]]
        known = MirroredJob.objects.filter(store=state.store, job_id__in=first).count()
        if len(page.items) > OVERLAP and known == len(first):
            return offset
        offset -= PAGE - OVERLAP
    return 0


def _store_page(
    context: SyncContext, page: Page[Job], outcome: WalkOutcome, pruned_before: datetime | None = None
) -> None:
    stored = store_jobs(
        context.store,
        page.items,
        now=context.clock(),
        fence=context.fence,
        clock_offset=context.clock_offset,
        pruned_before=pruned_before,
    )
    # Not the page's own ids: a row that could not be read has not been read.
    outcome.ids.update(job.id for job in page.items)
    outcome.created += stored.created
    outcome.changed += stored.changed
    for problem in page.problems:
        # Pages overlap: a row that two of them hold is one row.
        place = page.offset + problem.index
        if place not in outcome.places_of_problems:
            outcome.places_of_problems.add(place)
            outcome.problems.append(problem)


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


def _move_watermark(
    context: SyncContext, state: SyncState, newest: tuple[datetime, str] | None, *, first_load: bool
) -> None:
    if first_load and state.first_load_created_at is not None:
        newest = (state.first_load_created_at, state.first_load_job_id)
    if newest is None:
        return
    context.save(
        state,
        watermark_created_at=newest[0],
        watermark_job_id=newest[1],
        first_load_offset=0,
        first_load_created_at=None,
        first_load_job_id="",
    )
