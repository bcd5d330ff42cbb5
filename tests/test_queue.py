"""The queue of a store: what runs, what waits, in which order, and what is said of when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui.models import Job
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import queue_knowledge
from tests.test_job_list import HOSTILE, HTMX, Page, check_nothing_was_injected, sync_state

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _nothing_learnt() -> Iterator[None]:
    queue_knowledge.forget()
    yield
    queue_knowledge.forget()


def put(
    job_id: str, status: str, *, age: float, wait: float | None = None, run: float | None = None, **more: object
) -> None:
    """A job of the mirror that was created `age` seconds ago."""
    created = datetime.now(UTC) - timedelta(seconds=age)
    started = None if wait is None else created + timedelta(seconds=wait)
    ended = None if started is None or run is None else started + timedelta(seconds=run)
    values = {"store": "default", "type": "product-import", "raw": {}, "read_at": NOW} | more
    Job.objects.create(
        job_id=job_id, status=status, created_at=created, started_at=started, completed_at=ended, **values
    )


def history(count: int = 60) -> None:
    for number in range(count):
        put(f"old-{number}", "success", age=20_000 - number * 300, wait=2, run=60 + number % 7)


def get(client: Client, query: str = "", **headers: str) -> Page:
    answer = client.get(f"/queue/{query}", headers=headers)
    assert answer.status_code == 200
    return Page(answer)


def test_what_runs_comes_first_and_the_others_in_the_order_in_which_they_will(
    staff_client: Client, sandbox: object
) -> None:
    sync_state()
    history()
    put("late", "pending", age=10)
    put("early", "pending", age=50)
    put("running", "started", age=70, wait=2)
    put("tie-b", "pending", age=30)
    put("tie-a", "pending", age=20)
    put("gone", "pending", age=999, gone_at=NOW)
    page = get(staff_client)
    assert page.having("data-job-id") == ["running", "early", "tie-b", "tie-a", "late"]
    assert "One job runs, 4 jobs wait; the longest wait so far is 5" in page.text
    assert "Usually 1 min 0" in page.text
    assert "19 of 20 take less than" in page.text
    # Never a number without how sure it is.
    assert "right 8 times of 10" in page.text or "right 9 times of 10" in page.text


def test_without_history_nothing_is_made_up(staff_client: Client, sandbox: object) -> None:
    sync_state()
    put("running", "started", age=70, wait=2)
    put("waits", "pending", age=10)
    page = get(staff_client)
    assert "No job of this type has run yet" in page.text
    assert "no history yet" in page.text
    assert "no history yet" in Page(staff_client.get("/jobs/waits/")).text


def test_a_job_that_looks_stuck_is_called_so(staff_client: Client, sandbox: object) -> None:
    sync_state()
    history()
    put("running", "started", age=7_000, wait=2)
    assert "Started, but long past its usual time." in get(staff_client).text
    Job.objects.filter(job_id="running").update(started_at=datetime.now(UTC) - timedelta(seconds=3_000))
    assert "long past its usual time" not in get(staff_client).text


def test_an_empty_queue_says_so(staff_client: Client, sandbox: object) -> None:
    sync_state()
    page = get(staff_client)
    assert "Nothing runs and nothing waits." in page.text
    assert "The queue is empty" in page.text


def test_the_refresh_is_the_moving_part_alone(staff_client: Client, sandbox: object) -> None:
    sync_state()
    put("waits", "pending", age=10)
    page = get(staff_client, **HTMX)
    assert not page.all("html")
    assert page.having("data-job-id") == ["waits"]
    assert "/queue/" in page.having("hx-get")


def test_a_long_queue_is_cut_and_says_so(
    staff_client: Client, sandbox: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sync_state()
    for number in range(130):
        put(f"job-{number:03}", "pending", age=900 - number)
    page = get(staff_client)
    assert page.having("data-job-id") == [f"job-{number:03}" for number in range(100)]
    assert "30 more wait behind these." in page.text
    # Session, user, the state of sync, what runs, what waits, their rows, who may cancel, and their rights.
    with django_assert_num_queries(9):
        get(staff_client)


def test_a_store_that_there_is_not_is_said_so(staff_client: Client, sandbox: object) -> None:
    sync_state()
    assert "There is no such store" in get(staff_client, "?store=nobody").text


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_texts_of_others_are_text(words: str, staff_client: Client, sandbox: object) -> None:
    sync_state()
    text = words.replace("\0", "�")
    put(text[:200], "pending", age=10, type=text[:200], filter=text)
    put("running", "started", age=70, wait=2, type=text[:200], filter=text)
    check_nothing_was_injected(get(staff_client))


def test_live_shows_the_queue_too(sandbox: SandboxProcess, staff_client: Client, settings: Settings) -> None:
    from tests.conftest import raw_job

    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    sandbox.put_job("waits", raw_job("waits", status="pending", started_at=None, completed_at=None))
    assert get(staff_client).having("data-job-id") == ["waits"]
    sandbox.faults([{"match": "jobs", "status": 500}])
    answer = staff_client.get("/queue/")
    assert answer.status_code == 503
    assert Page(answer).freshness == "down"
