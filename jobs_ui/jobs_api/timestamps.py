"""The forms of time that the Jobs API has sent over the years, to aware UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

# Jobs API: RFC 3339 with one to nine fraction digits; the same without a zone; a Go time printed as it is, with the
# zone's name after the offset and, until February 2024, the monotonic reading `m=+…`.
_TIMESTAMP = re.compile(
    r"""
    (?P<year>[0-9]{4}) - (?P<month>[0-9]{2}) - (?P<day>[0-9]{2})
    (?: [Tt] | \ + )
    (?P<hour>[0-9]{2}) : (?P<minute>[0-9]{2}) : (?P<second>[0-9]{2})
    (?: [.,] (?P<fraction>[0-9]{1,18}) )?
    \ *
    (?: [Zz] | UTC | GMT
      | (?P<sign>[+-]) (?P<zone_hours>[0-9]{2}) (?: :? (?P<zone_minutes>[0-9]{2}) )? (?: \ + [A-Za-z0-9+-]{1,8} )?
    )?
    (?: \ + m=[+-][0-9.]{1,40} )?
    """,
    re.VERBOSE,
)
_LONGEST = 120


def parse_timestamp(value: object) -> datetime | None:
    """Return the moment that `value` names, aware and in UTC, or None where it cannot be read.

    A time without a zone is UTC; fractions are cut to microseconds, never rounded up. Years 1 and 9999 count as
    unreadable: Go prints its "never" as year 1, and both overflow once moved to another time zone.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    match = _TIMESTAMP.fullmatch(value.strip())
    if match is None:
        return None
    try:
        moment = _local(match) - _zone(match).utcoffset(None)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if 1 < moment.year < 9999 else None


def _local(match: re.Match[str]) -> datetime:
    numbers = (int(match[name]) for name in ("year", "month", "day", "hour", "minute", "second"))
    year, month, day, hour, minute, second = numbers
    microsecond = int((match["fraction"] or "").ljust(6, "0")[:6])
    if second == 60:  # a leap second, which RFC 3339 allows and datetime does not know
        second, microsecond = 59, 999_999
    return datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 - its zone is taken off next


def _zone(match: re.Match[str]) -> timezone:
    if match["sign"] is None:
        return UTC
    minutes = int(match["zone_minutes"] or 0)
    if minutes > 59:
        raise ValueError("no such zone")
    offset = timedelta(hours=int(match["zone_hours"]), minutes=minutes)
    return timezone(-offset if match["sign"] == "-" else offset)
