"""The sandbox's clock: real time, as fast as one likes, and moved on by hand."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime


class Clock:
    """`now` and `advanced` are seconds; `speed` is simulated seconds per real one."""

    def __init__(self, *, start: float, speed: float = 1.0) -> None:
        self.start, self.speed, self.advanced = start, speed, 0.0
        self._origin = time.monotonic()

    def now(self) -> float:
        """The simulated time, epoch seconds in UTC."""
        return self.start + (time.monotonic() - self._origin) * self.speed + self.advanced

    def hand_moved(self) -> float:
        """The start and what it was moved on by hand, without the time that passed: epoch seconds."""
        return self.start + self.advanced


def timestamp(at: float, form: str = "iso") -> str:
    """`at` (epoch seconds) as the API writes times, in one of the forms that have been seen."""
    moment = datetime.fromtimestamp(round(at * 1000) // 1000, UTC)
    millis = round(at * 1000) % 1000
    fraction = f".{millis:03d}".rstrip("0").rstrip(".")
    if form == "nozone":
        return f"{moment:%Y-%m-%dT%H:%M:%S}"
    if form == "go":
        return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
    if form == "go_monotonic":
        # What Go prints of a time that still carries its monotonic reading; the digits after the third are made up.
        return f"{moment:%Y-%m-%d %H:%M:%S}.{millis:03d}215526 +0000 UTC m=+{at % 86_400:.9f}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def parse_timestamp(text: object) -> float | None:
    """Epoch seconds of a timestamp in any of the forms of `timestamp`, all UTC; None for anything else."""
    match = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)", text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00").timestamp()
    except ValueError:
        return None
