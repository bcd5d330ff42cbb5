"""The figures over many jobs in a real browser: drawn, as tables, and on a phone as well."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [390, 900, 1440])
def test_each_chart_opens_its_table_and_nothing_covers_it(
    width: int,
    page: Page,
    staff: User,
    sandbox: SandboxProcess,
    sync: Callable[[], RoundOutcome],
    complaints: list[str],
) -> None:
    for number, kind in enumerate(("product-import", "product-export", "price-import", "child-products", "odd-one")):
        sandbox.put_job(f"job-{number}", raw_job(f"job-{number}", status="failed", type=kind))
        sandbox.put_errors(f"job-{number}", messages=[f"{'x' * 300} {number}"])
    sync()
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, staff, "/insights/")

    # Drawn, and not only there: a policy or a rule of the stylesheet that hides it would leave it without a size.
    box = page.locator(".chart path.r").first.bounding_box()
    assert box is not None
    assert box["width"] > 0
    tables = page.locator("details summary", has_text="Show as a table")
    expect(tables).to_have_count(8)
    for number in range(8):
        tables.nth(number).click()
    expect(page.locator(".charts table:visible")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("link", name="What went wrong, all of it").click()
    page.get_by_role("link", name="Most messages").click()
    expect(page).to_have_url(re.compile(r"/insights/errors/\?sort=messages$"))
    expect(page.get_by_role("link", name="Most messages")).to_have_attribute("aria-current", "true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
