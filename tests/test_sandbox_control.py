"""The sandbox becomes what it is told to be: other forms, other jobs, another world."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import requests

from jobs_ui.sandbox.process import ControlError, SandboxProcess
from tests.test_sandbox import Caller


@pytest.fixture(scope="module")
def process() -> Iterator[SandboxProcess]:
    with SandboxProcess(quiet=True) as running:
        yield running


@pytest.fixture
def sandbox(process: SandboxProcess) -> Caller:
    process.reset(history=150, quiet=True)
    return Caller(process)


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("nozone", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
        ("go", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})? \+0000 UTC"),
        ("go_monotonic", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \+0000 UTC m=\+\d+\.\d{9}"),
    ],
)
def test_times_take_the_forms_that_have_been_seen(sandbox: Caller, form: str, pattern: str) -> None:
    sandbox.process.settings(timestamp_form=form)
    for job in sandbox.jobs():
        assert re.fullmatch(pattern, job["attributes"]["created_at"])


def test_other_forms_of_a_job(sandbox: Caller) -> None:
    sandbox.process.settings(omit_times=True, request_id_name="request_id", file_locations_form="string")
    jobs = sandbox.jobs()
    assert all("request_id" in job["meta"] and "x_request_id" not in job["meta"] for job in jobs)
    assert any("started_at" not in job["attributes"] for job in jobs)
    assert all(value is not None for job in jobs for value in job["attributes"].values())
    assert any(isinstance(job["meta"].get("file_locations"), str) for job in jobs)


def test_any_json_can_be_put_for_a_job(sandbox: Caller) -> None:
    hostile = {"id": "<b>", "attributes": {"status": "paused", "type": "x\x00\ud800", "created_at": "yesterday"}}
    odd: list[Any] = [None, 7, "text", [], {}, hostile]
    for at, raw in enumerate(odd):
        sandbox.process.put_job(f"odd/{at}", raw, at=at)
    assert sandbox.jobs(limit=6) == odd
    assert sandbox.job("odd%2F5") == hostile
    assert sandbox.get("/pcm/jobs/odd%2F0/errors").json()["data"] == []


def test_a_job_is_put_where_its_date_says(sandbox: Caller) -> None:
    jobs = sandbox.jobs()
    for form in ("iso", "nozone", "go", "go_monotonic"):
        sandbox.process.settings(timestamp_form=form)
        created = sandbox.job(jobs[60]["id"])["attributes"]["created_at"]
        sandbox.process.put_job(form, {"id": form, "attributes": {"created_at": created}})
        assert abs(sandbox.process.job_ids().index(form) - 60) <= 1
        sandbox.process.delete_job(form)


def test_a_job_can_be_patched_and_deleted(sandbox: Caller) -> None:
    running = sandbox.first(status="started")
    sandbox.process.patch_job(running["id"], attributes={"status": "paused"}, meta={"extra": [1]})
    changed = sandbox.job(running["id"])
    assert changed["attributes"] == running["attributes"] | {"status": "paused"}
    assert changed["meta"] == running["meta"] | {"extra": [1]}
    sandbox.process.advance(2)
    # It no longer holds up the queue.
    assert sandbox.first(status="started")["id"] != running["id"]
    sandbox.process.delete_job(running["id"])
    assert sandbox.get(f"/pcm/jobs/{running['id']}").status_code == 404
    assert running["id"] not in sandbox.process.job_ids()
    following = sandbox.first(status="started")["id"]
    sandbox.process.delete_job(following)
    sandbox.process.advance(2)
    assert sandbox.first(status="started")["id"] != following


def test_a_put_job_can_be_cancelled_only_while_it_says_pending(sandbox: Caller) -> None:
    sandbox.process.put_job("mine", {"id": "mine", "attributes": {"status": "pending"}})
    answer = sandbox.call("POST", "/pcm/jobs/mine/cancel", json={})
    assert answer.json()["data"]["attributes"]["status"] == "cancelled"
    sandbox.process.put_job("mine", {"id": "mine", "attributes": {"status": "started"}})
    assert sandbox.call("POST", "/pcm/jobs/mine/cancel", json={}).status_code == 400


def test_rows_appear_and_disappear_while_it_is_paged(sandbox: Caller) -> None:
    before = sandbox.process.job_ids()
    sandbox.process.churn(insert_per_page=3, remove_per_page=2)
    first, second = sandbox.jobs(limit=50), sandbox.jobs(limit=50, offset=50)
    after = sandbox.process.job_ids()
    assert len(set(before) - set(after)) == 4
    assert len(set(after) - set(before)) == 6
    # Three pushed the rows down and two pulled them up: one is seen twice.
    assert len({job["id"] for job in first} & {job["id"] for job in second}) == 1


def test_it_counts_what_is_asked_of_it(sandbox: Caller) -> None:
    job_id = sandbox.jobs()[0]["id"]
    sandbox.get(f"/pcm/jobs/{job_id}")
    sandbox.get(f"/pcm/jobs/{job_id}/errors")
    sandbox.call("POST", f"/pcm/jobs/{job_id}/cancel", json={})
    sandbox.get("/files/nothing")
    state = sandbox.process.state()
    assert state["requests"] == {"token": 1, "jobs": 1, "job": 1, "errors": 1, "cancel": 1, "file": 1}
    assert (state["jobs"], state["tokens_issued"]) == (150, 1)


@pytest.mark.parametrize(
    ("path", "payload", "named"),
    [
        ("settings", {"limit": 3}, "limit"),
        ("settings", {"max_limit": "3"}, "max_limit"),
        ("settings", {"timestamp_form": "odd"}, "timestamp_form"),
        ("faults", {"rules": [{"kind": "odd"}]}, "kind"),
        ("faults", {"rules": [{"match": "odd"}]}, "match"),
        ("faults", {"rules": [{"tims": 1}]}, "tims"),
        ("reset", {"quite": True}, "quite"),
        ("reset", {"history": -1}, "history"),
        ("clock", {"advance": -1}, "advance"),
        ("churn", {"insert": 1}, "insert_per_page"),
        ("nothing", {}, "nothing"),
    ],
)
def test_the_control_api_names_what_it_does_not_take(
    sandbox: Caller, path: str, payload: dict[str, Any], named: str
) -> None:
    with pytest.raises(ControlError, match=named):
        sandbox.process.control("POST", path, payload)


def test_reset_makes_the_very_same_world(sandbox: Caller) -> None:
    def world(seed: int, start: float) -> tuple[list[Any], list[Any]]:
        sandbox.process.reset(seed=seed, history=150, quiet=True, start=start)
        sandbox.token = sandbox.new_token()
        jobs = sandbox.all_jobs()
        for job in jobs:
            job["meta"]["file_locations"] = len(job["meta"].get("file_locations") or [])
        failed = next(job["id"] for job in jobs if job["attributes"]["status"] == "failed")
        return jobs, sandbox.get(f"/pcm/jobs/{failed}/errors").json()["data"]

    first = world(5, 1_800_000_000)
    assert world(5, 1_800_000_000) == first
    later = world(5, 1_800_300_000)
    assert ([job["id"] for job in later[0]], later[1]) == ([job["id"] for job in first[0]], first[1])
    assert world(6, 1_800_000_000) != first


def test_reset_can_leave_nothing(sandbox: Caller) -> None:
    assert sandbox.process.reset(quiet=True, empty=True)["jobs"] == 0
    sandbox.token = sandbox.new_token()
    assert sandbox.get("/pcm/jobs").json()["data"] == []
    sandbox.process.reset(empty=True)
    sandbox.process.advance(60)
    assert sandbox.process.state()["jobs"] > 2


def test_a_webhook_keeps_the_newest_of_what_comes(sandbox: Caller) -> None:
    url = f"{sandbox.process.url}/_sandbox/webhooks/demo"
    for number in range(102):
        assert requests.post(url, data=f"body {number}", headers={"Webhook-Id": str(number)}).status_code == 204
    assert requests.post(f"{url}?status=503", data=b"\xff{").status_code == 503

    received = sandbox.process.webhooks("demo")

    assert len(received) == 100
    assert [each["body"] for each in received[:2]] == ["\ufffd{", "body 101"]
    assert received[1]["headers"]["webhook-id"] == "101"
    assert sandbox.process.webhooks("another") == []
    assert requests.post(f"{url}?status=999", data="x").status_code == 400
    assert requests.delete(url).status_code == 400
    sandbox.process.reset(history=0, quiet=True)
    assert sandbox.process.webhooks("demo") == []


def test_there_is_an_end_to_webhooks(sandbox: Caller) -> None:
    url = f"{sandbox.process.url}/_sandbox/webhooks"
    statuses = [requests.post(f"{url}/{number}", data="x").status_code for number in range(51)]
    assert statuses == [204] * 50 + [400]


def test_its_mail_server_takes_what_a_client_sends(sandbox: Caller) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Änderung", "jobs@example.com", "mara@example.com"
    mail.set_content("Hallo\n.\n..Punkt\nEnde")
    with smtplib.SMTP("127.0.0.1", sandbox.process.state()["mail_port"], local_hostname="test", timeout=10) as client:
        client.send_message(mail, to_addrs=["mara@example.com", "b@example.com"])
        client.send_message(mail)
        assert client.docmd("VRFY", "mara")[0] == 502
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("RCPT", "TO:nobody")[0] == 501

    second, first = sandbox.process.mails()

    assert first["to"] == ["mara@example.com", "b@example.com"]
    assert second["to"] == ["mara@example.com"]
    assert first["from"] == "jobs@example.com"
    assert first["headers"]["Subject"] == "Änderung"
    assert first["text"].splitlines() == ["Hallo", ".", "..Punkt", "Ende"]
