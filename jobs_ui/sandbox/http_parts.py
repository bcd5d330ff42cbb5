"""Requests and answers, free of sockets."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

JSON = "application/json; charset=utf-8"


class NotUnderstoodError(ValueError):
    """What was sent to the control API makes no sense; the message is a sentence for whoever sent it."""


@dataclass
class Request:
    """One request, its body read."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        """The path as it was sent, still quoted."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The query string's values by name."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        """The body as JSON; an empty one is `{}`. Raises `ValueError`."""
        return json.loads(self.body or b"{}")


@dataclass
class Reply:
    """One answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def json_reply(payload: Any, status: int = 200) -> Reply:
    """`payload` as JSON."""
    # Escaped to ASCII: what a test puts for a job may hold half a surrogate pair, which UTF-8 cannot carry.
    return Reply(status, json.dumps(payload).encode())


def envelope(status: int, title: str, detail: str, *, number: bool = False) -> Reply:
    """The API's error envelope. `number` sends the status as a number, as one of its documents does."""
    error = {
        "status": status if number else str(status),
        "title": title,
        "detail": detail,
        "request_id": str(uuid.uuid4()),
    }
    return json_reply({"errors": [error]}, status)


def unauthorized() -> Reply:
    """What is said to a token that is missing, expired or revoked."""
    return envelope(401, "Unauthorized", "the access token is missing, has expired or was revoked", number=True)


GATEWAY_PAGE = (
    "<html>\r\n<head><title>{status} Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>{status} Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


def gateway_page(status: int) -> Reply:
    """The page of a gateway that stands in front of the API."""
    return Reply(status, GATEWAY_PAGE.format(status=status).encode(), "text/html")
