"""The sandbox as a process: it starts quickly, says where it is, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from jobs_ui.sandbox.process import SandboxProcess

ROOT = Path(__file__).resolve().parents[1]
LINE = "Sandbox API on http://127.0.0.1:{port} (client id sandbox, client secret sandbox)\n"


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "jobs_ui.sandbox", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_it_starts_quickly_and_stops() -> None:
    begun = time.monotonic()
    with SandboxProcess() as sandbox:
        assert time.monotonic() - begun < 5
        assert sandbox.state()["jobs"] == 600
        port = int(sandbox.url.rsplit(":", 1)[1])
    assert is_closed(port)
    assert sandbox.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(sandbox.pid, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_even_in_the_middle_of_a_hang(number: signal.Signals) -> None:
    port = free_port()
    with start("--port", str(port)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == LINE.format(port=port)
        url = f"http://127.0.0.1:{port}"
        rule = {"kind": "slow", "seconds": 60}
        requests.post(f"{url}/_sandbox/faults", json={"rules": [rule]}, timeout=10).raise_for_status()
        waiting = socket.create_connection(("127.0.0.1", port), timeout=10)
        waiting.sendall(b"GET /pcm/jobs HTTP/1.1\r\nHost: x\r\n\r\n")
        while not requests.get(f"{url}/_sandbox/state", timeout=10).json()["requests"]:
            pass
        begun = time.monotonic()
        process.send_signal(number)
        assert process.wait(5) == 0
        assert time.monotonic() - begun < 4
        waiting.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert is_closed(port)


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start("--port", str(port)) as process:
            out, err = process.communicate(timeout=10)
        assert process.returncode == 1
        assert out == ""
        assert err.startswith(f"Port {port} is in use: ")
        assert "--port" in err
        assert err.count("\n") == 1
        with pytest.raises(RuntimeError, match=f"Port {port} is in use"):
            SandboxProcess(port=port)


def test_an_option_out_of_range_is_a_sentence() -> None:
    with start("--port", "99999") as process:
        _, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "must be a number from 0 to 65535, not 99999" in err


def test_it_ends_with_the_process_that_started_it() -> None:
    code = (
        "import os, signal; from jobs_ui.sandbox.process import SandboxProcess; "
        "print(SandboxProcess().url, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=20
    )
    port = int(done.stdout.strip().rsplit(":", 1)[1])
    deadline = time.monotonic() + 5
    while not is_closed(port):
        assert time.monotonic() < deadline


def test_it_listens_on_loopback_alone() -> None:
    with SandboxProcess() as sandbox:
        port = int(sandbox.url.rsplit(":", 1)[1])
        listening = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        ]
        assert listening == [f"0100007F:{port:04X}"]


def test_many_clients_are_answered_at_once() -> None:
    with SandboxProcess(quiet=True) as sandbox:
        sandbox.faults([{"kind": "slow", "seconds": 0.3}])
        begun = time.monotonic()
        calls = [
            threading.Thread(target=requests.get, args=(f"{sandbox.url}/pcm/jobs",), kwargs={"timeout": 10})
            for _ in range(20)
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        assert time.monotonic() - begun < 4
        assert sandbox.state()["requests"] == {"jobs": 20}


def test_the_command_needs_no_credentials() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EPCC_", "CONSOLE_"))}
    command = [sys.executable, "manage.py", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Sandbox API on http://127.0.0.1:")
        process.terminate()
        assert process.wait(5) == 0
