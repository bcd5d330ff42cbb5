"""Every page in a real browser: light and dark, wide, medium and as on a phone, for everybody.

axe finds what breaks WCAG 2.2 AA; no page complains, scrolls sideways, or is hard to hit with a thumb. The whole
matrix is run where nothing may be left out (REQUIRE_ALL=yes), otherwise each page once, in turn another way.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, Permission, User
from playwright.sync_api import Page
from pytest_django.fixtures import Settings

from jobs_ui.models import AuditEntry, JobWatch, NotificationRule
from jobs_ui.models import Job as MirroredJob
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = (1440, 900, 390)
THEMES = ("light", "dark")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALLEST = 44
"""CSS pixels of what one taps on a phone; links within a sentence are as high as their line."""

# What can be tapped and stands by itself: the inline ones are those of a sentence (WCAG 2.5.8, "inline").
SMALL_TARGETS = """
smallest => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
  .filter(element => element.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .filter(element => !element.closest(".skip, .vh") && getComputedStyle(element).display !== "inline")
  .map(element => [element, (element.closest("label") ?? element).getBoundingClientRect()])
  .filter(([element, box]) => box.height > 0 && box.height < smallest - 0.5 && element.tagName !== "CODE")
  .map(([element, box]) => `${element.outerHTML.slice(0, 120)} is ${box.width} × ${box.height}`)
"""


class Case(NamedTuple):
    """A page: its name, its address (EXPORT stands for an export's id), the status that it answers with."""

    name: str
    url: str
    status: int = 200


CASES = (
    Case("list", "/jobs/"),
    Case("list-none-match", "/jobs/?q=no-such-word&status=failed"),
    Case("list-wrong", "/jobs/?created_from=never&before=x"),
    Case("detail-failed", "/jobs/failed/"),
    Case("detail-export", "/jobs/EXPORT/"),
    Case("detail-pending", "/jobs/waits-1/"),
    Case("detail-running", "/jobs/runs/"),
    Case("errors", "/jobs/failed/errors/"),
    Case("errors-none", "/jobs/EXPORT/errors/"),
    Case("preview", "/jobs/EXPORT/files/1/preview/"),
    Case("queue", "/queue/"),
    Case("insights", "/insights/"),
    Case("insights-day", "/insights/?period=24h"),
    Case("insights-errors", "/insights/errors/"),
    Case("audit", "/audit/"),
    Case("audit-none", "/audit/?user=nobody"),
    Case("notifications", "/notifications/"),
    Case("preferences", "/preferences/"),
    Case("not-found", "/jobs/no-such-job/", 404),
    Case("no-part", "/jobs/EXPORT/files/9/", 404),
)


@pytest.fixture
def shop(
    sandbox: SandboxProcess, sync: Callable[[], RoundOutcome], staff: User, settings: Settings, export: str
) -> str:
    """A shop with jobs of every kind, somebody who may do everything, and traces of what was done.

    Returns the id of an export of two parts.
    """
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "jobs@example.com"
    now = datetime.now(UTC)

    def put(job_id: str, **changes: Any) -> None:
        sandbox.put_job(job_id, raw_job(job_id, **changes))

    put("failed", status="failed")
    sandbox.put_errors("failed", messages=[f"Row {row}: sku must be unique amongst products" for row in range(120)])
    put("runs", status="started", completed_at=None, created_at=(now - timedelta(seconds=90)).isoformat())
    for number in range(4):
        created = (now - timedelta(seconds=60 - number)).isoformat()
        put(f"waits-{number}", status="pending", started_at=None, completed_at=None, created_at=created)
    sync()
    staff.email = "mara@example.com"
    staff.save()
    # A test with transactions of its own has no rows that a migration wrote.
    group, _ = Group.objects.get_or_create(name="Job operators")
    group.permissions.add(*Permission.objects.filter(codename__in=["cancel_job", "use_webhooks"]))
    staff.groups.add(group)
    for kind in ("failed", "queue"):
        NotificationRule.objects.create(user=staff, kind=kind, longest=5, created_at=now, since=now)
    JobWatch.objects.create(user=staff, job=MirroredJob.objects.get(job_id="runs"), created_at=now)
    for outcome, succeeded in (("read", True), ("It started 3 s ago: too late to cancel.", False)):
        AuditEntry.objects.create(
            at=now, username="mara", action="cancel", job_id="failed", outcome=outcome, succeeded=succeeded
        )
    return export


def ways(number: int) -> list[tuple[str, int]]:
    """The themes and widths in which a page is looked at."""
    every = [(theme, width) for width in WIDTHS for theme in THEMES]
    return every if os.environ.get("REQUIRE_ALL") == "yes" else [every[number % len(every)]]


def look(page: Page, case: Case, number: int) -> list[str]:
    """What is wrong with the page that is open, in each way of looking at it."""
    found = []
    for theme, width in ways(number):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its literals
        page.set_viewport_size({"width": width, "height": 900})
        results = Axe().run(page, options={"runOnly": STANDARDS, "resultTypes": ["violations"]})
        found += [
            f"{case.name} {theme} {width}: {violation['id']}: {node['html'][:160]}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{case.name} {theme} {width}: it scrolls sideways")
        if width < 400:
            found += [f"{case.name} {theme} {width}: {small}" for small in page.evaluate(SMALL_TARGETS, SMALLEST)]
    return found


def test_every_page_is_for_everybody(page: Page, staff: User, shop: str, complaints: list[str]) -> None:
    log_in(page, staff)
    found = []
    for number, case in enumerate(CASES):
        answer = page.goto(case.url.replace("EXPORT", shop))
        assert answer
        assert answer.status == case.status, case.name
        found += look(page, case, number)
    assert "\n".join(found) == ""
    # Chromium complains of each page that says that there is none.
    assert [said for said in complaints if "status of 404" not in said] == []


def test_every_part_is_for_everybody(
    page: Page, staff: User, sandbox: SandboxProcess, settings: Settings, complaints: list[str]
) -> None:
    settings.DEBUG = True
    log_in(page, staff, "/styleguide/")
    assert "\n".join(look(page, Case("styleguide", ""), 5)) == ""
    assert complaints == []


def test_the_login_is_for_everybody(page: Page, staff: User, sandbox: SandboxProcess, complaints: list[str]) -> None:
    page.goto("/login/?next=/queue/")
    found = look(page, Case("login", ""), 0)
    page.locator("input[name=username]").fill(staff.username)
    page.locator("input[name=password]").fill("not it")
    page.get_by_role("button", name="Log in").click()
    found += look(page, Case("login-wrong", ""), 4)
    assert "\n".join(found) == ""
    assert complaints == []
