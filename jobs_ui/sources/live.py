"""The API itself as a source, for those who want no mirror.

Jobs API: newest first, by offset, no filter, nothing beyond offset 10,000. Pages are found by a job's place (its
creation and its id), with the offset at which it stood as a hint where to look: jobs that arrive push the rows down,
and a page stays what it was. A filter looks through a bounded number of jobs a page, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from jobs_ui.jobs_api import (
    MAX_ERRORS,
    Job,
    JobsClient,
    NotFound,
    Refused,
    SignedLink,
    within,
)
from jobs_ui.sources.acts import cancel
from jobs_ui.sources.asking import ASKING_DEADLINE, NO_STORE, ask_in_turn, asking, no_store
from jobs_ui.sources.base import (
    MOST_QUEUED,
    PAGE_SIZE,
    CancelOutcome,
    CannotAsk,
    Capabilities,
    ErrorsReading,
    Freshness,
    JobFilters,
    JobPage,
    JobRecord,
    StoreName,
)
from jobs_ui.sources.cursors import Place, read_cursor, write_cursor
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
from jobs_ui.sources.insights import Window
from jobs_ui.sources.live_errors import ErrorsRead, grouped
from jobs_ui.sources.live_scan import MOST_CALLS, Row, Scan, rows_before
from jobs_ui.sources.records import record_of
from jobs_ui.status import PENDING, STARTED, can_carry_messages, names_of_type
from jobs_ui.stores import Store, client_of


class LiveSource:
    """Asks the API for every page. A list shows one store: the one that was chosen, or the first configured one."""

    capabilities = Capabilities(
        filters="scan",
        refresh=False,
        search=False,
        sort=False,
        counts=False,
        choose_errors=False,
        insights=False,
        notify=False,
    )

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores
        # The error lists that were asked for in this request, by the job's id.
        self._read: dict[str, ErrorsRead] = {}
        # Whether a list that was read ended where the API lists no more, and not where there are no more.
        self._is_cut = False

    def list_jobs(
        self, filters: JobFilters, *, before: str | None = None, after: str | None = None, size: int = PAGE_SIZE
    ) -> JobPage:
        """See JobSource."""
        place = read_cursor(cursor) if (cursor := before or after) else None
        store = self._store(filters.stores[0] if filters.stores else None)
        if store is None:
            return JobPage((), None, None)
        with asking():
            if place and after:
                return self._newer(store, filters, place, size)
            return self._older(store, filters, place, size)

    def get_job(self, job_id: str) -> JobRecord:
        """See JobSource. What is known of a failed job's messages is asked for along with it."""
        with within(ASKING_DEADLINE), asking():
            store, job = ask_in_turn(self._stores, job_id)
            return record_of(store.slug, job, errors=_errors_reading(client_of(store), job))

    def refresh_job(self, job_id: str) -> JobRecord:
        """See JobSource. Every page is read from the API anyway."""
        return self.get_job(job_id)

    def cancel_job(self, job_id: str) -> CancelOutcome:
        """See JobSource."""
        with within(ASKING_DEADLINE), asking():
            store = ask_in_turn(self._stores, job_id)[0]
            job, asked = cancel(client_of(store), job_id)
        return CancelOutcome(record_of(store.slug, job), asked)

    def queue(self, store: str) -> tuple[JobRecord, ...]:
        """See JobSource. What waits is young: it is looked for among the newest jobs, as far as a few calls reach."""
        chosen = self._store(store)
        if chosen is None:
            return ()
        with asking():
            jobs = [row.job for row in Scan(client_of(chosen), None).rows()]
        running = sorted((job for job in jobs if job.status == STARTED), key=lambda job: job.created_at)
        waiting = sorted((job for job in jobs if job.status == PENDING), key=lambda job: (job.created_at, job.id))
        return tuple(record_of(chosen.slug, job) for job in [*running, *waiting][:MOST_QUEUED])

    def lately_ended(self, store: str, most: int) -> tuple[JobRecord, ...]:
        """See JobSource. As far as a few calls reach."""
        chosen = self._store(store)
        if chosen is None:
            return ()
        with asking():
            jobs = [row.job for row in islice(Scan(client_of(chosen), None).rows(), most)]
        return tuple(record_of(chosen.slug, job) for job in jobs)

    def file_links(self, job_id: str) -> tuple[JobRecord, tuple[SignedLink, ...]]:
        """See JobSource."""
        with within(ASKING_DEADLINE):
            store, job = ask_in_turn(self._stores, job_id)
        return record_of(store.slug, job), job.files or ()

    def list_errors(
        self, job: JobRecord, *, number: int = 1, size: int = ERRORS_PAGE_SIZE, choice: ErrorChoice = ALL_ERRORS
    ) -> ErrorPage:
        """See JobSource. Choosing would take all of the list to be read: see `capabilities`.

        Jobs API: pages of errors are found by offset; one page after another is read up to `number`.
        """
        start, needed = (number - 1) * size, number * size + 1
        if self._store(job.store) is None or start >= MAX_ERRORS:
            return ErrorPage((), number, has_next=False, total=None)
        lines: list[ErrorLine] = []
        # One deadline for all pages up to this one: the last of 100,000 messages would be a thousand calls.
        with within(ASKING_DEADLINE):
            for batch in self.all_errors(job):
                lines += [line for line in batch if start <= line.position]
                if batch[-1].position + 1 >= needed:
                    break
        has_next = len(lines) > size
        return ErrorPage(tuple(lines[:size]), number, has_next, None if has_next else start + len(lines))

    def all_errors(self, job: JobRecord, choice: ErrorChoice = ALL_ERRORS) -> Iterator[Sequence[ErrorLine]]:
        """See JobSource. What was read for this page already is not read twice."""
        store = self._store(job.store)
        if store is None:
            return
        known = self._read.get(job.job_id)
        if known is None:
            known = self._read[job.job_id] = ErrorsRead(client_of(store).iter_errors(job.job_id), keep=MOST_CALLS)
        yield from known.batches()

    def error_groups(self, job: JobRecord, *, most: int | None = None) -> ErrorGroups | None:
        """See JobSource. Of the first messages alone, as many as a few calls bring."""
        if job.errors.state not in ("complete", "more"):
            return None
        return grouped(islice(self.all_errors(job), MOST_CALLS), most)

    def error_values(self, job: JobRecord, digest: str, slot: int) -> str | None:
        """See JobSource. Jobs API: only all of the list could tell."""
        return None

    def problems(
        self, window: Window, *, stores: Sequence[str] = (), order: ProblemOrder = "jobs", most: int = 50
    ) -> tuple[Problem, ...]:
        """See JobSource. Jobs API: it knows nothing over many jobs."""
        return ()

    def problem_jobs(
        self, digest: str, window: Window, *, stores: Sequence[str] = (), number: int = 1, size: int = PAGE_SIZE
    ) -> ProblemJobs:
        """See JobSource. Jobs API: it knows nothing over many jobs."""
        return ProblemJobs(number=number)

    def insights(self, window: Window, now: datetime, *, stores: Sequence[str] = ()) -> None:
        """See JobSource. Jobs API: it knows nothing over many jobs."""
        return

    def stores(self) -> tuple[StoreName, ...]:
        """See JobSource."""
        return tuple(StoreName(store.slug, store.name) for store in self._stores)

    def counts(self, filters: JobFilters) -> dict[str, int] | None:
        """See JobSource. Jobs API: it cannot count, and `total` is not to be trusted."""
        return None

    def seen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See JobSource. Nothing is remembered from page to page."""
        return (), ()

    def freshness(self, now: datetime, stores: Sequence[str] = ()) -> Freshness:
        """See JobSource. What is shown was read for this very page."""
        if not self._stores:
            return no_store()
        offset = client_of(self._stores[0]).clock_offset
        return Freshness("fresh", now, clock_offset=offset, history_cut=self._is_cut)

    def _store(self, slug: str | None) -> Store | None:
        """The store of that name, or the first one. Raises CannotAsk where none is configured."""
        if not self._stores:
            raise CannotAsk(NO_STORE, kind="no-key")
        return self._stores[0] if slug is None else next((each for each in self._stores if each.slug == slug), None)

    def _older(self, store: Store, filters: JobFilters, place: Place | None, size: int) -> JobPage:
        """The rows after the place (the newest ones without one), as far as a few calls reach."""
        scan = Scan(client_of(store), place)
        found: list[Row] = []
        last: Row | None = None
        scanned = 0
        for row in scan.rows_after_place():
            if len(found) == size:
                break
            if filters.created_from is not None and row.job.created_at < filters.created_from:
                last = None
                break
            last, scanned = row, scanned + 1
            if _matches(row.job, filters):
                found.append(row)
        else:
            last = None if scan.reached_end else last
            self._is_cut = self._is_cut or scan.is_cut
        # A page that was filled goes on after its last row, another one after the last job that was looked at: the
        # same.
        newest = found[0].place if found else place
        return JobPage(
            jobs=tuple(record_of(store.slug, row.job) for row in found),
            older=write_cursor(last.place) if last else None,
            newer=write_cursor(newest) if place and newest else None,
            scanned=scanned if filters.narrows else None,
            scanned_to=last.job.created_at if last and filters.narrows else None,
        )

    def _newer(self, store: Store, filters: JobFilters, place: Place, size: int) -> JobPage:
        """The rows before the place: those next to it. At the top this is the newest page."""
        rows, at_top = rows_before(client_of(store), place, enough=lambda rows: _count(rows, filters) > size)
        found = [row for row in rows if _matches(row.job, filters)]
        if not rows or (len(found) <= size and at_top):
            return self._older(store, filters, None, size)
        found = found[-size:]
        newest = found[0].place if found else rows[0].place
        return JobPage(
            jobs=tuple(record_of(store.slug, row.job) for row in found),
            older=write_cursor(found[-1].place if found else place),
            newer=write_cursor(newest),
            scanned=len(rows) if filters.narrows else None,
        )


def _count(rows: Sequence[Row], filters: JobFilters) -> int:
    return sum(_matches(row.job, filters) for row in rows)


def _matches(job: Job, filters: JobFilters) -> bool:
    if filters.statuses and job.status not in filters.statuses:
        return False
    if filters.created_from is not None and job.created_at < filters.created_from:
        return False
    if filters.created_to is not None and job.created_at >= filters.created_to:
        return False
    names = {name for kind in filters.types for name in names_of_type(kind)}
    return not names or job.type in names


def _errors_reading(client: JobsClient, job: Job) -> ErrorsReading:
    """What the first page of the job's error list says, for jobs that have one."""
    if not can_carry_messages(job.type, job.status):
        return ErrorsReading()
    walk = client.iter_errors(job.id)
    try:
        first = next(walk, None)
        more = first is not None and next(walk, None) is not None
    except (NotFound, Refused):
        return ErrorsReading("unavailable", 0, job.read_at)
    count = len(first.items) if first else 0
    state = "complete" if count else "none"
    return ErrorsReading("more" if more else state, count, job.read_at)
