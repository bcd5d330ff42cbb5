"""Long runs of transactions let others write in between: a session, a turn of the budget, somebody's click."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from jobs_ui import models
from jobs_ui.jobs_api import Job, JobError
from jobs_ui.sync import readings, store_job, store_jobs
from jobs_ui.sync.lease import no_fence
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)
OLD = (NOW - timedelta(days=900)).isoformat()


def a_job() -> int:
    return store_job("default", Job.from_api(raw_job("a", created_at=OLD), read_at=NOW), now=NOW).pk


def store_1200_jobs() -> None:
    jobs = [Job.from_api(raw_job(f"job-{number}", created_at=OLD), read_at=NOW) for number in range(1_200)]
    store_jobs("default", jobs, now=NOW)


def write_1200_messages() -> int:
    errors = [JobError(id="", message="x", position=number) for number in range(1_200)]
    return readings.write(a_job(), errors, [1] * len(errors), no_fence)


def an_abandoned_reading() -> None:
    write_1200_messages()
    models.Job.objects.update(errors_reading=1)


def sweep() -> None:
    readings.sweep(models.Job.objects.get().pk, lambda: None)
    assert not models.JobError.objects.exists()


def prune() -> None:
    call_command("prune_jobs", "--older-than=400d", "--yes")
    assert not models.Job.objects.exists()


@pytest.mark.parametrize(
    ("before", "run"),
    [
        (lambda: None, store_1200_jobs),
        (lambda: None, write_1200_messages),
        (an_abandoned_reading, sweep),
        (store_1200_jobs, prune),
        (write_1200_messages, prune),
    ],
    ids=["jobs", "messages", "dropped messages", "pruned jobs", "pruned messages"],
)
def test_there_is_a_breath_between_two_batches_and_none_after_the_last(
    before: Callable[[], object], run: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before()
    breaths: list[bool] = []
    monkeypatch.setattr(time, "sleep", lambda _: breaths.append(connection.in_atomic_block))

    run()

    # 1,200 rows are three batches. While it breathes it holds no lock.
    assert breaths == [False, False]
