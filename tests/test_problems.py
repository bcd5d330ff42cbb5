"""Pages for what cannot be shown: what happened, why, and what to do next, whatever else does not work."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import translation
from pytest_django.fixtures import Settings

from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import PASSWORD
from tests.german import GERMAN, english_in
from tests.test_job_list import Page


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, staff_client: Client, sandbox: SandboxProcess) -> Client:
    """A console that makes a mistake on the list."""

    def mistake() -> None:
        raise ValueError

    monkeypatch.setattr("jobs_ui.views.job_list.get_source", mistake)
    staff_client.raise_request_exception = False
    return staff_client


def buttons(page: Page) -> list[str]:
    """Where the links that look like buttons lead, in their order."""
    return [link["href"] for link in page.all("a") if "btn" in link.get("class", "").split()]


def test_a_mistake_of_the_console_offers_to_try_again(broken: Client) -> None:
    answer = broken.get("/jobs/?status=failed")
    assert answer.status_code == 500
    page = Page(answer)
    assert "The console made a mistake" in page.text
    assert buttons(page) == ["/jobs/?status=failed", "/jobs/"]


def test_what_was_sent_is_not_sent_again_by_a_link(broken: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs_ui.views.job_refresh.get_source", lambda: None)
    answer = broken.post("/jobs/a-job/refresh/")
    assert answer.status_code == 500
    assert buttons(Page(answer)) == ["/jobs/"]


def test_a_database_that_fails_does_not_take_its_own_problem_page_along(
    staff_client: Client, sandbox: SandboxProcess
) -> None:
    staff_client.raise_request_exception = False
    with connection.cursor() as cursor:
        # Sessions cannot be read any more; on PostgreSQL every query fails after the first one.
        cursor.execute("DROP TABLE django_session")
    answer = staff_client.get("/jobs/", headers=GERMAN)
    assert answer.status_code in {500, 503}
    page = Page(answer)
    assert "Nichts ist verloren." in page.text
    assert english_in(page) == []
    assert buttons(page) == ["/jobs/", "/jobs/"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere/", 404, "Diese Seite gibt es nicht"),
        ("/jobs/nobody/", 404, "Diesen Job gibt es nicht"),
        ("/jobs/nobody/errors/", 404, "Die ID prüfen."),
        ("/jobs/nobody/errors.csv", 404, "Diesen Job gibt es nicht"),
        ("/jobs/nobody/files/1/", 404, "Diesen Job gibt es nicht"),
    ],
)
def test_problems_are_told_in_the_readers_language(
    path: str, status: int, words: str, staff_client: Client, sandbox: SandboxProcess
) -> None:
    answer = staff_client.get(path, headers=GERMAN)
    assert answer.status_code == status
    page = Page(answer)
    assert page.all("html")[0]["lang"] == "de"
    assert words in page.text
    assert english_in(page) == []
    assert buttons(page) == ["/jobs/"]


def test_a_guest_is_told_in_german_who_may_come_in(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("guest", password=PASSWORD))
    answer = client.get("/jobs/", headers=GERMAN)
    assert answer.status_code == 403
    page = Page(answer)
    assert "Dieses Konto darf die Konsole nicht benutzen" in page.text
    assert "Mit anderem Konto anmelden" in page.text
    assert english_in(page) == []


def test_an_api_that_does_not_answer_is_told_in_german(staff_client: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults([{"match": "job", "status": 500}])
    answer = staff_client.get("/jobs/a-job/errors/", headers=GERMAN)
    assert answer.status_code == 503
    page = Page(answer)
    assert "Der Job a-job ist hier noch nicht bekannt, und Elastic Path gab keine brauchbare Antwort." in page.text
    assert "Elastic Path hat selbst ein Problem." in page.text
    assert english_in(page) == []
    assert buttons(page) == ["/jobs/a-job/errors/", "/jobs/"]


def test_a_form_that_is_too_old_leads_back_to_the_page_it_was_on(staff: User) -> None:
    client = Client(enforce_csrf_checks=True)
    there = "http://testserver/login/?next=/queue/"
    answer = client.post("/login/", {}, headers={"Referer": there})
    assert answer.status_code == 403
    assert buttons(Page(answer)) == ["/login/?next=/queue/", "/jobs/"]
    elsewhere = client.post("/login/", {}, headers={"Referer": "https://evil.example/login/"})
    assert set(buttons(Page(elsewhere))) == {"/jobs/"}


def test_a_request_that_fails_early_is_not_told_in_the_last_readers_language(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = Client(raise_request_exception=False)
    with translation.override("de"):
        answer = client.get("/jobs/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    page = Page(answer)
    assert page.all("html")[0]["lang"] == "en"
    assert "This address cannot be read" in page.text


def test_a_problem_page_needs_no_script(broken: Client) -> None:
    content = broken.get("/jobs/").content.decode()
    hidden = re.findall(r"<(?:button|div)[^>]*data-js[^>]*>", content)
    assert all("hidden" in control for control in hidden)
    assert "onclick" not in content
