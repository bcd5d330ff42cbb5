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
    """A row's place: its creation, the key that breaks ties (a row's id or a job's), and a hint where to look."""

    created_at: datetime
    key: str
    offset: int = 0


def write_cursor(place: Place) -> str:
    """The place as URL-safe text."""
    text = f"{place.created_at.astimezone(UTC).isoformat()}|{place.offset}|{place.key}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """The place that `write_cursor` wrote. Raises UnreadableCursor for anything else."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        created_at, offset, key = raw.decode().split("|", 2)
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise UnreadableCursor(cursor)
        place = Place(moment.astimezone(UTC), key, int(offset))
    except (binascii.Error, ValueError, OverflowError) as error:
        raise UnreadableCursor(cursor) from error
    if not 0 <= place.offset <= LARGEST_KEY or "\0" in key:
        raise UnreadableCursor(cursor)
    return place
