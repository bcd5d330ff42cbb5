"""What is told over all jobs of a period, as pages get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from jobs_ui.insights.histograms import Lengths
from jobs_ui.sources.errors import Problem

ONE_HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)


class Window(NamedTuple):
    """The jobs created from `since` up to `until` (left out), in UTC, told by hours or days of the length `step`."""

    since: datetime
    until: datetime
    step: timedelta

    @property
    def length(self) -> timedelta:
        """From its begin to its end."""
        return self.until - self.since


def window_of(now: datetime, length: timedelta) -> Window:
    """The window of that length that ends with the hour (up to a day's length) or day (UTC) of `now`."""
    step = ONE_HOUR if length <= ONE_DAY else ONE_DAY
    begin = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    until = (begin if step == ONE_HOUR else begin.replace(hour=0)) + step
    return Window(until - length, until, step)


class Tally(NamedTuple):
    """How many jobs ended in which way; `others` wait, run, or have a status that the console does not know.

    What is not known to have succeeded is no success: `others` count neither for the success rate nor against it.
    """

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


NO_JOBS, UNKNOWN = Tally(), Lengths()


class SlotFigures(NamedTuple):
    """The jobs that were created in one hour or day (UTC), from `begin` on; `lost` is how long the failed ones ran."""

    begin: datetime
    tally: Tally = NO_JOBS
    lost: timedelta = timedelta(0)
    wait: Lengths = UNKNOWN
    run: Lengths = UNKNOWN


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """The jobs of one type, under the API's name for it, all together and by hour or day."""

    type: str
    tally: Tally
    wait: Lengths
    run: Lengths
    slots: tuple[SlotFigures, ...]


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
    """The figures of the jobs of a window, as of `counted_at`: its last hour or day is not over then.

    `lost` is how long the failed jobs had run in all. `slots` are its hours or days, the oldest first, those without
    jobs included. `types`: those of the most jobs first; `has_more_types`: there are others. `hours`: jobs by the hour
    of the day (UTC), from 0. `slowest`: the longest run first; `costliest`: the most time lost first.
    """

    window: Window
    counted_at: datetime
    tally: Tally
    lost: timedelta
    wait: Lengths
    run: Lengths
    slots: tuple[SlotFigures, ...]
    types: tuple[TypeFigures, ...]
    has_more_types: bool
    hours: tuple[int, ...]
    slowest: tuple[SlowJob, ...]
    costliest: tuple[Problem, ...]

    def is_over(self, slot: SlotFigures) -> bool:
        """Whether the hour or day is past, so that no further job can be created in it."""
        return slot.begin + self.window.step <= self.counted_at
