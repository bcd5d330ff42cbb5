"""A refresh takes nothing out of the reader's hands: focus, selection, place, what is open or typed; nothing moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Page, Route, expect

from jobs_ui.models import Job, SyncState
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sources import queue_knowledge
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import PASSWORD, raw_job
from tests.test_job_list import mirror, sync_state
from tests.test_queue import put

pytestmark = pytest.mark.django_db(transaction=True)

LISTEN = """
  window.shifts = [];
  window.said = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      for (const {node, previousRect, currentRect} of entry.sources) {
        window.shifts.push(`${node?.textContent}: ${JSON.stringify([previousRect, currentRect])}`);
      }
    }
  }).observe({type: "layout-shift", buffered: true});
  addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    const words = document.querySelector("#live").textContent;
    if (words) window.said.push(words);
  }).observe(document.querySelector("#live"), {childList: true}));
"""
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"


def refresh(page: Page) -> None:
    """Asks as a poll does, without waiting for it, and lets the browser show the answer."""
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
        page.locator("[data-refresh]").dispatch_event("refresh")
    page.evaluate(FRAME)


def requests(page: Page) -> list[str]:
    """The addresses that htmx asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "hx-request" in request.headers else None)
    return asked


def ids(page: Page) -> list[str]:
    found: list[str] = page.locator("tr[data-job-id]").evaluate_all("rows => rows.map(row => row.dataset.jobId)")
    return found


def shifts(page: Page) -> list[str]:
    """What has moved since it was asked for last."""
    page.evaluate(FRAME)
    found: list[str] = page.evaluate("shifts.splice(0)")
    return found


@pytest.fixture
def jobs(sandbox: SandboxProcess) -> None:
    now = datetime.now(UTC)
    mirror(70, created_at=now - timedelta(hours=3), step=timedelta(minutes=1))
    for job_id in ("job-65", "job-67"):
        Job.objects.filter(job_id=job_id).update(
            status="started", completed_at=None, started_at=now - timedelta(seconds=9)
        )
    sync_state(next_round_at=now + timedelta(days=1), last_success_at=now - timedelta(seconds=7))


def let_time_pass() -> None:
    """As if the page had stood for a while: what is told of times has another width."""
    for job in Job.objects.all():
        job.created_at -= timedelta(minutes=55)
        job.started_at = job.started_at and job.started_at - timedelta(minutes=55)
        job.completed_at = job.completed_at and job.completed_at - timedelta(minutes=55)
        job.save()


@pytest.mark.parametrize("width", [1440, 900, 390])
@pytest.mark.usefixtures("jobs")
def test_rows_change_where_they_are_and_new_jobs_wait_behind_a_button(
    width: int, page: Page, staff: User, complaints: list[str]
) -> None:
    page.add_init_script(LISTEN)
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, staff)
    expect(page.locator("#tab-all .fig")).to_have_text("70")
    before = ids(page)
    page.get_by_label("Search").fill("typed")
    row = page.locator("tr[data-job-id=job-66]")
    row.locator("a.job").focus()
    row.locator("td.c-job .sub").evaluate("element => getSelection().selectAllChildren(element)")
    page.evaluate("scrollTo(0, 20)")
    shifts(page)

    Job.objects.filter(job_id="job-67").update(status="failed", completed_at=datetime.now(UTC))
    Job.objects.filter(job_id="job-66").update(status="failed")
    let_time_pass()
    mirror(3, created_at=datetime.now(UTC), prefix="new")
    SyncState.objects.update(last_success_at=datetime.now(UTC) - timedelta(seconds=80))
    refresh(page)

    expect(page.locator("tr[data-job-id=job-67]")).to_have_attribute("data-status", "failed")
    button = page.get_by_role("button", name="3 new jobs")
    expect(button).to_be_visible()
    assert ids(page) == before
    assert page.evaluate("document.activeElement.id") == "job-job-66"
    assert page.evaluate("String(getSelection())") == "eq(sku,LAMP-1)"
    assert page.evaluate("scrollY") == 20
    expect(page.get_by_label("Search")).to_have_value("typed")
    assert shifts(page) == []
    assert page.evaluate("said") == ["3 new jobs, Product export failed, Product export failed"]

    refresh(page)
    assert len(page.evaluate("said")) == 1
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_count(0)
    assert ids(page)[:4] == ["new-2", "new-1", "new-0", "job-69"]
    assert len(ids(page)) == 50
    expect(page.locator("#job-new-2")).to_be_focused()
    refresh(page)
    assert ids(page)[:4] == ["new-2", "new-1", "new-0", "job-69"]
    assert complaints == []


@pytest.mark.usefixtures("jobs")
def test_a_list_of_failed_jobs_keeps_its_rows_when_an_older_one_fails(page: Page, staff: User) -> None:
    Job.objects.filter(job_id__in=["job-69", "job-60", "job-50"]).update(status="failed")
    page.add_init_script(LISTEN)
    log_in(page, staff, "/jobs/?status=failed")
    assert ids(page) == ["job-69", "job-60", "job-50"]
    page.locator("#job-job-60").focus()
    Job.objects.filter(job_id="job-55").update(status="failed")
    Job.objects.filter(job_id="job-69").update(status="success")
    refresh(page)
    assert ids(page) == ["job-60", "job-50"]
    expect(page.locator("#job-job-60")).to_be_focused()
    page.get_by_role("button", name="1 new job").click()
    expect(page.locator("#job-job-55")).to_be_focused()
    assert ids(page) == ["job-60", "job-55", "job-50"]


@pytest.mark.usefixtures("jobs")
def test_who_loses_the_row_in_focus_stays_in_the_page(page: Page, staff: User) -> None:
    log_in(page, staff, "/jobs/?status=started")
    page.locator("#job-job-67").focus()
    Job.objects.filter(job_id="job-67").update(status="success")
    refresh(page)
    assert ids(page) == ["job-65"]
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.usefixtures("jobs")
def test_a_tap_on_a_time_shows_it_exactly_through_refreshes_and_another_one_goes_back(page: Page, staff: User) -> None:
    log_in(page, staff)
    time = page.locator("tr[data-job-id=job-69] time")
    short, exact = time.inner_text(), str(time.get_attribute("title"))
    assert "UTC" in exact
    time.click()
    expect(time).to_have_text(exact)
    refresh(page)
    expect(time).to_have_text(exact)
    assert time.evaluate(
        "element => element.getBoundingClientRect().x >= element.closest('td').getBoundingClientRect().x"
    )
    time.click()
    expect(time).to_have_text(short)
    expect(time).to_have_attribute("title", exact)
    assert page.url.endswith("/jobs/")
    page.set_viewport_size({"width": 390, "height": 800})
    time.click()
    expect(time).to_have_text(exact)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.url.endswith("/jobs/")


def test_a_job_opens_nothing_and_closes_nothing_while_it_is_read(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome], complaints: list[str]
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="cancel_job"))
    sandbox.put_job("mine", raw_job("mine", status="pending", started_at=None, completed_at=None))
    sync()
    page.add_init_script(LISTEN)
    log_in(page, staff, "/jobs/mine/")
    page.locator("#cancel summary").click()
    page.locator("#raw summary").click()
    page.locator("#raw summary").focus()
    page.locator("#raw code").evaluate("element => getSelection().selectAllChildren(element)")
    selected = page.evaluate("String(getSelection())")
    page.locator("#raw").scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    shifts(page)
    SyncState.objects.update(last_success_at=datetime.now(UTC) - timedelta(seconds=80))
    refresh(page)
    assert shifts(page) == []
    for part in ("#cancel", "#raw"):
        expect(page.locator(part)).to_have_attribute("open", "")
    expect(page.locator("#raw summary")).to_be_focused()
    assert page.evaluate("String(getSelection())") == selected
    assert page.evaluate("scrollY") == place
    assert page.evaluate("said") == []

    sandbox.put_job("mine", raw_job("mine"))
    sync()
    refresh(page)
    assert page.evaluate("said") == ["Product import succeeded"]
    expect(page).to_have_title(re.compile("^Product import, succeeded · "))
    expect(page.locator("#raw")).to_have_attribute("open", "")
    expect(page.locator("#raw summary")).to_be_focused()
    assert complaints == []


@pytest.fixture
def queue(sandbox: SandboxProcess, staff: User) -> Iterator[None]:
    queue_knowledge.forget()
    staff.user_permissions.add(Permission.objects.get(codename="cancel_job"))
    put("running", "started", age=70, wait=2)
    for number in range(3):
        put(f"job-{number}", "pending", age=50 - number)
    sync_state(next_round_at=datetime.now(UTC) + timedelta(days=1))
    yield
    queue_knowledge.forget()


@pytest.mark.usefixtures("queue")
def test_what_is_ticked_in_the_queue_stays_ticked_when_the_line_moves(page: Page, staff: User) -> None:
    page.add_init_script(LISTEN)
    log_in(page, staff, "/queue/")
    page.locator("#pick-job-1").check()
    page.locator("#cancel summary").click()
    page.locator("#pick-job-1").focus()
    Job.objects.filter(job_id="running").update(status="success", completed_at=datetime.now(UTC))
    Job.objects.filter(job_id="job-0").update(status="started", started_at=datetime.now(UTC))
    put("job-9", "pending", age=1)
    refresh(page)
    expect(page.locator("section[data-job-id=job-0]")).to_be_visible()
    assert ids(page) == ["job-1", "job-2", "job-9"]
    expect(page.locator("#pick-job-1")).to_be_checked()
    expect(page.locator("#pick-job-1")).to_be_focused()
    expect(page.locator("#pick-job-2")).not_to_be_checked()
    expect(page.locator("#cancel")).to_have_attribute("open", "")
    assert page.evaluate("said") == ["Product import running, New jobs: 1"]


def test_the_log_of_what_was_sent_says_when_it_is_not_refreshed(
    page: Page, staff: User, sandbox: SandboxProcess
) -> None:
    log_in(page, staff, "/notifications/")
    page.route("**/notifications/", lambda route: route.abort())
    page.locator("#sent").dispatch_event("refresh")
    notice = page.get_by_text(re.compile("Not refreshed for .* the console does not answer. It tries again by itself."))
    expect(notice.first).to_be_visible()
    page.unroute("**/notifications/")
    refresh(page)
    expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.usefixtures("jobs")
def test_a_refresh_that_fails_is_said_and_tried_more_and_more_rarely(page: Page, staff: User) -> None:
    page.add_init_script(LISTEN)
    page.clock.install()
    log_in(page, staff)
    expect(page.locator("#tab-all .fig")).to_have_text("70")
    asked: list[int] = []
    polls: list[None] = []

    def fail(route: Route) -> None:
        asked.append(len(polls))
        route.fulfill(status=500)

    page.route("**/jobs/?*", fail)
    while len(polls) < 60:
        polls.append(None)
        page.clock.run_for(5_000)
        expect(page.locator("#jobs")).not_to_have_class(re.compile("htmx-request"))
    expect(page.locator("[data-words]")).to_have_text(
        re.compile(r"^Not refreshed for \d+ min: the console answered with error 500\. It tries again by itself\.$")
    )
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert gaps[:4] == [1, 2, 4, 7]
    assert set(gaps[4:]) <= {12, 13}
    assert len([words for words in page.evaluate("said") if "Not refreshed" in words]) == 1


@pytest.mark.usefixtures("jobs")
def test_nothing_is_asked_for_while_the_page_is_paused_or_out_of_sight(page: Page, staff: User) -> None:
    page.clock.install()
    log_in(page, staff)
    expect(page.locator("#tab-all .fig")).to_have_text("70")
    asked = requests(page)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(30_000)
    assert asked == []
    # Whoever asks gets an answer, and the page goes on standing still.
    with page.expect_response("**/jobs/?top=*"):
        page.keyboard.press("r")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    with page.expect_response("**/jobs/?top=*"):
        page.get_by_role("button", name="Resume").click()
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    asked.clear()
    page.clock.run_for(30_000)
    assert asked == []
    page.evaluate("delete document.hidden")
    with page.expect_response("**/jobs/?top=*"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("path", ["/jobs/?status=pending", "/jobs/mine/", "/queue/", "/notifications/"])
def test_a_session_that_has_ended_leads_to_the_login_and_back(
    path: str, page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_job("mine", raw_job("mine", status="pending", started_at=None, completed_at=None))
    sync()
    log_in(page, staff, path)
    page.context.clear_cookies()
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/login/"))
    page.locator("input[name=username]").fill(staff.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))


@pytest.mark.usefixtures("jobs")
def test_what_scripts_say_is_in_the_language_of_the_page(page: Page, staff: User) -> None:
    page.add_init_script(LISTEN)
    page.set_extra_http_headers({"Accept-Language": "de"})
    page.goto("/jobs/")
    page.locator("input[name=username]").fill(staff.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.locator("#pause").click()
    expect(page.locator("#pause")).to_have_text("Fortsetzen")
    page.locator("#pause").click()
    mirror(3, created_at=datetime.now(UTC), prefix="new")
    refresh(page)
    expect(page.get_by_role("button", name="3 neue Jobs")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    title, button = page.locator("h1").bounding_box(), page.locator("#new").bounding_box()
    assert title
    assert button
    assert title["x"] + title["width"] < button["x"]
    said = page.evaluate("said")
    assert said == ["Die Seite steht still.", "Die Seite aktualisiert sich wieder.", "3 neue Jobs"]
    page.route("**/jobs/?*", lambda route: route.abort())
    page.locator("#jobs").dispatch_event("refresh")
    expect(page.locator("[data-words]")).to_have_text(
        re.compile("^Seit .* nicht aktualisiert: Die Konsole antwortet nicht")
    )


def test_a_job_that_is_over_is_not_asked_for_any_more(
    page: Page, staff: User, sandbox: SandboxProcess, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_job("mine", raw_job("mine", status="started", completed_at=None))
    sync()
    page.clock.install()
    log_in(page, staff, "/jobs/mine/")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    sandbox.put_job("mine", raw_job("mine"))
    sync()
    page.clock.run_for(3_000)
    expect(page.locator("main")).to_have_attribute("data-status", "success")
    asked = requests(page)
    page.clock.run_for(60_000)
    assert asked == []
