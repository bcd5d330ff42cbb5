"""An export's files in a real browser: looked at on a phone, and saved."""

from __future__ import annotations

import io
import re
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


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_the_edge_of_a_table_fades_while_there_is_more_beyond_it(
    width: int, page: Page, staff: User, sandbox: SandboxProcess, export: str, sync: Callable[[], RoundOutcome]
) -> None:
    sandbox.put_files(export, TABLE, "a,b\n1,2\n")
    sync()
    log_in(page, staff)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/jobs/{export}/files/1/preview/")
    frame = page.get_by_role("region", name="First rows")
    expect(frame).to_have_css("mask-image", re.compile("gradient"))
    frame.evaluate("(element) => element.scrollTo(element.scrollWidth, 0)")
    expect(frame).to_have_css("mask-image", "none")
    page.goto(f"/jobs/{export}/files/2/preview/")
    expect(frame).to_have_css("mask-image", "none")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_top_of_a_preview_stands_where_it_does_on_other_pages(
    width: int, page: Page, staff: User, sandbox: SandboxProcess, export: str, sync: Callable[[], RoundOutcome]
) -> None:
    names = ",".join(f"c{number}" for number in range(600))
    sandbox.put_files(export, f"{names}\n", "id\n1\n")
    sync()
    log_in(page, staff)
    page.set_viewport_size({"width": width, "height": 900})
    places = []
    for address in (f"/jobs/{export}/errors/", f"/jobs/{export}/files/1/preview/"):
        page.goto(address)
        crumb, title = page.locator(".crumb").bounding_box(), page.locator("h1").bounding_box()
        assert crumb
        assert title
        places.append((round(crumb["y"]), round(title["y"])))
    assert places[0] == places[1]
    lead, note = page.locator("main > .lead").bounding_box(), page.locator(".said:visible").bounding_box()
    assert lead
    assert note
    assert note["y"] - (lead["y"] + lead["height"]) >= 8


def test_no_button_stands_alone_beside_an_empty_row_on_a_phone(
    page: Page, staff: User, sandbox: SandboxProcess, export: str, sync: Callable[[], RoundOutcome]
) -> None:
    sync()
    log_in(page, staff)
    page.set_viewport_size({"width": 390, "height": 900})
    for address in (f"/jobs/{export}/", f"/jobs/{export}/files/1/preview/"):
        page.goto(address)
        row = page.locator(".title .actions").bounding_box()
        last = page.locator(".title .actions .btn").last.bounding_box()
        assert row
        assert last
        assert last["x"] + last["width"] == pytest.approx(row["x"] + row["width"], abs=1)
