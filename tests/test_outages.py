"""While the API is down, in six ways, pages go on from the mirror, say what is wrong, and recover by themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from jobs_ui.budget import Budget
from jobs_ui.jobs_api import JobsClient, remaining
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store, client_of
from jobs_ui.sync import Syncer
from jobs_ui.sync.clocks import BUSY, QUIET
from tests.conftest import raw_job
from tests.test_job_list import Page

pytestmark = pytest.mark.django_db

OUTAGES: dict[str, tuple[dict[str, Any], str]] = {
    "503": ({"match": "*", "kind": "status", "status": 503}, "Elastic Path has a problem of its own."),
    "closed connections": ({"match": "*", "kind": "close"}, "Elastic Path cannot be reached."),
    "a hang": ({"match": "*", "kind": "hang", "seconds": 30}, "Elastic Path did not answer in time."),
    "HTML": ({"match": "*", "kind": "html", "status": 200}, "Elastic Path gave an answer that makes no sense."),
    "cut-off JSON": ({"match": "*", "kind": "cut"}, "Elastic Path gave an answer that makes no sense."),
    "refused credentials": (
        {"match": "*", "kind": "unauthorized"},
        "Elastic Path refuses this console's key. Check the client id and the client secret.",
    ),
    "a trickle": ({"match": "*", "kind": "trickle", "seconds": 30}, "Elastic Path did not answer in time."),
    "429 for long": (
        {"match": "*", "kind": "status", "status": 429, "retry_after": "3600"},
        "Elastic Path is being asked too often just now.",
    ),
}


@pytest.fixture
def syncer(store: Store) -> Iterator[Syncer]:
    """As in production, but for how long a call may take: a second, not twelve."""
    with JobsClient(
        base_url=store.base_url,
        client_id="sandbox",
        client_secret="sandbox",
        timeouts=(0.5, 0.6),
        deadline=1.0,
        retries=1,
        backoff=0.01,
    ) as client:
        yield Syncer(store.slug, client)


@pytest.mark.parametrize("outage", OUTAGES)
def test_pages_go_on_say_what_is_wrong_and_recover(
    outage: str, sandbox: SandboxProcess, syncer: Syncer, staff_client: Client
) -> None:
    rule, sentence = OUTAGES[outage]
    sandbox.put_job("mine", raw_job("mine", status="started", completed_at=None))
    assert syncer.run_round().complete
    assert Page(staff_client.get("/jobs/")).having("data-freshness") == ["fresh"]

    sandbox.faults([{**rule, "times": None}])
    assert not syncer.run_round().complete
    asked_before = sandbox.state()["requests"]
    began = time.monotonic()
    pages = {address: staff_client.get(address) for address in ("/jobs/", "/jobs/mine/", "/jobs/mine/errors/")}
    took = time.monotonic() - began

    for answer in pages.values():
        page = Page(answer)
        assert answer.status_code == 200
        assert page.having("data-freshness") == ["down"]
        assert sentence in page.text
        # Never the bare words of a library, and nothing that only we understand.
        assert "Traceback" not in page.text
        assert "urllib3" not in page.text
    assert Page(pages["/jobs/"]).ids == ["mine"]
    assert took < 2 * len(pages)
    assert sandbox.state()["requests"] == asked_before

    sandbox.faults([])
    assert syncer.run_round().complete
    page = Page(staff_client.get("/jobs/"))
    assert page.having("data-freshness") == ["fresh"]
    assert sentence not in page.text


def test_that_the_api_hangs_is_said_within_half_a_minute(
    sandbox: SandboxProcess, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the times that sync really has: the test above has shorter ones."""
    half_a_minute, beat = timedelta(seconds=30), timedelta(seconds=1)
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"CONSOLE_API_BUDGET": 500})
    left: list[float] = []
    monkeypatch.setattr(Budget, "__call__", lambda _: left.append(remaining()))

    with client_of(store, "sync") as client:
        client.list_jobs()
    deadline = timedelta(seconds=max(left))

    assert deadline > timedelta(seconds=5)  # it is there, and long enough for a slow answer
    # It begins to hang when the walk of a quiet store has just ended, or while a job is read by id.
    assert QUIET + beat + deadline <= half_a_minute
    assert deadline + BUSY + beat + deadline <= half_a_minute


def test_fifty_open_lists_cause_no_request_to_the_api(
    sandbox: SandboxProcess, syncer: Syncer, staff_client: Client
) -> None:
    for number in range(60):
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}"))
    assert syncer.run_round().complete
    asked_before = sandbox.state()["requests"]

    for _ in range(50):
        assert staff_client.get("/jobs/", headers={"HX-Request": "true"}).status_code == 200

    assert sandbox.state()["requests"] == asked_before
