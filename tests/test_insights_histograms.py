"""Histograms that add up: what is packed comes out again, sums are sums, and what is read off them is within 5 %."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui import models
from jobs_ui.day_sums.functions import LaneOf
from jobs_ui.insights.histograms import LAST_LANE, SCALE, dumped, lengths_of, loaded, packed, unpacked

LENGTHS = st.integers(0, 10**13 - 1)


def lane(length: int) -> int:
    """As the database does it."""
    span = next((span for span in SCALE if length < span.end), None)
    return LAST_LANE if span is None else span.first_lane + (length - span.start) // span.width


def histogram(lengths: list[int]) -> int:
    return packed((lane(length), 1) for length in lengths)


@given(st.lists(LENGTHS, min_size=1, max_size=40))
def test_median_and_percentile_are_within_five_percent(lengths: list[int]) -> None:
    told = lengths_of(histogram(lengths))
    for percent, length in ((50, told.half), (95, told.most)):
        exact = sorted(lengths)[ceil(len(lengths) * percent / 100) - 1]
        assert length is not None
        assert abs(length / timedelta(milliseconds=1) - exact) <= 0.05 * exact


@given(st.lists(LENGTHS), st.lists(LENGTHS))
def test_the_sum_of_two_is_that_of_all(some: list[int], others: list[int]) -> None:
    assert histogram(some) + histogram(others) == histogram(some + others)


@given(st.lists(LENGTHS))
def test_what_is_kept_comes_out_again(lengths: list[int]) -> None:
    assert loaded(dumped(histogram(lengths))) == histogram(lengths)


def test_one_job_takes_a_few_bytes_wherever_it_lies() -> None:
    assert len(dumped(histogram([86_400_000]))) <= 6


def test_nothing_is_known_of_no_job() -> None:
    assert lengths_of(0) == (None, None)
    assert unpacked(0, 24) == (0,) * 24


def test_each_lane_begins_where_the_one_before_ends() -> None:
    assert [lane(span.start) for span in SCALE] == [span.first_lane for span in SCALE]
    assert all(before.end == after.start for before, after in pairwise(SCALE))
    assert lane(SCALE[-1].end - 1) + 1 == LAST_LANE == lane(10**18)


@pytest.mark.django_db
def test_the_database_counts_in_the_same_lanes() -> None:
    at = [edge for span in SCALE for edge in (span.start, span.end, span.start + span.width)]
    lengths = sorted({length for edge in at for length in (edge, edge - 1) if length >= 0})
    models.Job.objects.bulk_create(
        models.Job(
            store="default",
            job_id=f"{length}",
            type="product-import",
            status="success",
            created_at="2026-01-01T00:00:00Z",
            run_ms=length,
            raw={},
            read_at="2026-01-01T00:00:00Z",
        )
        for length in lengths
    )
    found = models.Job.objects.annotate(lane=LaneOf("run_ms")).values_list("run_ms", "lane")
    assert dict(found) == {length: lane(length) for length in lengths}
