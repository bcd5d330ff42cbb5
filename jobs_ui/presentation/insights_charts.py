"""The figures over many jobs as charts, each with the same numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from jobs_ui.insights.histograms import Lengths
from jobs_ui.presentation.charts import Bar, Point, Reach, Spark, bars, lines, reaches, scaled, sparks, ticks_up_to
from jobs_ui.presentation.durations import NOTHING, duration
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.presentation.rows import counted
from jobs_ui.sources.insights import Insights, SlotFigures, Tally, TypeFigures
from jobs_ui.status import job_type

HALF, MOST = "half", "95 of 100"
RATES = (("100 %", 1.0), ("50 %", 0.5), ("0 %", 0.0))


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title, what to know of it, the classes and words of its marks, the drawing, and its table."""

    title: str
    note: str
    key: tuple[tuple[str, str], ...]
    svg: SafeString
    head: tuple[str, ...]
    body: SafeString


def charts_of(figures: Insights, url_of: Callable[[datetime, datetime], str]) -> list[Chart]:
    """All charts. `url_of` gives the list of the jobs created between two moments."""
    return [
        _results(figures, url_of),
        _rates(figures),
        _by_type(figures),
        _types_over_time(figures),
        _hours(figures),
        _over_time("Wait", figures, lambda slot: slot.wait),
        _over_time("Run", figures, lambda slot: slot.run),
    ]


def percent(share: float | None) -> str:
    """`95.9 %`, never rounded to all or none where there are others; a dash for None."""
    if share is None:
        return NOTHING
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return "over 99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"


def _results(figures: Insights, url_of: Callable[[datetime, datetime], str]) -> Chart:
    each = _each(figures)
    all_bars = [
        Bar(
            _label(slot, figures),
            f"{_name(slot, figures)}: {_words(slot.tally)}",
            _parts(slot.tally),
            not figures.is_over(slot),
        )
        for slot in figures.slots
    ]
    rows = [
        (
            fill('<a href="{}">{}</a>', url_of(slot.begin, slot.begin + figures.window.step), _name(slot, figures)),
            *(f"{count:,}" for count in slot.tally),
        )
        for slot in figures.slots
    ]
    key = (("f", "failed"), ("s", "succeeded"), ("c", "cancelled"), ("o", "open or unknown"))
    head = (each.capitalize(), "Succeeded", "Failed", "Cancelled", "Open or unknown")
    svg = bars(f"Jobs of each {each}: {_words(figures.tally)}", all_bars)
    return Chart(f"Jobs {'a day' if each == 'day' else 'an hour'}, by result", "UTC", key, svg, head, _table(rows))


def _rates(figures: Insights) -> Chart:
    points = [
        Point(
            _label(slot, figures),
            f"{_name(slot, figures)}: {percent(slot.tally.success_rate)}",
            slot.tally.success_rate,
        )
        for slot in figures.slots
    ]
    svg = lines(
        f"Success rate of each {_each(figures)}: {percent(figures.tally.success_rate)} in all", RATES, [("r", points)]
    )
    rows = [(_name(slot, figures), percent(slot.tally.success_rate)) for slot in figures.slots]
    note = "succeeded, of those that succeeded or failed; UTC"
    return Chart("Success rate", note, (), svg, (_each(figures).capitalize(), "Success rate"), _table(rows))


def _by_type(figures: Insights) -> Chart:
    rows, drawn = [], []
    for each in figures.types:
        name = job_type(each.type).label
        lengths = [duration(length) for length in (*each.wait, *each.run)]
        rows.append((name, f"{each.tally.total:,}", percent(each.tally.success_rate), *lengths))
        title = f"{name}: waited {lengths[0]}, 95 of 100 {lengths[1]}; ran {lengths[2]}, 95 of 100 {lengths[3]}"
        drawn.append(Reach(f"{name}, {counted(each.tally.total, 'job')}", title, each.wait, each.run))
    note = "Dot: half of the jobs took no longer; end of the line: 95 of 100. Short times get more room. Within 5 %."
    if figures.has_more_types:
        note = f"{note} There are more types; these had the most jobs."
    head = ("Type", "Jobs", "Success rate", "Wait, half", "Wait, 95 of 100", "Run, half", "Run, 95 of 100")
    svg = reaches("Wait and run time of each type", drawn)
    return Chart("Wait and run, by type", note, (("w", "wait"), ("r", "run")), svg, head, _table(rows))


def _types_over_time(figures: Insights) -> Chart:
    each = _each(figures)
    halves = [
        length for one in figures.types for slot in one.slots for length in (slot.wait.half, slot.run.half) if length
    ]
    longest = max(halves, default=timedelta(minutes=1))
    rows = [
        (_name(slot, figures), *(duration(length) for half in both for length in half))
        for slot, *both in zip(
            figures.slots, *([(s.wait.half, s.run.half) for s in one.slots] for one in figures.types), strict=True
        )
    ]
    drawn = [_spark(one, longest) for one in figures.types]
    svg = sparks(
        f"Wait and run time of each type and {each}: half of the jobs",
        [_label(slot, figures) for slot in figures.slots],
        drawn,
    )
    note = f"half of the jobs took at most; one scale for all, up to {duration(longest)}; UTC"
    names = [job_type(one.type).label for one in figures.types]
    head = (each.capitalize(), *(f"{name}, {words}" for name in names for words in ("wait", "run")))
    return Chart("Wait and run of each type, over time", note, (("w", "wait"), ("r", "run")), svg, head, _table(rows))


def _spark(one: TypeFigures, longest: timedelta) -> Spark:
    waits, runs = ([slot.wait.half for slot in one.slots], [slot.run.half for slot in one.slots])
    label = job_type(one.type).label
    return Spark(
        label,
        f"{label}: waited {_from_to(waits)}, ran {_from_to(runs)}",
        [
            (name, [None if length is None else scaled(length, longest) for length in lengths])
            for name, lengths in (("w", waits), ("r", runs))
        ],
    )


def _from_to(lengths: Sequence[timedelta | None]) -> str:
    known = [length for length in lengths if length is not None]
    if not known:
        return NOTHING
    least, most = duration(min(known)), duration(max(known))
    return least if least == most else f"{least} to {most}"


def _hours(figures: Insights) -> Chart:
    busiest = max(range(24), key=lambda hour: figures.hours[hour])
    all_bars = [
        Bar(f"{hour:02}", f"{hour:02}:00 to {hour:02}:59 UTC: {counted(count, 'job')}", (("s", count),))
        for hour, count in enumerate(figures.hours)
    ]
    note = f"by creation, in UTC; most at {busiest:02}:00"
    rows = [(f"{hour:02}:00", f"{count:,}") for hour, count in enumerate(figures.hours)]
    svg = bars(f"Jobs by the hour of the day (UTC), most at {busiest:02}:00", all_bars)
    return Chart("Busiest hours", note, (), svg, ("Hour (UTC)", "Jobs"), _table(rows))


def _over_time(title: str, figures: Insights, lengths_of: Callable[[SlotFigures], Lengths]) -> Chart:
    both = [lengths_of(slot) for slot in figures.slots]
    longest = max([lengths.most for lengths in both if lengths.most], default=timedelta(minutes=1))
    series = [
        (
            "r",
            [
                _point(slot, figures, HALF, lengths.half, longest)
                for slot, lengths in zip(figures.slots, both, strict=True)
            ],
        ),
        (
            "w",
            [
                _point(slot, figures, MOST, lengths.most, longest)
                for slot, lengths in zip(figures.slots, both, strict=True)
            ],
        ),
    ]
    rows = [
        (_name(slot, figures), duration(lengths.half), duration(lengths.most))
        for slot, lengths in zip(figures.slots, both, strict=True)
    ]
    svg = lines(f"{title} of each {_each(figures)}: half of the jobs, and 95 of 100", ticks_up_to(longest), series)
    head = (_each(figures).capitalize(), "Half", "95 of 100")
    key = (("r", "half took at most"), ("w", "95 of 100"))
    return Chart(f"{title} over time", "UTC", key, svg, head, _table(rows))


def _point(slot: SlotFigures, figures: Insights, words: str, length: timedelta | None, longest: timedelta) -> Point:
    height = None if length is None else scaled(length, longest)
    return Point(_label(slot, figures), f"{_name(slot, figures)}: {words} {duration(length)}", height)


def _parts(tally: Tally) -> Sequence[tuple[str, int]]:
    return ("f", tally.failed), ("s", tally.succeeded), ("c", tally.cancelled), ("o", tally.others)


def _words(tally: Tally) -> str:
    words = f"{counted(tally.total, 'job')}, {tally.failed:,} failed, {tally.cancelled:,} cancelled"
    return f"{words}, {tally.others:,} open or unknown" if tally.others else words


def _each(figures: Insights) -> str:
    return "day" if figures.window.step >= timedelta(days=1) else "hour"


def _label(slot: SlotFigures, figures: Insights) -> str:
    return f"{slot.begin.day} {slot.begin:%b}" if _each(figures) == "day" else f"{slot.begin:%H}"


def _name(slot: SlotFigures, figures: Insights) -> str:
    words = f"{slot.begin:%Y-%m-%d}" if _each(figures) == "day" else f"{slot.begin:%Y-%m-%d %H}:00"
    return words if figures.is_over(slot) else f"{words}, so far"


def _table(rows: Sequence[Sequence[str]]) -> SafeString:
    cells = (
        (fill('<th scope="row">{}</th>', row[0]), *(fill(' <td class="n">{}</td>', cell) for cell in row[1:]))
        for row in rows
    )
    return joined([fill("<tr>{}</tr>\n", joined(list(row))) for row in cells])
