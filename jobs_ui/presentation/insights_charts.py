"""The figures over many jobs as charts, each with the same numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString

from jobs_ui.insights.histograms import Lengths
from jobs_ui.presentation.charts import Bar, Point, Reach, Spark, bars, lines, reaches, scaled, sparks, ticks_up_to
from jobs_ui.presentation.durations import NOTHING, duration
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.presentation.rows import counted
from jobs_ui.sources.insights import Insights, SlotFigures, Tally
from jobs_ui.status import job_type

HALF, MOST = "half", "95 of 100"
BETWEEN = "</td> <td>"
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

    @property
    def columns(self) -> SafeString:
        """The head of the table. The first column stays in sight (`n`)."""
        first, *others = self.head
        columns = [fill('<th class="n" scope="col">{}</th>', first)]
        return joined([*columns, *(fill(' <th scope="col">{}</th>', words) for words in others)])


def charts_of(figures: Insights, url_of: Callable[[datetime, datetime], str]) -> list[Chart]:
    """All charts. `url_of` gives the list of the jobs created between two moments."""
    return [
        _results(figures, url_of),
        _rates(figures),
        _by_type(figures),
        _types_over_time(figures),
        _over_time("Wait", figures, lambda slot: slot.wait),
        _over_time("Run", figures, lambda slot: slot.run),
        _lost(figures),
        _hours(figures),
    ]


def percent(share: float | None) -> str:
    """`95.9 %`, never rounded to all or none where there are others; a dash for None."""
    if share is None:
        return NOTHING
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return "over 99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"


def _results(figures: Insights, url_of: Callable[[datetime, datetime], str]) -> Chart:
    each, names = _each(figures), _names(figures)
    all_bars = [
        Bar(label, f"{name}: {_words(slot.tally)}", _parts(slot.tally), not figures.is_over(slot))
        for label, name, slot in zip(_labels(figures), names, figures.slots, strict=True)
    ]
    rows = [
        (
            fill('<a href="{}">{}</a>', url_of(slot.begin, slot.begin + figures.window.step), name),
            *(f"{count:,}" for count in slot.tally),
        )
        for name, slot in zip(names, figures.slots, strict=True)
    ]
    key = (("f", "failed"), ("s", "succeeded"), ("c", "cancelled"), ("o", "open or unknown"))
    head = (each.capitalize(), "Succeeded", "Failed", "Cancelled", "Open or unknown")
    svg = bars(f"Jobs of each {each}: {_words(figures.tally)}", all_bars)
    return Chart(f"Jobs {'a day' if each == 'day' else 'an hour'}, by result", "", key, svg, head, _table(rows))


def _rates(figures: Insights) -> Chart:
    names, rates = _names(figures), [slot.tally.success_rate for slot in figures.slots]
    points = [
        Point(label, f"{name}: {percent(rate)}", rate)
        for label, name, rate in zip(_labels(figures), names, rates, strict=True)
    ]
    svg = lines(
        f"Success rate of each {_each(figures)}: {percent(figures.tally.success_rate)} in all", RATES, [("r", points)]
    )
    rows = [(name, percent(rate)) for name, rate in zip(names, rates, strict=True)]
    note = "succeeded, of those that succeeded or failed"
    return Chart("Success rate", note, (), svg, (_each(figures).capitalize(), "Success rate"), _table(rows))


def _lost(figures: Insights) -> Chart:
    each, names = _each(figures), _names(figures)
    longest = max(slot.lost for slot in figures.slots)
    unit, length = (" h", timedelta(hours=1)) if longest > timedelta(hours=2) else (" min", timedelta(minutes=1))
    all_bars = [
        Bar(label, f"{name}: {duration(slot.lost)}", (("f", slot.lost / length),), not figures.is_over(slot))
        for label, name, slot in zip(_labels(figures), names, figures.slots, strict=True)
    ]
    rows = [(name, duration(slot.lost)) for name, slot in zip(names, figures.slots, strict=True)]
    svg = bars(f"Time lost in failed jobs, of each {each}: {duration(figures.lost)} in all", all_bars, unit)
    note = "how long the failed ones had run, by their creation"
    return Chart("Lost in failed jobs", note, (), svg, (each.capitalize(), "Time lost"), _table(rows))


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
    each, names = _each(figures), [job_type(one.type).label for one in figures.types]
    columns = [
        [length_of(slot) for slot in one.slots] for one in figures.types for length_of in (_half_wait, _half_run)
    ]
    known = [length for column in columns for length in column if length is not None]
    scale = min(known, default=timedelta(0)), max(known, default=timedelta(0))
    drawn = [
        _spark(name, waits, runs, scale) for name, waits, runs in zip(names, columns[::2], columns[1::2], strict=True)
    ]
    svg = sparks(f"Wait and run time of each type and {each}: half of the jobs", _labels(figures), drawn)
    note = f"half of the jobs took at most; one scale for all, {duration(scale[0])} to {duration(scale[1])}"
    head = (each.capitalize(), *(f"{name}, {words}" for name in names for words in ("wait", "run")))
    rows = list(zip(_names(figures), *([duration(length) for length in column] for column in columns), strict=True))
    key = (("w", "wait"), ("r", "run"))
    return Chart("Wait and run of each type, over time", note, key, svg, head, _table(rows))


def _half_wait(slot: SlotFigures) -> timedelta | None:
    return slot.wait.half


def _half_run(slot: SlotFigures) -> timedelta | None:
    return slot.run.half


def _spark(
    name: str, waits: Sequence[timedelta | None], runs: Sequence[timedelta | None], scale: tuple[timedelta, timedelta]
) -> Spark:
    title = f"{name}: waited {_from_to(waits)}, ran {_from_to(runs)}"
    series = [(mark, [_height(length, scale) for length in each]) for mark, each in (("w", waits), ("r", runs))]
    return Spark(name, title, series)


def _height(length: timedelta | None, scale: tuple[timedelta, timedelta]) -> float | None:
    """Where a length lies on a logarithmic scale from the least to the most, from 0 to 1."""
    if length is None:
        return None
    least, each, most = (max(moment / timedelta(milliseconds=1), 1.0) for moment in (scale[0], length, scale[1]))
    return math.log(each / least) / math.log(most / least) if most > least else 0.5


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
    both, names, labels = [lengths_of(slot) for slot in figures.slots], _names(figures), _labels(figures)
    longest = max([lengths.most for lengths in both if lengths.most], default=timedelta(minutes=1))
    halves, most = [lengths.half for lengths in both], [lengths.most for lengths in both]
    series = [
        (
            mark,
            [
                Point(label, f"{name}: {words} {duration(length)}", None if length is None else scaled(length, longest))
                for label, name, length in zip(labels, names, each, strict=True)
            ],
        )
        for mark, words, each in (("r", HALF, halves), ("w", MOST, most))
    ]
    rows = [(name, *map(duration, lengths)) for name, lengths in zip(names, both, strict=True)]
    svg = lines(f"{title} of each {_each(figures)}: half of the jobs, and 95 of 100", ticks_up_to(longest), series)
    head = (_each(figures).capitalize(), "Half", "95 of 100")
    key = (("r", "half took at most"), ("w", "95 of 100"))
    return Chart(f"{title} over time", "", key, svg, head, _table(rows))


def _parts(tally: Tally) -> Sequence[tuple[str, int]]:
    return ("f", tally.failed), ("s", tally.succeeded), ("c", tally.cancelled), ("o", tally.others)


def _words(tally: Tally) -> str:
    words = f"{counted(tally.total, 'job')}, {tally.failed:,} failed, {tally.cancelled:,} cancelled"
    return f"{words}, {tally.others:,} open or unknown" if tally.others else words


def _each(figures: Insights) -> str:
    return "day" if figures.window.step >= timedelta(days=1) else "hour"


@lru_cache(maxsize=256)
def _label(begin: datetime, step: timedelta) -> str:
    return f"{begin.day} {begin:%b}" if step >= timedelta(days=1) else f"{begin:%H}"


@lru_cache(maxsize=256)
def _moment(begin: datetime, step: timedelta) -> str:
    return f"{begin:%Y-%m-%d}" if step >= timedelta(days=1) else f"{begin:%Y-%m-%d %H}:00"


def _labels(figures: Insights) -> list[str]:
    return [_label(slot.begin, figures.window.step) for slot in figures.slots]


def _names(figures: Insights) -> list[str]:
    """The hours or days; the last one is not over."""
    names = [_moment(slot.begin, figures.window.step) for slot in figures.slots]
    return [*names[:-1], f"{names[-1]}, so far"]


def _table(rows: Sequence[Sequence[str]]) -> SafeString:
    """Names in the first column, which may be those that others gave; in all others our own counts and durations, which
    there are a thousand of and no need to escape.
    """
    return joined(
        [
            SafeString(f'<tr><th class="n" scope="row">{_text(first)}</th> <td>{BETWEEN.join(cells)}</td></tr>\n')
            for first, *cells in rows
        ]
    )


def _text(words: str) -> SafeString:
    return words if isinstance(words, SafeString) else SafeString(escape(words))
