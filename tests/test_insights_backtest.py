"""How good the estimates are, on histories that nobody tuned them to, and that the measuring itself is honest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs_ui.insights.backtest import backtest, figures_of, measured
from jobs_ui.insights.generated import RECIPES, Recipe, generated_history
from jobs_ui.insights.queue import estimate_queue
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.replay import Replay, learn

SEEDS = (301, 302)
BY_NAME = {recipe.name: recipe for recipe in RECIPES}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_ranges_hold_what_they_promise_and_are_no_wider_than_is_useful(recipe: Recipe) -> None:
    outcomes = [outcome for seed in SEEDS for outcome in measured(generated_history(recipe, seed, 1000))]
    figures = figures_of(outcomes)

    assert figures.count > 900
    assert figures.behind_count > 250
    assert figures.inside is not None
    assert figures.behind_inside is not None
    assert figures.relative_width is not None
    assert figures.inside >= 0.8
    assert figures.behind_inside >= 0.8
    assert figures.relative_width <= 3.0


def test_nothing_is_known_before_it_happens() -> None:
    """What is said of a job does not change when all that comes after it is another story."""
    jobs = sorted(generated_history(BY_NAME["everything"], 5, 400), key=lambda job: job.place)
    middle = jobs[300].created_at
    hour = timedelta(hours=1)
    other_end = [
        replace(
            job,
            started_at=job.started_at + hour if job.started_at and job.started_at > middle else job.started_at,
            completed_at=job.completed_at + hour
            if job.completed_at and job.completed_at > middle
            else job.completed_at,
        )
        for job in jobs
    ]
    told = {one.job.id: one.span for one in Replay().run(jobs)}
    told_too = {one.job.id: one.span for one in Replay().run(other_end)}
    early = [job.id for job in jobs[:301] if job.id in told]

    assert len(early) > 250
    assert [told_too[job_id] for job_id in early] == [told[job_id] for job_id in early]


def test_what_is_measured_is_what_a_page_says() -> None:
    """The replay and a page go two ways through the same queue: one must not be better than the other."""
    jobs = generated_history(BY_NAME["other stores"], 6, 300)
    told = {one.job.id: one for one in Replay().run(jobs)}
    newest = [job for job in sorted(jobs, key=lambda job: job.place)[200:] if job.id in told]

    for job in newest[::10]:
        now = job.created_at
        known = [_as_known(other, job) for other in jobs if other.place <= job.place]
        estimate = estimate_queue(known, learn([one for one in known if one.id != job.id], now), now).of(job.id)
        assert estimate is not None
        assert estimate.start is not None
        span = told[job.id].span
        assert (estimate.start.low - now).total_seconds() == pytest.approx(span.low, abs=0.01)
        assert (estimate.start.high - now).total_seconds() == pytest.approx(span.high, abs=0.01)


def _as_known(job: QueueJob, when: QueueJob) -> QueueJob:
    """The job as it was when another one was created."""
    now = when.created_at
    if job.completed_at is not None and job.completed_at <= now:
        return job
    if job.started_at is not None and job.started_at <= now:
        return replace(job, status="started", completed_at=None)
    return replace(job, status="pending", started_at=None, completed_at=None)


def test_the_figures_are_counted_on_the_newer_half_by_type() -> None:
    jobs = generated_history(BY_NAME["bursts"], 7, 400)
    result = backtest(jobs[::-1])
    newer = {job.id for job in sorted(jobs, key=lambda job: job.place)[len(jobs) // 2 :] if job.started_at}

    assert result.job_count == len(jobs)
    assert result.total.count == len(newer)
    assert sum(figures.count for figures in result.by_type.values()) == len(newer)
    assert set(result.by_type) <= {job.type for job in jobs}


def test_without_jobs_there_are_no_figures() -> None:
    result = backtest([])

    assert (result.job_count, result.total.count, result.total.inside, result.total.relative_width) == (
        0,
        0,
        None,
        None,
    )


def test_jobs_that_never_end_and_jobs_that_were_cancelled_do_no_harm() -> None:
    jobs = generated_history(BY_NAME["heavy tails"], 8, 400)
    first = min(jobs, key=lambda job: job.place)
    never = QueueJob("never", "own", "product-import", "started", first.created_at, first.created_at)
    unknown = replace(never, id="unknown", status="resting", started_at=None)
    cancelled = replace(never, id="gone", status="cancelled", started_at=None)
    result = backtest([*jobs, never, unknown, cancelled])

    assert result.total.behind_inside is not None
    assert result.total.behind_inside >= 0.75


def test_a_history_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    recipe = RECIPES[0]

    assert generated_history(recipe, 1, 50) == generated_history(recipe, 1, 50)
    assert generated_history(recipe, 1, 50) != generated_history(recipe, 2, 50)
