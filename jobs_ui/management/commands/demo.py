"""The whole console on this machine, with one command: a simulated API (or a real store), sync, and the web pages."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import SUPPRESS, ArgumentParser
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jobs_ui.checks import missing_store_settings

USER = "demo"
PATIENCE = 30.0
GRACE = 8.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
WEBHOOKS = """\
[webhooks.demo]
name = "Demo program"
url = "{url}/demo"
secret = "{key}"

[webhooks.demo-chat]
name = "Demo chat"
form = "chat"
url = "{url}/demo-chat"
"""


class _Ended(BaseException):
    """SIGTERM, SIGHUP or Ctrl-C came."""


class Command(BaseCommand):
    help = (
        "Runs a simulated Jobs API, sync and the console together on 127.0.0.1, with a demo user. "
        "With EPCC_CLIENT_ID and EPCC_CLIENT_SECRET set it reads that store instead."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the console's port on 127.0.0.1 (8000)")
        parser.add_argument("--make-user", action="store_true", help=SUPPRESS)

    # Any: what argparse hands over, as in Django's own signature.
    def handle(self, *args: Any, **options: Any) -> None:
        if options["make_user"]:
            _make_user(sys.stdin.readline().strip())
            return
        port = options["port"]
        _check_port(port)
        real = _real_store()
        for number in ENDING:
            signal.signal(number, _end)
        self._children: list[tuple[str, subprocess.Popen[str]]] = []
        try:
            self._run(port, real=real)
        except _Ended:
            self._say("Stopping.")
        finally:
            self._stop_children()
            _webhooks_file(port).unlink(missing_ok=True)

    def _run(self, port: int, *, real: bool) -> NoReturn:
        environ = {
            # What a child process gets: ours, with the demo's settings over it.
            **os.environ,
            "CONSOLE_HTTPS": "off",
            "CONSOLE_ALLOWED_HOSTS": "127.0.0.1,localhost",
            "CONSOLE_SECRET_KEY": secrets.token_urlsafe(50),
        }
        environ.setdefault("CONSOLE_URL", f"http://127.0.0.1:{port}")
        environ.pop("CONSOLE_SECRET_KEY_FILE", None)
        if real:
            self._say(f"Reading the real store at {settings.ENVIRONMENT.EPCC_API_BASE_URL}, not the sandbox.")
        else:
            environ |= self._start_sandbox(environ)
            environ |= self._receive_messages(environ, port)
        call_command("collectstatic", interactive=False, verbosity=0)
        self._manage(environ, "migrate", "--verbosity=0")
        password = secrets.token_urlsafe(12)
        self._manage(environ, "demo", "--make-user", text=password)
        web = ["-m", "gunicorn", f"--bind=127.0.0.1:{port}", "--log-level=warning", f"--access-logfile={os.devnull}"]
        web.append("--graceful-timeout=3")
        self._start("web", environ, *web)
        if settings.ENVIRONMENT.JOBS_SOURCE == "mirror":
            self._start("sync", environ, "manage.py", "sync_jobs", "--watch")
        self._wait_for_web(port)
        self._say(f"The console is on http://127.0.0.1:{port}/ (Ctrl-C stops everything)")
        self._say(f"Log in as {USER} with password {password}")
        while True:
            self._check_children()
            time.sleep(0.5)

    def _start_sandbox(self, environ: dict[str, str]) -> dict[str, str]:
        """Starts the simulated API; returns the settings with which the others use it."""
        # The jobs of a new sandbox are other jobs: a database of its own, made anew, unless one was asked for.
        own = {} if "DATABASE_URL" in environ or "DATABASE_URL_FILE" in environ else {"DATABASE_URL": _new_database()}
        child = self._start("sandbox", environ, "manage.py", "sandbox", "--port=0", f"--seed={secrets.randbits(31)}")
        line = child.stdout.readline() if child.stdout else ""
        if not line.startswith("Sandbox API on "):
            self._check_children()
            raise CommandError("The sandbox API did not start.")
        self._say(line.strip())
        url = line.split()[3]
        return {
            **own,
            "EPCC_API_BASE_URL": url,
            "EPCC_CLIENT_ID": "sandbox",
            "EPCC_CLIENT_SECRET": "sandbox",
            "DOWNLOAD_HOSTS": url.removeprefix("http://"),
            # A store of its own may be asked as often as one likes, so that all errors are there within seconds.
            "CONSOLE_API_BUDGET": environ.get("CONSOLE_API_BUDGET", "100"),
        }

    def _receive_messages(self, environ: dict[str, str], port: int) -> dict[str, str]:
        """Has the sandbox receive webhooks and e-mail, each unless it was set up; returns the settings for that."""
        url = environ["EPCC_API_BASE_URL"]
        received: dict[str, str] = {}
        if "CONSOLE_STORES_FILE" not in environ:
            file = _webhooks_file(port)
            file.parent.mkdir(exist_ok=True)
            file.write_text(WEBHOOKS.format(url=f"{url}/_sandbox/webhooks", key=secrets.token_hex(16)))
            received |= {"CONSOLE_STORES_FILE": str(file), "WEBHOOK_HOSTS": urlsplit(url).netloc}
            self._say(f"Webhooks: {url}/_sandbox/webhooks/demo and {url}/_sandbox/webhooks/demo-chat list what came")
        if "EMAIL_HOST" not in environ:
            with _opener().open(f"{url}/_sandbox/state", timeout=PATIENCE) as answer:
                mail_port = json.load(answer)["mail_port"]
            received |= {
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(mail_port),
                "EMAIL_SECURITY": "none",
                "DEFAULT_FROM_EMAIL": "Jobs console <jobs@example.com>",
            }
            self._say(f"E-mail: {url}/_sandbox/mails lists what was sent; nothing leaves this machine")
        return received

    def _start(self, name: str, environ: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if name == "sandbox" else None,
            text=True,
            # Ctrl-C reaches this process alone, which then ends the others in order. Signalled twice at once, by the
            # terminal and by its master, a gunicorn worker can lock itself up.
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has no threads
        )
        self._children.append((name, child))
        return child

    def _manage(self, environ: dict[str, str], *arguments: str, text: str = "") -> None:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=settings.BASE_DIR, env=environ, input=text, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise CommandError(f"The step “{arguments[0]}” failed; what it said stands above.")

    def _wait_for_web(self, port: int) -> None:
        opener = _opener()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self._check_children()
            with suppress(urllib.error.URLError, OSError), opener.open(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
            time.sleep(0.1)
        raise CommandError(f"The console did not answer on port {port} within {PATIENCE:.0f} s.")

    def _check_children(self) -> None:
        for name, child in self._children:
            if (status := child.poll()) is not None:
                raise CommandError(f"The {name} process ended by itself (status {status}), so everything is stopped.")

    def _stop_children(self) -> None:
        """Ends all, whatever else comes in: nothing is left running."""
        _ignore_signals()
        for _, child in self._children:
            with suppress(ProcessLookupError):
                child.terminate()
        until = time.monotonic() + GRACE
        for _, child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(until - time.monotonic(), 0.1))
            # What is left of it: children of its own that did not end with it.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _opener() -> urllib.request.OpenerDirector:
    """Without the environment's proxies, which would otherwise be asked for this machine, too."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise _Ended


def _ignore_signals() -> None:
    """Once is enough: a second signal must not interrupt the way out."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _end_with_parent() -> None:
    """In the child: SIGTERM when the parent is gone, however that ended. Linux only; elsewhere Ctrl-C does it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _check_port(port: int) -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        raise CommandError(
            f"Port {port} on 127.0.0.1 cannot be had, something else may use it. "
            "Stop that, or take another port: `make run PORT=8001`."
        ) from None


def _real_store() -> bool:
    """Whether a store's key is set. Raises CommandError where only a part of it is."""
    environment = settings.ENVIRONMENT
    if environment.EPCC_CLIENT_ID is None and environment.EPCC_CLIENT_SECRET is None:
        return False
    if missing := missing_store_settings():
        raise CommandError("\n".join(f"{problem.msg} {problem.hint}" for problem in missing))
    return True


def _webhooks_file(port: int) -> Path:
    return Path(settings.BASE_DIR) / "var" / f"demo-{port}.toml"


def _new_database() -> str:
    path = Path(settings.BASE_DIR) / "var" / "demo.sqlite3"
    path.parent.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return f"sqlite:///{path}"


def _make_user(password: str) -> None:
    """In a child that has the demo's settings: the demo user, staff, with that password."""
    user, _ = User.objects.get_or_create(username=USER)
    user.is_staff = user.is_active = True
    user.email = user.email or f"{USER}@example.com"
    user.set_password(password)
    user.save()
    user.groups.add(Group.objects.get(name="Job operators"))
