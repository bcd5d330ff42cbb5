"""What the console has told others, where the sandbox plays these others: webhooks and mailboxes."""

from __future__ import annotations

from collections import deque
from email import message_from_bytes, policy
from typing import Any

from .http_parts import NotUnderstoodError, Reply, Request, json_reply

MOST_NAMES = 50
MOST_KEPT = 100
MOST_CHARACTERS = 256 * 1024


class Inbox:
    """The newest of what came, the newest first. Whoever touches it holds the world's lock."""

    def __init__(self) -> None:
        self.webhooks: dict[str, deque[dict[str, Any]]] = {}
        self.mails: deque[dict[str, Any]] = deque(maxlen=MOST_KEPT)

    def take_mail(self, now: float, sender: str, recipients: list[str], content: bytes) -> None:
        """Keep a mail, `content` as it came."""
        mail = message_from_bytes(content, policy=policy.default)
        body = mail.get_body(("plain",))
        self.mails.appendleft(
            {
                "at": now,
                "from": sender,
                "to": recipients,
                "headers": {name: str(value) for name, value in mail.items()},
                "text": str(body.get_content())[:MOST_CHARACTERS] if body is not None else "",
            }
        )


def webhook(inbox: Inbox, request: Request, name: str, now: float) -> Reply:
    """POST keeps what came and answers 204, or `?status=`; GET lists it. Raises `NotUnderstoodError`."""
    if request.method == "GET":
        return json_reply({"received": list(inbox.webhooks.get(name, ()))})
    if request.method != "POST":
        raise NotUnderstoodError("A webhook takes POST, and GET lists what came.")
    if name not in inbox.webhooks and len(inbox.webhooks) >= MOST_NAMES:
        raise NotUnderstoodError(f"There are {MOST_NAMES} webhooks already.")
    kept = inbox.webhooks.setdefault(name, deque(maxlen=MOST_KEPT))
    headers = {key.lower(): value for key, value in request.headers.items()}
    body = request.body.decode(errors="replace")[:MOST_CHARACTERS]
    kept.appendleft({"at": now, "headers": headers, "body": body})
    status = request.query.get("status", ["204"])[0]
    if not (status.isdigit() and 200 <= int(status) <= 599):
        raise NotUnderstoodError("status must be a number from 200 to 599.")
    return Reply(int(status))
