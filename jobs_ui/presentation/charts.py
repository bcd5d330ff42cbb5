"""Charts as SVG, each mark with a title: lengths across in percent, lengths down in pixels.

Drawn by the server and without a style of their own, as the console's policy asks for. What others have named passes
through `fill`, which escapes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import NamedTuple

from django.utils.safestring import SafeString

from jobs_ui.presentation.markup import fill, joined, numbered
from jobs_ui.presentation.numbers import decimal, whole

HEIGHT, TOP = 150, 12
LEFT = 9.0
ROW, SPARK = 48, 24
MOST_LABELS = 7
LONGEST_NAME = 40
# The scale of lengths: short ones get more room.
SHORTEST, LONGEST = 0.1, 7 * 86400.0
TICKS = (
    ("0.1 s", 0.1),
    ("1 s", 1.0),
    ("10 s", 10.0),
    ("1 min", 60.0),
    ("10 min", 600.0),
    ("1 h", 3600.0),
    ("1 d", 86400.0),
)
SVG = '<svg class="chart" role="img" aria-label="{}" height="{}">{}</svg>'
BAR = 'x="%.2f%%" y="%.1f" width="%.2f%%" height="%.1f"'
GRID = '<line class="g" x1="{0}%" x2="100%" y1="{1}" y2="{1}"/><text y="{2}">{3}</text>'
RULE = '<line class="g" x2="100%" y1="{0}" y2="{0}"/>'
PATH = '<path class="{}" vector-effect="non-scaling-stroke" stroke-linecap="round" d="{}"/>'
STRETCHED = 'x="%.2f%%" y="%d" width="%.2f%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none"'
DOT = 'cx="%.2f%%" cy="%.2f" r="2.5"'
LABEL = '<text class="m" x="{}%" y="{}">{}</text>'


class Bar(NamedTuple):
    """A bar: its label under the axis, its title, its parts from below as class and number, whether it still grows."""

    label: str
    title: str
    parts: Sequence[tuple[str, float]]
    is_growing: bool = False


class Point(NamedTuple):
    """A place of a line: its label and title, and its height (0 to 1); None where there is a gap."""

    label: str
    title: str
    height: float | None


class Spark(NamedTuple):
    """A row of small lines: its name, its title, and each line's class and heights (0 to 1; None for a gap)."""

    name: str
    title: str
    series: Sequence[tuple[str, Sequence[float | None]]]


class Reach(NamedTuple):
    """A row of a chart of lengths: its name, its title, and the two lengths of the wait and of the run."""

    name: str
    title: str
    wait: tuple[timedelta | None, timedelta | None]
    run: tuple[timedelta | None, timedelta | None]


def bars(label: str, all_bars: Sequence[Bar], unit: str = "") -> SafeString:
    """Stacked bars over a scale from 0. `unit` follows the numbers of the scale."""
    top = _round_up(math.ceil(max((sum(count for _, count in bar.parts) for bar in all_bars), default=0)))
    width = (100 - LEFT) / max(len(all_bars), 1)
    pieces = [
        _grid_line(HEIGHT * part / 2, f"{whole(top * part // 2)}{unit}") for part in range(3) if top > 1 or part != 1
    ]
    for number, bar in enumerate(all_bars):
        x, y = LEFT + number * width, float(HEIGHT + TOP)
        drawn = []
        for name, count in bar.parts:
            height = HEIGHT * count / top
            y -= height
            if count:
                place = numbered(BAR, x + width * 0.1, y, width * 0.8, height)
                drawn.append(f'<rect class="{name}" {place}/>')
        pale = ' opacity=".55"' if bar.is_growing else ""
        # Hundreds a page: put together here, as `fill` would.
        pieces.append(SafeString(f"<g{pale}><title>{escape(bar.title)}</title>{''.join(drawn)}</g>"))
    pieces += _labels([bar.label for bar in all_bars], width)
    return fill(SVG, label, str(HEIGHT + TOP + 20), joined(pieces))


def lines(label: str, grid: Sequence[tuple[str, float]], series: Sequence[tuple[str, Sequence[Point]]]) -> SafeString:
    """Lines over the same places: each a class and its points. `grid`: labels and heights (0 to 1) of the scale."""
    pieces = [_grid_line(HEIGHT * height, words) for words, height in grid]
    count = max(len(series[0][1]), 1)
    paths = [fill(PATH, name, _path([point.height for point in points], HEIGHT)) for name, points in series]
    pieces.append(_stretched(joined(paths), count, HEIGHT, x=LEFT, y=TOP))
    width = (100 - LEFT) / count
    for name, points in series:
        # Hundreds a page: put together here, as `fill` would.
        dots = [
            SafeString(f"<circle {_place(number, point.height, width)}><title>{escape(point.title)}</title></circle>")
            for number, point in enumerate(points)
            if point.height is not None
        ]
        pieces.append(fill('<g class="{}">{}</g>', name, joined(dots)))
    pieces += _labels([point.label for point in series[0][1]], width)
    return fill(SVG, label, str(HEIGHT + TOP + 20), joined(pieces))


def _place(number: int, height: float, width: float) -> SafeString:
    return numbered(DOT, LEFT + (number + 0.5) * width, HEIGHT + TOP - HEIGHT * height)


def _stretched(drawn: SafeString, count: int, height: int, *, x: float, y: int) -> SafeString:
    """Lines in coordinates of their own, a unit a place, stretched to the width: in percent each step is an element."""
    numbers = (x, y, 100 - x, height, count, height)
    return fill("<svg {}>{}</svg>", numbered(STRETCHED, *numbers), drawn)


def reaches(label: str, rows: Sequence[Reach]) -> SafeString:
    """A row each: a dot for half of the jobs, and from there a line up to 95 of 100, for wait and run."""
    longest = max([length for row in rows for length in (*row.wait, *row.run) if length], default=timedelta(minutes=1))
    ticks = ticks_up_to(longest)
    end = len(rows) * ROW
    pieces = []
    for _, at in ticks:
        pieces.append(fill('<line class="g" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>', f"{100 * at:.2f}", str(end)))
    pieces += [fill(LABEL, f"{100 * at:.2f}", str(end + 14), words) for words, at in ticks if 0.02 < at < 0.97]
    for number, row in enumerate(rows):
        y = number * ROW
        name = _shortened(row.name)
        marks = [_reach("w", row.wait, y + 24, longest), _reach("r", row.run, y + 34, longest)]
        pieces.append(
            fill('<g><title>{}</title><text y="{}">{}</text>{}</g>', row.title, str(y + 14), name, joined(marks))
        )
    return fill(SVG, label, str(end + 20), joined(pieces))


def sparks(label: str, labels: Sequence[str], rows: Sequence[Spark]) -> SafeString:
    """A row each, of the height of those of `reaches`: lines over the places that `labels` name, all of one scale."""
    end = len(rows) * ROW
    pieces = []
    for number, row in enumerate(rows):
        y = number * ROW
        paths = [fill(PATH, name, _path(heights, SPARK)) for name, heights in row.series]
        drawn = _stretched(joined(paths), len(labels), SPARK, x=0, y=y + ROW - SPARK - 4)
        rule = fill(RULE, str(y + ROW - 4))
        words = fill('<text y="{}">{}</text>', str(y + 14), _shortened(row.name))
        pieces.append(fill("<g><title>{}</title>{}{}{}</g>", row.title, words, rule, drawn))
    pieces += _labels(labels, 100 / max(len(labels), 1), left=0, y=end + 14)
    return fill(SVG, label, str(end + 20), joined(pieces))


def _path(heights: Sequence[float | None], top: int) -> str:
    """Through the middle of each place, the first after a gap from its edge."""
    steps: list[str] = []
    before: float | None = None
    for number, height in enumerate(heights):
        if height is not None:
            y = f"{top * (1 - height):.1f}"
            # A place between two gaps would be a point, which nobody sees.
            steps.append(f"M{number + 0.2:g} {y}h.6" if before is None else f"L{number + 0.5:g} {y}")
        before = height
    return "".join(steps)


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def scaled(length: timedelta | None, longest: timedelta) -> float:
    """Where a length lies on the scale up to `longest`, from 0 to 1; logarithmic."""
    top = max(longest.total_seconds() * 1.05, 2 * SHORTEST)
    seconds = min(max(length.total_seconds() if length else 0.0, SHORTEST), top)
    return math.log(seconds / SHORTEST) / math.log(top / SHORTEST)


def ticks_up_to(longest: timedelta) -> list[tuple[str, float]]:
    """The labels of that scale and where they lie, from 0 to 1."""
    within = [(words, seconds) for words, seconds in TICKS if seconds <= longest.total_seconds()] or [*TICKS[:1]]
    return [(decimal(words), scaled(timedelta(seconds=seconds), longest)) for words, seconds in within]


def _reach(name: str, lengths: tuple[timedelta | None, timedelta | None], y: int, longest: timedelta) -> SafeString:
    half, most = lengths
    if half is None or most is None:
        return SafeString("")
    begin, end = f"{100 * scaled(half, longest):.2f}", f"{100 * scaled(most, longest):.2f}"
    line = '<line class="{0}" x1="{1}%" x2="{2}%" y1="{3}" y2="{3}"/><circle class="{0}" cx="{1}%" cy="{3}" r="4"/>'
    return fill(line, name, begin, end, str(y))


def _grid_line(height: float, words: str) -> SafeString:
    y = HEIGHT + TOP - height
    return fill(GRID, "0", f"{y:.1f}", f"{y - 3:.1f}", words)


def _labels(labels: Sequence[str], width: float, *, left: float = LEFT, y: int = HEIGHT + TOP + 15) -> list[SafeString]:
    every = -(-len(labels) // MOST_LABELS)
    return [
        fill(LABEL, f"{left + (number + 0.5) * width:.2f}", str(y), label)
        for number, label in enumerate(labels)
        if number % every == every // 2
    ]


def _round_up(count: int) -> int:
    """The end of a scale: 1, 2, 4, 6, 8, 10, 20, 40 …"""
    if count <= 1:
        return 1
    power = int(10 ** (len(str(count)) - 1))
    return next(top * power for top in (1, 2, 4, 6, 8, 10) if top * power >= count)
