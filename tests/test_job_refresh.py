"""Reading one job again, on somebody's wish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from jobs_ui.jobs_api import JobsClient
from jobs_ui.models import AuditEntry, Job, JobError
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import open_jobs, store_job
from tests.conftest import PASSWORD, raw_job
from tests.test_job_list import Page, Sync

ID = "a-job"
URL = f"/jobs/{ID}/refresh/"


def refresh(client: Client, job_id: str = ID) -> Page:
    """Reads the job again, and follows to the page that shows the outcome."""
    answer = client.post(f"/jobs/{job_id}/refresh/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/jobs/{job_id}/"
    page = client.get(answer["Location"])
    assert page.status_code == 200
    return Page(page)


@pytest.fixture
def open_job(sandbox: SandboxProcess, sync: Sync) -> None:
    """A job that runs, in the store and in the mirror."""
    sandbox.put_job(ID, raw_job(ID, status="started", completed_at=None))
    sync()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.usefixtures("open_job")
def test_reading_again_is_a_post(method: str, staff_client: Client, sandbox: SandboxProcess) -> None:
    before = sandbox.state()["requests"]
    answer = staff_client.generic(method, URL)
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert sandbox.state()["requests"] == before


@pytest.mark.usefixtures("open_job", "staff")
def test_reading_again_needs_the_token_of_the_form_and_nothing_more(sandbox: SandboxProcess) -> None:
    client = Client(enforce_csrf_checks=True)
    login = Page(client.get("/login/"))
    (token,) = [field["value"] for field in login.all("input") if field.get("name") == "csrfmiddlewaretoken"]
    client.post("/login/", {"username": "mara", "password": PASSWORD, "csrfmiddlewaretoken": token})
    before = sandbox.state()["requests"]
    answer = client.post(URL)
    assert answer.status_code == 403
    assert "This form is too old" in Page(answer).text
    assert sandbox.state()["requests"] == before
    # The button on the page carries it.
    page = Page(client.get(f"/jobs/{ID}/"))
    assert [form["method"] for form in page.all("form") if form.get("action") == URL] == ["post"]
    token = next(field["value"] for field in page.all("input") if field.get("name") == "csrfmiddlewaretoken")
    assert client.post(URL, {"csrfmiddlewaretoken": token}).status_code == 302
    assert client.post(URL, headers={"X-CSRFToken": token}).status_code == 302


@pytest.mark.usefixtures("open_job")
def test_the_outcome_is_at_once_in_the_mirror_and_on_the_page(sandbox: SandboxProcess, staff_client: Client) -> None:
    now = datetime.now(UTC)
    sandbox.patch_job(ID, attributes={"status": "failed", "completed_at": now.isoformat()})
    sandbox.put_errors(ID, messages=["missing required csv header: name"])
    page = refresh(staff_client)
    assert "Read again just now." in page.text
    assert page.having("data-status") == ["failed"]
    assert "missing required csv header: name" in page.text
    row = Job.objects.get()
    assert (row.status, row.errors_state, row.errors_count) == ("failed", "complete", 1)
    assert JobError.objects.get().message == "missing required csv header: name"
    assert Page(staff_client.get("/jobs/")).rows == [(ID, "failed")]
    # It is said once.
    assert "Read again just now." not in Page(staff_client.get(f"/jobs/{ID}/")).text


@pytest.mark.usefixtures("open_job")
def test_reading_again_costs_the_job_and_its_errors_and_nothing_more(
    sandbox: SandboxProcess, staff_client: Client
) -> None:
    before = sandbox.state()["requests"]
    refresh(staff_client)
    after = sandbox.state()["requests"]
    counted = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert counted == {"job": 1, "errors": 1}


def test_the_errors_of_any_job_are_read_where_somebody_wishes(
    sandbox: SandboxProcess, sync: Sync, staff_client: Client
) -> None:
    sandbox.put_job(ID, raw_job(ID, type="child-products"))
    sandbox.put_errors(ID, messages=["slug must be URL compatible."])
    sync()
    assert JobError.objects.count() == 0
    assert "slug must be URL compatible." in refresh(staff_client).text


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 500}, "Elastic Path has a problem of its own."),
        ({"status": 403}, "Elastic Path does not let this console's key read jobs."),
        ({"kind": "garbage"}, "Elastic Path gave an answer that makes no sense."),
        ({"status": 429, "retry_after": "60"}, "Elastic Path is being asked too often just now."),
    ],
    ids=["500", "forbidden", "garbage", "rate-limit"],
)
@pytest.mark.usefixtures("open_job")
def test_while_the_api_is_down_the_page_says_so_and_keeps_what_was_known(
    fault: dict[str, object], sentence: str, sandbox: SandboxProcess, staff_client: Client
) -> None:
    before = Job.objects.values().get()
    sandbox.patch_job(ID, attributes={"status": "success"})
    sandbox.faults([{"match": "job", **fault}])
    page = refresh(staff_client)
    assert f"{sentence} You see what was known before." in page.text
    assert "Read again just now." not in page.text
    assert page.having("data-status") == ["started"]
    assert Job.objects.values().get() == before


@pytest.mark.usefixtures("open_job")
def test_errors_that_cannot_be_read_leave_those_that_were_known(sandbox: SandboxProcess, staff_client: Client) -> None:
    sandbox.put_errors(ID, messages=["known"])
    refresh(staff_client)
    sandbox.put_errors(ID, messages=["known", "new"])
    sandbox.faults([{"match": "errors", "status": 500}])
    page = refresh(staff_client)
    assert "Elastic Path has a problem of its own." in page.text
    assert [error.message for error in JobError.objects.all()] == ["known"]


@pytest.mark.usefixtures("open_job")
def test_a_job_is_gone_only_when_it_is_missing_twice_a_minute_apart(
    sandbox: SandboxProcess, staff_client: Client
) -> None:
    sandbox.delete_job(ID)
    page = refresh(staff_client)
    assert "gone from Elastic Path" not in page.text
    assert page.having("data-status") == ["started"]
    missing_since = Job.objects.get().missing_since
    assert missing_since is not None
    # At once again: it may be a hiccup.
    assert "gone from Elastic Path" not in refresh(staff_client).text
    assert Job.objects.get().missing_since == missing_since
    Job.objects.update(missing_since=missing_since - timedelta(seconds=61))
    page = refresh(staff_client)
    assert "Elastic Path does not have this job any more." in page.text
    assert "gone from Elastic Path" in page.text
    assert Job.objects.get().gone_at is not None
    assert Page(staff_client.get("/jobs/")).ids == [ID]


@pytest.mark.usefixtures("open_job")
def test_a_job_that_is_missing_was_not_read(sandbox: SandboxProcess, staff_client: Client) -> None:
    sandbox.delete_job(ID)
    assert "Read again just now." not in refresh(staff_client).text


@pytest.mark.usefixtures("open_job")
def test_a_job_that_comes_back_is_no_longer_marked(sandbox: SandboxProcess, staff_client: Client) -> None:
    Job.objects.update(gone_at=datetime.now(UTC), missing_since=datetime.now(UTC))
    assert "gone from Elastic Path" not in refresh(staff_client).text
    row = Job.objects.get()
    assert (row.gone_at, row.missing_since) == (None, None)


def test_a_job_that_the_mirror_does_not_know_is_read_and_shown(sandbox: SandboxProcess, staff_client: Client) -> None:
    sandbox.put_job(ID, raw_job(ID))
    assert refresh(staff_client).having("data-job-id") == [ID]


@pytest.mark.parametrize("is_there", [True, False], ids=["the store still has it", "the store has it no more"])
@pytest.mark.usefixtures("open_job")
def test_a_job_that_is_pruned_while_it_is_read_again(
    is_there: bool, sandbox: SandboxProcess, api: JobsClient, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_there:
        sandbox.delete_job(ID)

    def pruned_meanwhile(*args: Any, **options: Any) -> Job:
        row = store_job(*args, **options)
        Job.objects.all().delete()
        return row

    ask = api.get_job

    def pruned_before_the_answer(job_id: str) -> Any:
        Job.objects.all().delete()
        return ask(job_id)

    if is_there:
        monkeypatch.setattr(open_jobs, "store_job", pruned_meanwhile)
    else:
        monkeypatch.setattr(api, "get_job", pruned_before_the_answer)

    answer = staff_client.post(URL)

    assert answer.status_code == (302 if is_there else 404)


def test_a_job_that_nobody_knows_is_not_found(sandbox: SandboxProcess, staff_client: Client) -> None:
    answer = staff_client.post(URL)
    assert answer.status_code == 404
    assert "There is no such job" in Page(answer).text


@pytest.mark.parametrize("job_id", ["a/b", "with space", "50%", "Größe", "a?b#c"])
def test_reading_again_leads_back_whatever_the_id(job_id: str, sandbox: SandboxProcess, staff_client: Client) -> None:
    sandbox.put_job(job_id, raw_job(job_id))
    page = Page(staff_client.get("/jobs/" + "".join(f"%{byte:02X}" for byte in job_id.encode()) + "/"))
    (action,) = [form["action"] for form in page.all("form") if form.get("action", "").endswith("/refresh/")]
    answer = staff_client.post(action)
    assert answer.status_code == 302
    assert Page(staff_client.get(answer["Location"])).having("data-job-id") == [job_id]


@pytest.mark.usefixtures("open_job")
def test_the_outcome_is_told_in_german_and_kept_in_english(staff_client: Client, sandbox: SandboxProcess) -> None:
    staff_client.cookies["django_language"] = "de"
    assert "Gerade neu gelesen." in refresh(staff_client).text
    sandbox.faults([{"match": "job", "status": 500}])
    page = refresh(staff_client)
    assert "Elastic Path hat selbst ein Problem. Zu sehen ist der letzte bekannte Stand." in page.text
    outcomes = AuditEntry.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["read", "Elastic Path has a problem of its own."]
