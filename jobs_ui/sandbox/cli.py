"""The command line of the sandbox, shared by `manage.py sandbox` and `python -m jobs_ui.sandbox`."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from .endpoints import CLIENT_ID, CLIENT_SECRET
from .mail import MailServer
from .server import SandboxServer
from .world import World


def _number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}, not {text}")
        return value

    return read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's options to `parser`."""
    port, count = _number(int, 0, 65_535), _number(int, 0, 1_000_000)
    parser.add_argument("--port", type=port, required=True, help="port on 127.0.0.1; 0 takes any free one")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same jobs (default 1)")
    parser.add_argument("--history", type=count, default=600, help="jobs there at the start (default 600)")
    parser.add_argument("--days", type=_number(float, 1, 3650), default=90, help="days they lie back (default 90)")
    parser.add_argument(
        "--speed", type=_number(float, 0.001, 1000), default=1.0, help="simulated seconds a real second (default 1)"
    )
    parser.add_argument("--quiet-queue", action="store_true", help="no job arrives and none moves by itself")
    # For `SandboxProcess`: whoever started it holds the other end, so it cannot be left behind.
    parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)


def serve(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status: 1 where the port cannot be had."""
    world = World(
        seed=options.seed,
        history=options.history,
        days=options.days,
        speed=options.speed,
        quiet=options.quiet_queue,
    )
    try:
        server, mail = SandboxServer(options.port, world), MailServer(world)
    except OSError as error:
        sys.stderr.write(_port_sentence(options.port, error))
        return 1
    stop = threading.Event()

    def end(*_: Any) -> None:
        stop.set()

    old = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    if options.until_stdin_closes:
        threading.Thread(target=_when_stdin_closes, args=(end,), daemon=True).start()
    # `shutdown` waits for `serve_forever`, so the two cannot share the thread that takes the signals.
    for each in (server, mail):
        threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(f"Sandbox API on {address} (client id {CLIENT_ID}, client secret {CLIENT_SECRET})\n")
    sys.stdout.flush()
    stop.wait()
    server.stopping.set()
    for each in (server, mail):
        each.shutdown()
        each.server_close()
    for number, handler in old.items():
        signal.signal(number, handler)
    return 0


def _port_sentence(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use: stop what listens there, or take another with --port (0 takes a free one).\n"
    return f"Port {port} cannot be used ({error.strerror}): take another with --port (0 takes a free one).\n"


def _when_stdin_closes(end: Callable[[], None]) -> None:
    sys.stdin.read()
    end()
