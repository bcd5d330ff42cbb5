"""Who did what: each act is written down once, can be found, and stays."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from jobs_ui import audit
from jobs_ui.models import AuditEntry
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources.cursors import pack
from tests.conftest import raw_job
from tests.german import GERMAN
from tests.test_job_list import HOSTILE, Page, Sync, check_nothing_was_injected

NOW = datetime.now(UTC)


def entry(**changes: object) -> AuditEntry:
    values: dict[str, object] = {
        "at": NOW,
        "username": "mara",
        "action": "refresh",
        "job_id": "a-job",
        "outcome": "Read again just now.",
        "succeeded": True,
    }
    return AuditEntry.objects.create(**(values | changes))


def get(client: Client, **query: str) -> Page:
    answer = client.get("/audit/", query)
    assert answer.status_code == 200
    return Page(answer)


def jobs_of(page: Page) -> list[str]:
    """The addresses of the jobs that the page's entries are about, in its order."""
    return [address for address in page.having("href") if re.fullmatch("/jobs/.+/", address)]


def test_each_refresh_and_download_is_written_down(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    sandbox.put_job("plain", raw_job("plain"))
    sync()
    staff_client.post("/jobs/plain/refresh/", headers={"X-Forwarded-For": "6.6.6.6"})
    staff_client.get("/jobs/plain/files/1/")
    staff_client.get("/jobs/nobody/files.zip")
    staff_client.head("/jobs/plain/files/1/")
    said = [
        (one.action, one.job_id, one.detail, one.outcome, one.succeeded) for one in AuditEntry.objects.order_by("id")
    ]
    assert said == [
        ("refresh", "plain", "", "read", True),
        ("download", "plain", "part 1", "not to be had (404)", False),
        ("download", "nobody", "all parts as zip", "not to be had (404)", False),
    ]
    first = AuditEntry.objects.earliest("id")
    assert (first.username, first.address, first.request_id) == ("mara", "127.0.0.1", "request-plain")
    page = get(staff_client)
    assert "mara" in page.text
    assert "all parts as zip" in page.text


def test_a_download_that_was_begun_is_an_entry_without_its_link(export: str, staff_client: Client) -> None:
    assert staff_client.get(f"/jobs/{export}/files/2/").status_code == 200
    noted = AuditEntry.objects.get()
    assert (noted.job_id, noted.detail, noted.outcome, noted.succeeded) == (export, "part 2", "begun", True)
    assert noted.request_id
    assert "Signature" not in str(vars(noted))


def test_entries_are_found_by_who_what_which_and_when(staff_client: Client, sandbox: object) -> None:
    entry()
    entry(username="otto", action="cancel", job_id="b-job", outcome="It is cancelled.")
    entry(at=NOW - timedelta(days=40), outcome="long ago")
    assert len(get(staff_client).having("data-audit")) == 3
    assert get(staff_client, user="otto").having("data-audit") == ["cancel"]
    assert get(staff_client, action="cancel").having("data-audit") == ["cancel"]
    assert get(staff_client, job="b-job").having("data-audit") == ["cancel"]
    assert "long ago" not in get(staff_client, **{"from": f"{NOW - timedelta(days=2):%Y-%m-%d}"}).text
    assert get(staff_client, to=f"{NOW - timedelta(days=30):%Y-%m-%d}").having("data-audit") == ["refresh"]
    assert "No entry matches" in get(staff_client, user="nobody").text


def test_days_are_those_of_the_readers_zone(staff_client: Client, sandbox: object) -> None:
    # The clock is put forward on 29 March in Berlin: that day has 23 hours, from 23:00 to 22:00 UTC.
    for hour, minute in ((22, 59), (23, 0)):
        entry(job_id=f"28-{hour}-{minute}", at=datetime(2026, 3, 28, hour, minute, tzinfo=UTC))
    for hour, minute in ((21, 59), (22, 0)):
        entry(job_id=f"29-{hour}-{minute}", at=datetime(2026, 3, 29, hour, minute, tzinfo=UTC))
    day = {"from": "2026-03-29", "to": "2026-03-29"}
    page = get(staff_client, **day)
    assert "From (UTC)" in page.text
    assert jobs_of(page) == ["/jobs/29-22-0/", "/jobs/29-21-59/"]
    staff_client.cookies["browser_zone"] = "Europe/Berlin"
    page = get(staff_client, **day)
    assert jobs_of(page) == ["/jobs/29-21-59/", "/jobs/28-23-0/"]
    assert "2026-03-29 23:59:00 CEST" in page.text
    assert "2026-03-29 23:59:00 CEST = 2026-03-29 21:59:00 UTC" in page.having("title")
    rows = csv.DictReader(io.StringIO(staff_client.get("/audit.csv", day).getvalue().decode()))
    assert [row["at"] for row in rows] == ["2026-03-29T21:59:00Z", "2026-03-28T23:00:00Z"]


def test_the_log_speaks_german_and_its_entries_say_what_they_said(staff_client: Client, sandbox: object) -> None:
    empty = Page(staff_client.get("/audit/", headers=GERMAN))
    assert "Noch wurde nichts getan" in empty.text
    entry(address="")
    page = Page(staff_client.get("/audit/?user=mara", headers=GERMAN))
    for words in ("Wer was tat", "Neu lesen", "Read again just now.", "nicht bekannt", "Alle zeigen"):
        assert words in page.text, words
    for words in ("Job and outcome", "Anything", "not known", "Download CSV", "Show"):
        assert words not in page.text, words
    assert "Diese Handlung gibt es nicht" in Page(staff_client.get("/audit/?action=x", headers=GERMAN)).text


@pytest.mark.parametrize(
    "query",
    [
        {"from": "x"},
        {"action": "x"},
        {"user": "\0"},
        {"job": "x" * 999},
        {"before": "x"},
        {"before": pack("2026-11-24T00:00:00", "1")},
        {"after": pack("2026-11-24T00:00:00+00:00", "-1")},
        {"to": "0001-01-01"},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_said_and_left_out(query: dict[str, str], staff_client: Client, sandbox: object) -> None:
    entry()
    page = get(staff_client, **query)
    assert page.having("data-audit") == ["refresh"]
    assert "could not be read" in page.text or "no such action" in page.text
    # Nobody would see it in a file.
    assert staff_client.get("/audit.csv", query).status_code == 400


def test_pages_and_the_file_hold_all(staff_client: Client, sandbox: object) -> None:
    for number in range(120):
        entry(outcome=f"={number}", at=NOW + timedelta(seconds=number), job_id=f"job-{number}")
    first = get(staff_client)
    assert len(first.having("data-audit")) == 50
    rows = list(csv.DictReader(io.StringIO(staff_client.get("/audit.csv").getvalue().decode())))
    assert [row["outcome"] for row in rows] == [f"'={number}" for number in reversed(range(120))]
    second = Page(staff_client.get(str(first.link("next"))))
    third = Page(staff_client.get(str(second.link("next"))))
    assert len(third.having("data-audit")) == 20
    assert third.link("next") is None
    entry(job_id="meanwhile", at=NOW + timedelta(days=1))
    again = Page(staff_client.get(str(third.link("prev"))))
    assert jobs_of(again) == jobs_of(second)
    next_to_it = Page(staff_client.get(str(again.link("prev"))))
    assert jobs_of(next_to_it) == jobs_of(first)
    # At the top it is the first page, whole.
    top = Page(staff_client.get(str(next_to_it.link("prev"))))
    assert jobs_of(top) == ["/jobs/meanwhile/", *jobs_of(first)][:50]
    assert top.link("prev") is None


def test_entries_of_the_same_moment_are_all_shown_once(staff_client: Client, sandbox: object) -> None:
    for number in range(120):
        entry(job_id=f"job-{number}", at=NOW)
    shown: list[str] = []
    address: str | None = "/audit/?user=mara"
    for _ in range(3):
        page = Page(staff_client.get(str(address)))
        shown += jobs_of(page)
        address = page.link("next")
    assert address is None
    assert shown == [f"/jobs/job-{number}/" for number in reversed(range(120))]


def test_the_file_holds_what_was_chosen(staff_client: Client, sandbox: object) -> None:
    for number in range(2_100):
        entry(
            outcome=str(number), username="mara" if number % 2 else "otto", at=NOW + timedelta(seconds=-(number // 3))
        )
    text = b"".join(islice(staff_client.get("/audit.csv?user=otto"), 9)).decode()
    found = [row["outcome"] for row in csv.DictReader(io.StringIO(text))]
    expected = AuditEntry.objects.filter(username="otto").order_by("-at", "-id").values_list("outcome", flat=True)
    assert found == list(expected)


def test_nothing_done_yet_is_said(staff_client: Client, sandbox: object) -> None:
    assert "Nothing has been done yet" in get(staff_client).text


def test_an_entry_is_written_once_and_outlives_its_user(db: None) -> None:
    user = User.objects.create_user("otto")
    written = entry(user=user, username="otto")
    with pytest.raises(TypeError):
        written.save()
    with pytest.raises(TypeError):
        written.delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.update(outcome="nothing happened")
    with pytest.raises(TypeError):
        AuditEntry.objects.filter(username="otto").delete()
    user.delete()
    left = AuditEntry.objects.get()
    assert (left.user_id, left.username) == (None, "otto")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM jobs_ui_auditentry",
        "UPDATE jobs_ui_auditentry SET outcome = 'nothing happened'",
        "UPDATE jobs_ui_auditentry SET user_id = NULL, username = 'somebody else'",
        "UPDATE jobs_ui_auditentry SET user_id = 1",
    ],
)
def test_the_database_itself_keeps_what_was_written(statement: str, db: None) -> None:
    entry(username="otto")
    with pytest.raises(IntegrityError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().username == "otto"


def test_the_log_cannot_be_emptied(db: None) -> None:
    statement = {"sqlite": "DELETE FROM", "postgresql": "TRUNCATE"}[connection.vendor]
    if connection.vendor == "sqlite":
        entry()  # PostgreSQL truncates no table in the transaction that has written to it
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{statement} jobs_ui_auditentry")


@pytest.mark.parametrize(
    ("count", "forwarded", "expected"),
    [
        (0, "6.6.6.6", "127.0.0.1"),
        (1, "6.6.6.6, 10.0.0.9", "10.0.0.9"),
        (2, "6.6.6.6, 10.0.0.9, 10.0.0.1", "10.0.0.9"),
        (2, "10.0.0.1", ""),
        (1, "<script>", ""),
        (1, "", ""),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_what_our_own_proxies_saw(count: int, forwarded: str, expected: str, settings: Settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"CONSOLE_PROXY_COUNT": count})
    assert audit.client_address(RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})) == expected


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_texts_of_others_are_text(words: str, staff_client: Client, sandbox: object) -> None:
    text = words.replace("\0", "�")[:200]
    entry(username=text[:100], job_id=text, outcome=text, detail=text, request_id=text)
    check_nothing_was_injected(get(staff_client))
