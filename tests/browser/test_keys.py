"""Single keys, and the whole main job: with the keyboard alone, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import PASSWORD, raw_job
from tests.test_job_error_groups import import_of
from tests.test_job_errors import put

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "document.activeElement.closest('[data-job-id], [data-error-group]')"


@pytest.fixture
def jobs(sandbox: SandboxProcess, sync: Callable[[], RoundOutcome], staff: User) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="cancel_job"))
    put(sandbox, import_of(90), created_at=datetime.now(UTC).isoformat())
    sandbox.put_job("b-job", raw_job("b-job", status="started", completed_at=None))
    for job_id in ("c-job", "d-job"):
        sandbox.put_job(job_id, raw_job(job_id, status="pending", started_at=None, completed_at=None))
    sync()


def arrive(page: Page, url: str) -> None:
    """Waits for the page, and until its keys do something."""
    expect(page).to_have_url(re.compile(url + "$"))
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_visible()


def here(page: Page) -> str:
    """The row that has the focus: its job, or the place of its group."""
    found: str = page.evaluate(
        f"{HERE}?.dataset.jobId ?? [...document.querySelectorAll('[data-error-group]')].indexOf({HERE}) + ''"
    )
    return found


@pytest.mark.usefixtures("jobs")
def test_keys_move_between_rows_open_them_and_lead_to_the_pages(page: Page, staff: User, complaints: list[str]) -> None:
    log_in(page, staff)
    arrive(page, "/jobs/")
    rows = page.locator("tr[data-job-id]").evaluate_all("rows => rows.map(row => row.dataset.jobId)")
    assert len(rows) == 4
    for key, place in (("k", 0), ("j", 1), ("j", 2), ("j", 3), ("j", 3), ("k", 2)):
        page.keyboard.press(key)
        assert here(page) == rows[place], (key, place)
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("Enter")
    arrive(page, f"/jobs/{rows[2]}/")

    for keys, url in (("gq", "/queue/"), ("gi", "/insights/"), ("gn", "/notifications/"), ("gj", "/jobs/")):
        for key in keys:
            page.keyboard.press(key)
        arrive(page, f"{url}")

    page.goto("/queue/")
    for job_id in ("b-job", "c-job", "d-job"):
        page.keyboard.press("j")
        assert here(page) == job_id
    page.goto("/jobs/a-job/errors/")
    for group in ("0", "1", "2", "2"):
        page.keyboard.press("j")
        assert here(page) == group
    page.keyboard.press("Enter")
    arrive(page, "group=.*")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert complaints == []


@pytest.mark.usefixtures("jobs")
def test_no_key_does_anything_while_somebody_types_or_the_browser_is_meant(page: Page, staff: User) -> None:
    log_in(page, staff)
    arrive(page, "/jobs/")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("jkrgq/?")
    expect(search).to_have_value("jkrgq/?")
    expect(page.locator("dialog")).to_be_hidden()
    page.get_by_label("Type").focus()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    page.locator("#job-a-job").focus()
    for keys in ("Control+j", "Alt+j", "Meta+j", "Control+?", "J"):
        page.keyboard.press(keys)
        assert here(page) == "a-job"
    expect(page.locator("dialog")).to_be_hidden()
    assert page.url.endswith("/jobs/")


@pytest.mark.usefixtures("jobs")
def test_the_help_opens_by_key_and_by_button_and_gives_the_focus_back(page: Page, staff: User) -> None:
    log_in(page, staff)
    arrive(page, "/jobs/")
    page.keyboard.press("j")
    row = here(page)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    assert here(page) == row
    button = page.get_by_role("button", name="Keyboard shortcuts")
    button.click()
    expect(help_).to_contain_text("Next and previous row")
    help_.get_by_role("button", name="Close").click()
    expect(help_).to_be_hidden()
    expect(button).to_be_focused()
    assert page.locator("#live").inner_text() == ""


@pytest.mark.usefixtures("jobs")
def test_keys_can_be_switched_off(page: Page, staff: User) -> None:
    log_in(page, staff)
    arrive(page, "/jobs/")
    page.keyboard.press("?")
    page.get_by_role("link", name="Turn these keys off").click()
    page.get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Remember").click()
    page.goto("/jobs/")
    for key in ("j", "?", "r", "g", "q"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.body")
    expect(page.locator("dialog")).to_be_hidden()
    assert page.url.endswith("/jobs/")


@pytest.mark.usefixtures("jobs")
def test_r_asks_at_once_and_never_sends_a_form_again(page: Page, staff: User) -> None:
    log_in(page, staff)
    arrive(page, "/jobs/")
    with page.expect_response("**/jobs/?top=*"):
        page.keyboard.press("r")
    page.goto("/preferences/")
    page.get_by_role("button", name="Remember").click()
    expect(page.get_by_text("Remembered in this browser.")).to_be_visible()
    with page.expect_request("**/preferences/") as asked:
        page.keyboard.press("r")
    assert asked.value.method == "GET"
    expect(page.get_by_text("Remembered in this browser.")).to_have_count(0)


def tab_to(page: Page, words: str) -> None:
    """Presses Tab until the element of that name has the focus."""
    name = """(() => {
      const {labels, ariaLabel, textContent} = document.activeElement;
      return labels?.[0]?.textContent || ariaLabel || textContent;
    })()"""
    for _ in range(120):
        page.keyboard.press("Tab")
        if re.search(words, " ".join(str(page.evaluate(name)).split())):
            assert page.evaluate("document.activeElement.matches(':focus-visible')")
            return
    raise AssertionError(words)


@pytest.fixture
def parts(sandbox: SandboxProcess, export: str, request: pytest.FixtureRequest) -> str:
    """An export of two parts, beside the jobs."""
    sandbox.put_files(export, "id\n1\n", "id\n2\n")
    request.getfixturevalue("jobs")
    return export


def test_the_main_job_with_the_keyboard_alone(page: Page, staff: User, parts: str, complaints: list[str]) -> None:
    page.goto("/")
    page.keyboard.type(staff.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    arrive(page, "/jobs/")

    tab_to(page, "^Failed")
    page.keyboard.press("Enter")
    arrive(page, "status=failed")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    arrive(page, "/jobs/a-job/")
    tab_to(page, "^See all 90 errors")
    page.keyboard.press("Enter")
    arrive(page, "/errors/")
    expect(page.get_by_text(re.compile("must be URL compatible")).first).to_be_visible()
    # The browser's own keys, which a test cannot press.
    page.go_back()
    page.go_back()
    arrive(page, r"/jobs/\?status=failed")
    expect(page.locator("tr[data-job-id]").first).to_have_attribute("data-job-id", "a-job")

    page.keyboard.press("/")
    page.keyboard.type(parts)
    page.keyboard.press("Enter")
    arrive(page, "q=.*")
    tab_to(page, "^All")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-job-id]")).to_have_count(1)
    tab_to(page, "^2 files$")
    page.keyboard.press("Enter")
    arrive(page, "#files")
    tab_to(page, f"^{re.escape(page.locator('#file-2').inner_text())}$")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert started.value.path().read_text(encoding="utf-8") == "id\n2\n"

    page.keyboard.press("g")
    page.keyboard.press("q")
    arrive(page, "/queue/")
    tab_to(page, "^Choose .* c-job$")
    page.keyboard.press("Space")
    tab_to(page, "^Cancel the chosen jobs$")
    page.keyboard.press("Enter")
    tab_to(page, "^Yes, cancel them$")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-job-id=c-job]")).to_have_count(0)
    expect(page.locator("tr[data-job-id=d-job]")).to_be_visible()
    tab_to(page, "^Log out$")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/login/"))
    assert complaints == []


@pytest.fixture
def plain_page(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, accept_downloads=True, java_script_enabled=False)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_the_main_job_without_javascript(plain_page: Page, staff: User, parts: str) -> None:
    page = plain_page
    log_in(page, staff)
    page.locator("#tab-failed").click()
    page.get_by_label("Type").select_option("product-import")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("status=failed.*type=product-import"))
    # What only scripts can do is not there.
    assert [button for button in page.locator("[data-js]").all() if button.is_visible()] == []
    page.locator("tr[data-job-id=a-job] a.job").click()
    page.locator("#see-errors").click()
    page.get_by_role("searchbox", name="Search messages").fill("URL compatible")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("table.lines tbody tr")).to_have_count(29)
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile("status=failed.*type=product-import"))
    expect(page.get_by_label("Type")).to_have_value("product-import")
    assert set(page.locator("tr[data-job-id] .st").all_inner_texts()) == {"Failed"}

    page.goto(f"/jobs/?q={parts}")
    page.get_by_role("link", name="2 files").click()
    with page.expect_download() as started:
        page.locator("#file-2").click()
    assert started.value.path().read_text(encoding="utf-8") == "id\n2\n"

    page.goto("/queue/")
    page.locator("#pick-c-job").check()
    page.locator("#cancel summary").click()
    page.get_by_role("button", name="Yes, cancel them").click()
    expect(page.locator("tr[data-job-id=d-job]")).to_be_visible()
    expect(page.locator("tr[data-job-id=c-job]")).to_have_count(0)
    page.goto("/jobs/d-job/")
    page.get_by_role("button", name="Watch this job").click()
    expect(page.get_by_text("You are told when it ends")).to_be_visible()
    page.get_by_text("Cancel this job").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.locator("main")).to_have_attribute("data-status", "cancelled")
    page.goto("/preferences/")
    page.get_by_label("Language").select_option("de")
    page.get_by_role("button", name="Remember").click()
    expect(page.get_by_text("In diesem Browser gemerkt.", exact=True)).to_be_visible()
    page.locator(".who button[type=submit]").click()
    expect(page).to_have_url(re.compile("/login/"))
