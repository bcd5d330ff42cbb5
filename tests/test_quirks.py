"""The whole way at once, against an API that shows every quirk that is known of it, while calls keep failing."""

from __future__ import annotations

import html
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.test import Client

from jobs_ui import models
from jobs_ui.jobs_api import JobsClient
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.stores import Store
from jobs_ui.sync import Syncer
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db

JOBS = 400
SIGNATURE = "S1gnature-that-nobody-may-see"
LINK = f"https://files.example/x/20230711_part_{{}}.csv?Expires=1689084545&Signature={SIGNATURE}&Key-Pair-Id=APKA"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TIMES = (
    "2024-01-05T13:46:42.07Z",
    "2024-01-05T13:46:42.123456789Z",
    "2020-09-22T09:00:00",
    "2021-09-29 15:00:20.885 +0000 UTC",
    "2023-06-16 08:54:30.547215526 +0000 UTC m=+78247.843141564",
)
UNRELIABLE = [
    {"match": "*", "kind": "status", "status": 429, "retry_after": "0", "every": 5},
    {"match": "*", "kind": "status", "status": 503, "every": 7},
    {"match": "jobs", "kind": "close", "every": 4},
    {"match": "errors", "kind": "cut", "every": 9},
    {"match": "jobs", "kind": "cut", "every": 6},
]


def quirky_jobs() -> list[dict[str, object]]:
    """Four hundred jobs, each with one of the quirks, and many of the same moment."""
    now = datetime.now(UTC)
    quirks: list[dict[str, object]] = [
        {"created_at": TIMES[0]},
        {"created_at": TIMES[1]},
        {"created_at": TIMES[2]},
        {"created_at": TIMES[3]},
        {"created_at": TIMES[4]},
        {"type": "pricebook-import"},
        {"type": "product_export"},
        {"type": MARKUP, "filter": MARKUP},
        {"status": "paused"},
        {"status": MARKUP},
        {"status": "started", "started_at": None, "completed_at": None},
        {"status": "failed", "completed_at": None},
        {"type": "product-export", "file_locations": [LINK.format(1), LINK.format(2)]},
        {"type": "product-export", "file_locations": LINK.format(1)},
        {"type": "product-export", "file_locations": []},
        {"type": "product-export", "file_locations": None},
        {"filter": "x" * 8_000, "type": "product-export"},
        {"filter": "=HYPERLINK(1)\0\ud800", "type": "product-export"},
        {"x_request_id": None, "request_id": "the-other-name"},
        {"surprise": {"deep": [LINK.format(9)]}},
        {"started_at": "nonsense"},
    ]
    jobs = []
    for number in range(JOBS):
        job_id = f"quirk-{number:03d}"
        created = (now - timedelta(hours=1 + number // 40)).isoformat()
        jobs.append(raw_job(job_id, **{"created_at": created, **quirks[number % len(quirks)]}))
    without_times = raw_job("quirk-000")
    attributes = without_times["attributes"]
    assert isinstance(attributes, dict)
    del attributes["started_at"], attributes["completed_at"]
    jobs[0] = without_times
    return jobs


class Elements(HTMLParser):
    """The rows, links and elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, str | None]] = []
        self.next_url = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        assert not any(name.startswith("on") for name in found), "an event handler got into the page"
        if tag == "script":
            assert found.get("src", "").startswith("/static/"), "a script got into the page"  # type: ignore[union-attr]  # asserts that it is there
        if tag == "tr" and "data-job-id" in found:
            self.rows.append(found)
        if tag == "a" and found.get("rel") == "next":
            self.next_url = found.get("href") or ""


@pytest.fixture
def quirky(sandbox: SandboxProcess, store: Store, caplog: pytest.LogCaptureFixture) -> SandboxProcess:
    caplog.set_level(logging.DEBUG)
    # As the settings have it: its other lines name the address of every call. Put back after the test.
    caplog.set_level(logging.ERROR, logger="urllib3")
    for job in quirky_jobs():
        sandbox.put_job(str(job["id"]), job)
    sandbox.put_job("bad-1", {"type": "pim-job", "id": None, "attributes": None}, at=5)
    sandbox.put_job("bad-2", ["not even an object"], at=150)
    sandbox.put_errors("quirk-011", messages=[MARKUP, f"error processing gzip file {LINK.format(3)}", "\0"])
    sandbox.settings(total=1, max_limit=30)
    sandbox.faults(UNRELIABLE)
    # As the console's own, but for the pauses before a call is repeated.
    impatient = JobsClient(base_url=store.base_url, client_id="sandbox", client_secret="sandbox", backoff=0.01)
    with impatient as client:
        outcomes = [Syncer(store.slug, client).run_round() for _ in range(3)]
    assert outcomes[-1].complete
    assert sandbox.state()["tokens_issued"] == 1
    sandbox.faults([])
    return sandbox


def pages_of(client: Client) -> list[str]:
    """Every page of the list, by following `next`."""
    url, pages = "/jobs/", []
    while url:
        response = client.get(url)
        assert response.status_code == 200
        pages.append(response.content.decode())
        elements = Elements()
        elements.feed(pages[-1])
        url = elements.next_url
        assert len(pages) < 30
    return pages


def test_every_job_is_reached_by_paging_the_list(quirky: SandboxProcess, staff_client: Client) -> None:
    statuses: dict[str, str] = {}
    for page in pages_of(staff_client):
        elements = Elements()
        elements.feed(page)
        for row in elements.rows:
            job_id = str(row["data-job-id"])
            assert job_id not in statuses, "a job is shown twice"
            statuses[job_id] = str(row["data-status"])

    assert set(statuses) == {f"quirk-{number:03d}" for number in range(JOBS)}
    assert {"paused", MARKUP, "success", "failed", "started"} <= set(statuses.values())


def test_no_page_shows_markup_as_markup(quirky: SandboxProcess, staff_client: Client) -> None:
    urls = ["/jobs/", "/jobs/?status=paused&type=%3Cscript%3E", "/jobs/quirk-011/errors/"]
    urls += [f"/jobs/quirk-{number:03d}/" for number in range(25)]
    for url in urls:
        response = staff_client.get(url)
        assert response.status_code == 200, url
        elements = Elements()
        elements.feed(response.content.decode())
        assert "img" not in elements.tags
    # The values in a message are marked.
    errors = re.sub("</?mark>", "", staff_client.get("/jobs/quirk-011/errors/").content.decode())
    assert html.escape(MARKUP) in errors


def test_one_token_is_asked_for_as_long_as_it_is_accepted(quirky: SandboxProcess, staff_client: Client) -> None:
    for number in range(3):
        staff_client.get(f"/jobs/not-mirrored-{number}/")

    # One for the process that syncs, checked there, and one for the process of the pages.
    assert quirky.state()["tokens_issued"] == 2


def test_no_page_log_or_row_holds_a_secret(
    quirky: SandboxProcess,
    staff_client: Client,
    api: JobsClient,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pages = pages_of(staff_client)
    for job_id in models.Job.objects.values_list("job_id", flat=True)[:60]:
        pages.append(staff_client.get(f"/jobs/{job_id}/").content.decode())
        pages.append(staff_client.get(f"/jobs/{job_id}/files/1/").content.decode())
        pages.append(staff_client.get(f"/jobs/{job_id}/errors/").content.decode())
    tables = apps.get_app_config("jobs_ui").get_models()
    rows = [json.dumps(list(table._default_manager.values()), default=str) for table in tables]
    output = capfd.readouterr()
    everything = "\n".join([*pages, *rows, caplog.text, output.out, output.err])

    token = api._auth.token()  # the secret that must not be found is not to be had otherwise
    assert len(token) > 8
    for secret in (SIGNATURE, token, "Bearer ey", "access_token="):
        assert secret not in everything
    assert not re.search(r"Signature=(?!…)[^\s&\"]", everything)


def test_what_could_not_be_read_is_said(quirky: SandboxProcess, staff_client: Client) -> None:
    page = staff_client.get("/jobs/").content.decode()
    assert re.findall(r"([0-9]+ rows?) of Elastic Path", page) == ["2 rows"]


def test_fields_in_all_their_forms_are_read(quirky: SandboxProcess) -> None:
    jobs = {job.job_id: job for job in models.Job.objects.all()}

    assert jobs["quirk-001"].created_at == datetime(2024, 1, 5, 13, 46, 42, 123456, tzinfo=UTC)
    assert jobs["quirk-003"].created_at == datetime(2021, 9, 29, 15, 0, 20, 885000, tzinfo=UTC)
    assert jobs["quirk-004"].created_at == datetime(2023, 6, 16, 8, 54, 30, 547215, tzinfo=UTC)
    assert jobs["quirk-012"].files == ["20230711_part_1.csv", "20230711_part_2.csv"]
    assert jobs["quirk-013"].files == ["20230711_part_1.csv"]
    assert jobs["quirk-014"].files == []
    assert jobs["quirk-015"].files is None
    assert jobs["quirk-017"].filter == "=HYPERLINK(1)\ufffd\ufffd"
    assert jobs["quirk-018"].request_id == "the-other-name"
    assert jobs["quirk-020"].started_at is None
