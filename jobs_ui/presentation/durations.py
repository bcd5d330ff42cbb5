"""Durations and times in words, for people who compare them: short, one or two units, never negative.

Times are those of the reader's zone, which is Django's active one; `hover` says them in UTC as well.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from jobs_ui.presentation.numbers import decimal

NOTHING = "–"


def duration(value: timedelta | None, separator: str = "") -> str:
    """`0.40 s`, `9.0 s`, `58 s`, `4 min 06 s`, `2 h 05 min`, `3 d 4 h`; a dash for None.

    `separator`: that of decimals, for whoever has looked it up for many.
    """
    if value is None:
        return NOTHING
    seconds = max(value.total_seconds(), 0.0)
    if seconds < 9.95:
        digits = 2 if seconds < 0.995 else 1
        words = f"{seconds:.{digits}f} s"
        return words.replace(".", separator, 1) if separator else decimal(words)
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `42 s ago`, `2 min ago`, `5 h ago`, `12 d ago`. A moment in the future (a clock is off) is now."""
    seconds = (now - moment).total_seconds()
    if seconds < 1:
        return _("just now")
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return _("%(time)s ago") % {"time": f"{int(seconds // size)} {unit}"}
    return _("%(time)s ago") % {"time": f"{int(seconds)} s"}


def local(moment: datetime) -> datetime:
    """The moment in the reader's zone."""
    return moment.astimezone(timezone.get_current_timezone())


def zone_name(moment: datetime | None = None) -> str:
    """What the reader's zone is called, at that moment or now: `UTC`, `CET`, `+03`."""
    return local(moment or timezone.now()).tzname() or "UTC"


def clock(moment: datetime) -> str:
    """The time of day, to the second."""
    return local(moment).strftime("%H:%M:%S")


def exact(moment: datetime) -> str:
    """Date and time, to the second, with the name of the zone."""
    there = local(moment)
    return f"{short_date(there)} {there:%H:%M:%S} {there.tzname()}"


def hover(moment: datetime) -> str:
    """Date and time as `exact` has them, and in UTC where that is another time."""
    there, here = moment.astimezone(UTC), local(moment)
    if here.utcoffset() == there.utcoffset():
        return exact(moment)
    return f"{exact(moment)} = {short_date(there)} {there:%H:%M:%S} UTC"


def short_date(day: date) -> str:
    """The day (of a moment, in its own zone) in figures."""
    return _date_words(day.date() if isinstance(day, datetime) else day, get_language())


@lru_cache(maxsize=512)
def _date_words(day: date, _language: str | None) -> str:
    # Translators: a short date, in the codes of Django's `date` filter
    return date_format(day, pgettext("short date", "Y-m-d"))


def day_label(moment: datetime, now: datetime) -> str:
    """`Today, Thursday 12 November`; the year is said where it is not this one."""
    return day_words(local(moment).date(), local(now).date())


def day_words(day: date, today: date) -> str:
    """The same for days of the reader's zone."""
    # Translators: a day, without and with its year, in the codes of Django's `date` filter
    form = pgettext("day", "l j F") if day.year == today.year else pgettext("day", "l j F Y")
    words = date_format(day, form)
    if day == today:
        return _("Today, %(day)s") % {"day": words}
    return _("Yesterday, %(day)s") % {"day": words} if day == today - timedelta(days=1) else words
