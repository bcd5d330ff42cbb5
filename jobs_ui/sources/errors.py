"""The messages of jobs as pages get them: one by one, by what they say, and over many jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

ERRORS_PAGE_SIZE = 100
ProblemOrder = Literal["jobs", "lost", "messages"]
"""Of what the problems that come first have the most: jobs, time lost, or messages."""


@dataclass(frozen=True, slots=True)
class ErrorChoice:
    """Which messages of a job: of one group (by its digest), with a text in them (in any case); empty for all."""

    group: str = ""
    q: str = ""

    def __bool__(self) -> bool:
        return bool(self.group or self.q)


ALL_ERRORS = ErrorChoice()


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One message, at its place in the job's error list (from 0), with the API's id and the number of its group."""

    position: int
    message: str
    error_id: str = ""
    group: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """One page of a job's messages, in the API's order. `number` counts from 1; `total` is None where not known."""

    lines: tuple[ErrorLine, ...]
    number: int
    has_next: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class ErrorSlot:
    """The values in one place of a group's messages: what they are called (in the plural), how many different ones
    there are, and the first few, shortened. `is_cut`: there are more than could be kept.
    """

    name: str
    count: int
    first: tuple[str, ...] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Messages that say the same. `digest` is the same in all jobs; positions count from 0."""

    number: int
    digest: str
    sample: str
    count: int
    first: int
    last: int
    slots: tuple[ErrorSlot, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorGroups:
    """The groups of a job's messages, or the first of them. `of`: how many messages were grouped."""

    groups: tuple[ErrorGroup, ...]
    of: int

    def get(self, digest: str) -> ErrorGroup | None:
        """The group of that digest."""
        return next((group for group in self.groups if group.digest == digest), None)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error group over many jobs. `jobs` and `messages` are how many; `last_at` the creation of the newest job.

    `lost` is how long the failed ones among these jobs had run: a job with several groups counts in full for each, as
    any of them alone might have failed it.
    """

    digest: str
    sample: str
    jobs: int
    messages: int
    lost: timedelta
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ProblemJob:
    """A job with messages of a group: how long it ran (None where that is not known), how many, the first of them."""

    store: str
    job_id: str
    type: str
    status: str
    created_at: datetime
    ran: timedelta | None
    count: int
    sample: str


@dataclass(frozen=True, slots=True)
class ProblemJobs:
    """One page of the jobs of a problem. `number` counts from 1."""

    jobs: tuple[ProblemJob, ...] = ()
    number: int = 1
    has_next: bool = False
    problem: Problem | None = field(default=None)
