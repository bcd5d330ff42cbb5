"""Start the sandbox from Python, as a process of its own, and tell it what to do."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from base64 import b64encode
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

_ROOT = Path(__file__).resolve().parents[2]
_UNSET: Any = object()


class ControlError(Exception):
    """The sandbox refused a control request; the message is its sentence."""


class SandboxProcess:
    """A running sandbox. Use it as a context manager, or call `stop`.

    `url` is its base URL. It ends with the process that started it, however that one ends.
    """

    CLIENT_ID = "sandbox"
    CLIENT_SECRET = "sandbox"  # noqa: S105 - no secret

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 1,
        history: int = 600,
        days: float = 90,
        speed: float = 1.0,
        quiet: bool = False,
    ) -> None:
        """Start it and wait until it listens. Raises `RuntimeError` with its sentence if it does not."""
        options = {"port": port, "seed": seed, "history": history, "days": days, "speed": speed}
        command = [sys.executable, "-m", "jobs_ui.sandbox", "--until-stdin-closes"]
        command += [f"--{name}={value}" for name, value in options.items()]
        command += ["--quiet-queue"] if quiet else []
        # A file, not a pipe: nobody reads while it runs, and a full pipe would stop it.
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `stop` closes it
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        # Without proxies: the environment's would otherwise be asked for 127.0.0.1, too.
        self._opener = build_opener(ProxyHandler({}))
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith("Sandbox API on "):
            sentence = self._first_complaint()
            self.stop()
            raise RuntimeError(sentence or "The sandbox did not start.")
        self.url = line.split()[3]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stop(self) -> int:
        """End it: SIGTERM, and SIGKILL where that has not worked after 3 s. Returns its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            if stream is not None:
                stream.close()
        return self._process.wait()

    def _first_complaint(self) -> str:
        self._process.wait(3)
        self._complaints.seek(0)
        return self._complaints.read().strip()

    def control(self, method: str, path: str, payload: Any = _UNSET) -> Any:
        """One call of the control API (`path` without `/_sandbox/`). Raises `ControlError` where it refuses."""
        body = None if payload is _UNSET else json.dumps(payload).encode()
        request = Request(  # noqa: S310 - always http on loopback
            f"{self.url}/_sandbox/{path}",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                text = error.read().decode()
            raise ControlError(text) from None
        except (OSError, HTTPException) as error:
            raise ControlError(f"{method} {path}: {error}") from error

    def state(self) -> Any:
        """Counters and the time: `requests`, `tokens_issued`, `now`, `jobs`, `offending_file_requests`, …"""
        return self.control("GET", "state")

    def job_ids(self) -> list[str]:
        """The ids of all jobs, in the order of the list."""
        ids: list[str] = self.control("GET", "jobs")["ids"]
        return ids

    def webhooks(self, name: str) -> list[dict[str, Any]]:
        """What came to the webhook `/_sandbox/webhooks/<name>`, the newest first: `at`, `headers`, `body`."""
        received: list[dict[str, Any]] = self.control("GET", f"webhooks/{quote(name, safe='')}")["received"]
        return received

    def mails(self) -> list[dict[str, Any]]:
        """What came to the mail server on the port `mail_port` of `state`, the newest first.

        Each has `at`, `from`, `to`, `headers` and `text`.
        """
        received: list[dict[str, Any]] = self.control("GET", "mails")["received"]
        return received

    def reset(self, **values: Any) -> Any:
        """A fresh world: `seed`, `history`, `days`, `quiet`, `empty`, `start` (epoch seconds)."""
        return self.control("POST", "reset", values)

    def advance(self, seconds: float) -> None:
        """Move the clock on, and with it the queue."""
        self.control("POST", "clock", {"advance": seconds})

    def settings(self, **values: Any) -> Any:
        """Change how it answers, see `SandboxSettings`; returns all of them."""
        return self.control("POST", "settings", values)

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Replace the rules by which requests go wrong, see `FaultRule`; an empty list ends all faults."""
        self.control("POST", "faults", {"rules": rules})

    def churn(self, *, insert_per_page: int = 0, remove_per_page: int = 0) -> None:
        """Let jobs appear and disappear after each page of the list."""
        self.control("POST", "churn", {"insert_per_page": insert_per_page, "remove_per_page": remove_per_page})

    def revoke_tokens(self) -> None:
        """Make every token that was issued invalid."""
        self.control("POST", "tokens/revoke", {})

    def put_job(self, job_id: str, raw: Any, *, at: int | None = None) -> None:
        """Have any JSON sent as the job `job_id`, at its `created_at`'s place or at the index `at`."""
        self.control("PUT", f"jobs/{quote(job_id, safe='')}{'' if at is None else f'?at={at}'}", raw)

    def patch_job(self, job_id: str, **parts: dict[str, Any]) -> Any:
        """Lay `attributes` and `meta` over what is sent of a job; returns it."""
        return self.control("PATCH", f"jobs/{quote(job_id, safe='')}", parts)["data"]

    def delete_job(self, job_id: str) -> None:
        """Remove a job with its files."""
        self.control("DELETE", f"jobs/{quote(job_id, safe='')}")

    def put_files(self, job_id: str, *parts: str | bytes, headers: dict[str, str] | None = None) -> None:
        """Make these the parts of an export; `headers` are sent over the usual ones with each."""
        body = [
            {"base64": b64encode(part.encode() if isinstance(part, str) else part).decode(), "headers": headers or {}}
            for part in parts
        ]
        self.control("PUT", f"jobs/{quote(job_id, safe='')}/files", {"parts": body})

    def release(self) -> int:
        """Let answers go on that a fault of the kind `hold` has stopped; returns how many these were."""
        released: int = self.control("POST", "release", {})["released"]
        return released

    def put_errors(self, job_id: str, *, messages: list[str] | None = None, raw: list[Any] | None = None) -> None:
        """Give a job these errors, as messages or as any JSON."""
        body = {"raw": raw} if messages is None else {"messages": messages}
        self.control("PUT", f"jobs/{quote(job_id, safe='')}/errors", body)
