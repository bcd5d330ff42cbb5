"""Rules, watches and notifications as pages print them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs_ui.models import JobWatch, Notification, NotificationRule
from jobs_ui.presentation.durations import ago
from jobs_ui.presentation.numbers import whole
from jobs_ui.presentation.rows import SHORT_ID
from jobs_ui.status import JobStatus, JobType, job_status, job_type

NUMBER = re.compile(r"[0-9]+")
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
class WatchRow:
    """A watched job: what it is, and whether it is still waited for. `store` is empty where there is but one."""

    job_id: str
    short_id: str
    url: str
    type: JobType
    status: JobStatus
    store: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class SentRow:
    """A notification: what it said, to whom, what came of it, and the job's status that lends it its colour."""

    notification: Notification
    kind: str
    to: str
    status: str
    outcome: str
    ago: str


def watch_rows(watches: Iterable[JobWatch], stores: Mapping[str, str]) -> list[WatchRow]:
    """The jobs of the watches, in their order. `stores` are names by short names, where there are several."""
    return [
        WatchRow(
            job_id=watch.job.job_id,
            short_id=watch.job.job_id[:SHORT_ID],
            url=reverse("job_detail", args=[watch.job.job_id]),
            type=job_type(watch.job.type),
            status=job_status(watch.job.status),
            store=stores.get(watch.job.store, watch.job.store) if stores else "",
            is_open=watch.ended_at is None,
        )
        for watch in watches
    ]


def rule_rows(
    rules: Iterable[NotificationRule], targets: Mapping[str, str], stores: Mapping[str, str], user_id: int | None
) -> list[RuleRow]:
    """`targets` and `stores` are names by short names. Whoever made a rule may change it."""
    return [
        RuleRow(
            rule=rule,
            what=_what(rule),
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
            kind=f"{KINDS.get(one.kind, one.kind)}",
            to=_to(one.webhook, one.username, targets),
            status=STATUS_OF.get(one.state, "unknown"),
            outcome=_outcome(one, now),
            ago=ago(one.created_at, now),
        )
        for one in notifications
    ]


def _what(rule: NotificationRule) -> str:
    if rule.kind != NotificationRule.QUEUE:
        return f"{KINDS[rule.kind]}"
    many = ngettext("More than %(count)s job waits", "More than %(count)s jobs wait", rule.longest)
    return many % {"count": whole(rule.longest)}


def _where(rule: NotificationRule, stores: Mapping[str, str]) -> str:
    kind = job_type(rule.type).label if rule.type else _("all types")
    store = stores.get(rule.store, rule.store) if rule.store else _("all stores")
    return f"{kind}, {store}"


def _to(webhook: str, username: str, targets: Mapping[str, str]) -> str:
    if webhook:
        return targets.get(webhook) or _("%(webhook)s (not in the settings any more)") % {"webhook": webhook}
    return _("e-mail to %(user)s") % {"user": username}


def _in_words(outcome: str) -> str:
    """What came of it, kept in English, in the reader's language; what is not in the catalogue as it is kept."""
    numbers = NUMBER.findall(outcome)
    if len(numbers) == 1:
        return _(NUMBER.sub("%(number)s", outcome)).replace("%(number)s", numbers[0])
    return _(outcome) if outcome else ""


def _outcome(one: Notification, now: datetime) -> str:
    outcome = _in_words(one.outcome)
    if one.state != Notification.WAITING:
        return outcome
    if not one.tries:
        return _("the process that syncs sends it")
    if not outcome:
        return _("is being sent")
    seconds = max(round((one.due_at - now).total_seconds()), 0)
    later = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    tried = ngettext("Tried %(count)s time, again in %(time)s.", "Tried %(count)s times, again in %(time)s.", one.tries)
    return f"{outcome} {tried % {'count': whole(one.tries), 'time': later}}"
