"""The messages of a job: paged, numbered, in order, and explained where there are none."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jobs_ui.models import Job
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import raw_job
from tests.german import GERMAN, english_in
from tests.test_job_list import HOSTILE, HTMX, Page, Sync, check_nothing_was_injected, shown

# Session, user, the job, the state of sync, the groups, the messages: whatever their number.
QUERIES = 6
WRONG_NUMBERS = ["0", "-1", "x", "", "1.5", "²", "٣", "9" * 400, "1 ", "\0", "1000001", "%s"]


def get(client: Client, query: str = "", *, job_id: str = "a-job") -> Page:
    answer = client.get(f"/jobs/{job_id}/errors/{query}")
    assert answer.status_code == 200
    return Page(answer)


def put(sandbox: SandboxProcess, messages: list[str], **changes: object) -> None:
    sandbox.put_job("a-job", raw_job("a-job", **({"status": "failed"} | changes)))
    sandbox.put_errors("a-job", messages=messages)


def numbers(page: Page) -> list[int]:
    """The numbers of the messages of a page's table, in its order: each says its own, after that of its line."""
    lines = re.findall(r"(\d+) message-(\d+)\.", page.text)
    assert all(line == number for line, number in lines)
    return [int(number) for _, number in lines]


def test_250_messages_are_three_pages_in_the_order_of_the_api(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, [f"message-{number}." for number in range(1, 251)])
    sync()
    page = get(staff_client)
    assert numbers(page) == list(range(1, 101))
    assert "250 errors" in page.text
    assert "250 messages, all of them" in page.text
    assert page.link("prev") is None
    # Each line has its number, on later pages too.
    assert "1 message-1." in page.text
    second = get(staff_client, str(page.link("next")).partition("errors/")[2])
    assert numbers(second) == list(range(101, 201))
    assert "101 message-101." in second.text
    third = get(staff_client, str(second.link("next")).partition("errors/")[2])
    assert numbers(third) == list(range(201, 251))
    assert third.link("next") is None
    assert numbers(get(staff_client, str(third.link("prev")).partition("errors/")[2])) == list(range(101, 201))


def test_exactly_one_page_of_messages_has_no_next(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, [f"message-{number}." for number in range(1, 101)])
    sync()
    page = get(staff_client)
    assert len(numbers(page)) == 100
    assert page.link("next") is None


@pytest.mark.parametrize("number", WRONG_NUMBERS)
def test_a_page_number_that_is_none_is_the_first_page_with_a_sentence(
    number: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1."])
    sync()
    answer = staff_client.get("/jobs/a-job/errors/", {"page": number})
    assert answer.status_code == 200
    page = Page(answer)
    assert "The page's number could not be read, so the first page is shown." in page.text
    assert numbers(page) == [1]


@pytest.mark.parametrize("number", ["2", "999", "1000000"])
def test_a_page_beyond_the_last_says_so(number: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, ["message-1."])
    sync()
    page = get(staff_client, f"?page={number}")
    assert numbers(page) == []
    assert "No messages on this page" in page.text
    assert "/jobs/a-job/errors/" in page.having("href")
    assert page.link("next") is None


def test_notices_of_a_job_that_succeeded_are_called_so(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1.", "message-2."], status="success", type="pricebook-import")
    sync()
    page = get(staff_client)
    assert numbers(page) == [1, 2]
    assert "2 notices" in page.text
    assert "these messages tell what was not applied" in page.text
    assert "2 notices" in Page(staff_client.get("/jobs/")).text


def test_a_failed_job_without_messages_says_so(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, [])
    sync()
    page = get(staff_client)
    assert "Elastic Path lists no errors for this job (read " in page.text
    assert "Quote the request id to its support." in page.text


def test_messages_that_were_not_asked_for_are_not_said_to_be_none(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1."], status="success")
    sync()
    page = get(staff_client)
    assert numbers(page) == []
    assert "have not been asked for" in page.text
    assert "lists no errors" not in page.text
    # Whoever wants to know reads the job again.
    staff_client.post("/jobs/a-job/refresh/")
    assert numbers(get(staff_client)) == [1]


@pytest.mark.parametrize("status", ["pending", "started", "paused by ops"])
def test_messages_of_an_open_job_come_later(
    status: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, [], status=status, completed_at=None)
    sync()
    assert "Errors are listed when the job has ended." in get(staff_client).text


@pytest.mark.parametrize("form", [422, 200])
def test_the_old_form_of_an_answer_is_the_reason_why_the_job_failed(
    form: int, sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["missing required csv header: name", "message-2."])
    sandbox.settings(old_errors_form=form)
    sync()
    page = get(staff_client)
    assert "missing required csv header: name" in page.text
    assert "2 errors" in page.text
    assert "missing required csv header: name" in Page(staff_client.get("/jobs/a-job/")).text


def test_errors_that_the_api_does_not_give_out_are_not_said_to_be_none(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1."])
    sandbox.faults([{"match": "errors", "status": 404}])
    sync()
    assert "did not give out the errors of this job" in get(staff_client).text


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_a_message_is_text(words: str, sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, [words, f"{words} again"], type=words)
    sync()
    page = get(staff_client)
    check_nothing_was_injected(page)
    assert page.text.count(shown(words)) >= 2
    check_nothing_was_injected(get(staff_client, "?page=" + words[:50].replace("#", "").replace("&", "")))


@pytest.mark.parametrize("count", [1, 100, 950])
def test_a_page_costs_the_same_queries_whatever_the_number_of_messages(
    count: int,
    sandbox: SandboxProcess,
    sync: Sync,
    staff_client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    put(sandbox, [f"message-{number}." for number in range(count)])
    sync()
    before = sandbox.state()["requests"]
    with django_assert_num_queries(QUERIES):
        get(staff_client)
    assert sandbox.state()["requests"] == before


def test_the_page_stays_readable_while_the_api_is_down(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1."])
    sync()
    sandbox.faults([{"status": 500}])
    with pytest.raises(AssertionError):
        sync()
    page = get(staff_client)
    assert numbers(page) == [1]
    assert page.freshness == "down"


def test_the_errors_of_a_job_that_is_gone_stay_readable(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1."])
    sync()
    sandbox.delete_job("a-job")
    Job.objects.update(gone_at=Job.objects.get().read_at)
    assert numbers(get(staff_client)) == [1]


def test_the_errors_of_a_job_that_the_mirror_does_not_know_are_read_and_shown(
    sandbox: SandboxProcess, staff_client: Client
) -> None:
    put(sandbox, ["message-1."])
    assert numbers(get(staff_client)) == [1]


def test_an_unknown_job_while_the_api_is_down_is_said_so(sandbox: SandboxProcess, staff_client: Client) -> None:
    sandbox.faults([{"match": "job", "status": 500}])
    answer = staff_client.get("/jobs/a-job/errors/")
    assert answer.status_code == 503
    assert "Elastic Path could not be asked" in Page(answer).text


def test_htmx_gets_the_whole_page_as_it_has_no_part_that_moves(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, ["message-1."])
    sync()
    answer = staff_client.get("/jobs/a-job/errors/", headers=HTMX)
    assert Page(answer).all("html")


def test_the_page_is_german_for_a_german_reader(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(
        sandbox,
        [f"row {row}: data.attributes.sku: Must be unique amongst products. (LAMP-{row})" for row in range(1, 1_235)],
    )
    sync()
    page = Page(staff_client.get("/jobs/a-job/errors/", headers=GERMAN))
    assert english_in(page) == []
    for words in (
        "1.234 Fehler Produktimport, in 1 Gruppe",
        "Fehlgeschlagen",
        "Ein anderes Produkt hat diese SKU schon.",
        "Ihre 1.234 Meldungen zeigen",
        "1.234 SKUs LAMP-1, LAMP-2,",
        "zuerst Nr. 1, zuletzt Nr. 1.234",
        "1 bis 100 von 1.234",
        "Seite 1 von 13",
    ):
        assert words in page.text
    assert "1.234 SKUs kopieren" in page.having("aria-label")
    nothing = Page(staff_client.get("/jobs/a-job/errors/?q=nowhere&page=x", headers=GERMAN))
    assert english_in(nothing) == []
    assert "Keine der 1.234 Meldungen enthält „nowhere“." in nothing.text
    assert "Die Seitenzahl ist nicht lesbar" in nothing.text


def test_without_messages_the_page_is_german_and_says_what_to_quote(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    put(sandbox, [])
    sync()
    page = Page(staff_client.get("/jobs/a-job/errors/", headers=GERMAN))
    assert english_in(page) == []
    assert "Request-ID request-a-job" in page.text
    assert "Elastic Path danach fragen" in page.text


def test_the_jobs_end_is_told_in_the_readers_zone(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, ["message-1."], completed_at="2026-01-15T12:00:00Z")
    sync()
    staff_client.cookies["browser_zone"] = "Asia/Kolkata"
    page = get(staff_client)
    assert "2026-01-15 17:30:00 IST" in page.text
    assert "2026-01-15 17:30:00 IST = 2026-01-15 12:00:00 UTC" in page.having("title")


def test_a_notice_about_freshness_is_german(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    put(sandbox, ["message-1."])
    sync()
    sandbox.faults([{"status": 500}])
    with pytest.raises(AssertionError):
        sync()
    page = Page(staff_client.get("/jobs/a-job/errors/", headers=GERMAN))
    assert page.freshness == "down"
    assert "Elastic Path hat selbst ein Problem. Zu sehen ist der letzte bekannte Stand." in page.text
    assert english_in(page) == []
