"""Takes the pictures of the README: `make pictures`. The demo is started, logged into, and photographed in Chromium."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, chromium_path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PATIENCE = 120.0
# How long the demo's queue moves before it is looked at: time for some of it to wait.
SETTLING = 30.0


class Picture(NamedTuple):
    """A file of docs/, the page on it (a status means the first job of it in the list), and how it is looked at."""

    file: str
    page: str
    theme: Literal["light", "dark"] = "light"
    width: int = 1440
    height: int = 900


PICTURES = (
    Picture("list.png", "/jobs/"),
    Picture("errors.png", "failed:errors/"),
    Picture("queue.png", "/queue/", "dark", height=700),
    Picture("phone.png", "/jobs/", width=390, height=844),
)


@contextmanager
def demo(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Runs the demo; gives its address, and a user and password for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/pictures.sqlite3"}
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "manage.py", "demo", f"--port={port}"], cwd=ROOT, env=environ, stdout=output
        )
    try:
        until = time.monotonic() + PATIENCE
        while not (
            (said := re.search(r"Log in as (\S+) with password (\S+)", log.read_text()))
            and "the whole list has been read" in log.read_text()
        ):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The demo did not start:\n{log.read_text()}")
            time.sleep(0.2)
        time.sleep(SETTLING)
        yield f"http://127.0.0.1:{port}", said[1], said[2]
    finally:
        process.terminate()
        process.wait()


def take(browser: Browser, picture: Picture, base_url: str, user: str, password: str) -> None:
    """Takes one picture, in a browser of its own."""
    context = browser.new_context(
        base_url=base_url,
        color_scheme=picture.theme,
        viewport={"width": picture.width, "height": picture.height},
    )
    page = context.new_page()
    page.goto("/login/")
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(password)
    page.locator("form button[type=submit]").last.click()
    page.wait_for_url("**/jobs/")
    _open(page, picture.page)
    page.screenshot(path=DOCS / picture.file)
    context.close()
    sys.stdout.write(f"docs/{picture.file}\n")


def _open(page: Page, what: str) -> None:
    status, _, rest = what.rpartition(":")
    if status:
        page.goto(f"/jobs/?status={status}&type=product-import")
        what = f"{page.locator('tr[data-job-id] a.job').first.get_attribute('href')}{rest}"
    page.goto(what)
    # The tabs' figures come after the page.
    page.wait_for_load_state("networkidle")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as (base_url, user, password),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for picture in PICTURES:
            take(browser, picture, base_url, user, password)
        browser.close()


if __name__ == "__main__":
    main()
