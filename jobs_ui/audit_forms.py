"""The query string of the audit log ↔ which of its entries are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict

from jobs_ui.error_forms import parse_page_number
from jobs_ui.models import AuditEntry

LONGEST = 255
ACTIONS = dict(AuditEntry.ACTIONS)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries; empty means all. `to` is the last day that is shown, in UTC. `number` is the page, from 1."""

    user: str = ""
    action: str = ""
    job: str = ""
    since: date | None = None
    to: date | None = None
    number: int = 1
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.user or self.action or self.job or self.since or self.to)

    def url_query(self, number: int = 1) -> str:
        """The query string (with its `?`) of another page of the same entries; "" for the first of all."""
        pairs = [
            ("user", self.user),
            ("action", self.action),
            ("job", self.job),
            ("from", self.since.isoformat() if self.since else ""),
            ("to", self.to.isoformat() if self.to else ""),
            ("page", str(number) if number > 1 else ""),
        ]
        given = [pair for pair in pairs if pair[1]]
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
            entries = entries.filter(at__gte=datetime.combine(self.since, time(), UTC))
        if self.to:
            entries = entries.filter(at__lt=datetime.combine(self.to, time(), UTC) + timedelta(days=1))
        return entries


def parse_audit_query(query: QueryDict) -> AuditQuery:
    """What the URL asks for; what cannot be used is left out and named in a sentence."""
    problems: list[str] = []
    action = query.get("action", "").strip()
    if action and action not in ACTIONS:
        problems.append("There is no such action, so all are shown.")
        action = ""
    return AuditQuery(
        user=_text(query, "user", problems),
        action=action,
        job=_text(query, "job", problems),
        since=_day(query, "from", problems),
        to=_day(query, "to", problems),
        number=parse_page_number(query.get("page", "1"), problems),
        problems=tuple(problems),
    )


def _text(query: QueryDict, name: str, problems: list[str]) -> str:
    text = query.get(name, "").strip()
    if len(text) > LONGEST or not text.isprintable():
        problems.append(f"The {name} could not be read and is left out.")
        return ""
    return text


def _day(query: QueryDict, name: str, problems: list[str]) -> date | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if day.year < 1970 or day.year > 9000:
        problems.append(f"The date “{name}” could not be read and is left out: it should look like 2026-11-24.")
        return None
    return day
