"""One deadline for a whole call: its token, its retries, its pauses and every byte of its answers.

Kept in a context variable, because the places that must obey it (sockets, retry policy, locks) lie below libraries
whose time-outs only limit the wait for the next byte.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends_at: ContextVar[tuple[float, Callable[[], float]] | None] = ContextVar("jobs_api_deadline", default=None)


@contextmanager
def within(seconds: float, *, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Give everything inside, on this thread, `seconds` in all, and never more than a deadline around it leaves."""
    token = _ends_at.set((clock() + min(seconds, remaining()), clock))
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining() -> float:
    """Return the seconds left (0 when it is over), or infinity outside `within`."""
    current = _ends_at.get()
    if current is None:
        return math.inf
    ends_at, clock = current
    return max(0.0, ends_at - clock())
