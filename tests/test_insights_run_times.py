"""How long a type usually takes, and when a job takes so long that somebody should look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.run_times import HALF_LIFE, MOST, Times, UsualTime, beyond, is_stuck, usual_times
from jobs_ui.insights.shuffles import DRAWS

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
some_seconds = st.lists(st.floats(min_value=0, max_value=1e7), min_size=1, max_size=MOST + 20)


def ran(number: int, run: float, kind: str = "product-import", status: str = "success") -> QueueJob:
    """The job that ended so many minutes after the first one."""
    end = NOW + timedelta(minutes=number)
    return QueueJob(f"{number}", "europe", kind, status, end - timedelta(days=1), end - timedelta(seconds=run), end)


@given(some_seconds)
def test_draws_are_times_that_were_in_order(values: list[float]) -> None:
    draws = Times(values).draws()

    assert len(draws) == DRAWS
    assert list(draws) == sorted(draws)
    assert set(draws) <= set(values[-MOST:])


@given(some_seconds, st.floats(min_value=0, max_value=1e8))
def test_what_is_left_is_never_negative(values: list[float], elapsed: float) -> None:
    left = beyond(Times(values).weighted(), elapsed)

    assert len(left) == DRAWS
    assert min(left) >= 0
    assert list(left) == sorted(left)


def test_recent_runs_weigh_more() -> None:
    usual = usual_times([ran(number, 10.0 if number < 100 else 100.0) for number in range(100 + HALF_LIFE + 5)])

    assert usual["product-import"].median == pytest.approx(100.0)


def test_the_usual_time_is_of_runs_that_ended_whatever_their_end() -> None:
    jobs = [ran(number, number, status="failed" if number % 3 else "success") for number in range(1, 22)]
    cancelled = QueueJob("x", "europe", "product-import", "cancelled", NOW, None, NOW + timedelta(hours=9))
    usual = usual_times([*jobs[::-1], cancelled, QueueJob("y", "europe", "price-import", "started", NOW, NOW)])

    assert list(usual) == ["product-import"]
    assert usual["product-import"].count == 21
    assert 10 <= usual["product-import"].median <= 13
    assert usual["product-import"].percentile_95 >= 20


def test_a_type_that_the_api_sends_under_two_names_is_one_type() -> None:
    usual = usual_times([ran(1, 5, "price-import"), ran(2, 5, "pricebook-import")])

    assert {kind: time.count for kind, time in usual.items()} == {"price-import": 2}


@pytest.mark.parametrize(
    ("minutes", "percentile_95", "expected"),
    [(59, 1, False), (61, 1, True), (61, 600, False), (99, 600, False), (101, 600, True), (61, None, True)],
)
def test_stuck_is_over_an_hour_and_over_ten_times_what_is_long(
    minutes: int, percentile_95: float | None, *, expected: bool
) -> None:
    job = QueueJob("x", "europe", "t", "started", NOW, NOW)
    usual = UsualTime(1, percentile_95, 9) if percentile_95 else None

    assert is_stuck(job, usual, NOW + timedelta(minutes=minutes)) is expected


def test_only_a_job_that_runs_since_a_known_time_is_stuck() -> None:
    week = timedelta(days=7)

    assert not is_stuck(QueueJob("x", "europe", "t", "started", NOW), None, NOW + week)
    assert not is_stuck(QueueJob("x", "europe", "t", "pending", NOW), None, NOW + week)
    assert not is_stuck(QueueJob("x", "europe", "t", "failed", NOW, NOW, NOW + week), None, NOW + week)
