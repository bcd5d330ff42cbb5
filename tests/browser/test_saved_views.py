"""Saved views in a real browser: by keyboard, without a script, on a phone."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from jobs_ui.models import Job, SavedView
from tests.browser.test_main_job import log_in
from tests.test_job_list import mirror, sync_state

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
SMALL = """() => [...document.querySelectorAll('#views :is(a, button, input:not([type]), label.look), .f-views')]
  .filter((element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML)"""


@pytest.fixture(autouse=True)
def _jobs(db: None) -> None:
    mirror(3)
    Job.objects.filter(job_id="job-1").update(status="failed")
    sync_state()


def test_a_view_is_saved_and_chosen_by_keyboard_alone(page: Page, staff: User, complaints: list[str]) -> None:
    log_in(page, staff)
    page.goto("/jobs/?status=failed")
    page.locator("#filters").get_by_role("button", name="Save this view").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#views")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#views")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Failed ones")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved as “Failed ones”.")).to_be_visible()
    page.goto("/jobs/")
    page.get_by_role("button", name="Views").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Failed ones")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/jobs/\?status=failed$"))
    expect(page.get_by_role("button", name="Failed ones")).to_be_visible()
    assert complaints == []


def test_the_menu_outlives_a_refresh(page: Page, staff: User) -> None:
    log_in(page, staff)
    page.goto("/jobs/?status=failed")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what is shown as").fill("half a na")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "jobs"):
        page.evaluate("() => document.querySelector('#jobs').dispatchEvent(new Event('refresh'))")
    expect(page.get_by_label("Save what is shown as")).to_have_value("half a na")
    expect(page.get_by_label("Save what is shown as")).to_be_focused()


def test_on_a_phone_the_menu_is_a_sheet_of_large_targets(page: Page, staff: User) -> None:
    SavedView.objects.create(user=staff, name="Failed ones", query="status=failed")
    log_in(page, staff)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/jobs/?status=success")
    page.get_by_role("button", name="Views").click()
    expect(page.get_by_role("link", name="Failed ones")).to_be_visible()
    assert page.evaluate(SMALL) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    box = page.locator("#views").bounding_box()
    assert box
    assert (round(box["width"]), round(box["y"] + box["height"])) == (390, 844)


def test_views_need_no_script(chromium: Browser, live_server: LiveServer, staff: User) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    log_in(page, staff)
    page.goto("/jobs/?status=failed")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what is shown as").fill("Failed ones")
    page.get_by_label("Open the console with it").check()
    page.locator("#views").get_by_role("button", name="Save this view").click()
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/jobs/\?status=failed$"))
    page.get_by_role("button", name="Failed ones").click()
    page.get_by_role("link", name="Rename, remove").click()
    page.get_by_label("New name of Failed ones").fill("What failed")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("link", name="What failed")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No views yet")).to_be_visible()
    context.close()
