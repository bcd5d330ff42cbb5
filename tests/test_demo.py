"""`make run`: one command, a login that works, something that moves, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60


def environment(tmp_path: Path, **settings: str) -> dict[str, str]:
    """A clean environment, with a database of the test's own."""
    return {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{tmp_path}/demo.sqlite3", **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Demo:
    """`manage.py demo` as a process in a group of its own, and what it has printed."""

    def __init__(self, port: int, environ: dict[str, str]) -> None:
        self.mark = f"DATABASE_URL={environ['DATABASE_URL']}".encode()
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", f"--port={port}"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout
        seen = ""
        for line in self.process.stdout:
            seen += line
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"{pattern} was never printed:\n{seen}")

    def interrupt(self) -> str:
        """Ctrl-C: the signal goes to everything in the group. Returns the rest of what is printed."""
        os.killpg(self.process.pid, signal.SIGINT)
        output, _ = self.process.communicate(timeout=20)
        return output

    def left_behind(self) -> list[str]:
        """What still runs with the environment of this demo, whichever group or parent it has."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark in environ.read_bytes().split(b"\0"):
                    found.append(environ.parent.joinpath("cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def settings_of(self, word: str) -> dict[str, str]:
        """The environment of the process whose command holds that word."""
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                parts = environ.read_bytes().split(b"\0")
                if self.mark in parts and word in environ.with_name("cmdline").read_text():
                    return dict(part.decode().split("=", 1) for part in parts if b"=" in part)
        raise AssertionError(f"no process runs {word}")

    def stop_for_good(self) -> None:
        """After a test, however it went."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError, ProcessLookupError):
                if self.mark in environ.read_bytes().split(b"\0"):
                    os.kill(int(environ.parent.name), signal.SIGKILL)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(free_port(), environment(tmp_path))
    yield running
    running.stop_for_good()


def log_in(demo: Demo) -> requests.Session:
    match = demo.read_until(r"^Log in as (\S+) with password (\S+)$")
    browser = requests.Session()
    page = browser.get(f"{demo.base}/jobs/", timeout=10)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = {"username": match[1], "password": match[2], "csrfmiddlewaretoken": token[1], "next": "/jobs/"}
    assert browser.post(page.url, data=form, timeout=10).url == f"{demo.base}/jobs/"
    return browser


def states(browser: requests.Session, demo: Demo) -> dict[str, str]:
    page = browser.get(f"{demo.base}/jobs/", timeout=10).text
    return dict(re.findall(r'<tr[^>]* data-job-id="([^"]+)"\s+data-status="([^"]+)"', page))


def test_it_logs_in_shows_jobs_that_move_and_leaves_nothing_running(demo: Demo) -> None:
    with log_in(demo) as browser:
        until = time.monotonic() + PATIENCE
        seen: list[dict[str, str]] = []
        while time.monotonic() < until:
            now = states(browser, demo)
            if len(now) == 50 and now not in seen:
                seen.append(now)
            if len(seen) >= 3:
                break
            # The demo moves by the clock on the wall: there is no event to wait for from outside.
            time.sleep(0.3)
        assert len(seen) >= 3, "nothing moved"

    output = demo.interrupt()

    assert demo.process.returncode == 0
    assert "Traceback" not in output
    assert demo.left_behind() == []


SEND = """
import django
django.setup()
from datetime import UTC, datetime
from jobs_ui.notifications.emails import send
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.targets import configured_targets
from jobs_ui.notifications.webhooks import post
now = datetime.now(UTC)
message = Message("notification-1", "test", now, "A message to try", ("It has one line.",), "", {})
for target in configured_targets().values():
    post(target, message, now=now)
send("demo@example.com", message)
"""


def test_its_webhooks_and_its_e_mail_arrive_where_it_says(demo: Demo) -> None:
    webhook = demo.read_until(r"^Webhooks: (\S+) and (\S+) list")
    mails = demo.read_until(r"^E-mail: (\S+) lists")
    demo.read_until(r"^Log in as")
    settings = demo.settings_of("sync_jobs")

    subprocess.run(
        [sys.executable, "-c", SEND],
        cwd=ROOT,
        env={**settings, "DJANGO_SETTINGS_MODULE": "console.settings"},
        check=True,
    )

    (program,) = requests.get(webhook[1], timeout=10).json()["received"]
    (chat,) = requests.get(webhook[2], timeout=10).json()["received"]
    (mail,) = requests.get(mails[1], timeout=10).json()["received"]
    assert json.loads(program["body"])["title"] == "A message to try"
    assert program["headers"]["webhook-signature"].startswith("v1,")
    assert json.loads(chat["body"]) == {"text": "A message to try\nIt has one line."}
    assert (mail["to"], mail["headers"]["Subject"]) == (["demo@example.com"], "A message to try")
    assert settings["CONSOLE_URL"] == demo.base
    file = Path(settings["CONSOLE_STORES_FILE"])
    assert file.exists()
    demo.interrupt()
    assert not file.exists()


def test_a_kill_of_the_parent_takes_the_others_along(demo: Demo) -> None:
    demo.read_until(r"^Log in as")
    os.kill(demo.process.pid, signal.SIGKILL)
    demo.process.wait(10)

    until = time.monotonic() + 15
    while demo.left_behind() and time.monotonic() < until:
        time.sleep(0.1)

    assert demo.left_behind() == []


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", f"--port={port}"],
            cwd=ROOT,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    assert done.returncode != 0
    assert f"Port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_half_a_key_is_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", f"--port={free_port()}"],
        cwd=ROOT,
        env=environment(tmp_path, EPCC_CLIENT_ID="an-id"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode != 0
    assert "EPCC_CLIENT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_a_key_it_reads_that_store_and_says_so(tmp_path: Path) -> None:
    secret = "not-to-be-printed"
    key = {"EPCC_API_BASE_URL": "http://127.0.0.1:9", "EPCC_CLIENT_ID": "an-id", "EPCC_CLIENT_SECRET": secret}
    demo = Demo(free_port(), environment(tmp_path, **key))
    try:
        said = demo.read_until(r"Reading the real store at (\S+), not the sandbox")
        demo.read_until(r"^Log in as")
        output = demo.interrupt()
    finally:
        demo.stop_for_good()

    assert said[1] == "http://127.0.0.1:9"
    assert secret not in output
