"""Histories of queues that never were: heavy tails, bursts, changing speeds, nights, jobs of stores that are not seen.

What the estimates of waits are measured on: see `insights.backtest`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from jobs_ui.insights.queue_jobs import QueueJob

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = 86400.0
# Type, how many of a hundred jobs, and its middle run time in seconds.
TYPES: tuple[tuple[str, int, float], ...] = (
    ("product-import", 30, 90.0),
    ("product-export", 40, 30.0),
    ("price-import", 20, 45.0),
    ("child-products", 7, 15.0),
    ("hierarchy-duplicate", 3, 240.0),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a history is like. `load`: the share of time in which the queue works, were arrivals spread evenly.

    `tail`: "lognormal" or "pareto". `burst`: how many jobs arrive together at most. `change`: by what factor the
    speed changes, every `change_every` jobs or so. `hidden`: the share of jobs that are another store's.
    """

    name: str
    tail: str = "lognormal"
    burst: int = 1
    change: float = 1.0
    change_every: int = 250
    nights: bool = False
    hidden: float = 0.0
    load: float = 0.7


RECIPES = (
    Recipe("heavy tails"),
    Recipe("heavier tails", tail="pareto"),
    Recipe("bursts", burst=30, load=0.5),
    Recipe("changing speeds", change=3.0, load=0.3),
    Recipe("nights", nights=True, burst=8, load=0.4),
    Recipe("other stores", hidden=0.4, burst=5, load=0.6),
    Recipe("everything", tail="pareto", burst=20, change=3.0, nights=True, hidden=0.3, load=0.2),
    # While it is slow, more arrives than is done: a queue of hundreds, hours long.
    Recipe("overloaded", burst=10, change=3.0, load=0.5),
)


def generated_history(recipe: Recipe, seed: int, count: int = 2000) -> list[QueueJob]:
    """About `count` jobs of one store, by age; the same for the same seed."""
    rng = random.Random(f"{recipe.name} {seed}")  # noqa: S311  # no secret
    waiting = sorted(_arrivals(recipe, rng, count), key=lambda job: job.place)
    jobs, free_at = [], START
    for job in waiting:
        run = job.completed_at - job.created_at if job.completed_at else timedelta()
        start = max(free_at, job.created_at) + timedelta(seconds=rng.uniform(0.2, 1.5))
        if rng.random() < 0.02 and start - job.created_at > timedelta(seconds=20):
            left = job.created_at + (start - job.created_at) * rng.random()
            jobs.append(replace(job, status="cancelled", completed_at=left))
            continue
        free_at = start + run
        jobs.append(replace(job, started_at=start, completed_at=free_at))
    return [job for job in jobs if job.store == "own"]


def _arrivals(recipe: Recipe, rng: random.Random, count: int) -> Iterator[QueueJob]:
    """Jobs that would run at once."""
    mean_run = sum(share * middle for _, share, middle in TYPES) / 100 * (1.65 if recipe.tail == "lognormal" else 2.0)
    mean_size = (1 + recipe.burst) / 2
    pause = mean_run * mean_size / recipe.load
    at, made, speed, change_in = 0.0, 0, 1.0, recipe.change_every
    total = int(count / (1 - recipe.hidden))
    while made < total:
        at += rng.expovariate(1 / pause)
        if recipe.nights and (at % DAY) / DAY < 0.4:
            at += 0.4 * DAY - at % DAY
        store = "other" if rng.random() < recipe.hidden else "own"
        usual = _draw_type(rng)
        for _ in range(rng.randint(1, recipe.burst)):
            name = usual if rng.random() < 0.7 else _draw_type(rng)
            created = START + timedelta(seconds=at + rng.uniform(0, 20))
            run = timedelta(seconds=_run_time(recipe, rng, name) * speed)
            status = "failed" if rng.random() < 0.1 else "success"
            yield QueueJob(f"{rng.getrandbits(64):016x}", store, name, status, created, None, created + run)
            made += 1
            change_in -= 1
            if change_in <= 0:
                speed = rng.choice([s for s in (1 / recipe.change, 1.0, recipe.change) if s != speed] or [1.0])
                change_in = rng.randint(recipe.change_every // 2, recipe.change_every * 3 // 2)


def _draw_type(rng: random.Random) -> str:
    return rng.choices([name for name, _, _ in TYPES], [share for _, share, _ in TYPES])[0]


def _run_time(recipe: Recipe, rng: random.Random, name: str) -> float:
    middle = next(middle for other, _, middle in TYPES if other == name)
    if recipe.tail == "pareto":
        return middle / 2 ** (1 / 1.6) * rng.paretovariate(1.6)
    return middle * math.exp(rng.gauss(0, 1.0))
