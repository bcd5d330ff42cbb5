"""The API itself as a source, for those who want no mirror.

Jobs API: newest first, by offset, no filter, nothing beyond offset 10,000. Pages are found by a job's place (its
creation and its id), with the offset at which it stood as a hint where to look: jobs that arrive push the rows down,
and a page stays what it was. A filter looks through a bounded number of jobs a page, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from jobs_ui.jobs_api import Job, JobsClient, NotFound, Page, Refused, SignedLink
from jobs_ui.sources.asking import asking
from jobs_ui.sources.base import (
    ERRORS_PAGE_SIZE,
    PAGE_SIZE,
    CannotAsk,
    Capabilities,
    ErrorLine,
    ErrorPage,
    ErrorsReading,
    Freshness,
    JobFilters,
    JobPage,
    JobRecord,
)
from jobs_ui.sources.cursors import Place, read_cursor, write_cursor
from jobs_ui.status import FAILED, SUCCESS, job_type, names_of_type
from jobs_ui.stores import Store, client_of
from jobs_ui.sync.store import file_names

API_PAGE = 100
# Calls that one page of a filtered list may take, and the jobs that these look through.
MOST_CALLS = 5
OVERLAP = 5


@dataclass(frozen=True, slots=True)
class _Row:
    job: Job
    offset: int

    @property
    def place(self) -> Place:
        return Place(self.job.created_at, self.job.id, self.offset)


class LiveSource:
    """Asks the API for every page. Reads the first configured store."""

    capabilities = Capabilities(filters="scan", refresh=False, search=False, sort=False, counts=False)

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores

    def list_jobs(self, filters: JobFilters, *, before: str | None = None, after: str | None = None) -> JobPage:
        """See JobSource."""
        place = read_cursor(cursor) if (cursor := before or after) else None
        store, client = self._store()
        with asking():
            if place and after:
                return self._newer(store, client, filters, place)
            return self._older(store, client, filters, place)

    def get_job(self, job_id: str) -> JobRecord:
        """See JobSource. The number of a failed job's messages is asked for along with it."""
        store, client = self._store()
        with asking():
            job = client.get_job(job_id)
            return _record(store, job, errors=_errors_reading(client, job))

    def refresh_job(self, job_id: str) -> JobRecord:
        """See JobSource. Every page is read from the API anyway."""
        return self.get_job(job_id)

    def file_links(self, job_id: str) -> tuple[JobRecord, tuple[SignedLink, ...]]:
        """See JobSource."""
        store, client = self._store()
        with asking():
            job = client.get_job(job_id)
        return _record(store, job), job.files or ()

    def list_errors(self, job: JobRecord, *, number: int = 1) -> ErrorPage:
        """See JobSource.

        Jobs API: pages of errors are found by offset; one page after another is read up to `number`.
        """
        _, client = self._store()
        start, needed = (number - 1) * ERRORS_PAGE_SIZE, number * ERRORS_PAGE_SIZE + 1
        with asking():
            messages = (error for page in client.iter_errors(job.job_id) for error in page.items)
            errors = [error for error in islice(messages, needed) if error.position >= start]
        lines = tuple(ErrorLine(error.position, error.message) for error in errors[:ERRORS_PAGE_SIZE])
        has_next = len(errors) > ERRORS_PAGE_SIZE
        return ErrorPage(lines, number, has_next, None if has_next else start + len(lines))

    def counts(self, filters: JobFilters) -> dict[str, int] | None:
        """See JobSource. Jobs API: it cannot count, and `total` is not to be trusted."""
        return None

    def seen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See JobSource. Nothing is remembered from page to page."""
        return (), ()

    def freshness(self, now: datetime) -> Freshness:
        """See JobSource. What is shown was read for this very page."""
        if not self._stores:
            return Freshness("stale", None, "No store is configured.", "Set EPCC_CLIENT_ID and EPCC_CLIENT_SECRET.")
        _, client = self._store()
        return Freshness("fresh", now, clock_offset=client.clock_offset)

    def _store(self) -> tuple[Store, JobsClient]:
        if not self._stores:
            raise CannotAsk("No store is configured.", kind="no-key")
        return self._stores[0], client_of(self._stores[0])

    def _older(self, store: Store, client: JobsClient, filters: JobFilters, place: Place | None) -> JobPage:
        """The rows after the place (the newest ones without one), as far as a few calls reach."""
        scan = _Scan(client, place)
        found: list[_Row] = []
        last: _Row | None = None
        scanned = 0
        for row in scan.rows_after_place():
            if len(found) == PAGE_SIZE:
                break
            last, scanned = row, scanned + 1
            if _matches(row.job, filters):
                found.append(row)
        else:
            last = None if scan.reached_end else last
        # A page that was filled goes on after its last row, another one after the last job that was looked at: the
        # same.
        newest = found[0].place if found else place
        return JobPage(
            jobs=tuple(_record(store, row.job) for row in found),
            older=write_cursor(last.place) if last else None,
            newer=write_cursor(newest) if place and newest else None,
            scanned=scanned if filters else None,
        )

    def _newer(self, store: Store, client: JobsClient, filters: JobFilters, place: Place) -> JobPage:
        """The rows before the place: those next to it. At the top this is the newest page."""
        start = max(0, place.offset - (MOST_CALLS - 1) * (API_PAGE - OVERLAP))
        rows: list[_Row] = []
        for row in _Scan(client, None, start=start).rows():
            if row.job.id == place.key or row.job.created_at < place.created_at:
                break
            rows.append(row)
        found = [row for row in rows if _matches(row.job, filters)]
        if len(found) <= PAGE_SIZE and start == 0:
            return self._older(store, client, filters, None)
        found = found[-PAGE_SIZE:]
        newest = found[0].place if found else rows[0].place if rows else place
        return JobPage(
            jobs=tuple(_record(store, row.job) for row in found),
            older=write_cursor(found[-1].place if found else place),
            newer=write_cursor(newest),
            scanned=len(rows) if filters else None,
        )


class _Scan:
    """Looks through the API's rows, each once, from an offset or a place on, as far as `MOST_CALLS` calls reach."""

    def __init__(self, client: JobsClient, place: Place | None, *, start: int = 0) -> None:
        self._client = client
        self._place = place
        self._start = start
        self.reached_end = False

    def rows(self) -> Iterator[_Row]:
        """The rows in the API's order."""
        seen: set[str] = set()
        for page in self._pages():
            for index, job in enumerate(page.items):
                if job.id not in seen:
                    seen.add(job.id)
                    yield _Row(job, page.offset + index)

    def rows_after_place(self) -> Iterator[_Row]:
        """The rows after the place.

        Where its job is gone, all jobs of that moment: one twice is better than one lost.
        """
        place, same_moment = self._place, list[_Row]()
        rows = self.rows()
        if place is not None:
            for row in rows:
                if row.job.id == place.key:
                    same_moment = []
                    break
                if row.job.created_at < place.created_at:
                    yield from same_moment
                    yield row
                    break
                if row.job.created_at == place.created_at:
                    same_moment.append(row)
        yield from rows

    def _pages(self) -> Iterator[Page[Job]]:
        start = self._start if self._place is None else max(0, self._place.offset - OVERLAP)
        for calls in range(1, MOST_CALLS + 1):
            walk = self._client.iter_pages(start=start, limit=API_PAGE, overlap=OVERLAP)
            first = next(walk, None)
            if first is None:
                break
            if start == 0 or self._is_before_place(first):
                yield first
                yield from islice(walk, MOST_CALLS - calls)
                break
            # Rows that were removed have pulled the place up since.
            start = max(0, start - API_PAGE)
        else:
            return
        self.reached_end = first is None or walk.end is not None

    def _is_before_place(self, page: Page[Job]) -> bool:
        place = self._place
        if place is None or place.key in page.ids:
            return True
        return bool(page.items) and page.items[0].created_at > place.created_at


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
    if job.status != FAILED and not (job.status == SUCCESS and job_type(job.type).name == "price-import"):
        return ErrorsReading()
    walk = client.iter_errors(job.id)
    try:
        first = next(walk, None)
        more = first is not None and next(walk, None) is not None
    except (NotFound, Refused):
        return ErrorsReading("unavailable", 0, job.read_at)
    count = len(first.items) if first else 0
    state = "partial" if more else "complete" if count else "none"
    return ErrorsReading(state, count, job.read_at)


def _record(store: Store, job: Job, *, errors: ErrorsReading | None = None) -> JobRecord:
    return JobRecord(
        store=store.slug,
        job_id=job.id,
        type=job.type,
        status=job.status,
        created_at=job.created_at,
        updated_at=job.updated_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        request_id=job.request_id,
        filter=job.filter,
        copied_from=job.copied_from or "",
        hierarchy_id=job.hierarchy_id or "",
        files=file_names(job),
        read_at=job.read_at,
        errors=errors or ErrorsReading(),
        raw=job.raw,
    )
