"""Ranges that turn out wrong are corrected, whatever it was that made them wrong."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.insights.ranges import LONGEST, TOO_EARLY, TOO_LATE, Correction, Raw, raw_span

RAW = Raw(100.0, 200.0, 400.0)
times = st.floats(0, 1e12)


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_in_the_long_run_misses_are_as_rare_as_promised(factor: float) -> None:
    """The truth is a third of what was thought, or three times as much."""
    rng, correction = random.Random(4), Correction()
    early = late = 0
    for number in range(2000):
        truth = 200.0 * factor * rng.lognormvariate(0.0, 0.6)
        span = correction.applied(RAW)
        early += number >= 1000 and truth < span.low
        late += number >= 1000 and truth > span.high
        correction.came(RAW, truth, before=0)

    assert early / 1000 == pytest.approx(TOO_EARLY, abs=0.02)
    assert late / 1000 == pytest.approx(TOO_LATE, abs=0.03)


@given(st.lists(st.tuples(times, st.booleans(), st.integers(0, 500)), max_size=200), times)
def test_whatever_is_learnt_a_range_is_a_range(lessons: list[tuple[float, bool, int]], length: float) -> None:
    correction = Correction(3.3)
    for seconds, is_over, before in lessons:
        score = correction.outlasted(RAW, seconds / 2, before)
        if is_over:
            correction.came(RAW, seconds, before, score)
    near = correction.applied(Raw(length / 2, length, length))
    far = correction.applied(Raw(length, length, length * 2))

    assert 0 <= near.low <= near.high <= LONGEST
    assert near.low <= far.low
    assert near.high <= far.high


def test_many_outcomes_of_one_delay_stretch_a_range_no_further_than_it_was_late() -> None:
    """A whole line was twice as late as was promised, all for one reason."""
    correction = Correction()
    for before in range(300):
        correction.came(RAW, 800.0, before)

    assert correction.applied(RAW).high == pytest.approx(800, abs=3)


def test_that_a_moment_has_passed_is_learnt_before_the_truth_and_counts_once() -> None:
    waits, knows = Correction(), Correction()
    for _ in range(50):
        score = waits.outlasted(RAW, 500.0, 0)
        assert waits.outlasted(RAW, 700.0, 0, score) is score
    assert waits.applied(RAW).high == pytest.approx(700, abs=3)

    for _ in range(50):
        knows.came(RAW, 800.0, 0, knows.outlasted(RAW, 500.0, 0))
        knows.came(RAW, 100.0, 0)
    twice = Correction()
    for _ in range(50):
        twice.came(RAW, 800.0, 0)
        twice.came(RAW, 100.0, 0)
    assert knows.applied(RAW) == twice.applied(RAW)


def test_a_range_that_was_too_wide_is_drawn_in() -> None:
    correction = Correction()
    for _ in range(200):
        correction.came(RAW, 200.0, before=3)

    assert correction.applied(RAW).high == pytest.approx(200, abs=3)


def test_behind_others_no_range_is_stretched_beyond_all_use() -> None:
    correction = Correction(3.3)
    for _ in range(200):
        correction.came(RAW, 4000.0, before=3)

    assert correction.applied(RAW).high == pytest.approx(3.3 * 201, abs=1)
    assert correction.applied(Raw(100.0, 200.0, 900.0)).high == 900


def test_the_range_of_the_draws_leaves_out_the_ends_that_it_may_miss() -> None:
    assert raw_span([float(number) for number in range(100, -1, -1)]) == Raw(2.0, 50.0, 88.0)
