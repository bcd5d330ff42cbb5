"""Who did what, in a real browser: looked through by hand, and taken along."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.test_main_job import log_in
from tests.test_audit_log import entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1440, 390])
def test_entries_are_chosen_by_hand_and_the_file_holds_the_same(
    width: int, page: Page, staff: User, sandbox: object, complaints: list[str]
) -> None:
    now = datetime.now(UTC)
    for number in range(60):
        entry(at=now - timedelta(minutes=number), username="o" * 150 if number % 2 else "mara", outcome="word " * 50)
    entry(at=now - timedelta(days=9), action="cancel", username="mara", succeeded=False, outcome="It started: " * 20)
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, staff, "/audit/")
    rows = page.locator("[data-audit]")
    expect(rows).to_have_count(50)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name=re.compile("Older")).click()
    expect(rows).to_have_count(11)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.get_by_label("Who", exact=True).fill("mara")
    page.locator("select[name=action]").select_option("Cancel")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"/audit/\?user=mara&action=cancel$"))
    expect(rows).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    assert re.fullmatch(r"audit_\d{4}-\d\d-\d\d\.csv", started.value.suggested_filename)
    with Path(started.value.path()).open(encoding="utf-8", newline="") as file:
        assert [(row["user"], row["action"], row["succeeded"]) for row in csv.DictReader(file)] == [
            ("mara", "cancel", "no")
        ]
    assert complaints == []
