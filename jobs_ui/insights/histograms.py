"""Jobs counted by length of time, in a form that adds up: median and 95th percentile of any days come from sums.

Lengths fall into lanes that are 1, 2 or 5 wide in the last digit that counts (10, 11 … 19; 20, 22 … 48; 50, 55 … 95;
100, 110 …), so that a lane is a tenth at most of what it holds, and its middle within 5 % of each length in it. The
counts of all lanes are one integer with 32 bits a lane: two histograms are added by `+`, and a page that adds up a
thousand of them spends a millisecond. A library of sketches (t-digest, DDSketch, HDR) was not taken: none counts in
SQL, and their sums are objects to be merged one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from itertools import accumulate
from struct import unpack
from typing import NamedTuple

LANE_BITS = 32
_LANE_BYTES = LANE_BITS // 8
# Lengths up to ten decades above 10 ms, three centuries; whatever is longer counts as that.
_DECADES = 12
HALF, MOST = 50, 95


class Lengths(NamedTuple):
    """How long half of the jobs took at most, and 95 of 100; None without a job of which it is known."""

    half: timedelta | None = None
    most: timedelta | None = None


class Span(NamedTuple):
    """A stretch of the scale with lanes of one width: from `start` up to `end` (left out), in milliseconds."""

    start: int
    end: int
    width: int
    first_lane: int


def _scale() -> tuple[Span, ...]:
    spans = [Span(0, 10, 1, 0)]
    for decade in range(1, _DECADES + 1):
        for start, end, width in ((10, 20, 1), (20, 50, 2), (50, 100, 5)):
            unit, last = 10 ** (decade - 1), spans[-1]
            lane = last.first_lane + (last.end - last.start) // last.width
            spans.append(Span(start * unit, end * unit, width * unit, lane))
    return tuple(spans)


SCALE = _scale()
LAST_LANE = SCALE[-1].first_lane + (SCALE[-1].end - SCALE[-1].start) // SCALE[-1].width
_MIDDLES = [
    *(
        timedelta(milliseconds=start + (span.width - 1) / 2)
        for span in SCALE
        for start in range(span.start, span.end, span.width)
    ),
    timedelta(milliseconds=SCALE[-1].end),
]


def packed(counts: Iterable[tuple[int, int]]) -> int:
    """The integer that holds these counts, each given with the number of its lane; a lane may come more than once."""
    return sum(count << LANE_BITS * lane for lane, count in counts)


def unpacked(histogram: int, lanes: int = 0) -> tuple[int, ...]:
    """The counts of all lanes up to the last that has one, or of that many."""
    size = lanes or -(-histogram.bit_length() // LANE_BITS)
    return unpack(f"<{size}I", histogram.to_bytes(_LANE_BYTES * size, "little"))


def dumped(histogram: int) -> bytes:
    """As the database keeps it: the number of the first lane with a count (two bytes), and the counts from there."""
    first = _first_lane(histogram)
    rest = histogram >> LANE_BITS * first
    return first.to_bytes(2, "little") + rest.to_bytes(-(-rest.bit_length() // 8), "little")


def loaded(kept: bytes) -> int:
    """The histogram that `dumped` made these bytes of."""
    return int.from_bytes(kept[2:], "little") << LANE_BITS * int.from_bytes(kept[:2], "little")


@lru_cache(maxsize=4096)
def lengths_of(histogram: int) -> Lengths:
    """Median and 95th percentile by the nearest rank, each the middle of its lane: within 5 %.

    A page asks for 400 of them, and most days are those of the page before: remembered, they cost it nothing.
    """
    if not histogram:
        return Lengths()
    first = _first_lane(histogram)
    reached = list(accumulate(unpacked(histogram >> LANE_BITS * first)))
    total = reached[-1]
    half, most = bisect_left(reached, -(-total * HALF // 100)), bisect_left(reached, -(-total * MOST // 100))
    return Lengths(_MIDDLES[first + half], _MIDDLES[first + most])


def _first_lane(histogram: int) -> int:
    """The number of the first lane that has a count."""
    return max((histogram & -histogram).bit_length() - 1, 0) // LANE_BITS
