"""The chart of docs/performance.md: latency over size, both axes in powers of ten, a panel for each database."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.bench.report import Measurement

# The cases that are drawn, and how: their colours tell ours from what they are compared with.
LINES = {
    "floor": "quiet",
    "list": "ours",
    "list-deep": "ours",
    "word-common": "ours",
    "admin-list": "other",
    "admin-deep": "other",
}
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
PANEL, HEIGHT = 400, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 96, 44, 40
LEAST_MS, MOST_MS = 0.5, 1000
LABEL_HEIGHT = 14
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600; fill: #1f2328 }
.grid { stroke: #d0d7de; stroke-width: 1 }
path { fill: none; stroke-width: 2 }
.ours { stroke: #0a62c9 } .other { stroke: #b35900 } .quiet { stroke: #6e7781; stroke-dasharray: 4 3 }
text.ours, text.other, text.quiet { stroke: none }
text.ours, circle.ours { fill: #0a62c9 } text.other, circle.other { fill: #b35900 } circle.quiet { fill: #6e7781 }
@media (prefers-color-scheme: dark) {
  text { fill: #9aa4af } .title { fill: #e6edf3 } .grid { stroke: #30363d }
  .ours { stroke: #6cb6ff } .other { stroke: #f0a35e } .quiet { stroke: #8b949e }
  text.ours, circle.ours { fill: #6cb6ff } text.other, circle.other { fill: #f0a35e } circle.quiet { fill: #8b949e }
}
"""


class Point(NamedTuple):
    """A place in the picture."""

    x: float
    y: float


def write(measurements: Sequence[Measurement], path: Path) -> None:
    """Draws the measurements as an SVG file."""
    names = list(dict.fromkeys(item.database for item in measurements))
    panels = [
        _panel([item for item in measurements if item.database == name], name, number * PANEL)
        for number, name in enumerate(names)
    ]
    width = PANEL * len(names)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
        f'role="img" aria-label="Median milliseconds a page over the number of jobs">\n<style>{STYLE}</style>\n'
        + "\n".join(panels)
        + "\n</svg>\n",
        encoding="utf-8",
    )


def _panel(measurements: Sequence[Measurement], name: str, left: float) -> str:
    sizes = sorted({item.jobs for item in measurements})
    parts = [f'<g transform="translate({left:g})">']
    parts.append(f'<text class="title" x="{LEFT}" y="20">{TITLES.get(name, name)}: ms a page, over jobs</text>')
    parts += _grid(sizes)
    ends: list[tuple[float, str]] = []
    for case, kind in LINES.items():
        points = [
            Point(_x(item.jobs, sizes), _y(item.milliseconds))
            for item in sorted(measurements, key=lambda item: item.jobs)
            if item.case == case and not item.problem
        ]
        if points:
            parts += _line(points, kind)
            ends.append((points[-1].y, case))
    x = _x(sizes[-1], sizes) + 8
    for y, case in _apart(ends):
        parts.append(f'<text class="{LINES[case]}" x="{x:g}" y="{y + 4:.1f}">{escape(case)}</text>')
    return "\n".join([*parts, "</g>"])


def _grid(sizes: Sequence[int]) -> list[str]:
    left, right = LEFT, PANEL - RIGHT
    parts = []
    for milliseconds in (1, 10, 100, 1000):
        y = _y(milliseconds)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{milliseconds}</text>')
    for size in sizes:
        x = _x(size, sizes)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>')
    return parts


def _line(points: Sequence[Point], kind: str) -> list[str]:
    path = "M" + " L".join(f"{point.x:.1f} {point.y:.1f}" for point in points)
    dots = [f'<circle class="{kind}" cx="{point.x:.1f}" cy="{point.y:.1f}" r="3"/>' for point in points]
    return [f'<path class="{kind}" d="{path}"/>', *dots]


def _apart(ends: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """The labels at the lines' ends, moved down where they would cover each other."""
    placed: list[tuple[float, str]] = []
    for y, case in sorted(ends):
        placed.append((max(y, placed[-1][0] + LABEL_HEIGHT) if placed else y, case))
    return placed


def _x(size: int, sizes: Sequence[int]) -> float:
    span = math.log(sizes[-1] / sizes[0]) or 1
    return LEFT + 16 + (PANEL - LEFT - RIGHT - 32) * math.log(size / sizes[0]) / span


def _y(milliseconds: float) -> float:
    part = math.log(max(milliseconds, LEAST_MS) / LEAST_MS) / math.log(MOST_MS / LEAST_MS)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(part, 1)
