"""The mirror's own side of the `JobSource` contract."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from jobs_ui import models
from jobs_ui.jobs_api import MAX_LIMIT, Job, JobsApiError, JobsClient, SignedLink, within
from jobs_ui.sources.acts import cancel
from jobs_ui.sources.asking import ASKING_DEADLINE, ask_in_turn, asking, no_store
from jobs_ui.sources.base import (
    MOST_QUEUED,
    PAGE_SIZE,
    CancelOutcome,
    CannotAsk,
    Capabilities,
    Freshness,
    JobFilters,
    JobNotFound,
    JobPage,
    JobRecord,
    StoreName,
)
from jobs_ui.sources.errors import (
    ALL_ERRORS,
    ERRORS_PAGE_SIZE,
    ErrorChoice,
    ErrorGroups,
    ErrorLine,
    ErrorPage,
    Problem,
    ProblemJobs,
    ProblemOrder,
)
from jobs_ui.sources.insights import Insights, Window
from jobs_ui.sources.mirror import days, errors, insights, listing, paging, problems, queue_jobs
from jobs_ui.sources.mirror.counting import count_by_status
from jobs_ui.sources.mirror.freshness import freshness_of, no_longer_read
from jobs_ui.sources.mirror.rows import listed_records, record
from jobs_ui.sources.mirror.search import find
from jobs_ui.sources.records import record_of
from jobs_ui.stores import Store, client_of
from jobs_ui.sync import read_errors, store_job
from jobs_ui.sync.clocks import TimeBox, utc_now
from jobs_ui.sync.open_jobs import read_by_id

logger = logging.getLogger(__name__)

REMEMBER_A_MISS = 30
# For the error list of a job that somebody wants read again; a longer one is left to sync.
PATIENCE = timedelta(seconds=5)
MOST_SEEN = 100
_SEEN = f"SELECT DISTINCT kind, value FROM jobs_ui_seenvalue WHERE kind = %s ORDER BY value LIMIT {MOST_SEEN:d}"
SEEN = f"SELECT * FROM ({_SEEN}) AS types UNION ALL SELECT * FROM ({_SEEN}) AS statuses"


class MirrorSource:
    """Reads the mirror. A job that it does not know is asked for by id, stored, and a miss remembered for a while."""

    capabilities = Capabilities(
        filters="index",
        refresh=True,
        search=True,
        sort=True,
        counts=True,
        choose_errors=True,
        insights=True,
        notify=True,
    )

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores
        self._followed = frozenset(store.slug for store in stores)

    def list_jobs(
        self, filters: JobFilters, *, before: str | None = None, after: str | None = None, size: int = PAGE_SIZE
    ) -> JobPage:
        """See JobSource."""
        cursor = before or after
        place = listing.read_place(filters.sort, cursor) if cursor else None
        found = find(filters.q) if filters.q else None
        if found is not None and found.problem:
            return JobPage((), None, None, problem=found.problem)
        backwards = after is not None and before is None
        stretch = paging.stretch(filters, found, place, backwards=backwards, size=size)
        if backwards and not stretch.has_more and stretch.scanned is None:
            # The top is reached: the first page, whole, is what somebody who goes that way wants to see.
            return self.list_jobs(filters, size=size)
        jobs = listed_records([key.key for key in stretch.keys], self._followed)
        return JobPage(
            jobs=jobs,
            older=_cursor(filters.sort, stretch.last) if stretch.has_older else None,
            newer=_cursor(filters.sort, stretch.first) if stretch.has_newer else None,
            scanned=stretch.scanned,
            scanned_to=_scanned_to(stretch),
            searched_by_id=found is not None and found.by_id,
        )

    def stores(self) -> tuple[StoreName, ...]:
        """See JobSource. A store that was taken out of the settings keeps its history."""
        configured = [StoreName(store.slug, store.name) for store in self._stores]
        slugs = {store.slug for store in configured}
        others = sorted(set(self._states) - slugs)[:MOST_SEEN]
        return (*configured, *(StoreName(slug, slug, is_configured=False) for slug in others))

    def counts(self, filters: JobFilters) -> dict[str, int] | None:
        """See JobSource."""
        return count_by_status(filters, self.seen()[1])

    def seen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See JobSource."""
        kinds = (models.SeenValue.TYPE, models.SeenValue.STATUS)
        # In one query, and cut for each kind by itself: many odd types must not hide an odd status. By hand, for Django
        # takes longer to put it together than the rest of the page's statements.
        with connection.cursor() as cursor:
            cursor.execute(SEEN, kinds)
            seen = sorted(cursor.fetchall())
        types, statuses = (tuple(value for kind, value in seen if kind == wanted) for wanted in kinds)
        return types, statuses

    def get_job(self, job_id: str) -> JobRecord:
        """See JobSource."""
        row = self._known(job_id)
        return record(row, self._followed) if row else self._ask_for(job_id)

    def refresh_job(self, job_id: str) -> JobRecord:
        """See JobSource. A 404 of a job that the mirror knows is noted, and it stays readable."""
        row = self._row(job_id)
        client = self._client(row)
        with asking():
            try:
                row = read_by_id(client, row, utc_now)
                if row.gone_at is None and row.missing_since is None:
                    read_errors(client, row, utc_now, TimeBox(PATIENCE))
            except models.Job.DoesNotExist:
                pass  # pruned meanwhile: it is asked for as one that the mirror does not know
            except DatabaseError as error:
                logger.warning("A job that was read again could not be stored: %s", error)
                raise CannotAsk(_("The console's own database is busy."), kind="mirror-busy") from None
        return self.get_job(job_id)

    def cancel_job(self, job_id: str) -> CancelOutcome:
        """See JobSource. The mirror has the outcome at once; a 404 of a job that it knows is noted."""
        row = self._row(job_id)
        try:
            with within(ASKING_DEADLINE), asking():
                job, asked = cancel(self._client(row), job_id)
        except JobNotFound:
            return CancelOutcome(self.refresh_job(job_id), "not-asked")
        return CancelOutcome(self._stored(row.store, job), asked)

    def queue(self, store: str) -> tuple[JobRecord, ...]:
        """See JobSource."""
        return listed_records(queue_jobs.queue_keys(store, most=MOST_QUEUED), self._followed)

    def lately_ended(self, store: str, most: int) -> tuple[JobRecord, ...]:
        """See JobSource. From among the newest jobs, as a rule."""
        return listed_records(queue_jobs.lately_ended_keys(store, most=most), self._followed)

    def file_links(self, job_id: str) -> tuple[JobRecord, tuple[SignedLink, ...]]:
        """See JobSource. What was read goes into the mirror, the links excepted."""
        row = self._row(job_id)
        try:
            with asking():
                job = self._client(row).get_job(job_id)
        except JobNotFound:
            return record(row, self._followed), ()
        return self._stored(row.store, job), job.files or ()

    def list_errors(
        self, job: JobRecord, *, number: int = 1, size: int = ERRORS_PAGE_SIZE, choice: ErrorChoice = ALL_ERRORS
    ) -> ErrorPage:
        """See JobSource."""
        return errors.page_of(job, number, size, choice)

    def all_errors(self, job: JobRecord, choice: ErrorChoice = ALL_ERRORS) -> Iterator[Sequence[ErrorLine]]:
        """See JobSource."""
        return errors.batches_of(job, choice)

    def error_groups(self, job: JobRecord, *, most: int | None = None) -> ErrorGroups | None:
        """See JobSource."""
        return errors.groups_of(job, most)

    def error_values(self, job: JobRecord, digest: str, slot: int) -> str | None:
        """See JobSource."""
        return errors.values_of(job, digest, slot)

    def problems(
        self, window: Window, *, stores: Sequence[str] = (), order: ProblemOrder = "jobs", most: int = 50
    ) -> tuple[Problem, ...]:
        """See JobSource."""
        return problems.problems(self._days(window, stores), order, most)

    def problem_jobs(
        self, digest: str, window: Window, *, stores: Sequence[str] = (), number: int = 1, size: int = PAGE_SIZE
    ) -> ProblemJobs:
        """See JobSource."""
        return problems.problem_jobs(digest, self._days(window, stores), number, size)

    def insights(self, window: Window, now: datetime, *, stores: Sequence[str] = ()) -> Insights:
        """See JobSource."""
        return insights.insights(self._days(window, stores), now)

    def _days(self, window: Window, stores: Sequence[str]) -> days.Days:
        known = {*self._followed, *self._states}
        return days.days_of(window, stores, sorted(known), self._states)

    def freshness(self, now: datetime, stores: Sequence[str] = ()) -> Freshness:
        """See JobSource. What sync last wrote of itself, and whether it is still there."""
        if not self._stores:
            return no_store()
        asked = [store for store in self._stores if not stores or store.slug in stores]
        notices = [(store.name, freshness_of(self._states.get(store.slug), now)) for store in asked]
        if not notices:
            return no_longer_read([self._states[slug] for slug in stores if slug in self._states])
        name, worst = min(notices, key=lambda notice: ("down", "stale", "fresh").index(notice[1].state))
        if len(self._stores) == 1 or worst.state == "fresh":
            return worst
        return replace(worst, headline=f"{name}: {worst.headline}")

    @cached_property
    def _states(self) -> dict[str, models.SyncState]:
        """What sync wrote of each store, read once for a page: a source lives as long as a request."""
        return {state.store: state for state in models.SyncState.objects.all()}

    def _client(self, row: models.Job) -> JobsClient:
        store = next((store for store in self._stores if store.slug == row.store), None)
        if store is None:
            raise CannotAsk(_("This console has no key for the store of this job any more."), kind="no-key")
        return client_of(store)

    def _row(self, job_id: str) -> models.Job:
        """The mirror's row of the job, once the API has been asked where there was none. Raises JobNotFound."""
        row = self._known(job_id)
        if row is None:
            self._ask_for(job_id)
            row = self._known(job_id)
        if row is None:
            raise CannotAsk(_("The console's own database is busy."), kind="mirror-busy")
        return row

    def _known(self, job_id: str) -> models.Job | None:
        if "\0" in job_id:  # PostgreSQL refuses even to look for it
            raise JobNotFound
        return models.Job.objects.filter(job_id=job_id).order_by("-created_at").first()

    def _ask_for(self, job_id: str) -> JobRecord:
        """The job as the first store that knows it has it, within one deadline; its errors where they are few."""
        known_miss = f"no-such-job:{hashlib.sha256(job_id.encode(errors='replace')).hexdigest()}"
        if cache.get(known_miss):
            raise JobNotFound
        try:
            with within(ASKING_DEADLINE):
                store, job = ask_in_turn(self._stores, job_id)
                return self._with_few_errors(store, self._stored(store.slug, job))
        except JobNotFound:
            cache.set(known_miss, 1, REMEMBER_A_MISS)
            raise

    def _with_few_errors(self, store: Store, job: JobRecord) -> JobRecord:
        """The errors of a job that somebody came for are read along with it where one page holds them.

        A list of 12,000 would take a hundred calls: that, and whatever fails here, is left to sync.
        """
        row = self._known(job.job_id)
        if row is None or row.errors_due_at is None:
            return job
        client = client_of(store)
        try:
            first = next(client.iter_errors(job.job_id), None)
            if first is None or first.received < MAX_LIMIT:
                read_errors(client, row, utc_now)
            row.refresh_from_db()
        except (JobsApiError, DatabaseError, models.Job.DoesNotExist):
            return job
        return record(row, self._followed)

    def _stored(self, store: str, job: Job) -> JobRecord:
        """The job as the mirror has it, once stored; as it was read, where the mirror cannot be written just now."""
        try:
            return record(store_job(store, job, now=utc_now()), self._followed)
        except (DatabaseError, models.Job.DoesNotExist) as error:
            logger.warning("A job that was read could not be stored: %s", error)
            return record_of(store, job)


def _scanned_to(stretch: paging.Stretch) -> datetime | None:
    value = stretch.last.value if stretch.scanned is not None and stretch.last else None
    return value if isinstance(value, datetime) else None


def _cursor(sort: str, key: listing.Key | None) -> str | None:
    return listing.write_place(sort, listing.Place(key.value, key.key)) if key else None
