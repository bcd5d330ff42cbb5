"""What storing jobs costs over the least that it can cost: the very same rows by the raw driver's `executemany`.

Both write to the full tables, with all their indexes, 500 rows a transaction. The jobs are typed and in memory, as the
client hands them to sync, and the raw driver gets its values ready made.
"""

# ruff: noqa: S608 - SQL put together from names of our own; values are parameters.
from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from jobs_ui import models
from jobs_ui.jobs_api import Job
from jobs_ui.sync.store import BATCH, store_jobs
from tests.bench.rows import JOB_COLUMNS, MANY_ERRORS, Maker

STORE = "bench"
RAW = JOB_COLUMNS.index("raw")
Batch = list[tuple[str, list[tuple[Any, ...]]]]
"""Statements of one transaction, each with its rows. Any: the values as the driver gave them."""


def measure(rounds: int, rows: int) -> dict[str, list[float]]:
    """Seconds for `rows` jobs, a number a round: `raw`, `load` (all are new) and `same` (none has changed)."""
    taken: dict[str, list[float]] = {"raw": [], "load": [], "same": []}
    _clear()
    try:
        for number in range(rounds):
            now = datetime.now(UTC)
            pages = _pages(rows, now, seed=100 + number)
            # Once unseen, to learn the rows, and so that both find the same pages of the indexes in memory.
            _store(pages, now)
            batches = _as_stored(pages)
            _clear()
            if number % 2:
                taken["raw"].append(_insert(batches))
                _clear()
            taken["load"].append(_store(pages, now))
            taken["same"].append(_store(pages, now))
            _clear()
            if not number % 2:
                taken["raw"].append(_insert(batches))
                _clear()
    finally:
        _clear()
        models.SeenValue.objects.filter(store=STORE).delete()
    return taken


def _pages(rows: int, now: datetime, *, seed: int) -> list[list[Job]]:
    """Jobs as the client gives them to sync, 500 at a time."""
    jobs = [
        Job.from_api(json.loads(str(row[RAW])), read_at=now)
        for chunk in Maker(rows, MANY_ERRORS + rows, now=now, seed=seed).chunks()
        for row in chunk.jobs
    ]
    random.Random(seed).shuffle(jobs)
    return [jobs[start : start + BATCH] for start in range(0, rows, BATCH)]


def _store(pages: Sequence[Sequence[Job]], now: datetime) -> float:
    start = time.perf_counter()
    for page in pages:
        store_jobs(STORE, page, now=now)
    return time.perf_counter() - start


def _as_stored(pages: Sequence[Sequence[Job]]) -> list[Batch]:
    """What was written for each page, as inserts for the raw driver."""
    mark = "?" if connection.vendor == "sqlite" else "%s"
    found = []
    with connection.cursor() as cursor:
        for page in pages:
            ids = [job.id for job in page]
            batch: Batch = []
            these = f"store = %s AND job_id IN ({', '.join(['%s'] * len(ids))})"
            for table, condition in (
                ("jobs_ui_job", these),
                ("jobs_ui_jobtext", f"job_id IN (SELECT id FROM jobs_ui_job WHERE {these})"),
            ):
                cursor.execute(f"SELECT * FROM {table} WHERE {condition}", [STORE, *ids])
                names = [column[0] for column in cursor.description]
                insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
                batch.append((insert, cursor.fetchall()))
            found.append(batch)
    return found


def _insert(batches: Sequence[Batch]) -> float:
    with _raw_driver() as raw:
        start = time.perf_counter()
        for batch in batches:
            for statement, values in batch:
                if values:
                    raw.cursor().executemany(statement, values)
            raw.commit()
        return time.perf_counter() - start


@contextmanager
def _raw_driver() -> Iterator[Any]:  # Any: a connection of either driver
    """The same driver on the same database, without Django, and as careful of what it writes."""
    connection.close()
    if connection.vendor == "sqlite":
        import sqlite3

        with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as raw:
            raw.execute("PRAGMA synchronous=NORMAL")
            raw.execute("PRAGMA foreign_keys=ON")
            yield raw
    else:
        import psycopg

        with closing(psycopg.connect(settings.ENVIRONMENT.DATABASE_URL.get_secret_value())) as other:
            yield other


def _clear() -> None:
    models.JobText.objects.filter(job__store=STORE).delete()
    models.Job.objects.filter(store=STORE)._raw_delete("default")
    models.CountedDay.objects.filter(store=STORE).delete()
