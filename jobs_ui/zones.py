"""The reader's time zone. It comes in cookies, so that no page has to ask a database for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

CHOSEN, TOLD = "zone", "browser_zone"
"""The cookies: what the reader has chosen, and what theme.js tells of the browser."""


@cache
def zone_names() -> tuple[str, ...]:
    """The zones that one can choose, by name: those of a place, and UTC."""
    return tuple(sorted(name for name in available_timezones() if name == "UTC" or ("/" in name and name[:3] != "Etc")))


def reader_zone(cookies: Mapping[str, str]) -> tzinfo:
    """The reader's zone; UTC where none is known. A name from outside is looked up, and never opened as a file."""
    for cookie in (CHOSEN, TOLD):
        name = cookies.get(cookie, "").replace("%2F", "/")
        if name in zone_names():
            return UTC if name == "UTC" else ZoneInfo(name)
    return UTC
