"""A refresh of the list shows the rows that stand on the page; new jobs wait, and are counted."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs_ui.models import Job
from jobs_ui.sandbox.process import SandboxProcess
from tests.conftest import raw_job
from tests.test_job_list import HTMX, NOON, REFRESH_QUERIES, Page, check_nothing_was_injected, get, mirror, sync_state

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("sandbox", "db")


def refresh(client: Client, standing: Page, query: str = "", **changes: str) -> Page:
    """What htmx gets for a page that stands there, as console.js asks for it."""
    tells = [("top", standing.all("time")[0]["datetime"]), *(("shown", job_id[-12:]) for job_id in standing.ids)]
    return get(client, f"{query or '?'}&{urlencode(changes or tells)}", **HTMX)


def waiting(page: Page) -> str:
    """What the button says that new jobs wait behind; "" without it."""
    return next((word for word in ("1 new job", "3 new jobs", "50+ new jobs") if word in page.text), "")


def test_new_jobs_wait_and_no_row_is_pushed_off(
    staff_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mirror(70, step=MINUTE)
    sync_state()
    standing = get(staff_client)
    with django_assert_num_queries(REFRESH_QUERIES + 1):
        page = refresh(staff_client, standing)
    assert page.ids == standing.ids
    assert "new" not in page.having("id")

    mirror(3, created_at=NOON + 70 * MINUTE, prefix="new")
    page = refresh(staff_client, standing)
    assert page.ids == standing.ids
    assert waiting(page) == "3 new jobs"
    (button,) = [button for button in page.all("button") if button.get("id") == "new"]
    assert get(staff_client, button["hx-get"].removeprefix("/jobs/"), **HTMX).ids[:4] == [
        "new-2",
        "new-1",
        "new-0",
        "job-69",
    ]
    # What stands there is up to date, however many are newer.
    mirror(60, created_at=NOON + 71 * MINUTE, prefix="newer")
    Job.objects.filter(job_id="job-20").update(status="failed")
    page = refresh(staff_client, standing)
    assert dict(page.rows)["job-20"] == "failed"
    assert page.ids == standing.ids
    assert waiting(page) == "50+ new jobs"


def test_a_job_that_comes_to_match_waits_though_others_are_newer(staff_client: Client) -> None:
    mirror(120, step=MINUTE)
    Job.objects.filter(job_id="job-100").update(status="failed")
    sync_state()
    standing = get(staff_client, "?status=success")
    Job.objects.filter(job_id="job-100").update(status="success")
    page = refresh(staff_client, standing, "?status=success")
    assert page.ids == standing.ids
    assert waiting(page) == "1 new job"
    # The older page goes on where this one ends.
    older = get(staff_client, str(page.link("next")).removeprefix("/jobs/"))
    assert older.ids[0] == "job-68"


def test_rows_that_leave_make_room_for_older_ones(staff_client: Client) -> None:
    mirror(70, step=MINUTE)
    sync_state()
    standing = get(staff_client, "?status=success")
    Job.objects.filter(job_id__in=("job-69", "job-50")).update(status="failed")
    page = refresh(staff_client, standing, "?status=success")
    assert page.ids == [job_id for job_id in standing.ids if job_id not in ("job-69", "job-50")] + ["job-19", "job-18"]
    assert waiting(page) == ""


def test_nothing_waits_where_nothing_stands(staff_client: Client) -> None:
    mirror(2, step=MINUTE)
    sync_state()
    standing = get(staff_client, "?status=success")
    Job.objects.update(status="failed")
    mirror(3, created_at=NOON + 70 * MINUTE, prefix="new")
    page = refresh(staff_client, standing, "?status=success")
    assert page.ids == ["new-2", "new-1", "new-0"]
    assert waiting(page) == ""


def test_a_later_page_and_another_order_keep_their_rows(staff_client: Client) -> None:
    mirror(120, step=MINUTE)
    Job.objects.update(run_ms=57_000)
    Job.objects.filter(job_id="job-30").update(status="failed")
    sync_state()
    first = get(staff_client, "?status=success")
    for query in (str(first.link("next")).removeprefix("/jobs/"), "?status=success&sort=-run"):
        standing = get(staff_client, query)
        Job.objects.filter(job_id="job-30").update(status="success", run_ms=58_000)
        page = refresh(staff_client, standing, query)
        assert page.ids == standing.ids
        assert waiting(page) == "1 new job"
        Job.objects.filter(job_id="job-30").update(status="failed", run_ms=57_000)


def test_new_jobs_wait_where_the_api_is_read_live(
    staff_client: Client, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"JOBS_SOURCE": "live"})
    for number in range(60):
        created = (NOON + number * MINUTE).isoformat().replace("+00:00", "Z")
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}", created_at=created))
    standing = get(staff_client)
    sandbox.put_job("new", raw_job("new"))
    page = refresh(staff_client, standing)
    assert page.ids == standing.ids
    assert waiting(page) == "1 new job"


@pytest.mark.parametrize("top", ["", "x", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "2026-01-01", "\0"])
def test_what_cannot_be_read_is_left_out(top: str, staff_client: Client) -> None:
    mirror(3)
    sync_state()
    page = refresh(staff_client, get(staff_client), top=top, shown='"><x-evil>')
    assert len(page.ids) == 3
    check_nothing_was_injected(page)


def test_the_button_speaks_the_language_of_its_reader(staff_client: Client) -> None:
    mirror(2)
    sync_state()
    standing = get(staff_client)
    mirror(1, created_at=NOON + MINUTE, prefix="new")
    staff_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    assert "1 neuer Job" in refresh(staff_client, standing).text
