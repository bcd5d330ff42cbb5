"""Everything is for staff, but for what is listed here: a new view is closed without anyone remembering it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.conftest import PASSWORD, raw_job
from tests.test_job_list import Page, Sync

OPEN = {"/login/", "/logout/", "/healthz"}
HTMX = {"HX-Request": "true"}
LISTED = [
    "/",
    "/jobs/",
    "/jobs/views/",
    "/jobs/views/1/rename/",
    "/jobs/views/1/default/",
    "/jobs/views/1/remove/",
    "/jobs/an-id/",
    "/jobs/an-id/errors/",
    "/jobs/an-id/errors.csv",
    "/jobs/an-id/errors/values.txt",
    "/jobs/an-id/files/1/",
    "/jobs/an-id/files/1/preview/",
    "/jobs/an-id/files.zip",
    "/jobs/an-id/files.csv",
    "/jobs/an-id/refresh/",
    "/jobs/an-id/cancel/",
    "/queue/",
    "/queue/cancel/",
    "/audit/",
    "/audit.csv",
    "/insights/",
    "/insights/errors/",
    "/insights/errors/a-digest/",
    "/jobs/an-id/watch/",
    "/notifications/",
    "/preferences/",
    "/notifications/ended/",
    "/notifications/rules/1/test/",
    "/notifications/rules/1/pause/",
    "/notifications/rules/1/resume/",
    "/notifications/rules/1/remove/",
]


def addresses(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """An address for every pattern of the whole table, with something in the place of each parameter."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, prefix + str(entry.pattern))
        else:
            assert isinstance(entry, URLPattern)
            address = str(entry.pattern).replace("<path:job_id>", "an-id").replace("<int:number>", "1")
            yield prefix + address.replace("<slug:digest>", "a-digest")


PROTECTED = sorted(set(addresses()) - OPEN)


@pytest.fixture
def outsider(db: None) -> Client:
    """A browser in which somebody is logged in who is not staff."""
    client = Client()
    client.force_login(User.objects.create_user("otto"))
    return client


def test_the_walk_finds_the_pages() -> None:
    found = set(addresses())
    assert found >= OPEN
    assert set(LISTED) <= set(PROTECTED)
    assert not any("<" in address for address in found), "a parameter that this walk does not know"


@pytest.mark.parametrize("address", PROTECTED)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_anonymous_are_sent_to_the_login(address: str, method: str) -> None:
    answer = Client().generic(method, address)
    assert answer.status_code == 302
    # What was sent is not sent again after the login.
    following = address if method in {"GET", "HEAD", "OPTIONS"} else "/jobs/"
    assert answer["Location"] == f"/login/?next={following}"


def test_after_a_form_the_login_leads_back_to_its_page() -> None:
    sent_from = {"Referer": "http://testserver/jobs/an-id/?x=1"}
    answer = Client().post("/jobs/an-id/refresh/", headers=sent_from)
    assert answer["Location"] == "/login/?next=/jobs/an-id/%3Fx%3D1"


def test_a_form_of_elsewhere_leads_to_the_list() -> None:
    answer = Client().post("/jobs/an-id/refresh/", headers={"Referer": "https://elsewhere.example/jobs/an-id/"})
    assert answer["Location"] == "/login/?next=/jobs/"


def test_the_login_leads_back_to_the_whole_address() -> None:
    answer = Client().get("/jobs/?status=failed&type=a%26b")
    assert answer["Location"] == "/login/?next=/jobs/%3Fstatus%3Dfailed%26type%3Da%2526b"


@pytest.mark.parametrize("address", sorted(OPEN))
def test_what_is_open_is_open(address: str, db: None) -> None:
    answer = Client().post(address) if address == "/logout/" else Client().get(address)
    if address == "/logout/":
        assert answer["Location"] == "/login/"
    else:
        assert answer.status_code == 200


def test_the_health_page_asks_neither_the_database_nor_anybody(staff_client: Client) -> None:
    # No `db` in the anonymous case would fail at the first query.
    answer = Client().get("/healthz")
    assert (answer.content, answer["Content-Type"]) == (b"ok\n", "text/plain")


def a_new_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


urlpatterns = [
    path("new/", a_new_view),
    path("login/", a_new_view, name="login"),
    path("logout/", a_new_view, name="logout"),
    path("jobs/", a_new_view, name="job_list"),
    path("", a_new_view, name="home"),
]


@pytest.mark.urls(__name__)
def test_a_new_view_is_closed_though_nobody_thought_of_it(outsider: Client, staff_client: Client) -> None:
    assert Client().get("/new/").status_code == 302
    assert outsider.get("/new/").status_code == 403
    assert staff_client.get("/new/").content == b"secret"


@pytest.mark.parametrize("address", PROTECTED)
def test_a_refresh_of_an_anonymous_moves_the_whole_page_to_the_login(address: str) -> None:
    there = {"HX-Current-URL": "http://testserver/jobs/?status=failed"}
    answer = Client().get(address, headers=HTMX | there)
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/login/?next=/jobs/%3Fstatus%3Dfailed"
    # Nothing that could be swapped into the table.
    assert answer.content == b""


@pytest.mark.parametrize("there", ["https://elsewhere.example/jobs/", "http://[", "", "nonsense"])
def test_a_refresh_from_nowhere_leads_back_to_what_it_asked_for(there: str) -> None:
    answer = Client().get("/jobs/?type=x", headers=HTMX | {"HX-Current-URL": there})
    assert answer.status_code == 200
    location = answer["HX-Redirect"]
    assert location.startswith("/login/?next=")
    assert "elsewhere" not in location


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_boosted_link_or_back_of_an_anonymous_is_a_plain_redirect(header: str) -> None:
    answer = Client().get("/jobs/", headers=HTMX | {header: "true"})
    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/jobs/"


@pytest.mark.parametrize("address", PROTECTED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_not_staff_is_told_why(address: str, method: str, outsider: Client) -> None:
    answer = outsider.generic(method, address)
    assert answer.status_code == 403
    page = Page(answer)
    assert "Your account may not use this console" in page.text
    assert "not marked as staff" in page.text
    # Logging in as someone else means logging out first, by POST, and leads back here.
    forms = [element for element in page.all("form") if element.get("action") == reverse("logout")]
    assert forms
    assert all(form["method"] == "post" for form in forms)
    (following,) = [element["value"] for element in page.all("input") if element.get("name") == "next"]
    path, _, query = following.partition("?")
    assert path == "/login/"
    assert QueryDict(query)["next"] == address


def test_someone_else_logs_in_from_there_and_gets_where_the_other_was_going(
    outsider: Client, staff: User, sandbox: SandboxProcess
) -> None:
    page = Page(outsider.get("/jobs/?status=failed"))
    (following,) = [str(element["value"]) for element in page.all("input") if element.get("name") == "next"]
    answer = outsider.post(reverse("logout"), {"next": following})
    assert answer["Location"] == following
    login = Page(outsider.get(following))
    (there,) = [each["value"] for each in login.all("input") if each.get("name") == "next"]
    answer = outsider.post("/login/", {"username": "mara", "password": PASSWORD, "next": there})
    assert answer["Location"] == "/jobs/?status=failed"
    assert outsider.get("/jobs/?status=failed").status_code == 200


def test_an_account_that_is_switched_off_is_nobody(staff: User, staff_client: Client) -> None:
    staff.is_active = False
    staff.save()
    assert staff_client.get("/jobs/").status_code == 302


def test_staff_rights_that_were_taken_away_end_at_once(staff: User, staff_client: Client, sandbox: object) -> None:
    assert staff_client.get("/jobs/").status_code == 200
    staff.is_staff = False
    staff.save()
    assert staff_client.get("/jobs/").status_code == 403


@pytest.fixture
def job(sandbox: SandboxProcess, sync: Sync) -> str:
    sandbox.put_job("an-id", raw_job("an-id", status="started", completed_at=None))
    outcome = sync()
    assert isinstance(outcome, RoundOutcome)
    return "an-id"


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/jobs/",
        "/jobs/an-id/",
        "/jobs/an-id/errors/",
        "/jobs/an-id/files/9/",
        "/jobs/an-id/files/9/preview/",
        "/jobs/an-id/files.zip",
        "/jobs/an-id/files.csv",
        "/no/",
    ],
)
def test_no_shared_cache_keeps_a_page(address: str, staff_client: Client, job: str) -> None:
    answer = staff_client.get(address)
    assert "private" in answer["Cache-Control"]
    assert "Cookie" in answer.get("Vary", "") or answer.status_code in {302, 404}


def test_no_shared_cache_keeps_a_refusal(outsider: Client) -> None:
    for answer in (
        Client().get("/jobs/"),
        Client().get("/jobs/", headers=HTMX),
        outsider.get("/jobs/"),
        Client(enforce_csrf_checks=True).post("/logout/"),
    ):
        assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("address", ["/jobs/", "/jobs/an-id/"])
def test_only_a_plain_request_of_htmx_gets_a_fragment(address: str, staff_client: Client, job: str) -> None:
    assert not Page(staff_client.get(address, headers=HTMX)).all("html")
    for headers in (
        {},
        HTMX | {"HX-Boosted": "true"},
        HTMX | {"HX-History-Restore-Request": "true"},
    ):
        answer = staff_client.get(address, headers=headers)
        assert len(Page(answer).all("html")) == 1, headers
        # A browser's cache must not take one for the other.
        varied = {name.strip() for name in answer["Vary"].split(",")}
        assert varied >= {"HX-Request", "HX-Boosted", "HX-History-Restore-Request", "Cookie"}


def test_an_address_that_leads_nowhere_says_so(staff_client: Client) -> None:
    for client in (staff_client, Client()):
        answer = client.get("/nowhere/")
        assert answer.status_code == 404
        assert "There is no such page" in Page(answer).text


def test_a_host_that_is_not_this_console_is_refused_in_its_own_dress(db: None) -> None:
    answer = Client().get("/jobs/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "This address cannot be read" in Page(answer).text
