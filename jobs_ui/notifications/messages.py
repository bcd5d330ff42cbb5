"""What somebody is told, whichever way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one target. Titles, lines and facts may hold what came from outside: each way cleans them."""

    id: str
    """The same at every try, such as `notification-123`: A to z, 0 to 9, `_` and `-`."""
    kind: str
    """`ended`, `failed`, `stuck`, `queue` or `test`."""
    at: datetime
    """When what it tells of happened: aware, in UTC, the same at every try."""
    title: str
    """One line."""
    lines: tuple[str, ...]
    """Lines of plain text."""
    url: str
    """The absolute address of the page about it; "" where the console does not know its own."""
    facts: Mapping[str, object]
    """What a program may want to know, fit for JSON."""
