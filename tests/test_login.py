"""Logging in and out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import PASSWORD
from tests.german import GERMAN, english_in
from tests.test_job_list import Page

LOGIN = "/login/"


def log_in(client: Client, **fields: str) -> str:
    """Where a right login leads to."""
    answer = client.post(LOGIN, {"username": "mara", "password": PASSWORD, **fields})
    assert answer.status_code == 302
    return str(answer["Location"])


@pytest.mark.usefixtures("staff")
class TestLogin:
    def test_the_login_leads_to_the_jobs(self, sandbox: SandboxProcess) -> None:
        client = Client()
        assert log_in(client) == "/jobs/"
        assert client.get("/jobs/").status_code == 200

    def test_the_login_leads_to_where_somebody_was_going(self, sandbox: SandboxProcess) -> None:
        client = Client()
        asked = client.get("/jobs/?status=failed&type=price-import")
        page = Page(client.get(asked["Location"]))
        (following,) = [field["value"] for field in page.all("input") if field.get("name") == "next"]
        assert log_in(client, next=str(following)) == "/jobs/?status=failed&type=price-import"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "//evil.example/",
            "///evil.example",
            "/\\evil.example",
            "http:evil.example",
            "javascript:alert(1)",
            "https://testserver.evil.example/jobs/",
            "\thttps://evil.example",
        ],
    )
    @pytest.mark.parametrize("place", ["form", "address"])
    def test_another_site_is_no_place_to_go_on_to(self, elsewhere: str, place: str) -> None:
        if place == "form":
            assert log_in(Client(), next=elsewhere) == "/jobs/"
        else:
            answer = Client().post(LOGIN, {"username": "mara", "password": PASSWORD}, query_params={"next": elsewhere})
            assert answer["Location"] == "/jobs/"
            assert elsewhere not in Page(Client().get(LOGIN, {"next": elsewhere})).attributes

    def test_a_wrong_password_is_a_sentence_and_the_user_name_stays(self) -> None:
        client = Client()
        answer = client.post(LOGIN, {"username": "mara", "password": "wrong-password", "next": "/jobs/?type=x"})
        assert answer.status_code == 200
        page = Page(answer)
        assert "Please enter a correct username and password." in page.text
        fields = {field.get("name"): field.get("value") for field in page.all("input")}
        assert fields["username"] == "mara"
        assert not fields["password"]
        assert fields["next"] == "/jobs/?type=x"
        assert "wrong-password" not in answer.content.decode()
        assert client.get("/jobs/").status_code == 302

    def test_a_user_name_with_markup_is_text(self) -> None:
        name = '"><script>alert(1)</script>'
        page = Page(Client().post(LOGIN, {"username": name, "password": "wrong"}))
        assert name in page.attributes
        assert not [script for script in page.all("script") if "src" not in script]

    def test_empty_fields_are_a_sentence(self) -> None:
        page = Page(Client().post(LOGIN, {"username": "", "password": ""}))
        assert "This field is required." in page.text

    def test_an_account_that_is_switched_off_cannot_log_in(self, staff: User) -> None:
        staff.is_active = False
        staff.save()
        answer = Client().post(LOGIN, {"username": "mara", "password": PASSWORD})
        assert answer.status_code == 200
        assert "Please enter a correct username and password." in Page(answer).text

    def test_the_page_of_the_login_may_not_be_framed_or_run_inline_code(self) -> None:
        answer = Client().get(LOGIN)
        assert answer["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]


def test_logging_out_is_a_post_and_ends_the_session(staff_client: Client, sandbox: SandboxProcess) -> None:
    assert staff_client.get("/logout/").status_code == 405
    assert staff_client.get("/jobs/").status_code == 200
    forms = [form for form in Page(staff_client.get("/jobs/")).all("form") if form.get("action") == "/logout/"]
    assert [form["method"] for form in forms] == ["post"]
    answer = staff_client.post("/logout/")
    assert answer["Location"] == "/login/"
    assert staff_client.get("/jobs/")["Location"] == "/login/?next=/jobs/"


def test_a_superuser_made_on_the_command_line_can_use_the_console(
    db: None, monkeypatch: pytest.MonkeyPatch, sandbox: SandboxProcess
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", username="mara", email="", interactive=False, verbosity=0)
    client = Client()
    assert log_in(client) == "/jobs/"
    assert client.get("/jobs/").status_code == 200


def test_a_form_that_is_too_old_says_so(staff: User) -> None:
    client = Client(enforce_csrf_checks=True)
    page = Page(client.get(LOGIN))
    (token,) = [str(field["value"]) for field in page.all("input") if field.get("name") == "csrfmiddlewaretoken"]
    fields = {"username": "mara", "password": PASSWORD}
    for fields_with in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        answer = client.post(LOGIN, fields | fields_with)
        assert answer.status_code == 403
        refusal = Page(answer)
        assert "This form is too old" in refusal.text
        assert "load the page again" in refusal.text
        assert PASSWORD not in answer.content.decode()
    assert client.post(LOGIN, fields | {"csrfmiddlewaretoken": token}).status_code == 302


def test_the_session_gets_a_new_id_at_the_login(staff: User) -> None:
    client = Client()
    client.get(LOGIN)
    client.session["visited"] = True
    before = client.session.session_key
    log_in(client)
    assert client.session.session_key != before
    assert reverse("login") == LOGIN


def test_a_german_reader_logs_in_in_german(staff: User) -> None:
    page = Page(Client().get("/login/?next=/queue/", headers=GERMAN))
    assert "Nach dem Anmelden geht es auf der gewünschten Seite weiter." in page.text
    assert english_in(page) == []
    wrong = Page(Client().post("/login/", {"username": "mara", "password": "wrong"}, headers=GERMAN))
    assert "Benutzername oder Passwort ist falsch." in wrong.text
    assert english_in(wrong) == []
    empty = Page(Client().post("/login/", {"username": "", "password": ""}, headers=GERMAN))
    assert "Benutzername: Dieses Feld ist zwingend erforderlich." in empty.text
