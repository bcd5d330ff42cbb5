"""The queue in a real browser: it moves under the hands of its reader, and jobs are cancelled from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from playwright.sync_api import Page, expect

from jobs_ui.models import AuditEntry
from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in
from tests.conftest import raw_job

pytestmark = pytest.mark.django_db(transaction=True)

REFRESH = "() => document.querySelector('[data-refresh]').dispatchEvent(new Event('refresh'))"
FOCUSED = "() => document.activeElement.id"
Put = Callable[..., None]


@pytest.fixture
def put(sandbox: SandboxProcess) -> Put:
    """Puts a job that waits, and that was created so many seconds after the first."""
    first = datetime.now(UTC) - timedelta(minutes=5)

    def put_job(job_id: str, after: float, **changes: object) -> None:
        waits = {"status": "pending", "started_at": None, "completed_at": None}
        created = (first + timedelta(seconds=after)).isoformat()
        sandbox.put_job(job_id, raw_job(job_id, **(waits | {"created_at": created} | changes)))

    return put_job


@pytest.fixture
def waiting(put: Put, sync: Callable[[], RoundOutcome]) -> None:
    for number, job_id in enumerate(["first", "second", "third"]):
        put(job_id, number)
    sync()


@pytest.fixture
def operator(staff: User) -> User:
    # A test with transactions of its own has no rows that a migration wrote.
    group, _ = Group.objects.get_or_create(name="Job operators")
    group.permissions.add(Permission.objects.get(codename="cancel_job"))
    staff.groups.add(group)
    return staff


def printed(page: Page, selector: str) -> str:
    """What the stylesheet prints into an element, as a screen reader has it."""
    session = page.context.new_cdp_session(page)
    found = session.send("Runtime.evaluate", {"expression": f"document.querySelector('{selector}')"})
    tree = session.send("Accessibility.queryAXTree", {"objectId": found["result"]["objectId"], "role": "StaticText"})
    return " ".join(node["name"]["value"] for node in tree["nodes"])


@pytest.mark.usefixtures("waiting")
def test_the_queue_moves_and_leaves_choice_confirmation_and_focus_alone(
    page: Page, operator: User, put: Put, sync: Callable[[], RoundOutcome], complaints: list[str]
) -> None:
    log_in(page, operator, "/queue/")
    rows = page.locator("[data-job-id]")
    expect(rows).to_have_count(3)
    page.locator("#pick-second").check()
    page.get_by_text("Cancel the chosen jobs").click()
    assert printed(page, ".up") == "1"
    page.locator("#cancel-yes").focus()
    put("fourth", 3)
    put("first", 0, status="started", started_at=datetime.now(UTC).isoformat())
    sync()
    # By itself.
    expect(rows).to_have_count(4)
    expect(rows.first).to_have_attribute("data-status", "started")
    expect(page.locator("#pick-second")).to_be_checked()
    expect(page.locator("input:checked")).to_have_count(1)
    expect(page.locator("#cancel")).to_have_attribute("open", "")
    assert printed(page, ".up") == "2"
    assert page.evaluate(FOCUSED) == "cancel-yes"
    for focused in ("pick-third", "cancel-chosen", "job-first", "job-third"):
        page.locator(f"#{focused}").focus()
        with page.expect_response("**/queue/"):
            page.evaluate(REFRESH)
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
        assert page.evaluate(FOCUSED) == focused
    assert complaints == []


@pytest.mark.usefixtures("waiting")
def test_one_is_cancelled_from_its_page(page: Page, operator: User, complaints: list[str]) -> None:
    log_in(page, operator, "/jobs/first/")
    page.get_by_text("Cancel this job").click()
    expect(page.get_by_text("2 jobs move up.")).to_be_visible()
    page.get_by_role("button", name="Yes, cancel it").focus()
    with page.expect_response("**/jobs/first/"):
        page.evaluate(REFRESH)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    assert page.evaluate(FOCUSED) == "cancel-yes"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Product import first: It is cancelled.")).to_be_visible()
    expect(page.locator("main")).to_have_attribute("data-status", "cancelled")
    expect(page.locator("#audit")).to_contain_text("mara: cancel")
    expect(page.get_by_text("Cancel this job")).to_have_count(0)
    assert complaints == []


@pytest.mark.usefixtures("waiting")
def test_several_are_cancelled_with_the_keyboard_alone_and_each_outcome_is_seen(
    page: Page, operator: User, put: Put, complaints: list[str]
) -> None:
    log_in(page, operator, "/queue/")
    # It has started since the page was made.
    put("first", 0, status="started", started_at=datetime.now(UTC).isoformat())

    def press_tab_until(wanted: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate(FOCUSED) == wanted:
                return
        pytest.fail(f"{wanted} cannot be reached with Tab")

    for box in ("pick-first", "pick-second"):
        press_tab_until(box)
        page.keyboard.press("Space")
    press_tab_until("cancel-chosen")
    page.keyboard.press("Enter")
    press_tab_until("cancel-yes")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Product import second: It is cancelled.")).to_be_visible()
    expect(page.get_by_text("Product import first: It started")).to_be_visible()
    rows = page.locator("[data-job-id]")
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.jobId)") == ["first", "third"]
    assert complaints == []


@pytest.mark.usefixtures("waiting")
def test_a_cancel_that_comes_too_late_is_explained(
    page: Page, operator: User, put: Put, sandbox: SandboxProcess, complaints: list[str]
) -> None:
    log_in(page, operator, "/jobs/first/")
    sandbox.faults([{"match": "cancel", "kind": "slow", "seconds": 1.0}])
    page.evaluate("() => document.querySelector('#cancel form').requestSubmit()")
    # The job still waited when it was read, and the call that cancels is on its way.
    while not sandbox.state()["requests"].get("cancel"):
        page.wait_for_timeout(20)
    put("first", 0, status="started", started_at=datetime.now(UTC).isoformat())
    expect(page.get_by_text("too late to cancel").first).to_be_visible()
    expect(page.locator(".said.error:visible")).to_have_count(1)
    expect(page.locator("main")).to_have_attribute("data-status", "started")
    assert not AuditEntry.objects.get().succeeded
    assert complaints == []


@pytest.mark.usefixtures("waiting")
def test_who_may_not_cancel_sees_who_may(
    page: Page, staff: User, sandbox: SandboxProcess, complaints: list[str]
) -> None:
    User.objects.create_superuser("otto")
    for address in ("/queue/", "/jobs/first/"):
        if address == "/queue/":
            log_in(page, staff, address)
        else:
            page.goto(address)
        expect(page.get_by_text("members of the group “Job operators”: otto.")).to_be_visible()
        expect(page.locator("input[type=checkbox], #cancel, [action$='/cancel/']")).to_have_count(0)
    # A page that was open when the right was taken away.
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    answer = page.request.post("/jobs/first/cancel/", form={"csrfmiddlewaretoken": token})
    assert answer.status == 403
    assert "Ask one of them: otto." in answer.text()
    assert "cancel" not in sandbox.state()["requests"]
    assert complaints == []


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_nothing_runs_out_of_the_page(
    width: int, page: Page, operator: User, put: Put, sync: Callable[[], RoundOutcome], complaints: list[str]
) -> None:
    put("running", 0, status="started", started_at=datetime.now(UTC).isoformat(), type="x" * 200)
    put("0123456789abcdef" * 12, 1, type="product-export", filter="in(sku," + "LAMP," * 90 + "X)")
    put("tomorrow", 86_400)
    put("done", 2, status="failed", completed_at=datetime.now(UTC).isoformat(), type="y" * 200)
    sync()
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, operator, "/queue/")
    page.get_by_text("Cancel the chosen jobs").click()
    expect(page.locator("[data-job-id]")).to_have_count(3)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.locator("[data-job-id] input").first.click()
    assert complaints == []
