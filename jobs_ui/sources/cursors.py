"""Cursors of pages: the place of a row in a list, as text for a URL.

A cursor names a row by the list's sort key, so that a page stays the same while jobs arrive. It holds nothing secret
and is not signed: a made-up one is only another place in the same list.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import NamedTuple

from jobs_ui.sources.base import UnreadableCursor

LARGEST_KEY = 2**63 - 1


class Place(NamedTuple):
    """A row's place by its creation: the key breaks ties, the offset is a hint where to look for it."""

    created_at: datetime
    key: str
    offset: int = 0


def pack(*parts: str) -> str:
    """The parts as URL-safe text; only the last may hold a `|`."""
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def unpack(cursor: str, count: int) -> list[str]:
    """The `count` parts that `pack` was given. Raises UnreadableCursor for anything else."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = raw.decode().split("|", count - 1)
    except (binascii.Error, ValueError) as error:
        raise UnreadableCursor(cursor) from error
    if len(parts) != count or "\0" in raw.decode():
        raise UnreadableCursor(cursor)
    return parts


def write_cursor(place: Place) -> str:
    """The place as URL-safe text."""
    return pack(place.created_at.astimezone(UTC).isoformat(), str(place.offset), place.key)


def read_cursor(cursor: str) -> Place:
    """The place that `write_cursor` wrote. Raises UnreadableCursor for anything else."""
    created_at, offset, key = unpack(cursor, 3)
    try:
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise UnreadableCursor(cursor)
        place = Place(moment.astimezone(UTC), key, int(offset))
    except (ValueError, OverflowError) as error:
        raise UnreadableCursor(cursor) from error
    if not 0 <= place.offset <= LARGEST_KEY:
        raise UnreadableCursor(cursor)
    return place
