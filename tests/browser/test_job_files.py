"""An export's files in a real browser: looked at on a phone, and saved."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from jobs_ui.sandbox.process import SandboxProcess
from jobs_ui.sync import RoundOutcome
from tests.browser.test_main_job import log_in

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ",".join(f"a_long_name_of_column_{number}" for number in range(40))
WORDS = "word " * 60 + "end"
TABLE = f"{NAMES}\n" + "".join(f'{number},"{WORDS}",x\n' for number in range(30))


@pytest.mark.parametrize("width", [1440, 390])
def test_a_wide_table_moves_in_its_own_frame_and_never_the_page(
    width: int,
    page: Page,
    staff: User,
    sandbox: SandboxProcess,
    export: str,
    sync: Callable[[], RoundOutcome],
    complaints: list[str],
) -> None:
    sandbox.put_files(export, TABLE, TABLE)
    sync()
    log_in(page, staff)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/jobs/{export}/")
    page.get_by_role("link", name="Preview part 1").click()
    frame = page.get_by_role("region", name="First rows")
    expect(frame).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert frame.evaluate("(element) => element.scrollWidth > element.clientWidth")
    # The number of a row stays in sight however far one has scrolled.
    frame.evaluate("(element) => element.scrollTo(2000, 0)")
    number, box = frame.get_by_role("rowheader", name="1", exact=True).bounding_box(), frame.bounding_box()
    assert number
    assert box
    assert number["x"] - box["x"] < 5
    frame.evaluate("(element) => element.scrollTo(0, 0)")
    cell = frame.locator("summary").first
    expect(frame.locator("details span").first).to_be_hidden()
    cell.focus()
    page.keyboard.press("Enter")
    expect(frame.locator("details span").first).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_all_parts_are_saved_under_a_sensible_name(
    page: Page, staff: User, sandbox: SandboxProcess, export: str, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_files(export, "id\n1\n", "id\n2\n")
    sandbox.settings(link_lifetime=2)
    sync()
    log_in(page, staff)
    page.goto(f"/jobs/{export}/")
    # The page has been open for a while, and every link that was handed out is dead.
    sandbox.advance(600)
    saved = {}
    for words in ("", "All parts as one CSV", "All parts as a zip"):
        with page.expect_download() as download:
            (page.get_by_role("link", name=words) if words else page.locator("#file-1")).click()
        name = download.value.suggested_filename
        assert name.startswith("product-export_20")
        saved[Path(name).suffix if "part" not in name else "part"] = Path(download.value.path()).read_bytes()
    assert saved["part"] == b"id\n1\n"
    assert saved[".csv"] == b"id\n1\n2\n"
    assert zipfile.ZipFile(io.BytesIO(saved[".zip"])).testzip() is None
