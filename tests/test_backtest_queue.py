"""`manage.py backtest_queue`: what it says over the mirror's history, and over made-up ones."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from jobs_ui import models
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.jobs_api import Job
from jobs_ui.management.commands import backtest_queue
from jobs_ui.sync import store_jobs
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def backtest(*arguments: str) -> str:
    output = io.StringIO()
    call_command("backtest_queue", *arguments, stdout=output)
    return output.getvalue()


def mirror(store: str, jobs: list[QueueJob]) -> None:
    """Puts jobs into the mirror the way sync does."""
    raw = [
        raw_job(
            job.id,
            type=job.type,
            status=job.status,
            created_at=job.created_at.isoformat(),
            started_at=job.started_at.isoformat() if job.started_at else None,
            completed_at=job.completed_at.isoformat() if job.completed_at else None,
        )
        for job in jobs
    ]
    store_jobs(store, [Job.from_api(one, read_at=NOW) for one in raw], now=NOW)
    models.SyncState.objects.get_or_create(store=store)


def steady(count: int, *, days: float, kind: str = "product-export") -> list[QueueJob]:
    """Pairs of jobs of a minute each, the newest so many days ago: the second of each waits for the first."""
    jobs, end = [], NOW - timedelta(days=days)
    minute = timedelta(minutes=1)
    for number in range(count):
        created = end - timedelta(minutes=10) * (count - number // 2)
        start = created + minute * (number % 2) + timedelta(seconds=1)
        jobs.append(QueueJob(f"{kind}-{days}-{number}", "", kind, "success", created, start, start + minute))
    return jobs


def test_both_figures_are_said_of_each_store() -> None:
    mirror("europe", steady(60, days=1))
    mirror("america", steady(40, days=2, kind="price-import"))
    output = backtest()

    assert "Store america: 40 jobs, measured on the newer half." in output
    assert "Store europe: 60 jobs, measured on the newer half." in output
    assert "The start fell inside the range for 100.0% of 30 jobs" in output
    assert "Of the 15 that had others before them: 100.0%" in output
    assert "times the median wait" in output
    assert "product-export" in output
    assert "price-import" in output


def test_one_store_and_the_last_days_alone() -> None:
    mirror("europe", [*steady(20, days=1), *steady(30, days=90)])
    mirror("america", steady(40, days=2))
    output = backtest("--store", "europe", "--days", "30")

    assert "Store europe: 20 jobs" in output
    assert "america" not in output


def test_a_removed_job_that_was_never_done_holds_up_nobody() -> None:
    mirror("europe", steady(40, days=1))
    before = backtest()
    created = NOW - timedelta(days=2)
    mirror("europe", [QueueJob("ghost", "", "product-export", "started", created, created)])
    models.Job.objects.filter(job_id="ghost").update(gone_at=NOW)

    assert backtest() == before


def test_too_few_jobs_are_no_history_yet() -> None:
    mirror("europe", steady(4, days=1))

    assert "No history yet" in backtest()


def test_without_any_jobs_it_says_what_to_do() -> None:
    with pytest.raises(CommandError, match=r"holds no jobs to measure on\. Run sync_jobs first"):
        backtest()


def test_a_store_that_the_mirror_does_not_know_is_named_with_those_it_knows() -> None:
    mirror("europe", steady(10, days=1))

    with pytest.raises(CommandError, match=r"no store called 'asia'\. It knows: europe\."):
        backtest("--store=asia")


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "99999999999999999999"])
def test_days_are_a_whole_number(days: str) -> None:
    with pytest.raises(CommandError, match="whole number of days"):
        backtest(f"--days={days}")


def test_a_type_with_strange_characters_keeps_the_table_a_table() -> None:
    mirror("europe", steady(40, days=1, kind="<b>\u202e\nnew\x1b[31m" + "x" * 100))
    output = backtest()

    assert "\x1b" not in output
    assert "\u202e" not in output
    assert all(len(line) < 160 for line in output.splitlines())


def test_made_up_histories_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_queue, "GENERATED_JOBS", 200)
    output = backtest("--generated", "3")

    for kind in ("heavy tails", "bursts", "changing speeds", "nights", "other stores", "everything"):
        assert f"\n{kind} " in output
    with pytest.raises(CommandError, match="leave out --store and --days"):
        backtest("--generated", "3", "--store", "europe")
