"""The query string of the audit log ↔ which of its entries are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs_ui.models import AuditEntry
from jobs_ui.sources.base import UnreadableCursor
from jobs_ui.sources.cursors import LARGEST_KEY, pack, unpack

LONGEST = 255
ACTIONS = dict(AuditEntry.ACTIONS)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries; empty means all. `to` is the last day that is shown; days are those of the active zone.

    `before`: only those that are older than the entry at that place; `after`: only those that are newer.
    """

    user: str = ""
    action: str = ""
    job: str = ""
    since: date | None = None
    to: date | None = None
    before: EntryPlace | None = None
    after: EntryPlace | None = None
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.user or self.action or self.job or self.since or self.to)

    def url_query(self, **cursor: str) -> str:
        """The query string (with its `?`) of the same entries, at a cursor: `before` or `after`; "" for all of them."""
        pairs = {
            "user": self.user,
            "action": self.action,
            "job": self.job,
            "from": self.since.isoformat() if self.since else "",
            "to": self.to.isoformat() if self.to else "",
            **cursor,
        }
        given = [pair for pair in pairs.items() if pair[1]]
        return f"?{urlencode(given)}" if given else ""

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries, newest first."""
        entries = AuditEntry.objects.order_by("-at", "-id")
        if self.user:
            entries = entries.filter(username=self.user)
        if self.action:
            entries = entries.filter(action=self.action)
        if self.job:
            entries = entries.filter(job_id=self.job)
        if self.since:
            entries = entries.filter(at__gte=_midnight(self.since))
        if self.to:
            # A day in which the clock is put forward or back is not of 24 hours.
            entries = entries.filter(at__lt=_midnight(self.to + timedelta(days=1)))
        return entries

    def page(self, size: int) -> AuditPage:
        """At most `size` entries at the query's cursor."""
        entries = self.entries()
        if self.after is None:
            found = list((older_than(entries, self.before) if self.before else entries)[: size + 1])
            return AuditPage(found[:size], has_older=len(found) > size, has_newer=self.before is not None)
        newer = entries.filter(at__gte=self.after.at).exclude(at=self.after.at, pk__lte=self.after.pk)
        found = list(newer.order_by("at", "id")[: size + 1])
        if len(found) <= size:
            # The top is reached: the first page, whole, is what somebody who goes that way wants to see.
            return replace(self, after=None, before=None).page(size)
        return AuditPage(found[:size][::-1], has_older=True, has_newer=True)


class EntryPlace(NamedTuple):
    """An entry's place in the log: its moment, and its number among those of the same moment."""

    at: datetime
    pk: int

    @classmethod
    def of(cls, entry: AuditEntry) -> EntryPlace:
        return cls(entry.at, entry.pk)

    def cursor(self) -> str:
        """The place as URL-safe text."""
        return pack(self.at.astimezone(UTC).isoformat(), str(self.pk))


class AuditPage(NamedTuple):
    """A page of the log, and whether there is more on either side."""

    entries: list[AuditEntry]
    has_older: bool
    has_newer: bool


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)


def older_than(entries: QuerySet[AuditEntry], place: EntryPlace) -> QuerySet[AuditEntry]:
    """Those after the place in the log's order. As a range that an index has, less the few of the same moment."""
    return entries.filter(at__lte=place.at).exclude(at=place.at, pk__gte=place.pk)


def parse_audit_query(query: QueryDict) -> AuditQuery:
    """What the URL asks for; what cannot be used is left out and named in a sentence."""
    problems: list[str] = []
    action = query.get("action", "").strip()
    if action and action not in ACTIONS:
        problems.append(_("There is no such action, so all are shown."))
        action = ""
    return AuditQuery(
        user=_text(query, "user", problems),
        action=action,
        job=_text(query, "job", problems),
        since=_day(query, "from", problems),
        to=_day(query, "to", problems),
        before=_place(query, "before", problems),
        after=_place(query, "after", problems),
        problems=tuple(problems),
    )


def _text(query: QueryDict, name: str, problems: list[str]) -> str:
    text = query.get(name, "").strip()
    if len(text) > LONGEST or not text.isprintable():
        sentences = {
            "user": _("The user could not be read and is left out."),
            "job": _("The job could not be read and is left out."),
        }
        problems.append(sentences[name])
        return ""
    return text


def _place(query: QueryDict, name: str, problems: list[str]) -> EntryPlace | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        at, key = unpack(text, 2)
        moment, number = datetime.fromisoformat(at), int(key)
    except (UnreadableCursor, ValueError):
        moment, number = datetime.max, 0  # noqa: DTZ901 - stands for one that cannot be read
    if moment.tzinfo is None or not 0 <= number <= LARGEST_KEY:
        problems.append(_("The place in the log could not be read, so the newest entries are shown."))
        return None
    return EntryPlace(moment, number)


def _day(query: QueryDict, name: str, problems: list[str]) -> date | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if day.year < 1970 or day.year > 9000:
        sentence = _("The date “%(name)s” could not be read and is left out: it should look like %(example)s.")
        problems.append(sentence % {"name": name, "example": "2026-11-24"})
        return None
    return day
