"""Entries of the audit log as pages print them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from jobs_ui.audit_forms import ACTIONS
from jobs_ui.models import AuditEntry
from jobs_ui.presentation.durations import ago, exact, hover


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry: what was done in words, when (in UTC as well: `hover`), and where its job is."""

    entry: AuditEntry
    action: str
    iso: str
    ago: str
    exact: str
    hover: str
    url: str


def audit_rows(entries: Iterable[AuditEntry], now: datetime) -> list[AuditRow]:
    """The rows of the log, in its order."""
    return [
        AuditRow(
            entry=entry,
            action=str(ACTIONS.get(entry.action, entry.action)),
            iso=entry.at.isoformat(),
            ago=ago(entry.at, now),
            exact=exact(entry.at),
            hover=hover(entry.at),
            url=reverse("job_detail", args=[entry.job_id]) if entry.job_id else "",
        )
        for entry in entries
    ]
