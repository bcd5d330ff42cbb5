"""The lane of a row: a thin line for the wait and a bar for the run, on one axis for all rows.

The axis is not linear. Most jobs end within seconds and a few take half an hour: on a linear axis the former are ticks
without a length. A power of 0.3 gives a second 12 % of the lane and a minute 41 %, and keeps the order of lengths; the
head of the table draws the same scale.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import NamedTuple

from django.utils.safestring import SafeString

from jobs_ui.presentation.markup import fill, joined, numbered

LONGEST = timedelta(minutes=20)
EXPONENT = 0.3
TICKS = (
    ("10 s", timedelta(seconds=10)),
    ("1 min", timedelta(minutes=1)),
    ("5 min", timedelta(minutes=5)),
    ("20 min", LONGEST),
)
# Only numbers come into these, so there is nothing to escape.
BEGIN, END = '<svg class="lane" aria-hidden="true"><use href="#grid"/>', "</svg>"
ONLY_WAIT = f'{BEGIN}<rect class="w" width="%.2f%%"/>'
ONLY_RUN = f'{BEGIN}<rect class="r" x="%.2f%%" width="%.2f%%"/>'
WAIT_AND_RUN = f'{ONLY_WAIT}<rect class="r" x="%.2f%%" width="%.2f%%"/>'
EMPTY = SafeString(BEGIN + END)
CUT = '<text x="100%%" dx="4" y="17">»</text>'
NARROWEST_RUN = 0.6


class Lane(NamedTuple):
    """Lengths in percent of the lane; 0 where there is no such part."""

    wait: float
    run_at: float
    run: float
    is_cut: bool


def place(since_created: timedelta) -> float:
    """Where on the lane a moment lies, in percent (0 to 100), by the time since the job was created."""
    share = since_created / LONGEST
    return 100.0 * math.pow(min(share, 1.0), EXPONENT) if share > 0 else 0.0


def lane(waited: timedelta | None, ran: timedelta | None) -> Lane:
    """The lane of a job that waited and ran for so long, as far as either is known."""
    start = place(waited) if waited else 0.0
    if ran is None:
        return Lane(start, 0.0, 0.0, start >= 100)
    end = place(waited + ran if waited else ran)
    # A bar that would be thinner than a hair stays visible, and inside of the lane.
    return Lane(start, min(start, 100 - NARROWEST_RUN), max(end - start, NARROWEST_RUN), end >= 100)


def drawn(parts: Lane) -> SafeString:
    """The lane as SVG, over the grid that the head of the table defines."""
    cut = CUT if parts.is_cut else ""
    if parts.run:
        if parts.wait:
            return numbered(WAIT_AND_RUN + cut + END, parts.wait, parts.run_at, parts.run)
        return numbered(ONLY_RUN + cut + END, parts.run_at, parts.run)
    return numbered(ONLY_WAIT + cut + END, parts.wait) if parts.wait else EMPTY


def axis() -> list[tuple[str, float]]:
    """The axis' ticks: label and place in percent."""
    return [(label, place(moment)) for label, moment in TICKS]


def _grid() -> SafeString:
    """The axis in the head of the table; its grid is drawn again in each row."""
    lines = joined([fill('<line x1="{0}%" x2="{0}%" y2="40"/>', f"{at:.2f}") for _, at in axis()])
    labels = joined([fill('<text x="{}%" y="11">{}</text>', f"{at:.2f}", label) for label, at in axis()])
    return fill('<svg class="axis" aria-hidden="true"><g id="grid">{}</g>{}</svg>', lines, labels)


GRID = _grid()
