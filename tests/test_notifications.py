"""The page of notifications: rules, their tests, what was sent; and who sees and may change what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pydantic import SecretStr
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from console.webhooks_file import WebhookSettings
from jobs_ui.models import Job, JobWatch, LongQueue, Notification, NotificationRule
from tests.german import GERMAN, left_in_english
from tests.test_job_list import HOSTILE, HTMX, Page, check_nothing_was_injected, mirror

pytestmark = pytest.mark.usefixtures("sandbox")
URL = "/notifications/"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _ways(settings: Settings, staff: User) -> None:
    """E-mail is set up, a webhook is configured, and mara has an address."""
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "jobs@example.com"
    ops = WebhookSettings(
        slug="ops", name="Operations chat", form="chat", url=SecretStr("https://chat.example/t0k3n"), secret=None
    )
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"webhooks": (ops,)})
    staff.email = "mara@example.com"
    staff.save()


@pytest.fixture
def operator(staff: User, staff_client: Client) -> Client:
    staff.groups.add(Group.objects.get(name="Job operators"))
    return staff_client


def add(client: Client, *, expected: int = 302, **form: object) -> Page:
    answer = client.post(URL, {"kind": "failed", "type": "", "store": "", "longest": "", "to": "email"} | form)
    assert answer.status_code == expected
    return Page(client.get(URL) if expected == 302 else answer)


def rule(user: User, **changes: object) -> NotificationRule:
    values = {"kind": "failed", "created_at": NOW, "since": NOW} | changes
    return NotificationRule.objects.create(user=user, **values)


def test_a_rule_is_added_and_said_in_words(staff_client: Client) -> None:
    page = add(staff_client, kind="queue", longest="12", type="product-import", store="default")
    made = NotificationRule.objects.get()
    assert (made.kind, made.longest, made.type, made.store, made.webhook) == (
        "queue",
        12,
        "product-import",
        "default",
        "",
    )
    assert "More than 12 jobs wait" in page.text
    assert "Product import, Default" in page.text
    assert "e-mail to mara" in page.text
    assert "The rule is added." in page.text


def test_the_same_rule_is_added_once(staff_client: Client) -> None:
    add(staff_client)
    assert "You have this rule already." in add(staff_client).text
    add(staff_client, type="product-import")
    assert NotificationRule.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "queue", "longest": ""}, "Say how many waiting jobs are still fine, such as 10."),
        ({"kind": "queue", "longest": "many"}, "Give the number of waiting jobs as a whole number, such as 10."),
        ({"kind": "queue", "longest": "-1"}, "cannot be less than 0"),
        ({"kind": "queue", "longest": "99999999999999999999"}, "can be 9,999 at most"),
        ({"kind": "everything"}, "Choose one of what is offered."),
        ({"type": "no-such-type"}, "Choose one of what is offered."),
        ({"store": "nowhere"}, "Choose one of what is offered."),
        ({"to": "someone@else.example"}, "Choose one of what is offered."),
        ({"to": "webhook:ops"}, "Choose one of what is offered."),
        ({"to": "webhook:\0"}, "Choose one of what is offered."),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_said_and_nothing_is_lost(
    wrong: dict[str, str], sentence: str, staff_client: Client
) -> None:
    page = add(staff_client, expected=400, **({"longest": "7"} | wrong))
    assert sentence in page.text
    assert not NotificationRule.objects.exists()
    if "longest" not in wrong:
        assert {"name": "longest", "value": "7"}.items() <= next(
            field for field in page.all("input") if field.get("name") == "longest"
        ).items()


def test_webhooks_are_for_those_who_may_and_shown_by_name_only(staff_client: Client, staff: User) -> None:
    page = Page(staff_client.get(URL))
    assert "members of the group “Job operators”" in page.text
    staff.groups.add(Group.objects.get(name="Job operators"))
    page = add(staff_client, to="webhook:ops")
    assert NotificationRule.objects.get().webhook == "ops"
    assert "Operations chat" in page.text
    assert b"t0k3n" not in staff_client.get(URL).content


def test_rules_of_others_are_theirs_but_those_of_webhooks_are_seen_by_all(staff_client: Client) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    private, shared = rule(otto, kind="stuck"), rule(otto, webhook="ops")
    page = Page(staff_client.get(URL))
    assert page.having("data-rule") == ["failed"]
    assert "made by otto" in page.text
    for act in ("test", "pause", "resume", "remove"):
        for number in (private.pk, shared.pk, 2**70):
            assert staff_client.post(f"{URL}rules/{number}/{act}/").status_code == 404
        assert staff_client.get(f"{URL}rules/{shared.pk}/{act}/").status_code == 405
    assert NotificationRule.objects.filter(is_on=True).count() == 2


def test_a_test_is_put_on_its_way_as_the_real_ones_are(staff_client: Client, staff: User) -> None:
    mine = rule(staff)
    staff_client.post(f"{URL}rules/{mine.pk}/test/")
    assert "the process that syncs sends it" in Page(staff_client.get(URL)).text
    # A second click adds nothing, as long as the first one waits.
    staff_client.post(f"{URL}rules/{mine.pk}/test/")
    assert Page(staff_client.get(URL)).having("data-notification") == ["test"]
    Notification.objects.update(state="sent")
    staff_client.post(f"{URL}rules/{mine.pk}/test/")
    assert Page(staff_client.get(URL)).having("data-notification") == ["test", "test"]


def test_a_rule_is_paused_and_resumed_for_what_happens_from_then_on(staff_client: Client, staff: User) -> None:
    mine = rule(staff, since=NOW - timedelta(days=1))
    LongQueue.objects.create(rule=mine, store="default", since=NOW)
    staff_client.post(f"{URL}rules/{mine.pk}/pause/")
    assert "paused" in Page(staff_client.get(URL)).text
    staff_client.post(f"{URL}rules/{mine.pk}/resume/")
    mine.refresh_from_db()
    assert mine.is_on
    assert mine.since >= NOW
    assert not LongQueue.objects.exists()


def test_a_rule_that_is_removed_sends_nothing_more_and_its_log_stays(staff_client: Client, staff: User) -> None:
    mine = rule(staff)
    sent(staff, "a", state="sent", rule=mine)
    sent(staff, "b", rule=mine)
    staff_client.post(f"{URL}rules/{mine.pk}/remove/")
    assert not NotificationRule.objects.exists()
    assert list(Notification.objects.order_by("id").values_list("state", "outcome")) == [
        ("sent", ""),
        ("failed", "The rule was removed."),
    ]


def test_a_rule_that_is_paused_sends_nothing_that_still_waits(staff_client: Client, staff: User) -> None:
    mine = rule(staff)
    sent(staff, "a", rule=mine)
    sent(staff, "b", rule=rule(staff, kind="stuck"))
    staff_client.post(f"{URL}rules/{mine.pk}/pause/")
    states = list(Notification.objects.order_by("id").values_list("state", "outcome"))
    assert states == [("failed", "The rule was paused."), ("waiting", "")]


def test_it_says_which_rules_send_nothing_since_their_owner_may_not(staff_client: Client) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    rule(otto, webhook="ops")
    assert "nothing is sent" not in Page(staff_client.get(URL)).text
    User.objects.filter(pk=otto.pk).update(is_active=False)
    assert "made by otto, who may not use this console any more: nothing is sent" in Page(staff_client.get(URL)).text


def test_the_log_has_pages_and_the_first_alone_refreshes(staff_client: Client, staff: User) -> None:
    for number in range(60):
        sent(staff, f"n{number:02}")
    first = Page(staff_client.get(URL))
    assert "n59 failed" in first.text
    assert "n09 failed" not in first.text
    (older,) = [link for link in first.having("href") if "before=" in link]
    second = Page(staff_client.get(older))
    assert "n09 failed" in second.text
    assert "n10 failed" not in second.text
    assert URL not in second.having("hx-get")
    for wrong in ("x", "-1", "٣", "9" * 30):
        assert "n59 failed" in Page(staff_client.get(URL, {"before": wrong})).text


def sent(user: User, name: str, **changes: object) -> Notification:
    values = {"kind": "failed", "title": f"{name} failed", "lines": [], "facts": {}, "path": "/jobs/x/"} | changes
    values = {"created_at": NOW, "due_at": NOW} | values
    return Notification.objects.create(occasion=name, user=user, username=user.username, **values)


def test_the_log_says_what_was_sent_to_whom_and_what_came_of_it(staff_client: Client, staff: User) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    sent(staff, "mine", state="sent")
    sent(staff, "hook", webhook="ops", state="failed", outcome="It refused the message (status 500).")
    sent(staff, "again", tries=2, outcome="It refused the message (status 500).")
    sent(staff, "once", tries=1, outcome="It refused the message (status 500).")
    sent(otto, "theirs")
    answer = staff_client.get(URL, headers=HTMX)
    page = Page(answer)
    assert page.having("data-state") == ["waiting", "waiting", "failed", "sent"]
    assert "It refused the message (status 500)." in page.text
    assert "Tried 2 times, again in" in page.text
    assert "Tried 1 time, again in" in page.text
    assert "theirs" not in page.text
    assert b"<html" not in answer.content


def test_it_says_what_is_missing_where_nothing_can_be_sent(
    staff_client: Client, staff: User, settings: Settings
) -> None:
    User.objects.update(email="")
    assert "Your account has no e-mail address" in Page(staff_client.get(URL)).text
    settings.EMAIL_HOST = ""
    page = Page(staff_client.get(URL))
    assert "has not set EMAIL_HOST" in page.text
    assert "There is nowhere to send to yet" in page.text
    add(staff_client, expected=400)


def watch(user: User, **changes: object) -> JobWatch:
    mirror(1, created_at=NOW)
    Job.objects.update(**changes)
    return JobWatch.objects.create(user=user, job=Job.objects.get(), created_at=NOW)


def test_a_watched_job_is_told_as_elsewhere(staff_client: Client, staff: User) -> None:
    job = watch(staff, status="started", type="price-import").job
    page = Page(staff_client.get(URL))
    assert f"Price import {job.job_id[:8]} Running Stop watching" in page.text
    assert f"/jobs/{job.job_id}/" in page.having("href")
    assert job.job_id in page.having("title")
    assert "Default" not in page.text.partition("Jobs that you watch")[2].partition("Rules")[0]


def test_it_speaks_german(staff_client: Client, staff: User, operator: Client) -> None:
    assert left_in_english(staff_client.get(URL, headers=GERMAN)) == []
    watch(staff, status="started")
    for kind in ("failed", "stuck", "queue"):
        rule(staff, kind=kind, longest=1_200)
    rule(staff, is_on=False, webhook="gone")
    sent(staff, "eins", title="eins", state="sent", outcome="Together with 7 more.")
    sent(staff, "zwei", title="zwei", tries=2, outcome="It refused the message (status 500).")
    sent(staff, "drei", title="drei", state="failed", outcome="The mail server was too slow.")
    answer = staff_client.get(URL, headers=GERMAN)
    assert left_in_english(answer) == []
    page = Page(answer)
    assert "Mehr als 1.200 Jobs warten" in page.text
    assert "Zusammen mit 7 weiteren." in page.text
    assert "Das Ziel hat die Nachricht abgelehnt (Status 500). 2 Versuche" in page.text
    assert "Der Mailserver war zu langsam." in page.text
    wrong = {"kind": "queue", "longest": "99999", "type": "x", "store": "y", "to": "z"}
    answer = staff_client.post(URL, wrong, headers=GERMAN)
    assert left_in_english(answer) == []
    assert "höchstens 9.999 wartende Jobs" in Page(answer).text
    assert "can be 9,999 at most" in Page(staff_client.post(URL, wrong)).text


def test_a_time_is_the_readers_and_utc_one_hover_away(staff_client: Client, staff: User) -> None:
    sent(staff, "a", created_at=datetime(2026, 1, 15, 12, tzinfo=UTC))
    staff_client.cookies["zone"] = "Asia/Kolkata"
    titles = Page(staff_client.get(URL, headers=HTMX)).having("title")
    assert "2026-01-15 17:30:00 IST = 2026-01-15 12:00:00 UTC" in titles


@pytest.mark.parametrize("words", HOSTILE)
def test_text_of_others_is_text(words: str, staff: User, staff_client: Client) -> None:
    rule(staff, type=words, store=words[:64], webhook=words[:64])
    sent(staff, words, title=words, outcome=words, webhook=words[:64], state="failed")
    check_nothing_was_injected(Page(staff_client.get(URL)))


def test_its_queries_do_not_grow(
    staff: User, staff_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        rule(staff, webhook="ops")
        sent(staff, f"n{number}")
    with django_assert_max_num_queries(12) as asked:
        staff_client.get(URL, headers=HTMX)
    # What is mine and what all may see have an index each; for both at once the whole log is walked.
    logs = [query["sql"] for query in asked.captured_queries if 'FROM "jobs_ui_notification"' in query["sql"]]
    assert len(logs) == 2
    assert not any(" OR " in sql for sql in logs)
    with django_assert_max_num_queries(13):
        staff_client.get(URL)
