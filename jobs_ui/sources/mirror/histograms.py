"""SQL of the figures over many jobs: moments cut to their day or hour, lengths cut to two digits, percentiles of these.

SQLite has no percentiles, and ordering 25,000 jobs by a window function takes it three times as long as counting them
by their length's first two digits. So both databases count, and a percentile is read off the counts: the middle of its
step, which is off by 5 % at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, CharField, Func
from django.db.models.sql.compiler import SQLCompiler

from jobs_ui.sources.insights import Lengths

DAY, HOUR, HOUR_OF_DAY = "day", "hour", "hour of day"
# The first character of the part, its length, and PostgreSQL's pattern for it.
_PARTS = {DAY: (1, 10, "YYYY-MM-DD"), HOUR: (1, 13, "YYYY-MM-DD HH24"), HOUR_OF_DAY: (12, 2, "HH24")}
# Up to a day a step is a tenth at most of what it holds; longer ones keep the steps of 10,000 s.
_STEPS = [(10**digits, 10 ** (digits - 2)) for digits in range(2, 9)]
_WIDEST = 10**7
HALF, MOST = 50, 95


class MomentPart(Func):
    """The day or hour of a moment in UTC, as text. Django's own truncation is a call of Python a row on SQLite."""

    output_field = CharField()

    def __init__(self, column: str, part: str) -> None:
        super().__init__(column)
        self._part = part

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """Django stores moments as text, in UTC. (Any: Django's own signature.)"""
        start, length, _ = _PARTS[self._part]
        return self.as_sql(compiler, connection, template=f"SUBSTR(%(expressions)s, {start:d}, {length:d})", **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """(Any: Django's own signature.)"""
        template = f"TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', '{_PARTS[self._part][2]}')"
        return self.as_sql(compiler, connection, template=template, **extra)


class LengthStep(Func):
    """The step that a length (in milliseconds) falls into: its first two digits, the others 0."""

    output_field = BigIntegerField()
    template = (
        "CASE "
        + " ".join(f"WHEN %(expressions)s < {end:d} THEN %(expressions)s / {step:d} * {step:d}" for end, step in _STEPS)
        + f" ELSE %(expressions)s / {_WIDEST:d} * {_WIDEST:d} END"
    )


def width_of(step: int) -> int:
    """How many milliseconds wide the step is that begins there."""
    return next((width for end, width in _STEPS if step < end), _WIDEST)


def lengths_of(counts: Mapping[int, int]) -> Lengths:
    """Median and 95th percentile of the jobs counted by step (the nearest rank, the middle of its step)."""
    total = sum(counts.values())
    if not total:
        return Lengths()
    wanted = [-(-total * percent // 100) for percent in (HALF, MOST)]
    found: list[timedelta] = []
    reached = 0
    for step in sorted(counts):
        reached += counts[step]
        while len(found) < len(wanted) and reached >= wanted[len(found)]:
            found.append(timedelta(milliseconds=step + (width_of(step) - 1) / 2))
    return Lengths(*found)


def together(all_counts: Mapping[str, Counter[int]]) -> Counter[int]:
    """The counts of all keys in one."""
    result: Counter[int] = Counter()
    for counts in all_counts.values():
        result.update(counts)
    return result
