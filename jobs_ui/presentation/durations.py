"""Durations and times in words, for people who compare them: short, one or two units, never negative."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOTHING = "–"


def duration(value: timedelta | None) -> str:
    """`0.40 s`, `9.0 s`, `58 s`, `4 min 06 s`, `2 h 05 min`, `3 d 4 h`; a dash for None."""
    if value is None:
        return NOTHING
    seconds = max(value.total_seconds(), 0.0)
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
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
        return "just now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def clock(moment: datetime) -> str:
    """The time of day in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%H:%M:%S")


def exact(moment: datetime) -> str:
    """Date and time in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day_label(moment: datetime, now: datetime) -> str:
    """`Today, Thursday 12 November`; the year is said where it is not this one."""
    day, today = moment.astimezone(UTC).date(), now.astimezone(UTC).date()
    words = f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")
    if day == today:
        return f"Today, {words}"
    return f"Yesterday, {words}" if day == today - timedelta(days=1) else words
