"""Fills a database: its schema by the migrations, its rows by the raw driver, the indexes after them."""

# ruff: noqa: S608 - SQL put together from names of our own; values are parameters.
from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from jobs_ui import search_index
from jobs_ui.models import CountedDay, ErrorGroup, ErrorValues, Job, JobError, JobText, SeenValue, SyncState
from jobs_ui.sources.base import PAGE_SIZE
from jobs_ui.stores import client_of, configured_stores
from jobs_ui.sync.context import SyncContext
from jobs_ui.sync.day_counting import DayCounting
from jobs_ui.views.list_waiting import END_OF_ID
from tests.bench.facts import STORES, Facts
from tests.bench.rows import ERROR_COLUMNS, GROUP_COLUMNS, JOB_COLUMNS, TEXT_COLUMNS, VALUES_COLUMNS, Maker, Row

FACTS = "bench_facts"
TABLES: tuple[tuple[type[models.Model], Sequence[str]], ...] = (
    (Job, JOB_COLUMNS),
    (JobError, ERROR_COLUMNS),
    (ErrorGroup, GROUP_COLUMNS),
    (ErrorValues, VALUES_COLUMNS),
    (JobText, TEXT_COLUMNS),
)


def filled() -> Facts | None:
    """What an earlier run has filled this database with; None where it has not."""
    with connection.cursor() as cursor:
        if FACTS not in connection.introspection.table_names(cursor):
            return None
        cursor.execute(f"SELECT facts FROM {FACTS}")
        return Facts(**json.loads(cursor.fetchone()[0]))


def fill(jobs: int, errors: int) -> Facts:
    """Makes the tables of an empty database and fills them."""
    call_command("migrate", verbosity=0)
    now = datetime.now(UTC)
    maker = Maker(jobs, errors, now=now)
    with closing(_Sqlite() if connection.vendor == "sqlite" else _Postgresql()) as loader:
        for chunk in maker.chunks():
            for (model, columns), rows in zip(TABLES, chunk, strict=True):
                loader.add(model, columns, rows)
    maker.facts.standing = _standing()
    SeenValue.objects.create(store="default", kind=SeenValue.TYPE, value="catalog-publish")
    # Sync is up to date for as long as the bench takes, so that no page shows a notice.
    later = now + timedelta(days=1)
    for store in STORES:
        SyncState.objects.create(store=store, last_success_at=now, last_try_at=now, next_round_at=later)
        _count_days(store)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        cursor.execute(f"CREATE TABLE {FACTS} (facts text)")
        cursor.execute(f"INSERT INTO {FACTS} VALUES (%s)", [maker.facts.dumped()])
    return maker.facts


def _count_days(store: str) -> None:
    """What sync keeps of each day."""
    counting = DayCounting(SyncContext(store, client_of(configured_stores()[0])))
    counting.run()
    while CountedDay.objects.filter(store=store, is_due=True).exists():
        counting.run()


def _standing() -> str:
    """What console.js tells of the first page when it asks for its refresh, as a query string."""
    jobs = list(Job.objects.order_by("-created_at", "-pk")[:PAGE_SIZE])
    ends = [("shown", job.job_id[-END_OF_ID:]) for job in jobs]
    return urlencode([("top", jobs[0].created_at.isoformat()), *ends])


def _all_columns(model: type[models.Model], columns: Sequence[str]) -> tuple[list[str], Row]:
    """The columns given, then those that came later and must not be NULL, with the values of their defaults."""
    others = [field for field in model._meta.concrete_fields if field.column not in columns and not field.null]
    defaults = [field.get_db_prep_save(field.get_default(), connection) for field in others]
    return [*columns, *(str(field.column) for field in others)], tuple(defaults)


class _Loader(ABC):
    """Takes the indexes away at first, and makes them again at the end: a third of the time."""

    drop: Iterable[str] = ()
    create: Iterable[str] = ()

    def __init__(self) -> None:
        self._look()
        with connection.cursor() as cursor:
            for statement in self.drop:
                cursor.execute(statement)

    @abstractmethod
    def _look(self) -> None:
        """Finds out what is to be dropped and made again."""

    @abstractmethod
    def add(self, model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Writes the rows."""

    def close(self) -> None:
        """Makes the indexes."""
        with connection.cursor() as cursor:
            for statement in self.create:
                cursor.execute(statement)


class _Sqlite(_Loader):
    def _look(self) -> None:
        with connection.cursor() as cursor:
            for pragma in ("synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('index', 'trigger') "
                "AND (tbl_name LIKE 'jobs_ui_job%%' OR tbl_name LIKE 'jobs_ui_error%%') ORDER BY type"
            )
            found = cursor.fetchall()
        self.drop = [f'DROP {kind} "{name}"' for kind, name, _ in found]
        rebuild = f"INSERT INTO {search_index.INDEX}({search_index.INDEX}) VALUES ('rebuild')"
        self.create = [*(sql for _, _, sql in found), rebuild]

    def add(self, model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
        names, more = _all_columns(model, columns)
        marks = ", ".join(["%s"] * len(names))
        sql = f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) VALUES ({marks})"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, [(*row, *more) for row in rows] if more else rows)

    def close(self) -> None:
        super().close()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


class _Postgresql(_Loader):
    def _look(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '768MB'; SET synchronous_commit = off")
            # Foreign keys are not checked row by row: these rows fit. It needs a superuser, and saves half a minute.
            with suppress(DatabaseError):
                cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index "
                "WHERE indrelid = ANY(%s::regclass[]) "
                "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
                [[model._meta.db_table for model, _ in TABLES]],
            )
            found = cursor.fetchall()
        self.drop = [f"DROP INDEX {name}" for name, _ in found]
        self.create = [sql for _, sql in found]

    def add(self, model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
        names, more = _all_columns(model, columns)
        lines = ["\t".join([_field(value) for value in (*row, *more)]) for row in rows]
        with connection.cursor() as cursor:
            raw: Any = cursor.cursor  # Any: psycopg's own cursor, which Django's types do not know
            with raw.copy(f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN") as copy:
                copy.write("\n".join(lines) + "\n" if lines else "")

    def close(self) -> None:
        super().close()
        with connection.cursor() as cursor:
            for model, _ in TABLES:
                table = model._meta.db_table
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        connection.close()


def _field(value: object) -> str:
    """A value in the text format of COPY."""
    if value is None:
        return "\\N"
    return str(value).replace("\\", "\\\\").replace("\n", "\\n")
