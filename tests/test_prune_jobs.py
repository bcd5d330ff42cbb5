"""`manage.py prune_jobs`: what it would remove, what it removes, and what it never does."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from jobs_ui import models
from jobs_ui.jobs_api import Job
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import store_jobs
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def prune(*arguments: str) -> str:
    output = io.StringIO()
    call_command("prune_jobs", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture(autouse=True)
def _jobs() -> None:
    """Of each store a job an age: one day to 1,000 days, and one that never ended."""
    for store in ("europe", "america"):
        jobs = []
        for days in (1, 30, 399, 401, 1000):
            created = (NOW - timedelta(days=days)).isoformat()
            raw = raw_job(f"{days}", created_at=created, type="product-export", filter=f"eq(sku,a-{days})")
            jobs.append(Job.from_api(raw, read_at=NOW))
        stuck = raw_job("stuck", status="started", completed_at=None, created_at="2020-01-01T00:00:00Z")
        jobs.append(Job.from_api(stuck, read_at=NOW))
        store_jobs(store, jobs, now=NOW)
        models.SyncState.objects.create(store=store)
    row = models.Job.objects.get(store="europe", job_id="1000")
    models.JobError.objects.create(job=row, reading=1, position=0, message="x")


def left(store: str) -> set[str]:
    return set(models.Job.objects.filter(store=store).values_list("job_id", flat=True))


def test_without_yes_it_only_says_what_it_would_do() -> None:
    output = prune("--older-than=400d")

    assert "Would remove 2 jobs of store america" in output
    assert "Would remove 2 jobs of store europe" in output
    assert "Nothing has been changed" in output
    assert models.Job.objects.count() == 12


def test_with_yes_it_removes_old_jobs_with_all_that_belongs_to_them() -> None:
    output = prune("--older-than=400d", "--yes")

    assert "Removed 4 jobs" in output
    assert left("europe") == left("america") == {"1", "30", "399", "stuck"}
    assert models.JobError.objects.count() == 0
    assert models.JobText.objects.count() == 6


def test_a_job_with_thousands_of_messages_is_removed_piece_by_piece() -> None:
    """On SQLite nobody else can write while one statement removes them all."""
    row = models.Job.objects.get(store="europe", job_id="401")
    models.JobError.objects.bulk_create(
        models.JobError(job=row, reading=1, position=position, message="x") for position in range(1_200)
    )
    removed: list[int] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE"):
            removed.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(note):
        prune("--older-than=400d", "--yes")

    assert not models.JobError.objects.exists()
    assert sum(removed) > 1_200
    assert max(removed) <= 500


def test_a_job_that_is_not_final_stays_unless_it_is_gone() -> None:
    models.Job.objects.filter(store="europe", job_id="stuck").update(gone_at=NOW)

    prune("--older-than=400d", "--yes")

    assert "stuck" not in left("europe")
    assert "stuck" in left("america")


def test_one_store_alone() -> None:
    prune("--older-than=400d", "--yes", "--store=europe")

    assert "1000" not in left("europe")
    assert "1000" in left("america")


def test_what_was_removed_is_not_found_by_its_words_any_more() -> None:
    from jobs_ui.sources.mirror.search import find

    assert len(find("a-1000").keys or ()) == 2
    prune("--older-than=400d", "--yes")
    assert find("a-1000").keys == frozenset()


@pytest.mark.parametrize("text", ["400", "d", "-3d", "0d", "5h", "400y", "99999999d", ""])
def test_an_age_that_makes_no_sense_is_a_sentence(text: str) -> None:
    with pytest.raises(CommandError, match="such as 400d"):
        prune(f"--older-than={text}", "--yes")
    assert models.Job.objects.count() == 12


def test_an_unknown_store_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="It knows: america, europe"):
        prune("--older-than=400d", "--store=nowhere")


def test_nothing_to_remove_is_said() -> None:
    assert "nothing to remove" in prune("--older-than=5000d", "--yes")


def test_what_was_removed_is_not_taken_in_again_unless_the_whole_list_is_asked_for(sandbox: SandboxProcess) -> None:
    created = (NOW - timedelta(days=500)).isoformat()
    for job_id in ("old", "kept"):
        times = {"created_at": created, "started_at": created, "completed_at": created}
        sandbox.put_job(job_id, raw_job(job_id, **times))
    call_command("sync_jobs", stdout=io.StringIO())
    assert left("default") == {"old", "kept"}
    models.Job.objects.filter(store="default", job_id="kept").update(status="odd")
    prune("--older-than=400d", "--yes")
    assert left("default") == {"kept"}

    sandbox.put_job("kept", raw_job("kept", created_at=created, started_at=created, completed_at=created, filter="new"))
    call_command("sync_jobs", stdout=io.StringIO())
    # Elastic Path still lists both. What is here goes on being read.
    assert left("default") == {"kept"}
    assert models.Job.objects.get(store="default").filter == "new"

    call_command("sync_jobs", "--full", stdout=io.StringIO())
    assert left("default") == {"old", "kept"}
