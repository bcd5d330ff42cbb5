"""What there is to tell: found once, whoever finds it, and nothing that was known before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui.jobs_api import Job as ReadJob
from jobs_ui.models import FailedJob, Job, JobWatch, Notification, NotificationRule, SyncState
from jobs_ui.notifications import words
from jobs_ui.notifications.occasions import Lookout
from jobs_ui.sync import store_jobs
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
LOOKOUT = Lookout({"default": "Main shop", "other": "Outlet"})
OPEN: dict[str, Any] = {"status": "started", "completed_at": None}


@pytest.fixture(autouse=True)
def _sends_email(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "jobs@example.com"


@pytest.fixture
def mara(db: None) -> User:
    return User.objects.create_user("mara", email="mara@example.com", is_staff=True)


def read(job_id: str = "a-job", *, at: datetime = NOW, store: str = "default", **changes: Any) -> Job:
    """Stores a job as read at that time; returns the mirror's row of it."""
    store_jobs(store, [ReadJob.from_api(raw_job(job_id, **changes), read_at=at)], now=at)
    return Job.objects.get(store=store, job_id=job_id)


def rule(user: User, kind: str = "failed", **changes: Any) -> NotificationRule:
    values = {"created_at": NOW - timedelta(hours=1), "since": NOW - timedelta(hours=1)} | changes
    return NotificationRule.objects.create(user=user, kind=kind, **values)


def fails(job_id: str = "a-job", **changes: Any) -> Job:
    """A job that was seen running, and then as failed, its errors read."""
    read(job_id, **changes | OPEN)
    read(job_id, at=NOW + timedelta(seconds=1), status="failed", **changes)
    Job.objects.filter(job_id=job_id).update(errors_state="none")
    return Job.objects.get(job_id=job_id)


def told() -> list[str]:
    return [f"{one.username}: {one.title}" for one in Notification.objects.order_by("id")]


def look(after: float = 2) -> None:
    LOOKOUT.look(NOW + timedelta(seconds=after))


def test_a_job_that_fails_is_told_once_to_each_rule_that_looks_out_for_it(mara: User) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    rule(mara)
    rule(otto, type="product-import", store="default")
    rule(otto, type="price-import")
    rule(otto, store="other")
    fails()
    look()
    # Sync reads it once more a minute later, and somebody reads it again by hand.
    read(at=NOW + timedelta(minutes=1), status="failed", updated_at=None)
    look(120)
    assert told() == ["mara: Product import a-job failed", "otto: Product import a-job failed"]
    assert not FailedJob.objects.exists()


def test_it_says_what_is_to_be_fixed_and_where(mara: User) -> None:
    rule(mara)
    job = fails()
    Job.objects.filter(pk=job.pk).update(errors_count=3, errors_state="complete", errors_reading=1)
    job.error_groups.create(
        reading=1,
        is_shown=True,
        number=1,
        digest="d",
        sample="The price\nof 'x' is missing",
        count=3,
        first=0,
        last=2,
        slots=[],
        store="default",
        created_at=job.created_at,
    )
    look()
    one = Notification.objects.get()
    assert one.title == "Product import a-job failed with 3 errors"
    assert "3 × The price of 'x' is missing" in one.lines
    assert "Store: Main shop" in one.lines
    assert "Request id, for Elastic Path's support: request-a-job" in one.lines
    assert one.path == "/jobs/a-job/"
    assert (one.facts["job"], one.facts["status"], one.facts["errors"]) == ("a-job", "failed", 3)


def test_a_failure_waits_for_its_errors_but_not_for_ever(mara: User) -> None:
    rule(mara)
    fails()
    Job.objects.update(errors_state="not-asked")
    look()
    assert told() == []
    look(60)
    assert told() == ["mara: Product import a-job failed"]


@pytest.mark.parametrize("offset", [timedelta(hours=-1), timedelta(hours=1)], ids=str)
def test_what_is_news_does_not_depend_on_the_clock_of_the_api(mara: User, offset: timedelta) -> None:
    SyncState.objects.create(store="default", clock_offset_ms=offset / timedelta(milliseconds=1))
    rule(mara, since=NOW)
    for job_id, ended in [("before", NOW - timedelta(minutes=20)), ("after", NOW + timedelta(seconds=1))]:
        fails(job_id, completed_at=(ended + offset).isoformat())
    look()
    assert told() == ["mara: Product import after failed"]


@pytest.mark.parametrize("completed_at", [None, (NOW + timedelta(hours=1)).isoformat()], ids=["unknown", "ahead"])
def test_a_watched_failure_waits_for_its_errors_but_not_for_ever(mara: User, completed_at: str | None) -> None:
    JobWatch.objects.create(user=mara, job=read(**OPEN), created_at=NOW)
    read(at=NOW + timedelta(seconds=1), status="failed", completed_at=completed_at)
    look()
    assert told() == []
    look(60)
    assert told() == ["mara: Product import a-job failed"]


def test_a_job_that_failed_and_is_gone_since_has_failed(mara: User) -> None:
    rule(mara)
    job = fails()
    Job.objects.filter(pk=job.pk).update(gone_at=NOW)
    look()
    assert told() == ["mara: Product import a-job failed"]


def test_a_job_with_an_id_of_the_longest_kind_is_told(mara: User) -> None:
    rule(mara)
    job_id = "\U0001f4a1" * 255
    JobWatch.objects.create(user=mara, job=fails(job_id), created_at=NOW)
    look()
    assert [one.path for one in Notification.objects.all()] == [f"/jobs/{'%F0%9F%92%A1' * 255}/"] * 2


def test_a_job_that_cannot_be_put_into_words_keeps_no_other_from_being_told(
    mara: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    of_ended = words.of_ended

    def broken(job: Job, store_name: str) -> words.Said:
        if job.job_id == "bad":
            raise RuntimeError("s3cret")
        return of_ended(job, store_name)

    # Nothing is known that does it.
    monkeypatch.setattr(words, "of_ended", broken)
    rule(mara)
    for job_id in ("bad", "good"):
        JobWatch.objects.create(user=mara, job=fails(job_id), created_at=NOW)
    look()
    assert told() == ["mara: Product import good failed"] * 2
    assert not FailedJob.objects.exists()
    assert "RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


def test_looking_writes_nothing_while_there_is_nothing_to_tell(
    mara: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    read("waits", status="pending", started_at=None, completed_at=None)
    started = {**OPEN, "created_at": (NOW - timedelta(hours=3)).isoformat()}
    for number in range(30):
        read(f"hangs-{number}", **started, started_at=(NOW - timedelta(hours=2)).isoformat())
    for number in range(3):
        rule(mara, "queue", longest=5, type=("", "product-import", "price-import")[number])
        rule(mara, "stuck", longest=number)
    rule(mara)
    look()
    # What is stuck has been told. A write would make SQLite's writers wait, every two seconds.
    with django_assert_max_num_queries(20) as looked:
        look(4)
    said = [query["sql"] for query in looked.captured_queries]
    assert {sql.split()[0] for sql in said} == {"SELECT"}
    # SQLite would walk all jobs for it.
    assert not any('FROM "jobs_ui_failedjob" INNER JOIN' in sql for sql in said)


def test_what_had_failed_before_is_no_news(mara: User) -> None:
    rule(mara, since=NOW)
    old = (NOW - timedelta(days=2)).isoformat()
    # A first load brings old failures, and some from before the rule was made.
    read("old", status="failed", created_at=old, started_at=old, completed_at=old)
    read("before", status="failed", completed_at=(NOW - timedelta(minutes=20)).isoformat())
    look(60)
    assert told() == []
    assert not FailedJob.objects.exists()


def test_a_job_that_came_and_failed_while_sync_was_down_is_told(mara: User) -> None:
    rule(mara, since=NOW - timedelta(hours=3))
    read("meanwhile", status="failed", completed_at=(NOW - timedelta(hours=2)).isoformat())
    look(60)
    assert told() == ["mara: Product import meanwhil failed"]


@pytest.mark.parametrize("state", [{"is_on": False}, {"user__is_active": False}, {"user__is_staff": False}], ids=str)
def test_a_rule_that_is_off_or_whose_owner_may_not_look_tells_nothing(mara: User, state: dict[str, bool]) -> None:
    rule(mara)
    for name, value in state.items():
        if name == "is_on":
            NotificationRule.objects.update(is_on=value)
        else:
            User.objects.update(**{name.removeprefix("user__"): value})
    fails()
    look(60)
    assert told() == []


def test_a_watched_job_is_told_of_when_it_ends_however_it_does(mara: User) -> None:
    for job_id, status in [("good", "success"), ("bad", "failed"), ("off", "cancelled")]:
        job = read(job_id, **OPEN)
        JobWatch.objects.create(user=mara, job=job, created_at=NOW)
        read(job_id, at=NOW + timedelta(seconds=1), status=status)
    gone = read("gone", **OPEN)
    JobWatch.objects.create(user=mara, job=gone, created_at=NOW)
    Job.objects.filter(pk=gone.pk).update(gone_at=NOW)
    JobWatch.objects.create(user=mara, job=read("runs", **OPEN), created_at=NOW)
    Job.objects.filter(job_id="bad").update(errors_state="complete", errors_count=1)
    look()
    look(10)
    assert sorted(told()) == [
        "mara: Product import bad failed with 1 error",
        "mara: Product import gone is no longer known to Elastic Path",
        "mara: Product import good succeeded",
        "mara: Product import off was cancelled",
    ]
    assert JobWatch.objects.get(ended_at=None).job.job_id == "runs"


def test_who_has_no_address_is_told_in_the_browser_alone() -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    JobWatch.objects.create(user=otto, job=read(), created_at=NOW)
    look()
    assert told() == []
    assert JobWatch.objects.get().ended_at


def test_a_job_that_runs_far_too_long_is_told_once(mara: User) -> None:
    rule(mara, "stuck")
    for number in range(20):
        read(f"usual-{number}")
    started = {**OPEN, "created_at": (NOW - timedelta(minutes=70)).isoformat()}
    read("hangs", **started, started_at=(NOW - timedelta(minutes=61)).isoformat())
    read("runs", **started, started_at=(NOW - timedelta(minutes=59)).isoformat())
    look(0)
    look(30)
    assert told() == ["mara: Product import hangs has been running for 1 h 01 min"]


def test_a_long_queue_is_told_once_until_it_is_short_again(mara: User) -> None:
    rule(mara, "queue", longest=5)
    pending: dict[str, Any] = {"status": "pending", "started_at": None, "completed_at": None}
    for number in range(6):
        read(f"waits-{number}", **pending)
    read("elsewhere", store="other", **pending)
    look()
    look(4)
    assert told() == ["mara: 6 jobs wait in Main shop, more than 5"]
    assert Notification.objects.get().path == "/queue/?store=default"

    # One less is not short yet, so that one more is not told each time.
    for left, expected in [(5, 1), (6, 1), (4, 1), (6, 2)]:
        Job.objects.filter(store="default").update(status="success")
        for job in Job.objects.filter(store="default")[:left]:
            Job.objects.filter(pk=job.pk).update(status="pending")
        look(10 + left)
        assert len(told()) == expected, left
