"""The programs as they are started: gunicorn and manage.py, as processes, with nothing else in their environment."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0
SECRET = "hunter2-the-secret-of-the-store"
KEY = "correct-horse-battery-staple-correct-horse-battery"
RIGHT = {
    "CONSOLE_SECRET_KEY": KEY,
    "EPCC_API_BASE_URL": "http://127.0.0.1:1",
    "EPCC_CLIENT_ID": "an-id",
    "EPCC_CLIENT_SECRET": SECRET,
    "CONSOLE_HTTPS": "off",
}


class Ended(str):
    """What a process wrote, with its exit status."""

    status: int


@pytest.fixture
def database(tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/console.sqlite3"}


@pytest.fixture
def static_files() -> Iterator[None]:
    """Collected, and by nobody else at the same time."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "collectstatic.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run({}, "manage.py", "collectstatic", "--noinput", "--verbosity=0")
        assert (done.status, done) == (0, "")
        yield


def run(environ: dict[str, str], *arguments: str) -> Ended:
    """A Python program in the project's folder, to its end."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    ended = Ended(done.stdout)
    ended.status = done.returncode
    return ended


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def gunicorn(environ: dict[str, str], *options: str) -> Ended:
    """gunicorn that is expected to give up by itself."""
    return run(environ, "-m", "gunicorn", "console.wsgi", f"--bind=127.0.0.1:{free_port()}", *options)


def check_is_plain(said: str, *secrets: str) -> None:
    assert "Traceback" not in said
    for secret in (SECRET, KEY, *secrets):
        assert secret not in said


def test_gunicorn_stops_with_a_sentence_where_a_setting_is_missing(
    database: dict[str, str], static_files: None
) -> None:
    environ = {key: value for key, value in (RIGHT | database).items() if key != "EPCC_CLIENT_ID"}
    said = gunicorn(environ, "--workers=1")
    assert said.status != 0
    assert "The setting EPCC_CLIENT_ID is missing." in said
    assert "It should be the client id of an application key of the store." in said
    assert sum(f"The setting {name}" in said for name in RIGHT) == 1
    check_is_plain(said)


def test_gunicorn_with_several_workers_stops_as_plainly(database: dict[str, str], static_files: None) -> None:
    said = gunicorn(database)
    assert said.status != 0
    for name in ("CONSOLE_SECRET_KEY", "EPCC_API_BASE_URL", "EPCC_CLIENT_ID", "EPCC_CLIENT_SECRET"):
        assert f"The setting {name} is missing." in said
    check_is_plain(said)


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "gunicorn", "console.wsgi", "--bind=127.0.0.1:0", "--workers=1"],
        ["manage.py", "check"],
        ["manage.py", "migrate"],
        ["manage.py", "sync_jobs", "--watch"],
    ],
    ids=["gunicorn", "check", "migrate", "sync"],
)
def test_wrong_settings_stop_gunicorn_and_every_command_with_a_sentence_each(command: list[str]) -> None:
    wrong = {
        "EPCC_API_BASE_URL": "http://api.hunter2.example.com",
        "EPCC_CLIENT_SECRET_FILE": "/does/not/exist/hunter2",
        "DATABASE_URL": "postgresql://console:hunter2@127.0.0.1",
        "JOBS_SOURCE": "hunter2",
        "CONSOLE_SECRET_KEY": "hunter2",
        "CONSOLE_ALLOWED_HOSTS": "https://hunter2.example.com",
        "CONSOLE_CSRF_TRUSTED_ORIGINS": "hunter2.example.com",
        "CONSOLE_HTTPS": "hunter2",
        "DOWNLOAD_HOSTS": "https://hunter2.example.com",
    }
    said = run({"EPCC_CLIENT_ID": "an-id", **wrong}, *command)
    assert said.status != 0
    for name in wrong:
        assert said.count(f"The setting {name} ") == 1, name
    assert said.count("It should be") >= len(wrong)
    assert "is missing" not in said
    check_is_plain(said, "hunter2")


def test_a_missing_setting_that_was_refused_as_a_file_is_said_once(
    tmp_path: Path, database: dict[str, str], static_files: None
) -> None:
    environ = RIGHT | database | {"CONSOLE_SECRET_KEY_FILE": str(tmp_path)}
    del environ["CONSOLE_SECRET_KEY"]
    said = gunicorn(environ, "--workers=1")
    assert "The setting CONSOLE_SECRET_KEY_FILE names a file that cannot be read." in said
    assert "is missing" not in said


def test_commands_that_need_no_store_need_no_settings(database: dict[str, str]) -> None:
    for arguments in (("check",), ("migrate", "--verbosity=0"), ("makemigrations", "--check", "--dry-run")):
        said = run(database, "manage.py", *arguments)
        assert said.status == 0, said
        check_is_plain(said)


def test_sync_without_a_store_says_which_settings_it_needs(database: dict[str, str]) -> None:
    said = run(database, "manage.py", "sync_jobs")
    assert said.status != 0
    for name in ("EPCC_API_BASE_URL", "EPCC_CLIENT_ID", "EPCC_CLIENT_SECRET"):
        assert f"The setting {name} is missing. It should be" in said
    assert "CONSOLE_SECRET_KEY" not in said
    check_is_plain(said)


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body, asked for on 127.0.0.1."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@contextmanager
def serving(environ: dict[str, str], log: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """gunicorn on a free port, with the repository's own configuration, once it answers."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "console.wsgi", f"--bind=127.0.0.1:{port}"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            until = time.monotonic() + PATIENCE
            while True:
                with suppress(OSError, HTTPException):
                    get(port, "/healthz")
                    break
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
            yield port, process
        finally:
            process.kill()
            process.wait()


def test_gunicorn_serves_and_ends_on_sigterm(database: dict[str, str], static_files: None, tmp_path: Path) -> None:
    environ = RIGHT | database
    assert run(environ, "manage.py", "migrate", "--verbosity=0").status == 0
    log = tmp_path / "log"
    with serving(environ, log) as (port, process):
        assert get(port, "/healthz") == (200, "ok\n")
        status, page = get(port, "/login/?next=/jobs/%3Fstatus%3Dfailed")
        assert status == 200
        assert 'name="password"' in page
        # Every file that the page names is there, under its name with a fingerprint.
        addresses = {word.split('"')[0].split("#")[0] for word in page.split('="')[1:] if word.startswith("/static/")}
        assert len(addresses) >= 3
        for address in addresses:
            assert get(port, address)[0] == 200, address
        assert get(port, "/jobs/?status=failed")[0] == 302
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    said = log.read_text()
    check_is_plain(said)
    assert "status%3Dfailed" not in said, "the access log holds what somebody searched for"
    assert "/login/" in said


def test_pages_are_redirected_to_https_unless_that_is_switched_off(
    database: dict[str, str], static_files: None, tmp_path: Path
) -> None:
    environ = {name: value for name, value in (RIGHT | database).items() if name != "CONSOLE_HTTPS"}
    with serving(environ, tmp_path / "log") as (port, _):
        assert get(port, "/healthz")[0] == 200
        assert get(port, "/login/")[0] == 301
