"""Sending: each once, tried again, put together in a burst, and no target waits for another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from pydantic import SecretStr
from pytest_django.fixtures import Settings

from console.webhooks_file import WebhookSettings
from jobs_ui.models import Notification, NotificationRule
from jobs_ui.notifications import sending
from jobs_ui.notifications.sending import PAUSES, Sender
from tests.conftest import Clock
from tests.test_notifications_emails import MailServer, configure, mail_server
from tests.webhook_receiver import Receiver, receiver, status

__all__ = ["configure", "mail_server", "receiver"]  # fixtures

pytestmark = pytest.mark.django_db


class AtOnce(Executor):
    """Runs what it is given before it returns."""

    # Any: the types of the base class's own signature.
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture
def sender(clock: Clock) -> Sender:
    return Sender(AtOnce(), clock=clock)


@pytest.fixture
def mara(settings: Settings, receiver: Receiver) -> User:
    """Somebody with an address, where e-mail and the webhook `ops` can be sent to."""
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "jobs@example.com"
    url = SecretStr(f"http://{receiver.host}/hook?token=t0k3n")
    ops = WebhookSettings(slug="ops", name="Operations", form="json", url=url, secret=None)
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={"webhooks": (ops,), "WEBHOOK_HOSTS": (receiver.host,), "CONSOLE_URL": "https://jobs.example.com"}
    )
    user = User.objects.create_user("mara", email="mara@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name="Job operators"))
    return user


@pytest.fixture
def rule(mara: User, clock: Clock) -> NotificationRule:
    """A rule of hers that tells the webhook of failures."""
    return NotificationRule.objects.create(user=mara, kind="failed", webhook="ops", created_at=clock(), since=clock())


def put(user: User, clock: Clock, name: str = "a", **changes: Any) -> Notification:
    values: dict[str, Any] = {
        "kind": "failed",
        "title": f"Product import {name} failed",
        "lines": ["It ran for 3 min."],
        "facts": {"job": name},
        "path": f"/jobs/{name}/",
    }
    return Notification.objects.create(
        occasion=name, user=user, username=user.username, created_at=clock(), due_at=clock(), **(values | changes)
    )


def outcomes() -> list[tuple[str, str]]:
    return list(Notification.objects.order_by("id").values_list("state", "outcome"))


def test_an_email_goes_to_the_address_that_the_account_has_now(sender: Sender, mara: User, clock: Clock) -> None:
    put(mara, clock, kind="ended")
    User.objects.update(email="new@example.com")
    sender.send_due()
    sender.send_due()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["new@example.com"], "Product import a failed")
    assert "It ran for 3 min." in sent.body
    assert "https://jobs.example.com/jobs/a/" in sent.body
    assert outcomes() == [("sent", "")]


def test_a_webhook_is_posted_once(sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock) -> None:
    one = put(rule.user, clock, rule=rule, webhook="ops")
    sender.send_due()
    sender.send_due()
    (came,) = receiver.received
    assert came.headers["webhook-id"] == f"notification-{one.pk}"
    assert came.json()["data"] == {"job": "a"}
    assert outcomes() == [("sent", "")]


def test_what_fails_is_tried_again_later_and_then_given_up(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = status(500)
    put(rule.user, clock, rule=rule, webhook="ops")
    for number, pause in enumerate(PAUSES, start=1):
        sender.send_due()
        sender.send_due()
        assert len(receiver.received) == number
        assert outcomes() == [("waiting", "It refused the message (status 500).")]
        clock.advance(pause - 1)
        sender.send_due()
        assert len(receiver.received) == number
        clock.advance(1)
    sender.send_due()
    assert outcomes() == [("failed", "It refused the message (status 500).")]
    assert len({came.headers["webhook-id"] for came in receiver.received}) == 1


def test_it_arrives_once_the_target_answers_again(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = status(503)
    put(rule.user, clock, rule=rule, webhook="ops")
    sender.send_due()
    receiver.answer = status(204)
    clock.advance(PAUSES[0])
    sender.send_due()
    assert outcomes() == [("sent", "")]


def test_what_can_never_arrive_is_not_tried_again(sender: Sender, mara: User, clock: Clock) -> None:
    put(mara, clock, "removed", webhook="nobody")
    put(User.objects.create_user("otto", is_staff=True), clock, "no-address")
    put(User.objects.create_user("gone", email="x@example.com"), clock, "no-staff")
    sender.send_due()
    assert outcomes() == [
        ("failed", "The webhook is not in the settings any more."),
        ("failed", "The account has no e-mail address."),
        ("failed", "The account that it is for may not use this console any more."),
    ]
    assert mail.outbox == []


def test_a_burst_is_one_message_and_no_job_is_told_twice(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    put(rule.user, clock, "first", rule=rule, webhook="ops")
    sender.send_due()
    for number in range(30):
        put(rule.user, clock, f"job-{number}", rule=rule, webhook="ops")
    clock.advance(30)
    sender.send_due()
    assert len(receiver.received) == 1
    clock.advance(31)
    sender.send_due()
    together = receiver.received[1].json()
    assert together["title"] == "30 jobs failed"
    assert together["lines"][0] == "Product import job-0 failed"
    assert together["lines"][-1] == "… and 10 more"
    assert [one["job"] for one in together["data"]["notifications"]] == [f"job-{number}" for number in range(30)]
    assert together["url"] == "https://jobs.example.com/jobs/?status=failed"
    assert set(outcomes()) == {("sent", ""), ("sent", "Together with 29 more.")}


def test_a_target_that_fails_keeps_no_other_waiting(
    sender: Sender, rule: NotificationRule, receiver: Receiver, mara: User, clock: Clock
) -> None:
    receiver.answer = status(500)
    other = NotificationRule.objects.create(user=mara, kind="stuck", webhook="ops", created_at=clock(), since=clock())
    put(mara, clock, "a", rule=rule, webhook="ops")
    put(mara, clock, "b", rule=other, webhook="ops", kind="stuck")
    put(mara, clock, "c", kind="ended")
    sender.send_due()
    # The second message for it is not even tried: it would fare no better.
    assert len(receiver.received) == 1
    assert len(mail.outbox) == 1


def test_what_waits_for_one_target_stands_in_no_others_way(
    sender: Sender, rule: NotificationRule, mara: User, clock: Clock
) -> None:
    rule.last_sent_at = clock()
    rule.save()
    one = put(mara, clock, rule=rule, webhook="ops")
    values = {field.attname: getattr(one, field.attname) for field in Notification._meta.fields if field.name != "id"}
    Notification.objects.bulk_create([Notification(**values | {"occasion": str(number)}) for number in range(2500)])
    clock.advance(1)
    put(mara, clock, "b", kind="ended")
    sender.send_due()
    assert len(mail.outbox) == 1


def test_a_recipient_who_is_refused_for_now_keeps_no_other_waiting(
    sender: Sender, mara: User, clock: Clock, mail_server: MailServer
) -> None:
    mail_server.says[mara.email] = "450 4.7.1 greylisted"
    put(mara, clock, "a", kind="ended")
    put(User.objects.create_user("otto", email="otto@example.com", is_staff=True), clock, "b", kind="ended")
    sender.send_due()
    assert outcomes() == [("waiting", "The mail server refused the recipient (450)."), ("sent", "")]


def test_a_message_that_was_tried_stays_as_it_was(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = status(500)
    for name in ("a", "b"):
        put(rule.user, clock, name, rule=rule, webhook="ops")
    sender.send_due()
    receiver.answer = status(204)
    for name in ("c", "d"):
        put(rule.user, clock, name, rule=rule, webhook="ops")
    clock.advance(PAUSES[0])
    sender.send_due()
    # The first may have arrived all the same: under its id nothing else is said.
    said: dict[str, set[str]] = {}
    for came in receiver.received:
        jobs = " ".join(one["job"] for one in came.json()["data"]["notifications"])
        said.setdefault(came.headers["webhook-id"], set()).add(jobs)
    assert list(said.values()) == [{"a b"}, {"c d"}]


def test_of_a_message_that_was_tried_no_part_is_sent(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with a thousand notifications in a message.
    monkeypatch.setattr(sending, "MOST_TOGETHER", 3)
    for names in ("ab", "cde", "fgh"):
        for name in names:
            put(rule.user, clock, name, rule=rule, webhook="ops", tries=1)
        clock.advance(1)
    sender.send_due()
    clock.advance(60)
    sender.send_due()
    assert [len(came.json()["data"]["notifications"]) for came in receiver.received] == [2, 3, 3]


def test_a_clock_that_is_set_back_holds_nothing_up(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    rule.last_sent_at = clock() + timedelta(hours=1)
    rule.save()
    put(rule.user, clock, rule=rule, webhook="ops")
    sender.send_due()
    assert len(receiver.received) == 1


def test_what_is_taken_back_while_it_is_sent_is_not_tried_again(
    rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = status(500)
    put(rule.user, clock, rule=rule, webhook="ops")
    readings = []

    def removing() -> datetime:
        readings.append(clock())
        if len(readings) == 3:
            Notification.objects.update(state="failed", outcome="The rule was removed.")
        return clock()

    Sender(AtOnce(), clock=removing).send_due()
    assert len(receiver.received) == 1
    assert outcomes() == [("failed", "The rule was removed.")]


def test_who_may_not_use_webhooks_any_more_sends_nothing_there(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    put(rule.user, clock, rule=rule, webhook="ops")
    rule.user.groups.clear()
    sender.send_due()
    assert receiver.received == []
    assert outcomes() == [("failed", "The account that it is for may not use webhooks any more.")]


def test_a_test_goes_at_once_and_one_that_arrives_lets_the_others_go(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    receiver.answer = status(500)
    put(rule.user, clock, rule=rule, webhook="ops")
    sender.send_due()
    other = put(rule.user, clock, "other", rule=rule, webhook="ops")
    receiver.answer = status(204)
    sender.send_due()
    assert len(receiver.received) == 1
    put(rule.user, clock, "test", rule=rule, webhook="ops", kind="test")
    sender.send_due()
    sender.send_due()
    assert [came.json()["type"] for came in receiver.received] == ["job.failed", "test", "job.failed"]
    assert receiver.received[-1].headers["webhook-id"] == f"notification-{other.pk}"


def test_nothing_more_is_begun_once_it_is_to_stop(
    rule: NotificationRule, receiver: Receiver, mara: User, clock: Clock
) -> None:
    stop = threading.Event()
    answer = receiver.answer

    def answer_and_stop(handler: Any) -> None:
        stop.set()
        answer(handler)

    receiver.answer = answer_and_stop
    for name in ("a", "b"):
        put(mara, clock, name, kind="ended", webhook="ops")
    Sender(AtOnce(), clock=clock, stop=stop).send_due()
    assert len(receiver.received) == 1
    assert [state for state, _ in outcomes()] == ["sent", "waiting"]


@pytest.mark.parametrize("moment", range(4))
def test_two_processes_do_not_send_the_same(
    rule: NotificationRule, receiver: Receiver, clock: Clock, moment: int
) -> None:
    put(rule.user, clock, rule=rule, webhook="ops")
    readings = []

    def interrupted() -> datetime:
        readings.append(moment)
        if len(readings) == moment + 1:
            Sender(AtOnce(), clock=clock).send_due()
        return clock()

    Sender(AtOnce(), clock=interrupted).send_due()
    assert len(readings) > moment
    assert len(receiver.received) == 1


def test_what_was_claimed_by_a_process_that_died_is_sent_by_the_next(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock
) -> None:
    one = put(rule.user, clock, rule=rule, webhook="ops")
    Notification.objects.filter(pk=one.pk).update(tries=1, due_at=clock() + timedelta(seconds=60))
    sender.send_due()
    assert receiver.received == []
    clock.advance(60)
    sender.send_due()
    assert [came.headers["webhook-id"] for came in receiver.received] == [f"notification-{one.pk}"]


def test_nothing_secret_is_stored_or_logged(
    sender: Sender, rule: NotificationRule, receiver: Receiver, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.shutdown()
    receiver.server_close()
    put(rule.user, clock, rule=rule, webhook="ops")
    sender.send_due()
    row = Notification.objects.get()
    assert row.outcome == "It could not be reached, or has no valid certificate."
    assert "t0k3n" not in caplog.text + str(vars(row))
