"""Rules, watches and notifications as pages print them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from jobs_ui.models import Notification, NotificationRule
from jobs_ui.presentation.durations import ago, hover
from jobs_ui.presentation.rows import counted
from jobs_ui.status import job_type

KINDS = dict(Notification.KINDS)
STATUS_OF = {Notification.SENT: "success", Notification.FAILED: "failed", Notification.WAITING: "pending"}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in words: what it looks out for, where, whom it tells, and whether the reader may change it.

    `is_idle`: the account that made it may not use this console any more, so that nothing is sent.
    """

    rule: NotificationRule
    what: str
    where: str
    to: str
    may_change: bool
    is_idle: bool


@dataclass(frozen=True, slots=True)
class SentRow:
    """A notification: what it said, to whom, what came of it, and the job's status that lends it its colour."""

    notification: Notification
    kind: str
    to: str
    status: str
    icon: str
    outcome: str
    iso: str
    ago: str
    exact: str


def rule_rows(
    rules: Iterable[NotificationRule], targets: Mapping[str, str], stores: Mapping[str, str], user_id: int | None
) -> list[RuleRow]:
    """`targets` and `stores` are names by short names. Whoever made a rule may change it."""
    return [
        RuleRow(
            rule=rule,
            what=f"More than {rule.longest:,} jobs wait" if rule.kind == NotificationRule.QUEUE else KINDS[rule.kind],
            where=_where(rule, stores),
            to=_to(rule.webhook, rule.user.get_username(), targets),
            may_change=rule.user_id == user_id,
            is_idle=not (rule.user.is_active and rule.user.is_staff),
        )
        for rule in rules
    ]


def sent_rows(notifications: Iterable[Notification], targets: Mapping[str, str], now: datetime) -> list[SentRow]:
    """The log of what was sent, in its order."""
    return [
        SentRow(
            notification=one,
            kind=KINDS.get(one.kind, one.kind),
            to=_to(one.webhook, one.username, targets),
            status=STATUS_OF.get(one.state, "unknown"),
            icon=STATUS_OF.get(one.state, "unknown"),
            outcome=_outcome(one, now),
            iso=one.created_at.isoformat(),
            ago=ago(one.created_at, now),
            exact=hover(one.created_at),
        )
        for one in notifications
    ]


def _where(rule: NotificationRule, stores: Mapping[str, str]) -> str:
    kind = job_type(rule.type).label if rule.type else "all types"
    store = stores.get(rule.store, rule.store) if rule.store else "all stores"
    return f"{kind}, {store}"


def _to(webhook: str, username: str, targets: Mapping[str, str]) -> str:
    if webhook:
        return targets.get(webhook, f"{webhook} (not in the settings any more)")
    return f"e-mail to {username}"


def _outcome(one: Notification, now: datetime) -> str:
    if one.state != Notification.WAITING:
        return one.outcome
    if not one.tries:
        return "the process that syncs sends it"
    seconds = max(round((one.due_at - now).total_seconds()), 0)
    later = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return f"{one.outcome} Tried {counted(one.tries, 'time')}, again in {later}." if one.outcome else "is being sent"
