"""Downloads through gunicorn as it is configured: nothing is kept, and half a file never looks whole."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from jobs_ui.downloads.slots import MOST_AT_ONCE
from jobs_ui.sandbox.process import SandboxProcess
from tests.test_serving import RIGHT, ROOT, run, serving

MB = 1024 * 1024
PASSWORD = "correct horse battery staple"
MAKE_USER = (
    "from django.contrib.auth.models import User;"
    f"User.objects.create_user('mara', password='{PASSWORD}', is_staff=True)"
)
ALL = ("files/1/", "files.zip", "files.csv")


@dataclass
class Served:
    """A console with one worker, somebody who is logged in, and an export of two parts."""

    sandbox: SandboxProcess
    browser: requests.Session
    job_url: str
    gunicorn: subprocess.Popen[bytes]

    def open(self, rest: str, **headers: str) -> requests.Response:
        return self.browser.get(f"{self.job_url}{rest}", stream=True, timeout=30, headers=headers)

    @property
    def worker(self) -> int:
        children = Path(f"/proc/{self.gunicorn.pid}/task/{self.gunicorn.pid}/children").read_text(encoding="ascii")
        return int(children.split()[0])


def memory(pid: int, field: str) -> float:
    """A figure of the process's memory, in MB."""
    match = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert match
    return int(match[1]) / 1024


def log_in(base: str) -> requests.Session:
    browser = requests.Session()
    browser.get(f"{base}/login/", timeout=30)
    form = {"username": "mara", "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    assert browser.post(f"{base}/login/", data=form, timeout=30).url == f"{base}/jobs/"
    return browser


def collect_static_files() -> None:
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "collectstatic.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run({}, "manage.py", "collectstatic", "--noinput", "--verbosity=0").status == 0


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    collect_static_files()
    tmp_path = tmp_path_factory.mktemp("served")
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(quiet=True, history=40))
        environ = RIGHT | {
            "DATABASE_URL": f"sqlite:///{tmp_path}/console.sqlite3",
            "EPCC_API_BASE_URL": sandbox.url,
            "EPCC_CLIENT_ID": "sandbox",
            "EPCC_CLIENT_SECRET": "sandbox",
            "DOWNLOAD_HOSTS": sandbox.url.removeprefix("http://"),
            "GUNICORN_CMD_ARGS": "--workers=1",
        }
        for command in (["migrate", "--verbosity=0"], ["shell", "-v", "0", "-c", MAKE_USER], ["sync_jobs"]):
            done = run(environ, "manage.py", *command)
            assert done.status == 0, done
        port, process = stack.enter_context(serving(environ, tmp_path / "log"))
        browser = stack.enter_context(log_in(f"http://127.0.0.1:{port}"))
        page = browser.get(f"http://127.0.0.1:{port}/jobs/?type=product-export", timeout=30).text
        match = re.search(r'href="(/jobs/[^"]+/)#files">2 files', page)
        assert match
        yield Served(sandbox, browser, f"http://127.0.0.1:{port}{match[1]}", process)
        process.terminate()
        process.wait(30)
        for name in ("log", "console.sqlite3", "console.sqlite3-wal"):
            written = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else b""
            for secret in (b"Signature", b"Key-Pair-Id", b"Bearer", b"Expires="):
                assert secret not in written, name


@pytest.fixture
def served(console: Served) -> Served:
    """The console, over a sandbox that behaves."""
    console.sandbox.faults([])
    console.sandbox.settings(part_bytes=MB, link_lifetime=3600, token_lifetime=10**6)
    return console


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_large_file_passes_through_and_is_not_kept(served: Served) -> None:
    served.sandbox.settings(part_bytes=100 * MB, link_lifetime=2)
    served.sandbox.advance(600)
    assert served.open("files/1/preview/").status_code == 200
    for rest in ALL:
        # The peak is counted anew from here.
        (Path("/proc") / str(served.worker) / "clear_refs").write_text("5")
        before = memory(served.worker, "VmRSS")
        answer = served.open(rest)
        assert answer.status_code == 200
        size = sum(map(len, answer.iter_content(MB)))
        assert size >= (25 if rest == "files.zip" else 100) * MB
        assert memory(served.worker, "VmHWM") - before < 40, rest


def test_slow_downloads_leave_the_pages_alone(served: Served) -> None:
    served.sandbox.faults([{"match": "file", "kind": "hold"}])
    slow = [served.open("files/1/") for _ in range(MOST_AT_ONCE)]
    assert {answer.status_code for answer in slow} == {200}
    # Each of them holds a thread now, until its file goes on.
    assert served.sandbox.state()["held"] == MOST_AT_ONCE
    assert served.open("").status_code == 200
    for rest in (*ALL, "files/1/preview/"):
        answer = served.open(rest)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10"
        assert "Try again in 10 seconds" in answer.text
    served.sandbox.faults([])
    served.sandbox.release()
    assert {len(answer.content) >= MB for answer in slow} == {True}
    assert served.open("files/1/").status_code == 200


@pytest.mark.parametrize("rest", ALL)
def test_a_browser_can_tell_that_a_file_broke_off(rest: str, served: Served) -> None:
    # The headers of a merged file are read before its rows.
    served.sandbox.faults([{"match": "file", "kind": "cut", "skip": 2 if rest == "files.csv" else 0}])
    answer = served.open(rest)
    assert answer.status_code == 200
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        assert answer.content


def test_a_download_that_broke_off_is_resumed(served: Served) -> None:
    whole = served.open("files/1/")
    content, tag = whole.content, whole.headers["ETag"]
    answer = served.open("files/1/", Range="bytes=1000000-", **{"If-Range": tag})
    assert answer.status_code == 206
    assert content[:1_000_000] + answer.content == content
    assert answer.headers["Content-Range"] == f"bytes 1000000-{len(content) - 1}/{len(content)}"
