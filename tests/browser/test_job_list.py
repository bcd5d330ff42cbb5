"""The list in a real browser: counts that move nothing, filters by hand, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from jobs_ui.models import Job
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import raw_job
from tests.test_job_list import NOON, mirror, sync_state

pytestmark = pytest.mark.django_db(transaction=True)

# Where each of these stands, before and after the counts have come.
PLACES = """() => [...document.querySelectorAll('#tabs a, .filter, table, tr[data-job-id]')].map((element) => {
  const {x, y, width, height} = element.getBoundingClientRect();
  return [x, y, width, height];
})"""


def without_counts(route: Route) -> None:
    if route.request.headers.get("hx-target") == "tabs":
        route.fulfill(status=204)
    else:
        route.continue_()


@pytest.fixture
def jobs(sandbox: SandboxProcess) -> None:
    mirror(70, step=timedelta(minutes=1))
    Job.objects.update(run_ms=57_000)
    Job.objects.filter(job_id="job-3").update(status="failed", type="price-import")
    sync_state(next_round_at=NOON + timedelta(days=30))


@pytest.mark.parametrize("width", [1440, 900, 390])
@pytest.mark.usefixtures("jobs")
def test_counts_come_after_the_page_and_move_nothing(
    width: int, page: Page, staff: User, complaints: list[str]
) -> None:
    log_in(page, staff)
    page.set_viewport_size({"width": width, "height": 900})
    # The first answer is an empty one, so that the page can be measured without its counts.
    page.route("**/jobs/", without_counts)
    with page.expect_response(lambda answer: answer.status == 204):
        page.goto("/jobs/")
    expect(page.locator("#tab-failed .fig")).to_have_text("")
    before = page.evaluate(PLACES)
    page.unroute("**/jobs/", without_counts)
    page.evaluate("() => document.querySelector('#tabs').dispatchEvent(new Event('refresh'))")
    expect(page.locator("#tab-failed .fig")).to_have_text("1")
    expect(page.locator("#tab-all .fig")).to_have_text("70")
    assert page.evaluate(PLACES) == before
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert complaints == []


@pytest.mark.usefixtures("jobs")
def test_filters_are_applied_by_hand_and_only_what_was_filled_in_is_in_the_address(
    page: Page, staff: User, complaints: list[str]
) -> None:
    log_in(page, staff)
    page.get_by_label("Search").fill("job-")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/jobs/\?q=job-$"))
    page.get_by_label("Type").select_option("price-import")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"/jobs/\?q=job-&type=price-import$"))
    expect(page.locator("tr[data-job-id]")).to_have_count(1)
    page.get_by_role("link", name="Show all jobs").click()
    expect(page).to_have_url(re.compile(r"/jobs/$"))
    page.get_by_role("link", name="Ran", exact=True).click()
    expect(page).to_have_url(re.compile(r"/jobs/\?sort=-run$"))
    with page.expect_download() as started:
        page.get_by_role("link", name="Download this list (CSV)").click()
    assert re.fullmatch(r"jobs_\d{4}-\d\d-\d\d\.csv", started.value.suggested_filename)
    assert complaints == []


@pytest.mark.usefixtures("jobs")
def test_on_a_phone_the_filters_are_behind_a_button(page: Page, staff: User, complaints: list[str]) -> None:
    log_in(page, staff)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_label("Type")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Type").select_option("price-import")
    page.get_by_label("Order").select_option("created")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"/jobs/\?type=price-import&sort=created$"))
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    expect(page.locator("tr[data-job-id]")).to_have_count(1)
    assert complaints == []


def test_counts_follow_what_happens_and_stand_still_with_the_page(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_job("mine", raw_job("mine"))
    sync()
    log_in(page, staff)
    expect(page.locator("#tab-failed .fig")).to_have_text("0")
    page.get_by_role("button", name="Pause").click()
    Job.objects.update(status="failed")
    asked: list[str] = []
    # Not the icon of the page, which the browser may get to only now.
    page.on("request", lambda request: asked.extend(filter(None, [request.headers.get("hx-target")])))
    page.evaluate("() => document.querySelector('#tabs').dispatchEvent(new Event('refresh'))")
    page.wait_for_timeout(300)
    assert asked == []
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#tab-failed .fig")).to_have_text("1")
