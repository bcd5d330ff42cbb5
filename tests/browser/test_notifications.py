"""Being told in the browser: on whatever page is open, once, and until it is put out of sight."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from jobs_ui.notifications.occasions import Lookout
from jobs_ui.sandbox.process import SandboxProcess
from tests.browser.test_main_job import log_in
from tests.conftest import raw_job
from tests.test_job_list import Sync

# What the system shows nobody can look at, so the browser's own class is asked what it was given.
LISTEN = """
  window.told = [];
  window.Notification = class {
    static permission = sessionStorage.allowed ?? "default";
    static async requestPermission() {
      sessionStorage.asked = Number(sessionStorage.asked ?? 0) + 1;
      return (this.permission = sessionStorage.allowed = "ANSWER");
    }
    constructor(title, options) { window.told.push([title, options.tag]); }
  };
"""


@pytest.mark.django_db(transaction=True)
def test_a_watched_job_that_ends_is_told_on_another_page_once(
    page: Page, sandbox: SandboxProcess, sync: Sync, staff: User, complaints: list[str]
) -> None:
    sandbox.put_job("a-job", raw_job("a-job", status="started", completed_at=None))
    sync()
    page.add_init_script(LISTEN.replace("ANSWER", "granted"))
    log_in(page, staff)
    page.goto("/jobs/a-job/")
    page.get_by_role("button", name="Watch this job").click()
    expect(page.get_by_text("You are told when it ends")).to_be_visible()

    page.goto("/queue/")
    sandbox.put_job("a-job", raw_job("a-job", status="failed"))
    sync()
    Lookout({"default": "Default"}).look(datetime.now(UTC))
    page.locator("#ended").dispatch_event("refresh")
    notice = page.locator("[data-told]")
    expect(notice).to_contain_text("Product import a-job failed")
    name = notice.get_attribute("data-told")
    assert page.evaluate("told") == [["Product import a-job failed", name]]

    page.reload()
    expect(notice).to_be_visible()
    assert page.evaluate("told") == []
    # What has not changed stays what it is, with the focus in it.
    notice.evaluate("element => (element.same = true)")
    with page.expect_response("**/notifications/ended/?shown=*") as answer:
        page.locator("#ended").dispatch_event("refresh")
    assert answer.value.status == 204
    assert notice.evaluate("element => element.same")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)
    assert complaints == []


@pytest.mark.django_db(transaction=True)
def test_who_does_not_answer_whether_the_browser_may_tell_watches_all_the_same(
    page: Page, sandbox: SandboxProcess, sync: Sync, staff: User, complaints: list[str]
) -> None:
    sandbox.put_job("a-job", raw_job("a-job", status="started", completed_at=None))
    sync()
    page.add_init_script(LISTEN.replace("ANSWER", "default"))
    log_in(page, staff)
    page.goto("/jobs/a-job/")
    page.get_by_role("button", name="Watch this job").click()
    expect(page.get_by_text("You are told when it ends")).to_be_visible()
    assert page.evaluate("sessionStorage.asked") == "1"
    assert complaints == []
