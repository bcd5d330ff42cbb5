"""What the console is for, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.conftest import PASSWORD, raw_job

pytestmark = pytest.mark.django_db(transaction=True)


def log_in(page: Page, staff: User, url: str = "/") -> None:
    page.goto(url)
    page.locator("input[name=username]").fill(staff.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_log_in_filter_read_the_errors_of_a_failed_job_and_download_a_part(
    page: Page,
    staff: User,
    sandbox: SandboxProcess,
    sync: Callable[[], RoundOutcome],
    complaints: list[str],
    tmp_path: Path,
) -> None:
    sandbox.reset(history=60, quiet=True)
    sync()

    log_in(page, staff)
    expect(page).to_have_url(re.compile(r"/jobs/$"))
    expect(page.locator("tr[data-job-id]")).to_have_count(50)

    page.get_by_role("link", name=re.compile("^Failed")).first.click()
    expect(page).to_have_url(re.compile("status=failed"))
    page.locator("select[name=type]").select_option("product-import")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("type=product-import"))
    rows = page.locator("tr[data-job-id]")
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.status)") == ["failed"] * rows.count()

    job_id = rows.first.get_attribute("data-job-id")
    rows.first.get_by_role("link", name="Product import").click()
    expect(page).to_have_url(re.compile(f"/jobs/{job_id}/$"))
    expect(page.locator("main")).to_have_attribute("data-status", "failed")
    page.get_by_role("link", name=re.compile("^See all")).click()
    expect(page).to_have_url(re.compile(f"/jobs/{job_id}/errors/$"))
    expect(page.get_by_text(re.compile("Must be unique amongst products")).first).to_be_visible()

    page.goto("/jobs/?status=success&type=product-export")
    page.get_by_role("link", name="2 files").first.click()
    with page.expect_download() as started:
        page.locator("a[href*='/files/2/']").first.click()
    saved = tmp_path / "part.csv"
    started.value.save_as(saved)
    assert re.fullmatch(r"product-export_\d{4}-\d\d-\d\d_part-2\.csv", started.value.suggested_filename)
    assert saved.read_text(encoding="utf-8").startswith("id,")

    assert complaints == []


def test_the_list_and_an_open_job_follow_what_happens(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome], complaints: list[str]
) -> None:
    sandbox.put_job("mine", raw_job("mine", status="started", completed_at=None))
    sync()
    log_in(page, staff)
    row = page.locator("tr[data-job-id=mine]")
    expect(row).to_have_attribute("data-status", "started")

    sandbox.put_job("mine", raw_job("mine", status="failed"))
    sync()
    expect(row).to_have_attribute("data-status", "failed")

    sandbox.put_job("other", raw_job("other", status="pending", started_at=None, completed_at=None))
    sync()
    page.goto("/jobs/other/")
    expect(page.locator("main")).to_have_attribute("data-status", "pending")
    sandbox.put_job("other", raw_job("other", status="success"))
    sync()
    expect(page.locator("main")).to_have_attribute("data-status", "success")

    # The job is final: nothing on the page asks any more.
    expect(page.locator("[hx-trigger*=every]")).to_have_count(0)
    assert complaints == []


def test_an_expired_session_leads_to_the_login_and_back(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_job("mine", raw_job("mine", status="started", completed_at=None))
    sync()
    log_in(page, staff, "/jobs/?status=started")
    expect(page.locator("tr[data-job-id=mine]")).to_be_visible()

    page.context.clear_cookies()

    expect(page).to_have_url(re.compile("/login/"))
    page.locator("input[name=username]").fill(staff.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(r"/jobs/\?status=started$"))


def test_back_shows_a_whole_page(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_job("mine", raw_job("mine", status="failed"))
    sync()
    log_in(page, staff, "/jobs/?status=failed")
    page.locator("tr[data-job-id=mine] a").first.click()
    expect(page).to_have_url(re.compile("/jobs/mine/"))

    page.go_back()

    expect(page).to_have_url(re.compile(r"/jobs/\?status=failed$"))
    expect(page.locator("header")).to_be_visible()
    expect(page.locator("tr[data-job-id=mine]")).to_be_visible()
