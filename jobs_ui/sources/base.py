"""What views read jobs from: the `JobSource` protocol and the frozen values that it hands out.

Two sources exist, the mirror and the live API; one contract test suite holds for both. What a source cannot do it
says in its `capabilities`, and the page hides or explains the control.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from django.utils.formats import number_format
from django.utils.functional import Promise
from pydantic import JsonValue

from jobs_ui.jobs_api import SignedLink
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
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS, is_final, job_type

PAGE_SIZE = 50
NEWEST_FIRST = "-created"
SORTS = ("-created", "created", "-run", "run", "-wait", "wait")
MOST_COUNTED = 10_000
MOST_QUEUED = 500


class JobNotFound(Exception):
    """No store of this console has a job of that id."""


class CannotAsk(Exception):
    """The API had to be asked and did not give an answer that can be used.

    `kind` is the API client's slug for what happened; the text is one plain sentence for the page.
    """

    def __init__(
        self, sentence: str | Promise, *, kind: str, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(sentence)
        self._sentence = sentence
        self.kind = kind
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def sentence(self) -> str:
        """In the language that is active when it is read: a page's is the reader's, what is stored is English."""
        return str(self._sentence)


class OutcomeUnknown(CannotAsk):
    """The API was asked to do something and may have done it: it gave no answer, and neither did it tell afterwards."""


class UnreadableCursor(ValueError):
    """A page's cursor that this console did not write."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can do.

    `filters`: "index" answers at once, "scan" looks through a bounded number of jobs a page. `search`: by id, request
    id and words. `sort`: by other than the creation. `counts`: of jobs by status. `choose_errors`: messages of
    one group, or with a text in them. `insights`: what is told over many jobs. `notify`: telling people when jobs end.
    """

    filters: Literal["index", "scan"]
    refresh: bool
    search: bool
    sort: bool
    counts: bool
    choose_errors: bool
    insights: bool
    notify: bool


@dataclass(frozen=True, slots=True)
class JobFilters:
    """Which jobs a list shows, and in which order; empty means all.

    Types are the API's names, known aliases included when matching. `created_to` is the first moment that is left out.
    `sort`: a key of `SORTS`.
    """

    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None
    q: str = ""
    sort: str = NEWEST_FIRST

    @property
    def narrows(self) -> bool:
        """Whether jobs of the chosen stores are left out."""
        return bool(self.statuses or self.types or self.created_from or self.created_to or self.q)

    def __bool__(self) -> bool:
        return bool(self.stores) or self.narrows


@dataclass(frozen=True, slots=True)
class ErrorsReading:
    """What is known of a job's error list. `count`: the messages held.

    `state` is a value of `models.ErrorsState`, or "more": there are `count` and more, read when they are looked at.

    `reading` names one reading of the list, so that the pages of one visit belong together. `is_grouped`: whether its
    groups can be had.
    """

    state: str = "not-asked"
    count: int = 0
    read_at: datetime | None = None
    reading: int = 0
    is_grouped: bool = False

    @property
    def count_words(self) -> str:
        """The number of messages as pages print it: `12,345`, or `100+`."""
        return number_format(self.count, use_l10n=True) + ("+" if self.state == "more" else "")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as pages see it. Times are aware, in UTC. `files`: names of the parts, None while they are not written.

    `is_followed`: its store is one that is read; otherwise it stays what it was when it was last read.
    """

    store: str
    job_id: str
    type: str
    status: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    request_id: str
    filter: str | None
    copied_from: str
    hierarchy_id: str
    files: tuple[str, ...] | None
    read_at: datetime
    updated_at: datetime | None = None
    files_gone_at: datetime | None = None
    missing_since: datetime | None = None
    gone_at: datetime | None = None
    errors: ErrorsReading = field(default_factory=ErrorsReading)
    is_followed: bool = True
    raw: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether the job can no longer change, as far as this console will ever know."""
        return is_final(self.status) or self.gone_at is not None or not self.is_followed

    @property
    def is_export(self) -> bool:
        return job_type(self.type).name == "product-export"

    def waited(self, now: datetime) -> timedelta | None:
        """How long it waited before it started; up to `now` while it still waits; None where that is not known."""
        end = self.started_at
        if end is None:
            if self.status == PENDING and self.gone_at is None:
                end = now if self.is_followed else self.read_at
            elif self.completed_at is not None and self.status not in (SUCCESS, FAILED):
                end = self.completed_at
            else:
                return None
        return max(end - self.created_at, timedelta(0))

    def ran(self, now: datetime) -> timedelta | None:
        """How long it ran; up to `now` while it still runs; None where it did not start or that is not known."""
        if self.started_at is None:
            return None
        end = self.completed_at
        if end is None:
            if self.status != STARTED or self.gone_at is not None:
                return None
            end = now if self.is_followed else self.read_at
        return max(end - self.started_at, timedelta(0))


Asked = Literal["not-asked", "answered", "refused", "unclear"]
"""Whether Elastic Path was asked to cancel a job (only one that still waits), and what came back."""


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """The job as it is now, and whether Elastic Path was asked to cancel it."""

    job: JobRecord
    asked: Asked

    @property
    def is_done(self) -> bool:
        """Whether this cancelled it, and not somebody else a moment before."""
        return self.job.status == CANCELLED and self.asked in ("answered", "unclear")


class StoreName(NamedTuple):
    """A store as pages name it. `is_configured`: whether its API can be asked; otherwise its history can be read."""

    slug: str
    name: str
    is_configured: bool = True


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of a list, newest first. A cursor is None where there is no page in that direction.

    `scanned` is how many jobs were looked through for this page where no index could tell, None where one could;
    `scanned_to` is the creation of the last of them.
    `searched_by_id`: the search took its text for an id, or the begin of one. `problem`: why it could not search.
    """

    jobs: tuple[JobRecord, ...]
    older: str | None
    newer: str | None
    scanned: int | None = None
    scanned_to: datetime | None = None
    searched_by_id: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far what a page shows can be trusted.

    `as_of`: when the API last answered (None: never). `headline` and `detail` are plain sentences; empty when fresh.
    `since`: since when it is down. `clock_offset`: the API's clock less ours. `unreadable`: rows of the API's list that
    could not be read and are missing from every page. `history_cut`: the store has more jobs than the API lists (offset
    10,000), so the oldest are missing.
    """

    state: Literal["fresh", "stale", "down"]
    as_of: datetime | None
    headline: str = ""
    detail: str = ""
    request_id: str = ""
    since: datetime | None = None
    clock_offset: timedelta = timedelta(0)
    unreadable: int = 0
    history_cut: bool = False


class JobSource(Protocol):
    """Where pages read jobs from."""

    capabilities: Capabilities

    def list_jobs(
        self, filters: JobFilters, *, before: str | None = None, after: str | None = None, size: int = PAGE_SIZE
    ) -> JobPage:
        """At most `size` jobs after the cursor `before` in the list's order, or in front of `after`, or the first ones.

        Raises UnreadableCursor, and CannotAsk where the API has to be asked.
        """

    def get_job(self, job_id: str) -> JobRecord:
        """The job of that id. Raises JobNotFound, and CannotAsk where the API had to be asked."""

    def refresh_job(self, job_id: str) -> JobRecord:
        """The job as the API has it now, its errors included. Raises JobNotFound and CannotAsk."""

    def cancel_job(self, job_id: str) -> CancelOutcome:
        """Cancels the job if it still waits. Raises JobNotFound and CannotAsk."""

    def queue(self, store: str) -> tuple[JobRecord, ...]:
        """What runs in the store, then what waits, in the order in which it will run; at most `MOST_QUEUED`.

        Jobs API: the pending job with the earliest creation is the next. Raises CannotAsk.
        """

    def lately_ended(self, store: str, most: int) -> tuple[JobRecord, ...]:
        """The store's jobs that ended last, as far as they can be told quickly: at most `most`. Raises CannotAsk."""

    def file_links(self, job_id: str) -> tuple[JobRecord, tuple[SignedLink, ...]]:
        """The job, and the links to its files as the API gives them out now: none where it has none (any more).

        Raises JobNotFound and CannotAsk.
        """

    def list_errors(
        self, job: JobRecord, *, number: int = 1, size: int = ERRORS_PAGE_SIZE, choice: ErrorChoice = ALL_ERRORS
    ) -> ErrorPage:
        """Page `number` (from 1) of the job's messages, of `size` each. Raises CannotAsk if the API has to be asked."""

    def all_errors(self, job: JobRecord, choice: ErrorChoice = ALL_ERRORS) -> Iterator[Sequence[ErrorLine]]:
        """All messages in their order, a batch at a time. Raises CannotAsk, at its begin or on the way."""

    def error_groups(self, job: JobRecord, *, most: int | None = None) -> ErrorGroups | None:
        """The job's messages by what they say, most frequent first, at most `most` groups; None where they have not
        been grouped yet. Raises CannotAsk.
        """

    def error_values(self, job: JobRecord, digest: str, slot: int) -> str | None:
        """The different values in a place (from 0) of a group's messages, one a line; None where there is no such
        place. Raises CannotAsk.
        """

    def problems(
        self, window: Window, *, stores: Sequence[str] = (), order: ProblemOrder = "jobs", most: int = 50
    ) -> tuple[Problem, ...]:
        """The error groups of all jobs of a window, those with the most of what `order` names first; empty where the
        source cannot tell (see `Capabilities.insights`).
        """

    def problem_jobs(
        self, digest: str, window: Window, *, stores: Sequence[str] = (), number: int = 1, size: int = PAGE_SIZE
    ) -> ProblemJobs:
        """Page `number` (from 1) of the jobs with messages of that group, newest first."""

    def insights(self, window: Window, now: datetime, *, stores: Sequence[str] = ()) -> Insights | None:
        """The figures of the jobs of a window as of `now`; None where the source cannot tell (see
        `Capabilities.insights`).
        """

    def stores(self) -> tuple[StoreName, ...]:
        """The stores whose jobs can be shown: the configured ones, then those of which only history is left."""

    def counts(self, filters: JobFilters) -> dict[str, int] | None:
        """How many jobs each known or seen status has under the other filters, up to `MOST_COUNTED` + 1; None where
        that cannot be told quickly.
        """

    def seen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Types and statuses that have been seen and that the console does not know by itself."""

    def freshness(self, now: datetime, stores: Sequence[str] = ()) -> Freshness:
        """How far what this source shows of these stores can be trusted at `now`; of all that are read, for none."""
