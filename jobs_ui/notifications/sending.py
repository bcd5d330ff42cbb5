"""Sending what was written down: each target by itself, tried again after a failure, what is one burst put together.

A notification that is being sent is claimed in the database: two processes do not send the same. One that is killed
between the sending and the note of it leaves the claim to run out, and the notification is sent again, under the same
id: a receiver can tell.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections, transaction
from django.db.models import F, Min, QuerySet
from django.utils.translation import gettext_noop

from jobs_ui.jobs_api import clean_line
from jobs_ui.models import Notification, NotificationRule
from jobs_ui.notifications import emails, webhooks, words
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.problems import CannotDeliver
from jobs_ui.notifications.targets import USE_WEBHOOKS, configured_targets

logger = logging.getLogger(__name__)

PAUSES = (30, 120, 600, 3600, 21600)
"""Seconds between two tries; after the last one it is given up."""
CLAIM = timedelta(seconds=60)
"""How long a notification belongs to the process that sends it: much longer than a try can take."""
MOST_ALONE = 50
"""Messages of one notification each that a target gets in a row, before the others of it have their turn."""
MOST_TOGETHER = 1000
"""Notifications in one message. It names fewer: see `words.MOST_TOGETHER` and MOST_FACTS."""
MOST_FACTS = 50
BURST = timedelta(seconds=60)
"""The least time between two messages of one rule: what comes meanwhile is put together."""

Clock = Callable[[], datetime]


Parcel = Sequence[int]
"""The keys of the notifications that go out as one message: one, or several of one rule."""


class Sender:
    """Sends what is due, at most one message at a time to each target. `pool` runs the targets side by side.

    A target ("channel") is a webhook, by its short name, or the mail server: "". Once `stop` is set, no message more is
    begun.
    """

    def __init__(self, pool: Executor, *, clock: Clock, stop: threading.Event | None = None) -> None:
        self._pool = pool
        self._clock = clock
        self._stop = stop or threading.Event()
        self._under_way: dict[str, Future[None]] = {}
        # By channel: how often it failed in a row, and when it may be tried again.
        self._failures: dict[str, tuple[int, datetime]] = {}

    def send_due(self) -> None:
        """Begins to send what is due, to each target that is not busy. Raises DatabaseError."""
        now = self._clock()
        for channel, parcels in self._due(now).items():
            self._under_way[channel] = self._pool.submit(self._send_all, channel, parcels)

    def wait(self, seconds: float) -> None:
        """Returns when what was begun is sent, or has failed; at the latest after so many seconds."""
        wait(self._under_way.values(), timeout=seconds)

    def _due(self, now: datetime) -> dict[str, list[Parcel]]:
        """What is to be sent, by its target, the oldest first. What waits for one target stands in no other's way."""
        waiting = Notification.objects.filter(state=Notification.WAITING, due_at__lte=now)
        groups = waiting.values_list("webhook", "rule_id", "kind").annotate(oldest=Min("due_at")).order_by("oldest")
        # Not joined with the above: there may be thousands in a group.
        last_sent = dict(NotificationRule.objects.values_list("pk", "last_sent_at")) if groups else {}
        channels: dict[str, list[Parcel]] = {}
        for channel, rule_id, kind, _ in groups:
            last = last_sent.get(rule_id)
            is_alone = kind in (Notification.ENDED, Notification.TEST) or not rule_id
            is_burst = not is_alone and last is not None and timedelta(0) <= now - last < BURST
            if is_burst or not self._may_be_tried(channel, kind, now):
                continue
            group = waiting.filter(webhook=channel, rule=rule_id, kind=kind)
            channels.setdefault(channel, []).extend(_alone(group) if is_alone else _together(group))
        return channels

    def _may_be_tried(self, channel: str, kind: str, now: datetime) -> bool:
        """Whether the target is free, and not left in peace after a failure; who tests it wants to know at once."""
        busy = self._under_way.get(channel)
        _, not_before = self._failures.get(channel, (0, now))
        return (busy is None or busy.done()) and (not_before <= now or kind == Notification.TEST)

    def _send_all(self, channel: str, parcels: Sequence[Parcel]) -> None:
        try:
            for parcel in parcels:
                if self._stop.is_set() or not self._send(channel, parcel):
                    break
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Notifications wait, the database did not answer: %s", clean_line(str(error)))
        finally:
            if not connection.in_atomic_block:
                connections.close_all()

    def _send(self, channel: str, parcel: Parcel) -> bool:
        """Sends one message, and notes what came of it; returns whether the target seems to work."""
        rows = _claim(parcel, self._clock())
        if not rows:
            return True
        try:
            _deliver(rows, self._clock())
        except CannotDeliver as problem:
            _note_failure(rows, problem, self._clock())
            if problem.is_of_target and rows[0].kind != Notification.TEST:
                self._back_off(channel)
            return not problem.is_of_target
        except Exception as error:  # noqa: BLE001 - whatever it is: the others must go out
            # No text and no traceback: either may hold the target's address.
            logger.error("A notification met a mistake of the console's own: %s", type(error).__name__)  # noqa: TRY400
            _note_failure(
                rows,
                CannotDeliver(gettext_noop("The console made a mistake of its own."), is_final=False),
                self._clock(),
            )
            self._back_off(channel)
            return False
        self._failures.pop(channel, None)
        _note_sent(rows, self._clock())
        return True

    def _back_off(self, channel: str) -> None:
        count, _ = self._failures.get(channel, (0, None))
        pause = PAUSES[min(count, 2)]
        self._failures[channel] = count + 1, self._clock() + timedelta(seconds=pause)


def _alone(group: QuerySet[Notification]) -> list[Parcel]:
    return [[key] for key in group.order_by("due_at", "id").values_list("pk", flat=True)[:MOST_ALONE]]


def _together(group: QuerySet[Notification]) -> list[Parcel]:
    """One message of all that is new, and those that were tried as they were: one of them may have arrived."""
    parcels: dict[datetime | None, list[int]] = {}
    most = 2 * MOST_TOGETHER
    for key, tries, due_at in group.order_by("due_at", "id").values_list("pk", "tries", "due_at")[:most]:
        parcels.setdefault(due_at if tries else None, []).append(key)
    if len(parcels) > 1 and sum(map(len, parcels.values())) == most:
        # It may not be whole.
        parcels.popitem()
    return [keys[:MOST_TOGETHER] for keys in parcels.values()]


def _claim(keys: Iterable[int], now: datetime) -> list[Notification]:
    with transaction.atomic():
        free = Notification.objects.filter(pk__in=list(keys), state=Notification.WAITING, due_at__lte=now)
        rows = list(free.select_for_update(of=("self",)).select_related("user", "rule").order_by("pk"))
        for row in rows:
            row.tries += 1
        claimed = Notification.objects.filter(pk__in=[row.pk for row in rows])
        claimed.update(tries=F("tries") + 1, due_at=now + CLAIM)
    return rows


def _deliver(rows: Sequence[Notification], now: datetime) -> None:
    """Raises CannotDeliver."""
    first, user = rows[0], rows[0].user
    if user is None or not (user.is_active and user.is_staff):
        raise CannotDeliver(
            gettext_noop("The account that it is for may not use this console any more."), is_final=True
        )
    message = _message(rows)
    if not first.webhook:
        if not user.email:
            raise CannotDeliver(gettext_noop("The account has no e-mail address."), is_final=True)
        emails.send(user.email, message)
        return
    if not user.has_perm(USE_WEBHOOKS):
        raise CannotDeliver(gettext_noop("The account that it is for may not use webhooks any more."), is_final=True)
    target = configured_targets().get(first.webhook)
    if target is None:
        raise CannotDeliver(gettext_noop("The webhook is not in the settings any more."), is_final=True)
    webhooks.post(target, message, now=now)


def _message(rows: Sequence[Notification]) -> Message:
    first = rows[0]
    title, lines, path, facts = first.title, list(first.lines), first.path, dict(first.facts)
    if len(rows) > 1 and first.rule is not None:
        title, lines, path, _ = words.together(first.rule, [row.title for row in rows])
        facts = {"count": len(rows), "notifications": [row.facts for row in rows[:MOST_FACTS]]}
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
    together = gettext_noop("Together with %(number)s more.") % {"number": len(rows) - 1} if len(rows) > 1 else ""
    with transaction.atomic():
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Notification.SENT, sent_at=now, outcome=together
        )
        if rows[0].rule_id and rows[0].kind != Notification.TEST:
            NotificationRule.objects.filter(pk=rows[0].rule_id).update(last_sent_at=now)


def _note_failure(rows: Sequence[Notification], problem: CannotDeliver, now: datetime) -> None:
    first = rows[0]
    changes: dict[str, object] = {"outcome": problem.reason[:255]}
    if problem.is_final or first.tries > len(PAUSES) or first.kind == Notification.TEST:
        changes["state"] = Notification.FAILED
    else:
        changes["due_at"] = now + timedelta(seconds=PAUSES[first.tries - 1])
    # Its rule may have been removed meanwhile: then it is not tried again.
    Notification.objects.filter(pk__in=[row.pk for row in rows], state=Notification.WAITING).update(**changes)
