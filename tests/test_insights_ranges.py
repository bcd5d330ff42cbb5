"""Ranges that turn out wrong are corrected, whatever it was that made them wrong."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.insights.ranges import LONGEST, TOO_EARLY, TOO_LATE, Correction, Span, raw_span

RAW = Span(100.0, 400.0)


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
        correction.low.learn(is_missed=truth < span.low, before=0)
        correction.high.learn(is_missed=truth > span.high, before=0)

    assert early / 1000 == pytest.approx(TOO_EARLY, abs=0.02)
    assert late / 1000 == pytest.approx(TOO_LATE, abs=0.03)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 500)), max_size=200), st.floats(0, 1e12))
def test_whatever_is_learnt_a_range_is_a_range(lessons: list[tuple[bool, bool, int]], length: float) -> None:
    correction = Correction()
    for is_early, is_late, before in lessons:
        correction.low.learn(is_missed=is_early, before=before)
        correction.high.learn(is_missed=is_late, before=before)
    near, far = correction.applied(Span(length / 2, length)), correction.applied(Span(length, length * 2))

    assert 0 <= near.low <= near.high <= LONGEST
    assert near.low <= far.low
    assert near.high <= far.high


def test_the_range_of_the_draws_leaves_out_the_ends_that_it_may_miss() -> None:
    assert raw_span([float(number) for number in range(100, -1, -1)]) == Span(2.0, 87.0)
