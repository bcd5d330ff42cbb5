"""The figures over many jobs as charts, each with the same numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from operator import attrgetter

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jobs_ui.insights.histograms import Lengths
from jobs_ui.presentation.charts import Bar, Point, Reach, Spark, bars, lines, reaches, scaled, sparks, ticks_up_to
from jobs_ui.presentation.durations import NOTHING, duration
from jobs_ui.presentation.insights_slots import Slots
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.presentation.numbers import decimal, whole
from jobs_ui.sources.insights import Insights, Tally
from jobs_ui.status import job_type

BETWEEN = "</td> <td>"
HALF_WAIT, HALF_RUN = attrgetter("wait.half"), attrgetter("run.half")
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
    slots = Slots(figures)
    return [
        _results(figures, slots, url_of),
        _rates(figures, slots),
        _by_type(figures),
        _types_over_time(figures, slots),
        _waits(figures, slots),
        _runs(figures, slots),
        _lost(figures, slots),
        _hours(figures),
    ]


def percent(share: float | None) -> str:
    """`95.9 %`, never rounded to all or none where there are others; a dash for None."""
    if share is None:
        return NOTHING
    if 0 < share < 0.0005:
        return _("under %(share)s") % {"share": decimal("0.1 %")}
    if 0.9995 <= share < 1:
        return _("over %(share)s") % {"share": decimal("99.9 %")}
    return decimal(f"{100 * share:.1f} %")


def _results(figures: Insights, slots: Slots, url_of: Callable[[datetime, datetime], str]) -> Chart:
    words = _tally_words()
    all_bars = [
        Bar(label, f"{name}: {words(slot.tally)}", _parts(slot.tally), not figures.is_over(slot))
        for label, name, slot in zip(slots.labels, slots.names, figures.slots, strict=True)
    ]
    rows = [
        (
            fill('<a href="{}">{}</a>', url_of(slot.begin, slot.begin + figures.window.step), name),
            *map(whole, slot.tally),
        )
        for name, slot in zip(slots.names, figures.slots, strict=True)
    ]
    key = (("f", _("failed")), ("s", _("succeeded")), ("c", _("cancelled")), ("o", _("open or unknown")))
    head = (slots.head, _("Succeeded"), _("Failed"), _("Cancelled"), _("Open or unknown"))
    label = slots.either(_("Jobs of each day: %(figures)s"), _("Jobs of each hour: %(figures)s"))
    svg = bars(label % {"figures": words(figures.tally)}, all_bars)
    title = slots.either(_("Jobs a day, by result"), _("Jobs an hour, by result"))
    return Chart(title, "", key, svg, head, _table(rows))


def _rates(figures: Insights, slots: Slots) -> Chart:
    rates = [slot.tally.success_rate for slot in figures.slots]
    words = [percent(rate) for rate in rates]
    points = [
        Point(label, f"{name}: {said}", rate)
        for label, name, said, rate in zip(slots.labels, slots.names, words, rates, strict=True)
    ]
    label = slots.either(
        _("Success rate of each day: %(rate)s in all"), _("Success rate of each hour: %(rate)s in all")
    )
    svg = lines(label % {"rate": percent(figures.tally.success_rate)}, RATES, [("r", points)])
    rows = list(zip(slots.names, words, strict=True))
    note = _("succeeded, of those that succeeded or failed")
    return Chart(_("Success rate"), note, (), svg, (slots.head, _("Success rate")), _table(rows))


def _lost(figures: Insights, slots: Slots) -> Chart:
    longest = max(slot.lost for slot in figures.slots)
    unit, length = (" h", timedelta(hours=1)) if longest > timedelta(hours=2) else (" min", timedelta(minutes=1))
    rows = [(name, duration(slot.lost)) for name, slot in zip(slots.names, figures.slots, strict=True)]
    all_bars = [
        Bar(label, f"{name}: {lost}", (("f", slot.lost / length),), not figures.is_over(slot))
        for label, (name, lost), slot in zip(slots.labels, rows, figures.slots, strict=True)
    ]
    label = slots.either(
        _("Time lost in failed jobs, of each day: %(time)s in all"),
        _("Time lost in failed jobs, of each hour: %(time)s in all"),
    )
    svg = bars(label % {"time": duration(figures.lost)}, all_bars, unit)
    note = _("how long the failed ones had run, by their creation")
    return Chart(_("Lost in failed jobs"), note, (), svg, (slots.head, _("Time lost")), _table(rows))


def _by_type(figures: Insights) -> Chart:
    rows, drawn = [], []
    words = _("%(type)s: waited %(wait)s, 95 of 100 %(long_wait)s; ran %(run)s, 95 of 100 %(long_run)s")
    for each in figures.types:
        name = job_type(each.type).label
        lengths = [duration(length) for length in (*each.wait, *each.run)]
        rows.append((name, whole(each.tally.total), percent(each.tally.success_rate), *lengths))
        title = words % dict(zip(("type", "wait", "long_wait", "run", "long_run"), (name, *lengths), strict=True))
        drawn.append(Reach(f"{name}, {_jobs(each.tally.total)}", title, each.wait, each.run))
    note = _("Dot: half of the jobs took no longer; end of the line: 95 of 100. Short times get more room. Within 5 %.")
    if figures.has_more_types:
        note = f"{note} {_('There are more types; these had the most jobs.')}"
    lengths_of = (_("Wait, half"), _("Wait, 95 of 100"), _("Run, half"), _("Run, 95 of 100"))
    head = (_("Type"), _("Jobs"), _("Success rate"), *lengths_of)
    svg = reaches(_("Wait and run time of each type"), drawn)
    return Chart(_("Wait and run, by type"), note, _wait_and_run(), svg, head, _table(rows))


def _types_over_time(figures: Insights, slots: Slots) -> Chart:
    names = [job_type(one.type).label for one in figures.types]
    columns = [[length_of(slot) for slot in one.slots] for one in figures.types for length_of in (HALF_WAIT, HALF_RUN)]
    known = [length for column in columns for length in column if length is not None]
    scale = min(known, default=timedelta(0)), max(known, default=timedelta(0))
    drawn = [
        _spark(name, waits, runs, scale) for name, waits, runs in zip(names, columns[::2], columns[1::2], strict=True)
    ]
    label = slots.either(
        _("Wait and run time of each type and day: half of the jobs"),
        _("Wait and run time of each type and hour: half of the jobs"),
    )
    svg = sparks(label, slots.labels, drawn)
    note = _("half of the jobs took at most; one scale for all, %(least)s to %(most)s")
    note %= {"least": duration(scale[0]), "most": duration(scale[1])}
    key = _wait_and_run()
    head = (slots.head, *(f"{name}, {words}" for name in names for _mark, words in key))
    rows = list(zip(slots.names, *(map(duration, column) for column in columns), strict=True))
    return Chart(_("Wait and run of each type, over time"), note, key, svg, head, _table(rows))


def _wait_and_run() -> tuple[tuple[str, str], ...]:
    return ("w", pgettext("noun", "wait")), ("r", pgettext("noun", "run"))


def _spark(
    name: str, waits: Sequence[timedelta | None], runs: Sequence[timedelta | None], scale: tuple[timedelta, timedelta]
) -> Spark:
    title = _("%(type)s: waited %(wait)s, ran %(run)s") % {"type": name, "wait": _from_to(waits), "run": _from_to(runs)}
    series = [(mark, _heights(each, scale)) for mark, each in (("w", waits), ("r", runs))]
    return Spark(name, title, series)


def _heights(lengths: Sequence[timedelta | None], scale: tuple[timedelta, timedelta]) -> list[float | None]:
    """Where lengths lie on a logarithmic scale from the least to the most, from 0 to 1."""
    least, most = map(_log, scale)
    if most <= least:
        return [None if length is None else 0.5 for length in lengths]
    return [None if length is None else (_log(length) - least) / (most - least) for length in lengths]


def _log(length: timedelta) -> float:
    return math.log(max(length.total_seconds(), 0.001))


def _from_to(lengths: Sequence[timedelta | None]) -> str:
    known = [length for length in lengths if length is not None]
    if not known:
        return NOTHING
    least, most = duration(min(known)), duration(max(known))
    return least if least == most else _("%(least)s to %(most)s") % {"least": least, "most": most}


def _hours(figures: Insights) -> Chart:
    busiest = {"hour": f"{max(range(24), key=lambda hour: figures.hours[hour]):02}:00"}
    title = _("%(hour)s:00 to %(hour)s:59 UTC")
    all_bars = [
        Bar(f"{hour:02}", f"{title % {'hour': f'{hour:02}'}}: {_jobs(count)}", (("s", count),))
        for hour, count in enumerate(figures.hours)
    ]
    note = _("by creation, in UTC; most at %(hour)s") % busiest
    rows = [(f"{hour:02}:00", whole(count)) for hour, count in enumerate(figures.hours)]
    svg = bars(_("Jobs by the hour of the day (UTC), most at %(hour)s") % busiest, all_bars)
    return Chart(_("Busiest hours"), note, (), svg, (_("Hour (UTC)"), _("Jobs")), _table(rows))


def _waits(figures: Insights, slots: Slots) -> Chart:
    label = slots.either(
        _("Wait of each day: half of the jobs, and 95 of 100"), _("Wait of each hour: half of the jobs, and 95 of 100")
    )
    return _over_time(_("Wait over time"), label, slots, [slot.wait for slot in figures.slots])


def _runs(figures: Insights, slots: Slots) -> Chart:
    label = slots.either(
        _("Run of each day: half of the jobs, and 95 of 100"), _("Run of each hour: half of the jobs, and 95 of 100")
    )
    return _over_time(_("Run over time"), label, slots, [slot.run for slot in figures.slots])


def _over_time(title: str, label: str, slots: Slots, all_lengths: Sequence[Lengths]) -> Chart:
    longest = max([lengths.most for lengths in all_lengths if lengths.most], default=timedelta(minutes=1))
    columns = [[lengths.half for lengths in all_lengths], [lengths.most for lengths in all_lengths]]
    said = [[duration(length) for length in column] for column in columns]
    many = _("95 of 100")
    series = [
        (
            mark,
            [
                Point(label, f"{name}: {words} {length}", None if at is None else scaled(at, longest))
                for label, name, length, at in zip(slots.labels, slots.names, lengths, column, strict=True)
            ],
        )
        for mark, words, lengths, column in zip(("r", "w"), (_("half"), many), said, columns, strict=True)
    ]
    rows = list(zip(slots.names, *said, strict=True))
    svg = lines(label, ticks_up_to(longest), series)
    key = (("r", _("half took at most")), ("w", many))
    return Chart(title, "", key, svg, (slots.head, _("Half"), many), _table(rows))


def _parts(tally: Tally) -> Sequence[tuple[str, int]]:
    return ("f", tally.failed), ("s", tally.succeeded), ("c", tally.cancelled), ("o", tally.others)


def _jobs(count: int) -> str:
    return ngettext("%(count)s job", "%(count)s jobs", count) % {"count": whole(count)}


def _tally_words() -> Callable[[Tally], str]:
    """What says a tally in words: the sentences are looked up once, and not for every day."""
    all_known, some_unknown = (
        _("%(failed)s failed, %(cancelled)s cancelled"),
        _("%(failed)s failed, %(cancelled)s cancelled, %(others)s open or unknown"),
    )

    def words(tally: Tally) -> str:
        ended = some_unknown if tally.others else all_known
        numbers = {"failed": whole(tally.failed), "cancelled": whole(tally.cancelled), "others": whole(tally.others)}
        return f"{_jobs(tally.total)}, {ended % numbers}"

    return words


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
