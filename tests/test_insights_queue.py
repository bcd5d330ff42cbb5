"""Position and wait: what is always true of the estimates, whatever the queue and whatever the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs_ui.insights.queue import MOST_ESTIMATED, NO_HISTORY, TOO_FAR, Queue, estimate_queue
from jobs_ui.insights.queue_jobs import QueueJob, in_line, running_job
from jobs_ui.insights.replay import Learned, learn

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TYPES = ("product-import", "product-export", "price-import", "something-new")
ages = st.floats(min_value=0, max_value=4000, allow_nan=False)
lengths = st.floats(min_value=0, max_value=100_000, allow_nan=False)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def past(runs: list[tuple[str, float, float]]) -> list[QueueJob]:
    """Jobs that ran one after the other, the last of them until two hours ago: type, wait and run time in seconds."""
    jobs, end = [], NOW - timedelta(hours=2)
    for number, (kind, wait, run) in enumerate(reversed(runs)):
        start = end - seconds(run)
        jobs.append(QueueJob(f"old-{number}", "europe", kind, "success", start - seconds(wait), start, end))
        end = start - seconds(1)
    return jobs


def waiting(name: str, age: float, kind: str = "product-import") -> QueueJob:
    return QueueJob(name, "europe", kind, "pending", NOW - seconds(age))


def running(age: float, kind: str = "product-import") -> QueueJob:
    return QueueJob("running", "europe", kind, "started", NOW - seconds(age + 5), NOW - seconds(age))


histories = st.lists(st.tuples(st.sampled_from(TYPES), lengths, lengths), min_size=5, max_size=30).map(past)
runners = st.none() | st.builds(running, ages, st.sampled_from(TYPES))
lines = st.lists(st.tuples(ages, st.sampled_from(TYPES)), max_size=8).map(
    lambda entries: [waiting(f"job-{number}", age, kind) for number, (age, kind) in enumerate(entries)]
)
# Each comes when nothing is before it.
STEADY = learn(past([("product-import", 0.5, 50 + number % 20) for number in range(60)]), NOW)


def queue_of(jobs: list[QueueJob], runner: QueueJob | None, learned: Learned, now: datetime = NOW) -> Queue:
    return estimate_queue([*jobs, *([runner] if runner else [])], learned, now)


@settings(max_examples=60, deadline=None)
@given(histories, lines, runners)
def test_ranges_are_in_order_and_never_before_now(
    history: list[QueueJob], jobs: list[QueueJob], runner: QueueJob | None
) -> None:
    queue = queue_of(jobs, runner, learn(history, NOW))

    assert [one.position for one in queue.waiting] == list(range(1, len(jobs) + 1))
    earlier = None
    for one in queue.waiting:
        assert one.start is not None
        assert one.end is not None
        assert NOW <= one.start.low <= one.start.high
        assert one.start.low <= one.end.low <= one.end.high
        assert one.start.high <= one.end.high
        if earlier is not None:
            assert earlier.low <= one.start.low
            assert earlier.high <= one.start.high
        earlier = one.start
    if runner:
        assert queue.running is not None
        assert queue.running.end is not None
        assert NOW <= queue.running.end.low <= queue.running.end.high


@settings(max_examples=60, deadline=None)
@given(histories, lines.filter(bool), runners, ages, st.sampled_from(TYPES))
def test_a_job_more_in_line_makes_nobody_start_earlier(
    history: list[QueueJob], jobs: list[QueueJob], runner: QueueJob | None, age: float, kind: str
) -> None:
    learned = learn(history, NOW)
    without = queue_of(jobs, runner, learned)
    with_it = queue_of([*jobs, waiting("one more", age, kind)], runner, learned)

    for one in without.waiting:
        same = with_it.of(one.job.id)
        assert same is not None
        assert same.start is not None
        assert one.start is not None
        assert same.start.low >= one.start.low
        assert same.start.high >= one.start.high


def test_a_job_whose_own_wait_is_nearly_over_does_not_hurry_those_behind_it() -> None:
    """Each first job of this store waits 100 s for what nobody sees. One has waited 99 of them, two have just come."""
    jobs = []
    for number in range(40):
        created = NOW - timedelta(days=1) + number * timedelta(minutes=30)
        start = created + seconds(100)
        end = start + seconds(1000)
        jobs.append(QueueJob(f"{number}", "europe", "long", "success", created, start, end))
        soon = end + seconds(1)
        jobs.append(QueueJob(f"{number} next", "europe", "short", "success", start, soon, soon + seconds(1)))
    learned = learn(jobs, NOW)
    behind = [waiting("b", 0.2, "long"), waiting("c", 0.1, "long")]
    without = queue_of(behind, None, learned).of("c")
    with_it = queue_of([waiting("a", 99, "short"), *behind], None, learned).of("c")

    assert without is not None
    assert with_it is not None
    assert without.start is not None
    assert with_it.start is not None
    assert with_it.start.low >= without.start.low > NOW + seconds(500)
    assert with_it.start.high >= without.start.high


@settings(max_examples=30, deadline=None)
@given(histories, lines, runners, st.randoms())
def test_the_same_jobs_in_another_order_are_the_same_queue(
    history: list[QueueJob], jobs: list[QueueJob], runner: QueueJob | None, rng: object
) -> None:
    expected = queue_of(jobs, runner, learn(history, NOW))

    assert queue_of(jobs[::-1], runner, learn(history[::-1], NOW)) == expected


@settings(max_examples=30, deadline=None)
@given(histories, lines, runners, st.sampled_from(["cancelled", "success", "failed", "resting"]))
def test_jobs_that_are_not_in_line_change_nothing(
    history: list[QueueJob], jobs: list[QueueJob], runner: QueueJob | None, status: str
) -> None:
    learned = learn(history, NOW)
    others = [replace(waiting(f"other-{age}", age), status=status) for age in (0, 2000, 5000)]

    assert queue_of([*others, *jobs], runner, learned) == queue_of(jobs, runner, learned)


@pytest.mark.parametrize("count", [0, 4])
def test_without_history_there_is_a_position_and_no_number(count: int) -> None:
    learned = learn(past([("product-import", 1, 60.0)] * count), NOW)
    queue = queue_of([waiting("a", 10), waiting("b", 5)], running(3), learned)

    assert [(one.position, one.start, one.end, one.reason) for one in queue.waiting] == [
        (1, None, None, NO_HISTORY),
        (2, None, None, NO_HISTORY),
    ]
    assert queue.running is not None
    assert (queue.running.end, queue.running.reason) == (None, NO_HISTORY)


def test_who_was_created_first_is_next_and_ids_break_ties() -> None:
    jobs = [waiting("c", 5), waiting("b", 5), waiting("d", 4), waiting("a", 9)]

    assert [job.id for job in in_line(jobs)] == ["a", "b", "c", "d"]


def test_what_is_before_a_job() -> None:
    queue = queue_of([waiting("a", 9), waiting("b", 5)], running(3), STEADY)
    last = queue.of("b")

    assert last is not None
    assert last.position == 2
    assert [job.id for job in queue.before(last)] == ["running", "a"]
    assert queue.of("somebody else's") is None


def test_what_the_running_job_has_used_already_is_taken_off() -> None:
    soon, later = (queue_of([waiting("a", 70)], running(age), STEADY).waiting[0].start for age in (45, 5))

    assert soon is not None
    assert later is not None
    assert 40 <= (later.high - soon.high).total_seconds() <= 60


def test_a_job_that_has_outlasted_all_history_is_not_about_to_end() -> None:
    """Ten times as long as any before: the range grows with it, and does not promise a moment that never comes."""
    queue = queue_of([waiting("a", 70)], running(700), STEADY)
    much_later = queue_of([waiting("a", 70)], running(7000), STEADY)

    assert queue.running is not None
    assert much_later.running is not None
    assert queue.running.end is not None
    assert much_later.running.end is not None
    width = queue.running.end.high - queue.running.end.low
    assert width > seconds(300)
    assert much_later.running.end.high - much_later.running.end.low > 5 * width


def test_a_job_that_is_said_to_run_while_another_started_after_it_holds_up_nobody() -> None:
    stale = replace(running(90_000), id="stale")

    assert running_job([stale, running(5)]) == running(5)
    assert running_job([stale, QueueJob("x", "europe", "t", "success", NOW, NOW, NOW)]) is None


def test_a_running_job_whose_start_is_not_told_counts_from_the_end_of_the_one_before() -> None:
    """The API has been seen to send `started` without `started_at`."""
    ended = QueueJob(
        "e", "europe", "product-import", "success", NOW - seconds(200), NOW - seconds(90), NOW - seconds(30)
    )
    unknown = replace(running(500), started_at=None)
    told = queue_of([waiting("a", 10), ended], replace(running(500), started_at=NOW - seconds(30)), STEADY)

    assert queue_of([waiting("a", 10), ended], unknown, STEADY).waiting == told.waiting


def test_a_type_with_little_history_gets_a_wider_range() -> None:
    queue = queue_of([waiting("a", 10), waiting("b", 9, "something-new"), waiting("c", 8)], None, STEADY)
    known, new = (one.end.high - one.end.low for one in queue.waiting[:2] if one.end)

    assert new > 2 * known


def test_pauses_between_jobs_are_waited_for_too() -> None:
    """Another store's jobs of ten minutes come between: nobody here sees them, only that everything takes longer."""
    jobs, at = [], NOW - timedelta(days=2)
    for number in range(60):
        created, start = at, at + seconds(600)
        at = start + seconds(60)
        jobs.append(QueueJob(f"{number}", "europe", "product-import", "success", created - seconds(70), start, at))
    queue = queue_of([waiting("a", 3), waiting("b", 2)], running(1), learn(jobs, NOW))
    second = queue.waiting[1].start

    assert second is not None
    assert second.low > NOW + seconds(500)


def test_far_back_in_line_there_is_a_position_alone() -> None:
    queue = queue_of([waiting(f"{number:04}", 4000 - number) for number in range(MOST_ESTIMATED + 1)], None, STEADY)

    assert queue.waiting[-2].start is not None
    assert (queue.waiting[-1].position, queue.waiting[-1].start) == (MOST_ESTIMATED + 1, None)
    assert queue.waiting[-1].reason == TOO_FAR


def test_times_that_make_no_sense_make_no_impossible_dates() -> None:
    """Clocks that are wrong, and runs of a thousand years."""
    ages_ago = datetime(1, 1, 2, tzinfo=UTC)
    odd = [QueueJob(f"{number}", "europe", "t", "success", NOW, ages_ago, NOW - seconds(number)) for number in range(6)]
    backwards = [QueueJob(f"b{n}", "europe", "t", "failed", NOW, NOW, NOW - timedelta(days=900)) for n in range(6)]
    learned = learn([*odd, *backwards], NOW)
    queue = queue_of([waiting("a", -500, "t"), waiting("b", 5, "t")], running(-30, "t"), learned)

    assert all(one.start and NOW <= one.start.low <= one.start.high for one in queue.waiting)
