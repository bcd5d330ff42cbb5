"""The list as a file: the jobs that the list shows, all of them, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui.downloads.slots import Slots
from jobs_ui.models import Job, JobText
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources.base import CannotAsk
from jobs_ui.sources.mirror import MirrorSource
from jobs_ui.sync import RoundOutcome
from jobs_ui.views import jobs_csv
from tests.conftest import raw_job
from tests.test_job_list import HOSTILE, NOON, Page, follow, get, mirror


def text(answer: HttpResponseBase) -> str:
    assert answer.status_code == 200
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a streaming answer's


def rows(client: Client, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(client.get(f"/jobs.csv{query}")), newline="")))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_csv, "BATCH", 30)


def test_a_job_is_a_line_with_what_the_list_says_of_it(
    sandbox: SandboxProcess, sync: Callable[[], RoundOutcome], staff_client: Client
) -> None:
    job = raw_job(
        "7e1b9ba1",
        created_at="2026-11-20T12:00:00.5Z",
        started_at="2026-11-20T12:00:12.5Z",
        completed_at="2026-11-20T12:04:18Z",
        type="product-export",
        filter='in(tags,"a", "b")',
        file_locations=["https://files.example/part_1.csv?Signature=abc"],
        x_request_id="rq-1",
    )
    sandbox.put_job("7e1b9ba1", job)
    sync()
    assert rows(staff_client) == [
        {
            "store": "default",
            "id": "7e1b9ba1",
            "type": "product-export",
            "status": "success",
            "created_at": "2026-11-20T12:00:00.500000Z",
            "started_at": "2026-11-20T12:00:12.500000Z",
            "completed_at": "2026-11-20T12:04:18Z",
            "waited_seconds": "12.0",
            "ran_seconds": "245.5",
            "filter": 'in(tags,"a", "b")',
            "copied_from": "",
            "hierarchy_id": "",
            "files": "1",
            "errors": "0",
            "request_id": "rq-1",
            "gone_at": "",
        }
    ]


def test_it_is_a_file_for_one_person_with_a_name_of_its_day(staff_client: Client, sandbox: object) -> None:
    answer = staff_client.get("/jobs.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="jobs_\d{4}-\d\d-\d\d\.csv"', answer["Content-Disposition"])
    assert f"{datetime.now(UTC):%Y-%m-%d}" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer["Cache-Control"]
    assert "public" not in answer["Cache-Control"]
    # No byte order mark: it would be a part of the first column's name.
    assert text(answer).startswith("store,id,type,status,")


def test_a_list_without_jobs_is_a_header(staff_client: Client, sandbox: object) -> None:
    assert text(staff_client.get("/jobs.csv?status=failed")).splitlines() == [",".join(jobs_csv.HEADER)]


def test_head_tells_what_get_would(staff_client: Client, sandbox: object) -> None:
    mirror(3)
    answer = staff_client.head("/jobs.csv")
    assert answer["Content-Disposition"] == staff_client.get("/jobs.csv")["Content-Disposition"]
    assert text(answer) == ""
    # Nobody knows it before the last job was read.
    assert "Content-Length" not in answer


def test_nobody_but_staff_gets_it(client: Client, sandbox: object) -> None:
    assert client.get("/jobs.csv")["Location"] == "/login/?next=/jobs.csv"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?status=failed",
        "?status=failed&status=success&type=product_export&type=price-import",
        "?sort=created",
        "?sort=-run",
        "?sort=wait&status=success",
        f"?created_from={NOON:%Y-%m-%d}&created_to={NOON:%Y-%m-%d}",
        "?q=job-",
        "?q=lamp",
        "?q=lamp&status=failed&sort=created",
        "?store=default",
        "?store=nothing-like-it",
        "?status=%00&created_from=never&sort=nonsense",
    ],
)
@pytest.mark.usefixtures("small_batches")
def test_it_holds_exactly_the_jobs_of_the_list_in_its_order(query: str, staff_client: Client, sandbox: object) -> None:
    mirror(150)
    mirror(40, created_at=NOON - timedelta(days=9), step=timedelta(hours=1), prefix="old")
    for number, job in enumerate(Job.objects.all()):
        job.run_ms, job.wait_ms = number % 13 - 1, number % 5
        job.status = "failed" if number % 3 else job.status
        job.type = "price-import" if number % 4 else job.type
        job.save()
    JobText.objects.bulk_create(JobText(job=job, kind="filter", text="eq(sku,lamp)") for job in Job.objects.all()[::2])
    expected = follow(staff_client, "next", get(staff_client, query), expected=10)
    assert [row["id"] for row in rows(staff_client, query)] == expected
    if "nothing" not in query:
        assert len(expected) > 20


@pytest.mark.usefixtures("small_batches")
def test_a_place_in_the_list_does_not_shorten_the_file(staff_client: Client, sandbox: object) -> None:
    mirror(120)
    page = get(staff_client)
    (address,) = [link["href"] for link in page.all("a") if link.get("id") == "csv"]
    assert address == "/jobs.csv"
    older = str(page.link("next")).removeprefix("/jobs/")
    assert len(rows(staff_client, older)) == 120
    assert [link["href"] for link in get(staff_client, older).all("a") if link.get("id") == "csv"] == ["/jobs.csv"]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "\u200b=", "\u00a0+"])
def test_no_cell_is_a_formula(first: str, staff_client: Client, sandbox: object) -> None:
    formula = f"{first}HYPERLINK(1)"
    Job.objects.create(
        store="default", job_id=formula, type=formula, status=formula, request_id=formula, filter=formula,
        copied_from=formula, hierarchy_id=formula, created_at=NOON, read_at=NOON, raw={},
    )  # fmt: skip
    (row,) = rows(staff_client)
    for name in ("id", "type", "status", "request_id", "filter", "copied_from", "hierarchy_id"):
        assert row[name] == f"'{formula}", name


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_text_of_others_stays_in_its_cell(words: str, staff_client: Client, sandbox: object) -> None:
    words = words.replace("\0", "")
    for number, value in enumerate((words, f'{words}","x\r\n=1', f"a;{words}\n\n")):
        Job.objects.create(
            store="default", job_id=f"job-{number}", type="x", status="success", filter=value, created_at=NOON,
            read_at=NOON, raw={},
        )  # fmt: skip
    found = {row["id"]: row for row in rows(staff_client)}
    assert len(found) == 3
    assert all(None not in row and row["status"] == "success" for row in found.values())
    assert found["job-2"]["filter"] == f"a;{words}\n\n"


@pytest.mark.usefixtures("small_batches")
def test_it_is_read_in_batches_while_it_is_sent(
    staff_client: Client, sandbox: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mirror(95)
    answer = staff_client.get("/jobs.csv")
    assert answer.streaming
    parts = iter(answer.streaming_content)  # type: ignore[attr-defined]  # a streaming answer's
    # The first batch was read before the answer began; each other one when it is its turn.
    with django_assert_num_queries(0):
        assert next(parts).startswith(b"store,")
        assert next(parts).count(b"\n") == 30
    with django_assert_num_queries(2):
        assert next(parts).count(b"\n") == 30
    assert sum(part.count(b"\n") for part in parts) == 35


@pytest.mark.usefixtures("small_batches")
def test_what_fails_on_the_way_breaks_the_file_off_and_does_not_end_it(
    staff_client: Client, sandbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(95)
    answer = staff_client.get("/jobs.csv")
    parts: Iterator[bytes] = iter(answer.streaming_content)  # type: ignore[attr-defined]  # a streaming answer's
    sent = [next(parts), next(parts)]

    def fail(*args: Any, **kwargs: Any) -> None:  # Any: whatever the view hands over
        raise CannotAsk("Elastic Path cannot be reached.", kind="not-reachable")

    monkeypatch.setattr(MirrorSource, "list_jobs", fail)
    with pytest.raises(CannotAsk):
        sent.extend(parts)
    assert len(sent) == 2


def test_an_api_that_cannot_be_asked_is_a_page_and_no_file(
    sandbox: SandboxProcess, staff_client: Client, settings: Settings
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    sandbox.faults([{"match": "jobs", "status": 403}])
    answer = staff_client.get("/jobs.csv")
    assert answer.status_code == 503
    assert "Elastic Path could not be asked" in Page(answer).text


def test_live_mode_has_the_file_as_well(sandbox: SandboxProcess, staff_client: Client, settings: Settings) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    for number in range(130):
        created = (NOON + timedelta(seconds=number)).isoformat()
        status = "failed" if number % 2 else "success"
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}", created_at=created, status=status))
    expected = [f"job-{number}" for number in range(129, -1, -1)]
    assert [row["id"] for row in rows(staff_client)] == expected
    assert [row["id"] for row in rows(staff_client, "?status=failed")] == expected[::2]


def test_a_search_that_cannot_be_made_is_a_page_and_no_file(staff_client: Client, sandbox: object) -> None:
    answer = staff_client.get("/jobs.csv?" + urlencode({"q": "ab", "status": "failed"}))
    assert answer.status_code == 400
    page = Page(answer)
    assert "Words of three letters and more can be searched for" in page.text
    assert "/jobs/?q=ab&status=failed" in page.having("href")


def test_slow_readers_of_the_list_leave_threads_for_pages(
    staff_client: Client, sandbox: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(3)
    monkeypatch.setattr("jobs_ui.views.export_parts.SLOTS", Slots(1))
    reading = staff_client.get("/jobs.csv")
    refused = staff_client.get("/jobs.csv")
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert staff_client.get("/jobs/").status_code == 200
    text(reading)
    assert len(rows(staff_client)) == 3
