"""Who did what: each act is written down once, can be found, and stays."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from jobs_ui import audit
from jobs_ui.models import AuditEntry
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import raw_job
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


@pytest.mark.parametrize(
    "query",
    [{"from": "x"}, {"action": "x"}, {"user": "\0"}, {"job": "x" * 999}, {"page": "0"}, {"to": "0001-01-01"}],
    ids=str,
)
def test_what_cannot_be_read_is_said_and_left_out(query: dict[str, str], staff_client: Client, sandbox: object) -> None:
    entry()
    page = get(staff_client, **query)
    assert page.having("data-audit") == ["refresh"]
    assert "could not be read" in page.text or "no such action" in page.text


def test_pages_and_the_file_hold_all(staff_client: Client, sandbox: object) -> None:
    for number in range(120):
        entry(outcome=f"={number}", at=NOW + timedelta(seconds=number))
    first = get(staff_client)
    assert len(first.having("data-audit")) == 50
    second = Page(staff_client.get(str(first.link("next"))))
    third = Page(staff_client.get(str(second.link("next"))))
    assert len(third.having("data-audit")) == 20
    assert third.link("next") is None
    rows = list(csv.DictReader(io.StringIO(staff_client.get("/audit.csv").getvalue().decode())))
    assert [row["outcome"] for row in rows] == [f"'={number}" for number in reversed(range(120))]


def test_nothing_done_yet_is_said(staff_client: Client, sandbox: object) -> None:
    assert "Nothing has been done yet" in get(staff_client).text


def test_an_entry_is_written_once_and_outlives_its_user(db: None) -> None:
    user = User.objects.create_user("otto")
    written = entry(user=user, username="otto")
    with pytest.raises(TypeError):
        written.save()
    with pytest.raises(TypeError):
        written.delete()
    user.delete()
    left = AuditEntry.objects.get()
    assert (left.user_id, left.username) == (None, "otto")


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
