"""The times that sync goes by, each written once, and the clocks that it measures them with."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present moment, aware, in UTC. Tests hand in their own."""

BUSY = timedelta(seconds=2)
"""From one round to the next while something young is open."""
QUIET = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(seconds=30)
YOUNG = timedelta(days=1)
HEARTBEAT = timedelta(seconds=30)
"""Until when the next word from sync is due while it works."""
READS_A_ROUND = timedelta(seconds=5)
"""For reads by id and error lists in a round of `--watch`: the next walk is never far off."""

FIRST_INTERVAL = 2
LONGEST_INTERVAL = 3600
"""Seconds between two reads by id of a job that stays open: doubling from the first to the longest."""
SECOND_LOOK = timedelta(seconds=60)
"""Until a 404, a job that has just ended or its error list is looked at once more."""
SETTLING = timedelta(minutes=10)
"""How long after its end the error list of a job may still grow."""


# Seconds: long enough for a waiting writer of SQLite, which looks again after 1 to 25 ms, to have its turn.
_BREATH = 0.01


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def breathe() -> None:
    """Between two transactions of a long run of them: lets others write, whom SQLite has wait for its one lock."""
    time.sleep(_BREATH)


class TimeBox:
    """A stretch of real time in which work may be begun; None is one without an end."""

    def __init__(self, length: timedelta | None) -> None:
        self._ends_at = None if length is None else time.monotonic() + length.total_seconds()

    def is_over(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at
