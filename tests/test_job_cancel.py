"""Cancelling a job that waits: who may, the race with the queue, and what is said and written down of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from jobs_ui.jobs_api import Job, JobsClient
from jobs_ui.models import AuditEntry
from jobs_ui.models import Job as MirroredJob
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.views import job_cancel
from tests.conftest import raw_job
from tests.german import GERMAN
from tests.test_job_list import Page, Sync

ID = "a-job"
URL = f"/jobs/{ID}/cancel/"
WAITS = {"status": "pending", "started_at": None, "completed_at": None}


@pytest.fixture
def waiting(sandbox: SandboxProcess, sync: Sync) -> None:
    """Three jobs that wait, in the store and in the mirror."""
    for number, job_id in enumerate([ID, "b-job", "c-job"]):
        created = (datetime.now(UTC) - timedelta(minutes=5, seconds=-number)).isoformat()
        sandbox.put_job(job_id, raw_job(job_id, **WAITS, created_at=created))
    sync()


@pytest.fixture
def operator(staff: User, staff_client: Client) -> Client:
    """A browser in which somebody is logged in who may cancel jobs."""
    staff.groups.add(Group.objects.get(name="Job operators"))
    return staff_client


def cancel(client: Client, job_id: str = ID, **form: str) -> Page:
    """Cancels the job, and follows to the page that shows the outcome."""
    answer = client.post(f"/jobs/{job_id}/cancel/", form)
    assert answer.status_code == 302
    return Page(client.get(answer["Location"]))


def cancels(sandbox: SandboxProcess) -> int:
    """How often the API was asked to cancel anything."""
    return int(sandbox.state()["requests"].get("cancel", 0))


@pytest.mark.usefixtures("waiting")
def test_the_page_says_what_cancelling_frees_and_who_may(
    sandbox: SandboxProcess, staff_client: Client, staff: User
) -> None:
    User.objects.create_superuser("otto")
    page = Page(staff_client.get(f"/jobs/{ID}/"))
    assert URL not in page.having("action")
    assert "members of the group “Job operators”: otto." in page.text
    staff.groups.add(Group.objects.get(name="Job operators"))
    page = Page(staff_client.get(f"/jobs/{ID}/"))
    assert URL in page.having("action")
    assert "2 jobs move up." in page.text
    assert "1st in line (at least: other stores of the organisation share this queue)" in page.text
    assert "No job of this store waits behind it." in Page(staff_client.get("/jobs/c-job/")).text


@pytest.mark.usefixtures("waiting")
def test_a_waiting_job_is_cancelled_and_the_mirror_and_the_page_say_so_at_once(
    sandbox: SandboxProcess, operator: Client
) -> None:
    page = cancel(operator)
    assert "It is cancelled." in page.text
    assert page.having("data-status") == ["cancelled"]
    assert MirroredJob.objects.get(job_id=ID).status == "cancelled"
    assert cancels(sandbox) == 1
    entry = AuditEntry.objects.get()
    assert (entry.username, entry.action, entry.job_id, entry.store, entry.address) == (
        "mara",
        "cancel",
        ID,
        "default",
        "127.0.0.1",
    )
    assert (entry.outcome, entry.succeeded, entry.request_id) == ("It is cancelled.", True, f"request-{ID}")
    # It stands on the job's page.
    assert "mara: cancel" in page.text


@pytest.mark.usefixtures("waiting")
def test_an_outcome_is_told_in_the_readers_language_and_noted_in_that_of_the_log(operator: Client) -> None:
    answer = operator.post(URL, headers=GERMAN)
    assert "a-job: Er ist abgebrochen." in Page(operator.get(answer["Location"], headers=GERMAN)).text
    assert AuditEntry.objects.get().outcome == "It is cancelled."


@pytest.mark.usefixtures("waiting")
def test_a_repeated_click_does_no_harm(sandbox: SandboxProcess, operator: Client) -> None:
    cancel(operator)
    assert "It was cancelled before." in cancel(operator).text
    assert cancels(sandbox) == 1


@pytest.mark.usefixtures("waiting")
def test_a_cancel_that_comes_too_late_says_what_the_job_does_now(
    sandbox: SandboxProcess, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = JobsClient.cancel_job

    def start_first(client: JobsClient, job_id: str) -> Job:
        started = (datetime.now(UTC) - timedelta(seconds=3)).isoformat()
        sandbox.put_job(job_id, raw_job(job_id, status="started", started_at=started, completed_at=None))
        return ask(client, job_id)

    monkeypatch.setattr(JobsClient, "cancel_job", start_first)
    page = cancel(operator)
    assert "too late to cancel" in page.text
    assert "It started 3" in page.text
    assert page.having("data-status") == ["started"]
    assert cancels(sandbox) == 1
    entry = AuditEntry.objects.get()
    assert not entry.succeeded
    assert "too late" in entry.outcome


@pytest.mark.usefixtures("waiting")
def test_a_job_that_the_mirror_takes_for_waiting_is_read_first(sandbox: SandboxProcess, operator: Client) -> None:
    sandbox.put_job(ID, raw_job(ID, status="success"))
    page = cancel(operator)
    assert "It has succeeded" in page.text
    assert cancels(sandbox) == 0
    assert MirroredJob.objects.get(job_id=ID).status == "success"


@pytest.mark.usefixtures("waiting")
def test_an_answer_that_does_not_come_is_looked_up(sandbox: SandboxProcess, operator: Client) -> None:
    # The job is not cancelled twice: what the API says of it decides.
    sandbox.faults([{"match": "cancel", "status": 500}])
    page = cancel(operator)
    assert "it still waits" in page.text
    assert page.having("data-status") == ["pending"]
    assert not AuditEntry.objects.get().succeeded


@pytest.mark.usefixtures("waiting")
def test_while_the_api_is_down_nothing_is_claimed(sandbox: SandboxProcess, operator: Client) -> None:
    sandbox.faults([{"kind": "status", "status": 401}])
    page = cancel(operator)
    assert "It was not cancelled." in page.text
    assert page.having("data-status") == ["pending"]
    assert cancels(sandbox) == 0


@pytest.mark.usefixtures("waiting")
def test_an_answer_that_was_lost_on_its_way_is_no_failure(sandbox: SandboxProcess, operator: Client) -> None:
    sandbox.faults([{"match": "cancel", "kind": "cut"}])
    assert "It is cancelled." in cancel(operator).text
    assert AuditEntry.objects.get().succeeded
    assert cancels(sandbox) == 1


@pytest.mark.usefixtures("waiting")
def test_where_nobody_can_tell_neither_the_page_nor_the_log_claims_anything(
    sandbox: SandboxProcess, operator: Client
) -> None:
    # It is cancelled, but the answer is lost, and afterwards the API refuses everything.
    sandbox.faults([{"match": "cancel", "kind": "cut"}, {"match": "job", "status": 403, "skip": 1}])
    page = cancel(operator)
    assert "It may be cancelled or not" in page.text
    assert "It was not cancelled" not in page.text
    entry = AuditEntry.objects.get()
    assert "It may be cancelled or not" in entry.outcome
    assert not entry.succeeded


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("status", "words"), [(429, "asked too often"), (403, "does not let this console's key cancel jobs")]
)
def test_a_call_that_was_turned_away_has_cancelled_nothing(
    status: int, words: str, sandbox: SandboxProcess, operator: Client
) -> None:
    sandbox.faults([{"match": "cancel", "status": status, "retry_after": "30"}])
    page = cancel(operator)
    assert f"It was not cancelled. Elastic Path {'is being ' if status == 429 else ''}{words}" in page.text
    assert ("Try again in 30 s." in page.text) == (status == 429)
    assert not AuditEntry.objects.get().succeeded


@pytest.mark.usefixtures("waiting")
def test_of_two_who_cancel_at_once_one_has_done_it(
    sandbox: SandboxProcess, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = JobsClient.cancel_job

    def somebody_else_first(client: JobsClient, job_id: str) -> Job:
        ask(client, job_id)
        return ask(client, job_id)

    monkeypatch.setattr(JobsClient, "cancel_job", somebody_else_first)
    page = cancel(operator)
    assert "It was cancelled before." in page.text
    assert page.having("data-status") == ["cancelled"]
    assert not AuditEntry.objects.get().succeeded


@pytest.mark.usefixtures("waiting")
def test_a_job_that_elastic_path_does_not_find_any_more_is_said_to_be_missing(
    sandbox: SandboxProcess, operator: Client
) -> None:
    sandbox.delete_job(ID)
    assert "Elastic Path does not find this job any more" in cancel(operator).text
    assert MirroredJob.objects.get(job_id=ID).missing_since
    assert cancels(sandbox) == 0


@pytest.mark.usefixtures("waiting")
def test_a_viewers_cancel_never_reaches_the_api(sandbox: SandboxProcess, staff_client: Client) -> None:
    before = sandbox.state()["requests"]
    for path, form in ((URL, {}), ("/queue/cancel/", {"job": [ID, "b-job"]})):
        answer = staff_client.post(path, form)
        assert answer.status_code == 403
        assert "Only members of the group “Job operators” may" in Page(answer).text
    assert sandbox.state()["requests"] == before
    # Each job that was meant is on its page and in the log.
    noted = AuditEntry.objects.order_by("id").values_list("job_id", "outcome")
    assert list(noted) == [(ID, "not allowed"), (ID, "not allowed"), ("b-job", "not allowed")]


@pytest.mark.usefixtures("waiting")
def test_where_nobody_may_that_is_said(staff_client: Client) -> None:
    assert "“Job operators”, which has none yet" in Page(staff_client.get(f"/jobs/{ID}/")).text
    for number in range(12):
        User.objects.create_superuser(f"chief-{number:02}")
    assert "chief-09 and others." in Page(staff_client.get("/queue/")).text


def test_an_unknown_job_is_a_404(sandbox: SandboxProcess, operator: Client) -> None:
    assert operator.post("/jobs/nobody/cancel/").status_code == 404


@pytest.mark.parametrize("path", [URL, "/queue/cancel/"])
def test_cancelling_is_a_post(path: str, operator: Client, sandbox: SandboxProcess) -> None:
    assert operator.get(path).status_code == 405


@pytest.mark.usefixtures("waiting")
def test_several_are_cancelled_at_once_each_with_its_own_outcome(sandbox: SandboxProcess, operator: Client) -> None:
    sandbox.put_job("b-job", raw_job("b-job", status="started", completed_at=None))
    answer = operator.post("/queue/cancel/", {"job": [ID, "b-job", ID, "nobody"]})
    assert answer["Location"] == "/queue/"
    page = Page(operator.get("/queue/"))
    assert "a-job: It is cancelled." in page.text
    assert "b-job: It started" in page.text
    assert "nobody: there is no such job." in page.text
    assert page.having("data-job-id") == ["b-job", "c-job"]
    assert AuditEntry.objects.count() == 3
    assert "No job was chosen" in Page(operator.post("/queue/cancel/", follow=True)).text


@pytest.mark.usefixtures("waiting")
def test_several_are_left_alone_once_elastic_path_cannot_be_asked(sandbox: SandboxProcess, operator: Client) -> None:
    before = sandbox.state()["requests"].get("job", 0)
    sandbox.faults([{"match": "job", "status": 403, "skip": 1}])
    page = Page(operator.post("/queue/cancel/", {"job": [ID, "b-job", "c-job", "nobody"]}, follow=True))
    assert "Product import a-job: It is cancelled." in page.text
    assert "b-job: It was not cancelled." in page.text
    assert "c-job, nobody: left alone" in page.text
    assert sandbox.state()["requests"]["job"] - before == 2
    assert AuditEntry.objects.count() == 2


@pytest.mark.usefixtures("waiting")
def test_none_is_begun_in_the_last_seconds_of_what_a_proxy_waits(
    sandbox: SandboxProcess, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_cancel, "LONGEST", job_cancel.ENOUGH - 1)
    page = Page(operator.post("/queue/cancel/", {"job": [ID, "b-job"]}, follow=True))
    assert "a-job, b-job: left alone" in page.text
    assert cancels(sandbox) == 0


@pytest.mark.usefixtures("waiting")
def test_the_outcome_is_shown_on_the_queue_that_was_looked_at(operator: Client) -> None:
    form = {field["name"]: field.get("value") for field in Page(operator.get("/queue/")).all("input")}
    assert form["store"] == "default"
    answer = operator.post("/queue/cancel/", {"job": [ID], "store": "a&b"})
    assert answer["Location"] == "/queue/?store=a%26b"
