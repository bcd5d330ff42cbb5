"""The mirror's rows as the records that pages get."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.db import connection

from jobs_ui import models
from jobs_ui.sources.base import ErrorsReading, JobRecord

LIST_COLUMNS = (
    "id",
    "store",
    "job_id",
    "type",
    "status",
    "created_at",
    "started_at",
    "completed_at",
    "request_id",
    "filter",
    "copied_from",
    "hierarchy_id",
    "files",
    "files_gone_at",
    "read_at",
    "gone_at",
    "errors_state",
    "errors_count",
)


def listed_records(keys: Sequence[int], followed: Container[str]) -> tuple[JobRecord, ...]:
    """The rows of a page, in the order of their keys. `followed`: the stores that are read.

    Read from the driver: Django's converters take four times as long as the database, for fifty rows as long as all
    else that the page does.
    """
    if not keys:
        return ()
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(keys))
        cursor.execute(f"SELECT {', '.join(LIST_COLUMNS)} FROM jobs_ui_job WHERE id IN ({places})", keys)
        rows = {row[0]: row for row in cursor.fetchall()}
    return tuple(_listed(rows[key], followed) for key in keys if key in rows)


# Any: the columns of LIST_COLUMNS, each of its own type
def _listed(row: Sequence[Any], followed: Container[str]) -> JobRecord:
    (_, store, job_id, kind, status, created_at, started_at, completed_at, request_id, expression, copied_from) = row[
        :11
    ]
    (hierarchy_id, files, files_gone_at, read_at, gone_at, errors_state, errors_count) = row[11:]
    return JobRecord(
        store=store,
        job_id=job_id,
        type=kind,
        status=status,
        created_at=_aware(created_at),
        started_at=_aware(started_at) if started_at else None,
        completed_at=_aware(completed_at) if completed_at else None,
        request_id=request_id,
        filter=expression,
        copied_from=copied_from,
        hierarchy_id=hierarchy_id,
        files=None if files is None else _strings(json.loads(files)),
        read_at=_aware(read_at),
        gone_at=_aware(gone_at) if gone_at else None,
        files_gone_at=_aware(files_gone_at) if files_gone_at else None,
        errors=ErrorsReading(errors_state, errors_count),
        is_followed=store in followed,
    )


def _aware(moment: datetime) -> datetime:
    """SQLite holds a moment in UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def record(row: models.Job, followed: Container[str]) -> JobRecord:
    """The row with all that the job's own page needs. `followed`: the stores that are read."""
    return JobRecord(
        store=row.store,
        job_id=row.job_id,
        type=row.type,
        status=row.status,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        request_id=row.request_id,
        filter=row.filter,
        copied_from=row.copied_from,
        hierarchy_id=row.hierarchy_id,
        files=None if row.files is None else _strings(row.files),
        read_at=row.read_at,
        updated_at=row.updated_at,
        files_gone_at=row.files_gone_at,
        missing_since=row.missing_since,
        gone_at=row.gone_at,
        errors=ErrorsReading(
            row.errors_state,
            row.errors_count,
            row.errors_read_at,
            row.errors_reading,
            is_grouped=row.errors_grouped is not None,
        ),
        is_followed=row.store in followed,
        raw=row.raw,
    )


def _strings(value: object) -> tuple[str, ...]:
    return tuple(map(str, cast("Iterable[object]", value))) if isinstance(value, list) else ()
