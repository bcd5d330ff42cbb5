"""The turns of the thread that tells people: no step waits for another, and the log is kept for a while."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from jobs_ui.models import Job, JobWatch, Notification
from jobs_ui.notifications.notifier import Notifier
from jobs_ui.notifications.occasions import Lookout
from tests.conftest import Clock


def put(name: str, user: User, clock: Clock, **changes: object) -> None:
    values = {"kind": "ended", "title": name, "lines": [], "facts": {}, "path": "/", "webhook": "gone"} | changes
    Notification.objects.create(occasion=name, user=user, created_at=clock(), due_at=clock(), **values)


@pytest.mark.django_db
def test_the_log_and_what_was_watched_are_kept_for_90_days(staff: User, clock: Clock) -> None:
    put("old", staff, clock, state="sent")
    for job_id, ended_at in [("ended", clock()), ("open", None)]:
        job = Job.objects.create(
            store="default", job_id=job_id, status="started", created_at=clock(), read_at=clock(), raw={}
        )
        JobWatch.objects.create(user=staff, job=job, created_at=clock(), ended_at=ended_at)
    clock.advance(timedelta(days=90).total_seconds() - 1)
    put("new", staff, clock, state="sent")
    Notifier({}, threading.Event(), clock=clock).run_once()
    assert Notification.objects.count() == 2
    assert JobWatch.objects.count() == 2
    clock.advance(2)
    Notifier({}, threading.Event(), clock=clock).run_once()
    assert Notification.objects.get().title == "new"
    assert JobWatch.objects.get().job.job_id == "open"


@pytest.mark.django_db(transaction=True)
def test_what_was_found_is_sent_though_looking_fails_and_a_single_round_begins_no_more_at_its_end(
    staff: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is known that does it.
    monkeypatch.setattr(Lookout, "look", lambda self, now: 1 / 0)
    put("found", staff, clock)
    stop = threading.Event()
    Notifier({}, stop, clock=clock).run_once()
    assert Notification.objects.get().state == "failed"
    assert stop.is_set()
