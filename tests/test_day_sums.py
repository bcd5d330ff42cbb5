"""What sync keeps of each day: the same figures as counting gives, at once, whatever happens to the jobs."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs_ui import models
from jobs_ui.jobs_api import Job, JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import get_source
from jobs_ui.sources.base import JobSource
from jobs_ui.sources.errors import ProblemOrder
from jobs_ui.sources.insights import window_of
from jobs_ui.sync import store_jobs
from jobs_ui.sync.context import SyncContext
from jobs_ui.sync.day_counting import DayCounting
from jobs_ui.sync.lease import Lease, LeaseLost
from tests.conftest import Clock, raw_job
from tests.test_insights import put_errors
from tests.test_job_list import Page, Sync

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
WINDOWS = [window_of(NOW, timedelta(hours=24)), *(window_of(NOW, timedelta(days=days)) for days in (7, 30, 90))]
ORDERS: tuple[ProblemOrder, ...] = ("jobs", "lost", "messages")
pytestmark = pytest.mark.usefixtures("sandbox", "db")


def job(job_id: str, *, days: float = 1, wait: float = 1, run: float = 10, **changes: object) -> Job:
    """A job that was created so many days ago, and waited and ran so many seconds."""
    created = NOW - timedelta(days=days)
    started = created + timedelta(seconds=wait)
    times = [moment.isoformat() for moment in (created, started, started + timedelta(seconds=run))]
    given = dict(zip(("created_at", "started_at", "completed_at"), times, strict=True)) | changes
    return Job.from_api(raw_job(job_id, **given), read_at=datetime.now(UTC))


def jobs_of_all_kinds(count: int, prefix: str = "") -> list[Job]:
    chance = random.Random(7)
    kinds = ("product-import", "product_import", "product-export", "price-import", "odd")
    statuses = ("success", "success", "failed", "cancelled", "started", "strange")
    return [
        job(
            f"{prefix}{number}",
            days=chance.random() * 95 - 1,
            wait=chance.random() * 100,
            run=chance.lognormvariate(3, 2),
            type=chance.choice(kinds),
            status=chance.choice(statuses),
        )
        for number in range(count)
    ]


def put_some_errors(store: str) -> None:
    for row in models.Job.objects.filter(store=store, status__in=("failed", "success")).order_by("job_id"):
        for number in range(int(row.pk) % 4):
            put_errors(row, f"digest-{(int(row.pk) + number) % 7}", "too long", number + 1)


def days_of(store: str = "default", clock: Callable[[], datetime] = lambda: NOW) -> DayCounting:
    return DayCounting(SyncContext(store, JobsClient.__new__(JobsClient), clock=clock))


def count(*stores: str) -> None:
    for store in stores or ("default",):
        models.SyncState.objects.get_or_create(store=store)
        counting = days_of(store)
        counting.run()
        while models.CountedDay.objects.filter(store=store, is_due=True).exists():
            counting.run()


def figures(*stores: str) -> list[object]:
    """All that is told over many jobs."""
    source: JobSource = get_source()
    told: list[object] = []
    for window in WINDOWS:
        told.append(source.insights(window, NOW, stores=stores))
        told += [source.problems(window, stores=stores, order=order) for order in ORDERS]
    return told


@contextmanager
def counting_nothing(table: str = "jobs_ui_job") -> Any:
    """Fails where the jobs of many days are counted meanwhile. (Any: a context manager.)"""
    with CaptureQueriesContext(connection) as captured:
        yield
    assert not [each["sql"] for each in captured if "GROUP BY" in each["sql"] and f'FROM "{table}"' in each["sql"]]


def page(client: Client, **query: str) -> str:
    return Page(client.get("/insights/", query)).text


def test_the_days_that_are_kept_tell_what_counting_tells() -> None:
    store_jobs("default", jobs_of_all_kinds(150), now=NOW)
    store_jobs("outlet", jobs_of_all_kinds(60, "o"), now=NOW)
    put_some_errors("default")
    put_some_errors("outlet")
    models.SyncState.objects.create(store="outlet")
    chosen = [(), ("default",), ("outlet",), ("default", "outlet")]
    counted = [figures(*stores) for stores in chosen]

    count("default")
    assert [figures(*stores) for stores in chosen] == counted
    count("outlet")
    with counting_nothing("jobs_ui_errorgroup"):
        for window in WINDOWS[1:]:
            get_source().problems(window)
    assert [figures(*stores) for stores in chosen] == counted
    # And while some days wait to be counted again.
    models.CountedDay.objects.filter(store="outlet", day__gt=NOW - timedelta(days=20), day__lt=NOW).update(is_due=True)
    assert [figures(*stores) for stores in chosen] == counted


def test_a_page_counts_nothing_that_sync_has_counted(staff_client: Client, sandbox: SandboxProcess, sync: Sync) -> None:
    for number in range(5):
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}", status="failed"))
        sandbox.put_errors(f"job-{number}", messages=["too long"])
    sync()
    for query in ({}, {"period": "7d"}, {"period": "90d"}, {"store": "default"}):
        with counting_nothing(), counting_nothing("jobs_ui_errorgroup"):
            assert "Jobs 5 Succeeded 0.0 % Failed 5" in page(staff_client, **query)


def test_what_changes_is_told_at_once_and_counted_by_the_next_round(
    staff_client: Client, sandbox: SandboxProcess, sync: Sync
) -> None:
    sandbox.put_job("a", raw_job("a", status="started", completed_at=None))
    sync()
    assert "Jobs 1 Succeeded – Failed 0" in page(staff_client)

    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["too long"])
    staff_client.post("/jobs/a/refresh/")
    assert "Jobs 1 Succeeded 0.0 % Failed 1" in page(staff_client)
    sync()
    with counting_nothing(), counting_nothing("jobs_ui_errorgroup"):
        text = page(staff_client)
    assert "Jobs 1 Succeeded 0.0 % Failed 1" in text
    assert "too long 1 job" in text


def test_a_list_of_errors_that_was_read_again_is_told_at_once(
    staff_client: Client, sandbox: SandboxProcess, sync: Sync
) -> None:
    sandbox.put_job("a", raw_job("a", status="failed"))
    sandbox.put_errors("a", messages=["too long"])
    sync()
    # The job itself stays as it is.
    sandbox.put_errors("a", messages=["too short"] * 3)
    staff_client.post("/jobs/a/refresh/")
    for _ in range(2):
        text = page(staff_client)
        assert "too short 1 job 3 messages" in text
        assert "too long" not in text
        sync()


def test_a_job_that_turns_out_to_be_of_another_day_leaves_the_first() -> None:
    store_jobs("default", [job("a", days=3)], now=NOW)
    count()
    store_jobs("default", [job("a", days=5)], now=NOW)
    count()
    assert models.DayJobs.objects.get().day == (NOW - timedelta(days=5)).date()


def test_a_mirror_that_was_filled_before_is_counted_by_the_first_round(
    staff_client: Client, sandbox: SandboxProcess, sync: Sync
) -> None:
    for number in range(10):
        created = (NOW - timedelta(days=number * 8 + 1)).isoformat()
        times = {"created_at": created, "started_at": created, "completed_at": created}
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}", status="failed", **times))
        sandbox.put_errors(f"job-{number}", messages=["too long"])
    sync()
    for model in (models.CountedDay, models.DayJobs, models.DayErrors):
        model._default_manager.all().delete()
    models.SyncState.objects.update(days_counted=None)
    before = figures()

    sync()

    assert models.DayJobs.objects.count() == models.DayErrors.objects.count() == 10
    assert figures() == before
    with counting_nothing():
        assert "Jobs 10 Succeeded" in page(staff_client, period="90d")


def test_many_days_are_counted_a_second_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    store_jobs("default", jobs_of_all_kinds(80), now=NOW)
    models.SyncState.objects.create(store="default")
    before = figures()
    monkeypatch.setattr("jobs_ui.sync.day_counting.LONGEST", timedelta(0))
    counting = days_of()
    for number in range(1, 5):
        counting.run()
        assert models.CountedDay.objects.filter(is_due=False).count() == number
        assert figures() == before
    # The newest first: they are the ones that people look at.
    assert (
        min(models.CountedDay.objects.filter(is_due=False).values_list("day", flat=True))
        >= (NOW - timedelta(days=4)).date()
    )


def test_a_count_that_is_cut_off_leaves_the_day_to_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    store_jobs("default", [job("a"), job("b", days=2)], now=NOW)
    count()
    store_jobs("default", [job("c")], now=NOW)
    kept = figures()

    def fails(*_: object) -> None:
        raise DatabaseError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("jobs_ui.sync.day_counting.slowest_jobs", fails)
        with pytest.raises(DatabaseError):
            days_of().run()
    assert models.CountedDay.objects.filter(is_due=True, day=(NOW - timedelta(days=1)).date()).exists()
    assert figures() == kept
    count()
    assert figures() == kept


def test_who_has_lost_the_lease_counts_nothing() -> None:
    store_jobs("default", [job("a")], now=NOW)
    models.SyncState.objects.create(store="default")
    lease = Lease("default")
    assert lease.acquire()
    counting = DayCounting(SyncContext("default", JobsClient.__new__(JobsClient), clock=lambda: NOW, lease=lease))
    models.SyncState.objects.update(lease_token=99)
    with pytest.raises(LeaseLost):
        counting.run()
    assert not models.DayJobs.objects.exists()
    assert models.SyncState.objects.get().days_counted is None


def test_what_is_pruned_is_told_no_more() -> None:
    store_jobs("default", [job("old", days=50, run=5_000), job("new", days=3)], now=NOW)
    count()
    call_command("prune_jobs", "--older-than=40d", "--yes", stdout=io.StringIO())
    for _ in range(2):
        told = get_source().insights(WINDOWS[3], NOW)
        assert told is not None
        assert told.tally.total == 1
        assert [slow.job_id for slow in told.slowest] == ["new"]
        count()


def test_days_that_no_page_looks_at_are_dropped(clock: Clock) -> None:
    clock.now = NOW
    store_jobs("default", [job("a", days=85)], now=NOW)
    models.SyncState.objects.create(store="default")
    counting = days_of(clock=clock)
    counting.run()
    assert models.DayJobs.objects.count() == 1
    clock.advance(10 * 86_400)
    counting.run()
    assert not models.DayJobs.objects.exists()
    assert not models.CountedDay.objects.exists()
    # Nor are they kept in the first place.
    store_jobs("default", [job("b", days=300)], now=clock.now)
    assert not models.CountedDay.objects.filter(is_due=True).exists()


def test_a_new_way_of_counting_counts_all_days_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store_jobs("default", [job("a", days=60)], now=NOW)
    count()
    models.DayJobs.objects.update(succeeded=99)
    count()
    assert models.DayJobs.objects.get().succeeded == 99
    monkeypatch.setattr("jobs_ui.sync.day_counting.COUNTING", 2)
    count()
    assert models.DayJobs.objects.get().succeeded == 1


def test_what_an_old_release_stored_unmarked_is_found_the_next_day() -> None:
    count()
    store_jobs("default", [job("a", days=0.1)], now=NOW)
    models.CountedDay.objects.update(is_due=False)
    days_of(clock=lambda: NOW + timedelta(days=1)).run()
    assert models.DayJobs.objects.get().succeeded == 1


def test_a_job_from_the_far_future_does_no_harm() -> None:
    store_jobs("default", [job("a"), job("b", created_at="9998-12-31T23:59:59Z")], now=NOW)
    before = figures()
    count()
    assert figures() == before
