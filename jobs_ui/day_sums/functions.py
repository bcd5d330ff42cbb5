"""What the database groups jobs by: the hour or day of their creation, the lane of a length."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, CharField, Func
from django.db.models.sql.compiler import SQLCompiler

from jobs_ui.insights.histograms import LAST_LANE, SCALE

DAY, HOUR = "day", "hour"
# The length of the part as text, and PostgreSQL's pattern for it.
_PARTS = {DAY: (10, "YYYY-MM-DD"), HOUR: (13, "YYYY-MM-DD HH24")}


class MomentPart(Func):
    """The day or hour of a moment in UTC, as text. Django's own truncation is a call of Python a row on SQLite."""

    output_field = CharField()

    def __init__(self, column: str, part: str) -> None:
        super().__init__(column)
        self._part = part

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """Django stores moments as text, in UTC. (Any: Django's own signature.)"""
        template = f"SUBSTR(%(expressions)s, 1, {_PARTS[self._part][0]:d})"
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """(Any: Django's own signature.)"""
        template = f"TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', '{_PARTS[self._part][1]}')"
        return self.as_sql(compiler, connection, template=template, **extra)


class LaneOf(Func):
    """The lane that a length (in milliseconds) falls into: see `jobs_ui.insights.histograms`."""

    output_field = BigIntegerField()
    template = (
        "CASE "
        + " ".join(
            f"WHEN %(expressions)s < {span.end:d} "
            f"THEN {span.first_lane:d} + (%(expressions)s - {span.start:d}) / {span.width:d}"
            for span in SCALE
        )
        + f" ELSE {LAST_LANE:d} END"
    )
