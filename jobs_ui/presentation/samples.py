"""What `/styleguide/` shows its parts with: jobs, groups and figures of every state, made up and the same each time."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs_ui.insights.histograms import Lengths
from jobs_ui.sources.base import ErrorsReading, Freshness, JobRecord
from jobs_ui.sources.errors import ErrorGroup, ErrorGroups, ErrorLine, ErrorSlot
from jobs_ui.sources.insights import Insights, SlotFigures, Tally, TypeFigures, window_of
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS, TYPES

REQUEST_ID = "0c1f7a52-88b1-4c0e-9a55-2f6f1f0a7be1"
DIGEST = "0123456789abcdef"
UNKNOWN_STATUS, UNKNOWN_TYPE = "archived", "stock-import"
SAMPLES = ("Row 17: sku LAMP-17 must be unique amongst products", "missing sku for price")


def job(now: datetime, number: int, status: str, waited: float, ran: float | None, kind: str) -> JobRecord:
    """A job that waited and ran for so many seconds (None: it did not start), the higher its number the older."""
    created = now - timedelta(hours=number, seconds=waited + (ran or 0))
    started = created + timedelta(seconds=waited) if ran is not None else None
    is_open = status in (PENDING, STARTED)
    return JobRecord(
        store="default",
        job_id=f"{number:08x}-6f6f-4c0e-9a55-2f6f1f0a7be1",
        type=kind,
        status=status,
        created_at=now - timedelta(seconds=waited + (ran or 0)) if is_open else created,
        started_at=(now - timedelta(seconds=ran or 0) if is_open else started) if ran is not None else None,
        completed_at=None if is_open else created + timedelta(seconds=waited + (ran or 0)),
        request_id=REQUEST_ID,
        filter='in(sku,"LAMP-1","LAMP-2")' if kind == "product-export" else None,
        copied_from="",
        hierarchy_id="",
        files=("part_1.csv", "part_2.csv") if kind == "product-export" and status == SUCCESS else None,
        read_at=now,
        gone_at=now if number == 9 else None,
        errors=ErrorsReading("read", count=12_345) if status == FAILED else ErrorsReading("none"),
    )


def jobs(now: datetime) -> list[JobRecord]:
    """Every status, and lanes that are short, long, cut, of a wait alone, of a run alone, and empty."""
    return [
        job(now, 1, PENDING, 95, None, "product-import"),
        job(now, 2, STARTED, 12, 200, "price-import"),
        job(now, 3, SUCCESS, 0.4, 0.9, "product-export"),
        job(now, 4, SUCCESS, 30, 800, "hierarchy-duplicate"),
        job(now, 5, FAILED, 4, 130, "product-import"),
        job(now, 6, FAILED, 600, 9_000, "child-products"),
        job(now, 7, CANCELLED, 45, None, "product-import"),
        job(now, 8, UNKNOWN_STATUS, 0, 60, UNKNOWN_TYPE),
        job(now, 9, STARTED, 3, 20, "product-export"),
    ]


def freshness(now: datetime) -> dict[str, Freshness]:
    """How fresh a page can be, by what it is called."""
    then = now - timedelta(minutes=4)
    return {
        "Fresh": Freshness("fresh", now - timedelta(seconds=3)),
        "Stale": Freshness("stale", then, "What this page shows is 4 minutes old.", "The next round is on its way."),
        "Down": Freshness(
            "down", then, "Elastic Path does not answer.", "The console tries again in 40 s.", request_id=REQUEST_ID
        ),
    }


def groups() -> ErrorGroups:
    """A group of many messages with values that differ, and one of a single message."""
    slots = (
        ErrorSlot("SKUs", 7_902, ("LAMP-17", "LAMP-18")),
        ErrorSlot("row numbers", 9_000, ("17", "18"), is_cut=True),
    )
    many = ErrorGroup(1, DIGEST, SAMPLES[0], 12_344, 0, 12_343, slots)
    return ErrorGroups((many, ErrorGroup(2, DIGEST[::-1], SAMPLES[1], 1, 12_344, 12_344)), of=12_345)


def messages() -> list[ErrorLine]:
    """Messages of a job, one of each group."""
    return [ErrorLine(number, sample, group=number + 1) for number, sample in enumerate(SAMPLES)]


def insights(now: datetime) -> Insights:
    """The figures of a month, with a bad day, a day without jobs and one that is not over."""
    window = window_of(now, timedelta(days=30))
    slots = tuple(_slot(window.since + number * window.step, number) for number in range(30))
    tally = Tally(*(sum(column) for column in zip(*(slot.tally for slot in slots), strict=True)))
    kinds = tuple(
        TypeFigures(name, tally, _lengths(place, 2), _lengths(place, 60), slots) for place, name in enumerate(TYPES, 1)
    )
    return Insights(
        window=window,
        counted_at=now,
        tally=tally,
        lost=sum((slot.lost for slot in slots), timedelta(0)),
        wait=_lengths(1, 2),
        run=_lengths(1, 60),
        slots=slots,
        types=kinds,
        has_more_types=True,
        hours=tuple((hour * 7) % 24 * 100 for hour in range(24)),
        slowest=(),
        costliest=(),
    )


def _slot(begin: datetime, number: int) -> SlotFigures:
    if number % 7 == 6:
        return SlotFigures(begin)
    failed = 190 if number == 22 else number % 4
    tally = Tally(400 + number * 37 % 300, failed, number % 3, 5 if number == 29 else 0)
    return SlotFigures(begin, tally, timedelta(minutes=failed), _lengths(number + 1, 1), _lengths(number + 1, 20))


def _lengths(number: int, seconds: float) -> Lengths:
    half = timedelta(seconds=seconds * (1 + number % 5))
    return Lengths(half, half * 9)
