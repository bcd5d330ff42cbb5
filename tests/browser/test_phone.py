"""At the width of a phone: what one taps is large enough and apart from the next, and nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, ViewportSize, expect

from jobs_ui.models import ErrorGroup
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import raw_job
from tests.test_job_error_groups import import_of
from tests.test_job_errors import put

pytestmark = pytest.mark.django_db(transaction=True)

LEAST = 44
PHONE = ViewportSize(width=390, height=844)
# Each as its words, left, top, right and bottom in px. A link within a sentence would be another matter: there is none.
TARGETS = """() => [...document.querySelectorAll("a, button, summary, select, input:not([type=hidden])")]
  .filter((target) => target.checkVisibility() && !target.matches(".skip"))
  .map((target) => {
    const { left, top, right, bottom } = target.getBoundingClientRect();
    return [target.textContent.trim() || target.name || target.ariaLabel, left, top, right, bottom];
  })"""

# What something else covers. In the list a whole card leads to its job, its links and buttons excepted.
COVERED = """() => [...document.querySelectorAll("a, button, summary, select, input:not([type=hidden])")]
  .filter((target) => target.checkVisibility() && !target.matches(".skip, .jobs .job"))
  .filter((target) => {
    target.scrollIntoView({ block: "center" });
    const { x, y, width, height } = target.getBoundingClientRect();
    return !target.contains(document.elementFromPoint(x + width / 2, y + height / 2));
  })
  .map((target) => target.outerHTML)"""


def check_targets(page: Page) -> None:
    """Nothing that one can tap is too low, or covers another one."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    targets = page.evaluate(TARGETS)
    assert targets
    assert [name for name, _, top, _, bottom in targets if bottom - top < LEAST - 0.5] == []
    for number, (name, left, top, right, bottom) in enumerate(targets):
        for other, other_left, other_top, other_right, other_bottom in targets[number + 1 :]:
            is_apart = (
                right <= other_left + 0.5
                or other_right <= left + 0.5
                or bottom <= other_top + 0.5
                or other_bottom <= top + 0.5
            )
            assert is_apart, f"{name} and {other}"


def test_a_tap_reaches_what_it_aims_at(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    for number in range(3):
        sandbox.put_job(f"waits-{number}", raw_job(f"waits-{number}", status="pending", started_at=None))
    put(sandbox, import_of(40))
    sync()
    page.set_viewport_size(PHONE)
    log_in(page, staff)
    problem = f"/insights/errors/{ErrorGroup.objects.get(sample__contains='slug').digest}/"
    for address in ("/jobs/", "/queue/", "/insights/", "/insights/errors/", problem, "/jobs/a-job/errors/"):
        page.goto(address)
        assert page.evaluate(COVERED) == [], address


def test_errors(page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    put(
        sandbox,
        [*import_of(400), *(f"object '{'y' * 400}{row}' is bad" for row in range(9)), *map("is {}".format, letters)],
    )
    sync()
    page.set_viewport_size(PHONE)
    log_in(page, staff, "/jobs/a-job/errors/")
    expect(page.locator("[data-error-group]").first).to_be_visible()
    check_targets(page)
    page.locator(".more-groups summary").click()
    check_targets(page)
    page.goto("/jobs/a-job/errors/?q=nowhere")
    check_targets(page)


def test_a_job_without_errors(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    put(sandbox, [])
    sync()
    page.set_viewport_size(PHONE)
    log_in(page, staff, "/jobs/a-job/errors/")
    expect(page.get_by_role("button", name="Ask Elastic Path for them")).to_be_visible()
    check_targets(page)


def test_previews_and_problems(
    page: Page, staff: User, sandbox: SandboxProcess, export: str, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_files(export, f"sku,name\nLAMP-1,{'long ' * 60}\n", "sku\n", "sku\n")
    sync()
    page.set_viewport_size(PHONE)
    page.goto(f"/jobs/{export}/files/1/preview/")
    check_targets(page)
    page.get_by_role("button", name="Log in").click()
    log_in(page, staff, f"/jobs/{export}/files/1/preview/")
    cell = page.locator(".sheet summary")
    expect(cell).to_be_visible()
    box = cell.bounding_box()
    assert box
    assert box["height"] >= LEAST
    for address in ("/nowhere/", f"/jobs/{'x' * 250}/", f"/jobs/{export}/files/9/"):
        page.goto(address)
        expect(page.locator("main.problem")).to_be_visible()
        check_targets(page)
    sandbox.faults([{"match": "file", "kind": "status", "status": 500}])
    page.goto(f"/jobs/{export}/files/1/preview/")
    expect(page.get_by_role("link", name="Try again")).to_be_visible()
    check_targets(page)


def test_the_login_has_two_columns_where_there_is_room(page: Page, staff: User, sandbox: SandboxProcess) -> None:
    for width, is_beside in ((1440, True), (900, True), (390, False)):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/login/")
        title, field = page.locator("h1").bounding_box(), page.locator("#username").bounding_box()
        assert title
        assert field
        assert (field["x"] > title["x"] + title["width"]) == is_beside
        # No room is painted for pages that nobody can go to yet.
        assert page.evaluate("getComputedStyle(document.body).backgroundImage") == "none"


def test_the_head_of_a_page_for_nobody_in_particular_is_in_lines_too(page: Page, sandbox: SandboxProcess) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/nowhere/")
    brand, pages = page.locator(".brand").bounding_box(), page.locator(".nav").bounding_box()
    assert brand
    assert pages
    assert brand["y"] + brand["height"] <= pages["y"]
    check_targets(page)
