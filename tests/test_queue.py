"""The queue of a store: what runs, what waits, in which order, and what is said of when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui.insights.queue import Range
from jobs_ui.models import Job, SyncState
from jobs_ui.presentation.queue_rows import in_words
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources.queue_knowledge import MOST_LEARNT
from tests.german import GERMAN
from tests.test_job_list import HOSTILE, HTMX, Page, check_nothing_was_injected, sync_state

NOW = datetime.now(UTC)


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


def test_a_long_queue_does_not_hide_the_history(staff_client: Client, sandbox: object) -> None:
    sync_state()
    history()
    for number in range(MOST_LEARNT):
        put(f"job-{number:03}", "pending", age=900 - number)
    page = get(staff_client)
    assert "no history yet" not in page.text
    assert "ended-old-59" in page.having("id")


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
    assert "The last job ended" not in page.text


def test_an_empty_queue_says_what_was_last_done(staff_client: Client, sandbox: object) -> None:
    sync_state()
    put("last", "failed", age=400, wait=10, run=210, type="price-import")
    put("cancelled", "cancelled", age=30)  # of which no end is known
    page = get(staff_client)
    assert "Nothing runs and nothing waits. The last job ended 3 min ago: Price import, failed." in page.text
    assert "Every job of this store has ended." in page.text
    assert "last-last" in page.having("id")
    assert "did not run" in page.text
    put("running", "started", age=70, wait=2)
    assert "One job runs, and none waits. The last job ended 3 min ago" in get(staff_client).text
    put("waits", "pending", age=10)
    assert "The last job ended" not in get(staff_client).text


def test_what_ended_is_drawn_against_its_usual_time(staff_client: Client, sandbox: object) -> None:
    sync_state()
    history()
    put("slow", "success", age=500, wait=2, run=300)
    page = get(staff_client)
    labels = page.having("aria-label")
    assert sum(label.startswith("Usually 1 min 0") for label in labels) == 10
    # One of them took longer than usual, or more than twice as long.
    assert "late" in page.having("class")


def test_the_queue_speaks_german_and_tells_times_in_the_readers_zone(staff_client: Client, sandbox: object) -> None:
    sync_state()
    history()
    put("running", "started", age=70, wait=2)
    for number in range(1_200 // 10):
        put(f"job-{number:03}", "pending", age=900 - number)
    staff_client.cookies["browser_zone"] = "Asia/Kolkata"
    page = get(staff_client, **GERMAN)
    for words in ("Warteschlange", "Ein Job läuft, 120 Jobs warten;", "20 weitere warten dahinter.", "Zuletzt geendet"):
        assert words in page.text
    for words in ("Usually", "waits", "right 8", "Ended", "Against", "Places are"):
        assert words not in page.text
    titles = page.having("title")
    assert any(
        re.search(r"^erstellt \d\d\.\d\d\.\d{4} [\d:]+ IST = \d\d\.\d\d\.\d{4} [\d:]+ UTC$", one) for one in titles
    )
    assert any(re.search(r"^[\d:]+ bis [\d:]+ IST = [\d:]+ bis [\d:]+ UTC, trifft in", one) for one in titles)
    job = Page(staff_client.get("/jobs/job-119/", headers=GERMAN))
    assert "120. in der Reihe (mindestens: andere Shops" in job.text
    assert "Vor ihm:" in job.text


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
    # Session, user, the state of sync, what runs, what waits, their rows, the newest jobs, as none of them has ended
    # the newest of three final statuses, their rows, the person's rights, of their own and from groups, and who may.
    with django_assert_num_queries(14):
        get(staff_client)


def test_of_more_jobs_than_are_read_every_count_is_a_least(staff_client: Client, staff: User, sandbox: object) -> None:
    sync_state()
    for number in range(502):
        put(f"job-{number:03}", "pending", age=900 - number)
    page = get(staff_client)
    assert "Nothing runs, at least 500 jobs wait;" in page.text
    assert "At least 400 more wait behind these." in page.text
    staff.user_permissions.add(Permission.objects.get(codename="cancel_job"))
    assert "At least 500 jobs are before it" in Page(staff_client.get("/jobs/job-501/")).text
    assert "At least 489 jobs move up." in Page(staff_client.get("/jobs/job-010/")).text


def test_what_has_left_the_queue_stands_below_it_and_is_no_part_of_it(staff_client: Client, sandbox: object) -> None:
    sync_state()
    history(8)
    put("running", "started", age=70, wait=2)
    page = get(staff_client)
    assert page.having("data-job-id") == ["running"]
    ended = [name for name in page.having("id") if name.startswith("ended-")]
    assert ended == [f"ended-old-{number}" for number in reversed(range(8))]
    assert "succeeded" in page.text


def test_while_nothing_is_read_the_queue_is_told_as_it_was(staff_client: Client, sandbox: object) -> None:
    asked = datetime.now(UTC) - timedelta(hours=5)
    sync_state(last_success_at=asked, failing_since=asked, problem_kind="not-reachable")
    history()
    put("running", "started", age=5 * 3600 + 60, wait=2)
    put("waits", "pending", age=5 * 3600 + 30)
    page = get(staff_client)
    assert "UTC: 1st in line" in Page(staff_client.get("/jobs/waits/")).text
    assert f"As it was at {asked:%Y-%m-%d %H:%M:%S} UTC: One job runs" in page.text
    # Nobody knows whether it has been running for these five hours.
    assert "long past its usual time" not in page.text
    assert "5 h" not in page.text.split("As it was")[1].split("Ended last")[0]


def test_the_queue_of_a_store_that_is_not_read_any_more_is_not_made_up(
    staff_client: Client, staff: User, sandbox: object
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="cancel_job"))
    sync_state()
    SyncState.objects.create(store="former")
    put("left", "pending", age=99_000, store="former")
    page = get(staff_client, "?store=former")
    assert page.having("data-job-id") == []
    assert "The console has no key for this store any more." in page.text
    assert "/jobs/?store=former" in page.having("href")
    assert "/queue/cancel/" not in page.having("action")


def test_a_waiting_job_says_what_is_before_it(staff_client: Client, sandbox: object) -> None:
    sync_state()
    put("running", "started", age=70, wait=2, type="price-import")
    for number in range(7):
        put(f"job-{number}", "pending", age=50 - number)
    page = Page(staff_client.get("/jobs/job-6/"))
    assert "7th in line" in page.text
    assert "Before it: Price import, running; Product import;" in page.text
    assert "and 2 more" in page.text
    assert [f"before-{job_id}" for job_id in ("running", "job-0", "job-1", "job-2", "job-3")] == [
        name for name in page.having("id") if name.startswith("before-") and name != "before-more"
    ]
    assert "Before it" not in Page(staff_client.get("/jobs/running/")).text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 40, "within 40 s"),
        (20, 40, "in 20 to 40 s"),
        (20, 230, "in 20 s to 4 min"),
        (125, 470, "in 2 to 8 min"),
        (59, 60, "in 59 s to 1 min"),
        (3700, 200_000, "in 1 h to 3 d"),
        (130, 130, "in 2 to 3 min"),
        (-30, -10, "within 1 s"),
    ],
)
def test_a_range_in_words_has_two_ends(low: float, high: float, words: str) -> None:
    when = Range(NOW + timedelta(seconds=low), NOW + timedelta(seconds=high))
    assert in_words(when, NOW) == words


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
