"""What is told over all jobs of a period, as pages get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from jobs_ui.sources.errors import Problem


class Tally(NamedTuple):
    """How many jobs ended in which way; `others` wait, run, or have a status that the console does not know."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        """All jobs."""
        return sum(self)

    @property
    def success_rate(self) -> float | None:
        """The share (0 to 1) of the jobs that succeeded among those that succeeded or failed; None without any."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None


class Lengths(NamedTuple):
    """How long half of the jobs took at most, and 95 of 100; None without a job of which it is known."""

    half: timedelta | None = None
    most: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SlotFigures:
    """The jobs that were created in one hour or day (UTC), from `begin` on."""

    begin: datetime
    tally: Tally
    wait: Lengths
    run: Lengths


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """The jobs of one type, under the API's name for it."""

    type: str
    tally: Tally
    wait: Lengths
    run: Lengths


@dataclass(frozen=True, slots=True)
class SlowJob:
    """A job that ran long. Times are aware, in UTC."""

    store: str
    job_id: str
    type: str
    status: str
    created_at: datetime
    ran: timedelta


@dataclass(frozen=True, slots=True)
class Insights:
    """The figures of the jobs created from `since` up to `until` (left out), counted at `counted_at`; all in UTC.

    `step` is the length of each of `slots`, the oldest first, those without jobs included. `types`: those of the most
    jobs first; `has_more_types`: there are others. `hours`: jobs by the hour of the day, from 0. `slowest` and
    `costliest`: the longest run and the most messages first.
    """

    since: datetime
    until: datetime
    counted_at: datetime
    step: timedelta
    tally: Tally
    wait: Lengths
    run: Lengths
    slots: tuple[SlotFigures, ...]
    types: tuple[TypeFigures, ...]
    has_more_types: bool
    hours: tuple[int, ...]
    slowest: tuple[SlowJob, ...]
    costliest: tuple[Problem, ...]
