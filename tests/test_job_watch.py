"""Watching a job: who does is told when it ends, on whatever page is open."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from jobs_ui.models import Job, JobWatch, Notification
from jobs_ui.notifications.occasions import Lookout
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import PASSWORD, raw_job
from tests.test_job_list import HOSTILE, HTMX, Page, Sync, check_nothing_was_injected

URL = "/jobs/a-job/watch/"
RUNS = {"status": "started", "completed_at": None}


@pytest.fixture
def running(sandbox: SandboxProcess, sync: Sync) -> None:
    """A job that runs, in the store and in the mirror."""
    sandbox.put_job("a-job", raw_job("a-job", **RUNS))
    sync()


def post(client: Client, **form: str) -> Page:
    answer = client.post(URL, form)
    assert (answer.status_code, answer["Location"]) == (302, "/jobs/a-job/")
    return Page(client.get("/jobs/a-job/"))


def ended(client: Client) -> tuple[int, Page]:
    answer = client.get("/notifications/ended/", headers=HTMX)
    return answer.status_code, Page(answer)


def end(sandbox: SandboxProcess, sync: Sync, **changes: object) -> None:
    """The job ends, sync reads that, and what there is to tell is looked for."""
    sandbox.put_job("a-job", raw_job("a-job", **({"status": "success"} | changes)))
    sync()
    Lookout({"default": "Default"}).look(datetime.now(UTC))


@pytest.mark.usefixtures("running")
def test_whoever_watches_a_job_is_told_of_its_end_until_it_is_put_out_of_sight(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    assert URL in Page(staff_client.get("/jobs/a-job/")).having("action")
    assert "/notifications/ended/" not in Page(staff_client.get("/jobs/")).having("hx-get")
    assert "You are told when it ends: here while a page is open." in post(staff_client).text
    assert "/notifications/ended/" in Page(staff_client.get("/jobs/")).having("hx-get")
    assert ended(staff_client)[0] == 204

    end(sandbox, sync)
    status, page = ended(staff_client)
    assert status == 200
    assert "Product import a-job succeeded" in page.text
    assert "/jobs/a-job/" in page.having("href")
    assert URL not in Page(staff_client.get("/jobs/a-job/")).having("action")

    # Nothing is left to wait for: the page stops asking, and the next one does not begin.
    answer = staff_client.post("/notifications/ended/", {"watch": str(JobWatch.objects.get().pk)}, headers=HTMX)
    assert (answer.status_code, answer.content.strip()) == (286, b"")
    assert "/notifications/ended/" not in Page(staff_client.get("/jobs/")).having("hx-get")


@pytest.mark.usefixtures("running")
def test_watching_stops_on_wish_and_twice_is_once(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    post(staff_client)
    post(staff_client)
    assert JobWatch.objects.count() == 1
    assert "a-job" in Page(staff_client.get("/notifications/")).text
    assert "You do not watch this job any more." in post(staff_client, off="").text
    end(sandbox, sync)
    assert ended(staff_client)[1].having("data-told") == []


@pytest.mark.usefixtures("running")
def test_the_address_is_said_where_there_is_one(staff: User, staff_client: Client, settings: Settings) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "jobs@example.com"
    User.objects.filter(pk=staff.pk).update(email="mara@example.com")
    assert "by e-mail to mara@example.com, and here while a page is open" in post(staff_client).text


@pytest.mark.usefixtures("running")
def test_a_job_that_has_ended_meanwhile_is_not_watched(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    end(sandbox, sync)
    assert "It has ended already." in post(staff_client).text
    assert not JobWatch.objects.exists()


@pytest.mark.usefixtures("running")
def test_nobody_sees_or_dismisses_what_others_watch(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    post(staff_client)
    end(sandbox, sync)
    other = Client()
    other.force_login(User.objects.create_user("otto", is_staff=True))
    assert ended(other)[1].having("data-told") == []
    other.post("/notifications/ended/", {"watch": str(JobWatch.objects.get().pk)}, headers=HTMX)
    assert len(ended(staff_client)[1].having("data-told")) == 1


@pytest.mark.usefixtures("running")
def test_what_a_page_shows_already_is_left_alone(sandbox: SandboxProcess, sync: Sync, staff_client: Client) -> None:
    post(staff_client)
    end(sandbox, sync)
    (name,) = ended(staff_client)[1].having("data-told")
    again = staff_client.get("/notifications/ended/", {"shown": name}, headers=HTMX)
    assert (again.status_code, again.content) == (204, b"")
    assert staff_client.get("/notifications/ended/", {"shown": "1-1"}, headers=HTMX).status_code == 200


def test_of_many_that_ended_the_newest_are_shown_and_all_can_be_dismissed(
    sandbox: SandboxProcess, staff: User, staff_client: Client
) -> None:
    now = datetime.now(UTC)
    for number in range(9):
        job = Job.objects.create(
            store="default", job_id=f"j{number}", type="x", status="success", created_at=now, read_at=now, raw={}
        )
        JobWatch.objects.create(user=staff, job=job, created_at=now, ended_at=now)
    page = ended(staff_client)[1]
    assert len(page.having("data-told")) == 5
    assert "4 more jobs that you watched have ended" in page.text
    listed = Page(staff_client.get("/notifications/"))
    assert "j0" in listed.text
    assert "off" not in listed.having("name")
    answer = staff_client.post("/notifications/ended/", {"watch": "all"}, headers=HTMX)
    assert (answer.status_code, answer.content.strip()) == (286, b"")


@pytest.mark.usefixtures("running")
def test_every_browser_of_somebody_who_watches_is_told(staff: User, staff_client: Client) -> None:
    post(staff_client)
    for url in ("/jobs/a-job/", "/notifications/"):
        another = Client()
        another.force_login(staff)
        assert "/notifications/ended/" not in Page(another.get("/jobs/")).having("hx-get")
        another.get(url)
        assert "/notifications/ended/" in Page(another.get("/jobs/")).having("hx-get")
    anew = Client()
    anew.post("/login/", {"username": staff.username, "password": PASSWORD})
    assert "/notifications/ended/" in Page(anew.get("/jobs/")).having("hx-get")


@pytest.mark.usefixtures("running")
def test_a_job_that_was_thought_gone_and_came_back_is_told_of_anew(
    sandbox: SandboxProcess, sync: Sync, staff: User, staff_client: Client, settings: Settings
) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "jobs@example.com"
    User.objects.filter(pk=staff.pk).update(email="mara@example.com")
    post(staff_client)
    Job.objects.update(gone_at=datetime.now(UTC))
    Lookout({"default": "Default"}).look(datetime.now(UTC))
    Job.objects.update(gone_at=None)
    post(staff_client)
    end(sandbox, sync)
    titles = list(Notification.objects.order_by("id").values_list("title", flat=True))
    assert titles == ["Product import a-job is no longer known to Elastic Path", "Product import a-job succeeded"]


@pytest.mark.parametrize("number", ["", "x", "-1", "٣", "9" * 30])
@pytest.mark.usefixtures("sandbox")
def test_a_number_that_is_none_dismisses_nothing(number: str, staff_client: Client) -> None:
    answer = staff_client.post("/notifications/ended/", {"watch": number})
    assert (answer.status_code, answer["Location"]) == (302, "/notifications/")


@pytest.mark.usefixtures("sandbox")
def test_an_unknown_job_cannot_be_watched(staff_client: Client) -> None:
    assert staff_client.post("/jobs/nobody/watch/").status_code == 404
    assert staff_client.get("/jobs/nobody/watch/").status_code == 405


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.usefixtures("sandbox")
def test_text_of_others_is_text(words: str, staff: User, staff_client: Client) -> None:
    now = datetime.now(UTC)
    job = Job.objects.create(
        store="default", job_id=f"a{words}", type=words, status="success", created_at=now, read_at=now, raw={}
    )
    JobWatch.objects.create(user=staff, job=job, created_at=now, ended_at=now)
    check_nothing_was_injected(ended(staff_client)[1])


@pytest.mark.usefixtures("sandbox")
def test_without_a_mirror_nothing_can_be_watched(
    settings: Settings, sandbox: SandboxProcess, staff_client: Client
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    sandbox.put_job("a-job", raw_job("a-job", **RUNS))
    assert URL not in Page(staff_client.get("/jobs/a-job/")).having("action")
    assert "Jobs cannot be watched here" in post(staff_client).text
    assert "Being told needs the mirror" in Page(staff_client.get("/notifications/")).text
