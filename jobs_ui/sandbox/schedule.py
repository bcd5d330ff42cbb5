"""When the jobs of the history were created: the rhythm of a team that works by day, with bursts."""

from __future__ import annotations

from datetime import UTC, datetime

from .jobs import HISTORY, SandboxJob, draw, make_biggest_failure, plan_job

_HOUR = 3600.0
# The queue has to be idle again when the live part begins, or that one could not keep its promises.
_CALM_BEFORE_LIVE, _CALM_RUN = 6 * _HOUR, 120.0
_LOAD = 0.35  # of the whole time; more, and the queue of a very long history would never empty


def plan_history(seed: int, count: int, begin: float, end: float) -> list[SandboxJob]:
    """`count` jobs created between `begin` and `end` (epoch seconds), oldest first."""
    times = _created_times(seed, count, begin, end - min(_HOUR, (end - begin) / 10))
    jobs = [plan_job(seed, HISTORY, index, created) for index, created in enumerate(times)]
    too_long = sum(job.run_time for job in jobs) / (_LOAD * (end - begin))
    for job in jobs:
        if too_long > 1:
            job.run_time = max(0.01, round(job.run_time / too_long, 3))
        if job.created_at > end - _CALM_BEFORE_LIVE:
            job.run_time = min(job.run_time, _CALM_RUN)
    if len(jobs) >= 4:
        make_biggest_failure(jobs[-4])
    return jobs


def _weight(hour: datetime) -> float:
    if hour.weekday() >= 5:
        return 0.12
    if 8 <= hour.hour < 18:
        return 1.0
    if hour.hour == 2:  # the nightly imports
        return 0.5
    return 0.3 if hour.hour in {6, 7, 18, 19, 20} else 0.05


def _created_times(seed: int, count: int, begin: float, end: float) -> list[float]:
    rng = draw(seed, "schedule", count)
    hours = [begin + step * _HOUR for step in range(max(1, int((end - begin) // _HOUR)))]
    weights = [_weight(datetime.fromtimestamp(hour, UTC)) for hour in hours]
    times: list[float] = []
    for hour in rng.choices(hours, weights, k=count):
        at = hour + rng.random() * min(_HOUR, end - begin)
        times.append(at)
        if rng.random() < 0.18:
            for _ in range(rng.randint(1, 5)):
                at += rng.uniform(0.3, 15.0)
                times.append(at)
        if len(times) >= count:
            break
    return sorted(min(at, end) for at in times[:count])
