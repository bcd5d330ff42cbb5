"""`store_jobs`, the one way into the mirror: what replaces what, and when something is read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs_ui import models
from jobs_ui.jobs_api import Job
from jobs_ui.sources.mirror.search import find
from jobs_ui.sync import store_job, store_jobs
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LINK = "https://files.example/a/20261124_part_1.csv?Expires=1&Signature=s3cr3t&Key-Pair-Id=K"


def job(job_id: str = "a", *, read_at: datetime = NOW, **changes: Any) -> Job:
    return Job.from_api(raw_job(job_id, **changes), read_at=read_at)


def row(job_id: str = "a") -> models.Job:
    return models.Job.objects.get(job_id=job_id)


def test_it_counts_new_changed_and_unchanged_jobs() -> None:
    first = store_jobs("default", [job("a"), job("b", status="started", completed_at=None)], now=NOW)
    later = NOW + timedelta(seconds=5)
    again = store_jobs("default", [job("b", read_at=later), job("c", read_at=later)], now=later)

    assert first == (2, 0, 0)
    assert again == (1, 1, 0)


def test_an_unchanged_job_is_not_written() -> None:
    unchanged = raw_job("a")
    store_job("default", Job.from_api(unchanged, read_at=NOW), now=NOW)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        stored = store_jobs("default", [Job.from_api(unchanged, read_at=NOW + timedelta(hours=1))], now=NOW)

    assert stored == (0, 0, 1)
    assert not [query for query in queries.captured_queries if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_a_completion_is_seen_although_updated_at_did_not_move() -> None:
    running = raw_job("a", status="started", completed_at=None)
    store_job("default", Job.from_api(running, read_at=NOW), now=NOW)
    ended = raw_job("a", status="success", updated_at=running["attributes"]["updated_at"])  # type: ignore[index]  # our own dict

    store_job("default", Job.from_api(ended, read_at=NOW + timedelta(seconds=1)), now=NOW)

    assert row().status == "success"
    assert row().completed_at is not None


def test_an_older_reading_never_replaces_a_newer_one() -> None:
    store_job("default", job(status="started", completed_at=None, read_at=NOW), now=NOW)

    older = job(status="pending", started_at=None, completed_at=None, read_at=NOW - timedelta(seconds=1))
    store_job("default", older, now=NOW)

    assert row().status == "started"


def test_a_final_status_is_never_taken_back_by_a_stale_answer() -> None:
    store_job("default", job(status="failed", read_at=NOW), now=NOW)

    store_job("default", job(status="started", completed_at=None, read_at=NOW + timedelta(minutes=1)), now=NOW)

    assert row().status == "failed"


def test_of_two_readings_in_one_batch_the_newest_counts() -> None:
    newer = job(status="success", read_at=NOW + timedelta(seconds=1))
    older = job(status="started", completed_at=None, read_at=NOW)

    store_jobs("default", [newer, older], now=NOW)

    assert row().status == "success"


def test_the_same_id_in_two_stores_is_two_jobs() -> None:
    store_jobs("europe", [job("a", status="failed")], now=NOW)
    store_jobs("america", [job("a", status="success")], now=NOW)

    assert set(models.Job.objects.values_list("store", "status")) == {("europe", "failed"), ("america", "success")}


def test_signed_links_are_not_stored_but_the_names_of_files_are() -> None:
    store_job("default", job(type="product-export", file_locations=[LINK]), now=NOW)

    assert row().files == ["20261124_part_1.csv"]
    whole_row = str(models.Job.objects.values().get())
    assert "s3cr3t" not in whole_row
    assert "Signature" not in whole_row


def test_a_file_without_a_name_gets_one_from_its_number() -> None:
    store_job("default", job(type="product-export", file_locations=["https://files.example/", LINK]), now=NOW)

    assert row().files == ["part_1.csv", "20261124_part_1.csv"]


@pytest.mark.parametrize(("locations", "expected"), [(None, None), ([], []), (LINK, ["20261124_part_1.csv"])])
def test_no_files_yet_and_no_files_at_all_stay_apart(locations: object, expected: object) -> None:
    store_job("default", job(type="product-export", file_locations=locations), now=NOW)

    assert row().files == expected


def test_an_open_job_is_read_again_soon() -> None:
    store_job("default", job(status="pending", started_at=None, completed_at=None), now=NOW)

    next_read_at = row().next_read_at
    assert next_read_at is not None
    assert next_read_at <= NOW + timedelta(seconds=5)


def test_a_job_that_has_just_ended_is_read_once_more_a_minute_later() -> None:
    store_job("default", job(status="started", completed_at=None), now=NOW)
    store_job("default", job(status="success", read_at=NOW + timedelta(seconds=1)), now=NOW)

    assert row().next_read_at == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(("offset", "is_read_again"), [(timedelta(hours=-3), True), (timedelta(0), False)])
def test_how_long_ago_a_job_ended_is_told_by_the_clock_of_the_api(offset: timedelta, is_read_again: bool) -> None:
    ended = (NOW - timedelta(hours=3, seconds=5)).isoformat()
    store_job("default", job(status="failed", completed_at=ended), now=NOW, clock_offset=offset)

    assert row().next_read_at == (NOW + timedelta(seconds=60) if is_read_again else None)


def test_a_job_that_ended_long_ago_is_not_read_again() -> None:
    then = "2024-01-05T15:27:23Z"
    store_job("default", job(created_at=then, started_at=then, completed_at=then, updated_at=then), now=NOW)

    assert row().next_read_at is None


@pytest.mark.parametrize(
    ("status", "kind", "due"),
    [
        ("failed", "product-import", True),
        ("failed", "pcm-rule-sync", True),
        ("success", "price-import", True),
        ("success", "pricebook-import", True),
        ("success", "product-import", False),
        ("cancelled", "price-import", False),
    ],
)
def test_errors_are_due_for_failed_jobs_and_for_price_imports(status: str, kind: str, due: bool) -> None:
    store_job("default", job(status=status, type=kind), now=NOW)

    assert (row().errors_due_at is not None) is due


def test_a_job_that_was_gone_and_is_seen_again_is_there_again() -> None:
    raw = raw_job("a")
    store_job("default", Job.from_api(raw, read_at=NOW), now=NOW)
    models.Job.objects.update(gone_at=NOW, missing_since=NOW)

    # To the letter as it was: being there again is the news.
    store_job("default", Job.from_api(raw, read_at=NOW + timedelta(minutes=1)), now=NOW)

    assert row().gone_at is None
    assert row().missing_since is None


def test_a_filter_that_a_job_has_no_more_is_not_found_any_more() -> None:
    store_jobs("default", [job("a", filter="eq(sku,lamp)"), job("b", filter="eq(sku,lamp)")], now=NOW)
    later = NOW + timedelta(seconds=5)

    store_jobs("default", [job("a", read_at=later)], now=later)

    assert list(models.JobText.objects.values_list("job__job_id", flat=True)) == ["b"]
    assert find("lamp").keys == frozenset({row("b").pk})
