"""Sums of times that are not known: each is a tuple of DRAWS equally likely ones, and tuples are added in mixed order.

A sum of distributions by drawing from them, without chance: the order in which a job's draws are mixed comes from its
id alone. So the same queue has the same estimate, wherever it is computed, and a job more in the line leaves the draws
of all others as they are: it can only move them back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from operator import add, itemgetter
from zlib import crc32

DRAWS = 101
"""Into how many equally likely values a distribution is cut. Odd, so that one of them is the median."""
LEVELS = tuple((number + 0.5) / DRAWS for number in range(DRAWS))
_COUNT = 128


def _orders() -> Iterable[Callable[[Sequence[float]], tuple[float, ...]]]:
    rng = random.Random(20240215)  # noqa: S311  # a fixed order, no secret
    for _ in range(_COUNT):
        order = list(range(DRAWS))
        rng.shuffle(order)
        yield itemgetter(*order)


_ORDERS = tuple(_orders())


def mixed(draws: Sequence[float], name: str, purpose: int = 0) -> tuple[float, ...]:
    """The draws in an order that depends on a name (of a job) alone; `purpose` 0 to 3: several quantities of one."""
    return _ORDERS[(crc32(name.encode("utf-8", "replace")) >> (7 * purpose)) % _COUNT](draws)


def plus(left: Sequence[float], right: Sequence[float]) -> tuple[float, ...]:
    """The sum, draw by draw."""
    return tuple(map(add, left, right))


def at_level(ordered: Sequence[float], level: float) -> float:
    """The value below which the share `level` of the draws lies, of draws in ascending order."""
    return ordered[min(int(level * DRAWS), DRAWS - 1)]
