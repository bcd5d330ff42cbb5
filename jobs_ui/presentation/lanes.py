"""The lane of a row: a thin line for the wait and a bar for the run, on one axis for all rows.

The axis is not linear. Most jobs end within seconds and a few take half an hour: on a linear axis the former are ticks
without a length. A power of 0.3 gives a second 12 % of the lane and a minute 41 %, and keeps the order of lengths; the
head of the table draws the same scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

LONGEST = timedelta(minutes=20)
EXPONENT = 0.3
TICKS = (
    ("10 s", timedelta(seconds=10)),
    ("1 min", timedelta(minutes=1)),
    ("5 min", timedelta(minutes=5)),
    ("20 min", LONGEST),
)


@dataclass(frozen=True, slots=True)
class Lane:
    """Lengths in percent of the lane, as text for SVG attributes. Empty text: there is no such part."""

    wait: str
    run_at: str
    run: str
    is_cut: bool


def place(since_created: timedelta) -> float:
    """Where on the lane a moment lies, in percent (0 to 100), by the time since the job was created."""
    share = max(since_created / LONGEST, 0.0)
    return 100.0 * math.pow(min(share, 1.0), EXPONENT)


def lane(waited: timedelta | None, ran: timedelta | None) -> Lane:
    """The lane of a job that waited and ran for so long, as far as either is known."""
    start = place(waited or timedelta(0))
    if ran is None:
        return Lane(_percent(start) if waited else "", "", "", is_cut=start >= 100)
    end = place((waited or timedelta(0)) + ran)
    # A bar that would be thinner than a hair stays visible, and inside of the lane.
    width = max(end - start, 0.6)
    return Lane(_percent(start) if waited else "", _percent(min(start, 99.4)), _percent(width), is_cut=end >= 100)


def axis() -> list[tuple[str, str]]:
    """The axis' ticks: label and place in percent."""
    return [(label, _percent(place(moment))) for label, moment in TICKS]


def _percent(value: float) -> str:
    return f"{value:.2f}%"
