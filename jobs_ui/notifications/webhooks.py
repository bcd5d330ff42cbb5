"""A message to a webhook: signed after Standard Webhooks, or in the form that chat tools accept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext_noop

from console.environment import Environment
from console.webhooks_file import signing_key
from jobs_ui.jobs_api import deadline
from jobs_ui.notifications.chat import chat_text
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.problems import CannotDeliver
from jobs_ui.notifications.targets import WebhookTarget
from jobs_ui.notifications.texts import cleaned
from jobs_ui.outgoing.causes import Kind
from jobs_ui.outgoing.hosts import is_named, may_be_asked
from jobs_ui.outgoing.requesting import NoAnswer, ask

VERSION = 1
"""Of the body. Members may be added to a version; one that is taken away or means something else makes a new one."""
PATIENCE = 10.0
"""Seconds for all of it: to connect, to send, and to wait for the head of the answer."""
MOST_BYTES = 16 * 1024
"""Of the answer, its head included. Its body is not read: only the status counts."""
TYPES = {"ended": "job.ended", "failed": "job.failed", "stuck": "job.stuck", "queue": "queue.long", "test": "test"}

_NO_ANSWER: dict[Kind, str] = {
    "not-allowed": gettext_noop("Its address leads to a private network, and its host is not named in WEBHOOK_HOSTS."),
    "not-reachable": gettext_noop("It could not be reached, or has no valid certificate."),
    "too-slow": gettext_noop("It did not answer within %(number)s seconds.") % {"number": f"{PATIENCE:.0f}"},
    "broken": gettext_noop("It gave no answer that can be read."),
}


def post(target: WebhookTarget, message: Message, *, now: datetime) -> None:
    """Posts the message; returns when the target has answered with a 2xx. Raises CannotDeliver.

    `now` is the time of this try, which is signed with the message; `message.id` stays the same over all tries.
    """
    environment: Environment = settings.ENVIRONMENT
    url = target.url.get_secret_value()
    is_trusted = is_named(url, environment.WEBHOOK_HOSTS)
    if not may_be_asked(url, environment.WEBHOOK_HOSTS):
        raise CannotDeliver(
            gettext_noop("Its address is not https, and its host is not named in WEBHOOK_HOSTS."), is_final=True
        )
    body = body_of(target, message)
    headers = headers_of(target, message, body, now)
    try:
        with deadline.within(PATIENCE):
            response = ask("POST", url, headers, body=body, public_only=not is_trusted, most_bytes=MOST_BYTES)
    except NoAnswer as error:
        raise CannotDeliver(_NO_ANSWER[error.kind], is_final=error.kind == "not-allowed") from None
    response.close()
    _judge(response.status_code)


def body_of(target: WebhookTarget, message: Message) -> bytes:
    """What is posted, in the target's form."""
    message = cleaned(message)
    if target.form == "chat":
        content: dict[str, object] = {"text": chat_text(message)}
    else:
        content = {
            "version": VERSION,
            "id": message.id,
            "type": TYPES.get(message.kind, message.kind),
            "timestamp": message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "title": message.title,
            "lines": message.lines,
            "url": message.url or None,
            "data": message.facts,
        }
    return json.dumps(content, ensure_ascii=False).encode()


def headers_of(target: WebhookTarget, message: Message, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks (https://www.standardwebhooks.com), signed where the target has a secret."""
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
    }
    if target.secret is not None:
        signed = b".".join((message.id.encode(), timestamp.encode(), body))
        digest = hmac.digest(signing_key(target.secret.get_secret_value()), signed, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _judge(status: int) -> None:
    """Raises CannotDeliver for anything but a 2xx."""
    if 200 <= status < 300:
        return
    if status == 410:
        raise CannotDeliver(
            gettext_noop("It says that it is gone for good (status %(number)s).") % {"number": status}, is_final=True
        )
    if 300 <= status < 400:
        reason = gettext_noop("It sends elsewhere (status %(number)s), which is not followed.")
        raise CannotDeliver(reason % {"number": status})
    raise CannotDeliver(gettext_noop("It refused the message (status %(number)s).") % {"number": status})
