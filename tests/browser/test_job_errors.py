"""From "failed" to what to fix, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.test_job_error_groups import import_of
from tests.test_job_errors import put

pytestmark = pytest.mark.django_db(transaction=True)


def test_values_are_copied_messages_found_and_the_problem_followed_to_its_jobs(
    page: Page,
    staff: User,
    sandbox: SandboxProcess,
    sync: Callable[[], RoundOutcome],
    complaints: list[str],
) -> None:
    put(sandbox, import_of(900))
    sync()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    log_in(page, staff, "/jobs/a-job/errors/")

    groups = page.locator("[data-error-group]")
    expect(groups).to_have_count(3)
    groups.nth(1).get_by_role("button", name=re.compile("^Copy 299 slugs")).click()
    expect(page.locator("#live")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied == [f"size {row}.xl" for row in range(3, 900, 3)]

    groups.nth(1).get_by_role("link", name="Show its 299 messages").click()
    expect(page).to_have_url(re.compile(r"\?group=[0-9a-f]{16}#messages$"))
    expect(page.locator("table.lines tbody tr")).to_have_count(100)
    page.get_by_role("searchbox", name="Search messages").fill("SIZE 897")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("table.lines tbody tr")).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("link", name="These as CSV").click()
    assert re.fullmatch(r"product-import_\d{4}-\d\d-\d\d_errors\.csv", started.value.suggested_filename)
    assert started.value.path().read_text(encoding="utf-8").count("\n") == 2

    page.get_by_role("link", name="Insights").click()
    page.get_by_role("link", name=re.compile("What went wrong")).first.click()
    expect(page).to_have_url(re.compile("/insights/errors/"))
    page.locator("[data-error-group] a").first.click()
    expect(page.locator("[data-job-id=a-job]")).to_have_count(1)
    page.locator("[data-job-id=a-job] a").click()
    expect(page).to_have_url(re.compile(r"/jobs/a-job/errors/\?group="))
    assert complaints == []


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_reaches_beyond_the_page(
    width: int, page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    put(sandbox, [f"{'x' * 400} {row}" for row in range(3)] + [f"object '{'y' * 180}{row}' is bad" for row in range(9)])
    sync()
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, staff, "/jobs/a-job/errors/")
    for path in ("/jobs/a-job/errors/", "/insights/errors/", "/jobs/a-job/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
