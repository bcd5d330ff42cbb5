"""Sending what was written down: each target by itself, tried again after a failure, what is one burst put together.

A notification that is being sent is claimed in the database: two processes do not send the same. One that is killed
between the sending and the note of it leaves the claim to run out, and the notification is sent again, under the same
id: a receiver can tell.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections, transaction

from jobs_ui.models import Notification, NotificationRule
from jobs_ui.notifications import emails, webhooks, words
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.problems import CannotDeliver
from jobs_ui.notifications.targets import configured_targets

logger = logging.getLogger(__name__)

PAUSES = (30, 120, 600, 3600, 21600)
"""Seconds between two tries; after the last one it is given up."""
CLAIM = timedelta(seconds=60)
"""How long a notification belongs to the process that sends it: much longer than a try can take."""
MOST_AT_ONCE = 500
MOST_TOGETHER = 50
BURST = timedelta(seconds=60)
"""The least time between two messages of one rule: what comes meanwhile is put together."""
EMAIL = "email"

Clock = Callable[[], datetime]


class _Parcel(NamedTuple):
    """What goes out as one message: one notification, or several of one rule."""

    rule_id: int | None
    keys: list[int]


class Sender:
    """Sends what is due, at most one message at a time to each target. `pool` runs the targets side by side."""

    def __init__(self, pool: Executor, *, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._under_way: dict[str, Future[None]] = {}
        # By channel: how often it failed in a row, and when it may be tried again.
        self._failures: dict[str, tuple[int, datetime]] = {}

    def send_due(self) -> None:
        """Begins to send what is due, to each target that is not busy. Raises DatabaseError."""
        now = self._clock()
        for channel, parcels in _due(now).items():
            busy = self._under_way.get(channel)
            _, not_before = self._failures.get(channel, (0, now))
            if (busy is None or busy.done()) and not_before <= now:
                self._under_way[channel] = self._pool.submit(self._send_all, channel, parcels)

    def wait(self, seconds: float) -> None:
        """Returns when what was begun is sent, or has failed; at the latest after so many seconds."""
        wait(self._under_way.values(), timeout=seconds)

    def _send_all(self, channel: str, parcels: Sequence[_Parcel]) -> None:
        try:
            for parcel in parcels:
                if not self._send(channel, parcel):
                    break
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Notifications wait, the database did not answer: %s: %s", type(error).__name__, error)
        finally:
            if not connection.in_atomic_block:
                connections.close_all()

    def _send(self, channel: str, parcel: _Parcel) -> bool:
        """Sends one message, and notes what came of it; returns whether the target seems to work."""
        rows = _claim(parcel.keys, self._clock())
        if not rows:
            return True
        try:
            _deliver(rows, self._clock())
        except CannotDeliver as problem:
            _note_failure(rows, problem, self._clock())
            if not problem.is_final:
                self._back_off(channel)
            return problem.is_final
        except Exception as error:  # noqa: BLE001 - whatever it is: the others must go out
            # No text and no traceback: either may hold the target's address.
            logger.error("A notification met a mistake of the console's own: %s", type(error).__name__)  # noqa: TRY400
            _note_failure(rows, CannotDeliver("The console made a mistake of its own.", is_final=False), self._clock())
            self._back_off(channel)
            return False
        self._failures.pop(channel, None)
        _note_sent(rows, self._clock())
        return True

    def _back_off(self, channel: str) -> None:
        count, _ = self._failures.get(channel, (0, None))
        pause = PAUSES[min(count, 2)]
        self._failures[channel] = count + 1, self._clock() + timedelta(seconds=pause)


def _due(now: datetime) -> dict[str, list[_Parcel]]:
    """What is to be sent, by its target, the oldest first."""
    waiting = Notification.objects.filter(state=Notification.WAITING, due_at__lte=now).order_by("due_at", "id")
    channels: dict[str, dict[object, _Parcel]] = {}
    values = waiting.values_list("pk", "webhook", "rule_id", "kind", "rule__last_sent_at")
    for key, webhook, rule_id, kind, last in values[:MOST_AT_ONCE]:
        is_alone = kind in (Notification.ENDED, Notification.TEST) or not rule_id
        if not is_alone and last is not None and now - last < BURST:
            continue
        parcels = channels.setdefault(webhook or EMAIL, {})
        parcel = parcels.setdefault(("one", key) if is_alone else rule_id, _Parcel(rule_id, []))
        if len(parcel.keys) < MOST_TOGETHER:
            parcel.keys.append(key)
    return {channel: list(parcels.values()) for channel, parcels in channels.items()}


def _claim(keys: Iterable[int], now: datetime) -> list[Notification]:
    with transaction.atomic():
        free = Notification.objects.filter(pk__in=list(keys), state=Notification.WAITING, due_at__lte=now)
        rows = list(free.select_for_update(of=("self",)).select_related("user", "rule").order_by("pk"))
        for row in rows:
            row.tries += 1
            row.due_at = now + CLAIM
        Notification.objects.bulk_update(rows, ["tries", "due_at"])
    return rows


def _deliver(rows: Sequence[Notification], now: datetime) -> None:
    """Raises CannotDeliver."""
    first, user = rows[0], rows[0].user
    if user is None or not (user.is_active and user.is_staff):
        raise CannotDeliver("The account that it is for may not use this console any more.", is_final=True)
    message = _message(rows)
    if not first.webhook:
        if not user.email:
            raise CannotDeliver("The account has no e-mail address.", is_final=True)
        emails.send(user.email, message)
        return
    target = configured_targets().get(first.webhook)
    if target is None:
        raise CannotDeliver("The webhook is not in the settings any more.", is_final=True)
    webhooks.post(target, message, now=now)


def _message(rows: Sequence[Notification]) -> Message:
    first = rows[0]
    title, lines, path, facts = first.title, list(first.lines), first.path, dict(first.facts)
    if len(rows) > 1 and first.rule is not None:
        title, lines, path, _ = words.together(first.rule, [row.title for row in rows])
        facts = {"notifications": [row.facts for row in rows]}
    base = settings.ENVIRONMENT.CONSOLE_URL
    return Message(
        id=f"notification-{first.pk}",
        kind=first.kind,
        at=first.created_at,
        title=title,
        lines=tuple(lines),
        url=f"{base}{path}" if base else "",
        facts=facts,
    )


def _note_sent(rows: Sequence[Notification], now: datetime) -> None:
    together = f"Together with {len(rows) - 1} more." if len(rows) > 1 else ""
    with transaction.atomic():
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Notification.SENT, sent_at=now, outcome=together
        )
        if rows[0].rule_id and rows[0].kind != Notification.TEST:
            NotificationRule.objects.filter(pk=rows[0].rule_id).update(last_sent_at=now)


def _note_failure(rows: Sequence[Notification], problem: CannotDeliver, now: datetime) -> None:
    for row in rows:
        row.outcome = problem.reason[:255]
        if problem.is_final or row.tries > len(PAUSES) or row.kind == Notification.TEST:
            row.state = Notification.FAILED
        else:
            row.due_at = now + timedelta(seconds=PAUSES[row.tries - 1])
    Notification.objects.bulk_update(rows, ["state", "due_at", "outcome"])
