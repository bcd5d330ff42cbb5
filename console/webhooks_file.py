"""The targets of webhooks in `CONSOLE_STORES_FILE`: a table `[webhooks.<slug>]` for each.

The address is a secret like a password: whoever has that of a chat tool can write there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from console.settings_file import Table, read_tables

Form = Literal["json", "chat"]
FORMS: tuple[Form, ...] = ("json", "chat")
KEYS = frozenset({"name", "form", "url", "url_file", "secret", "secret_file"})
LONGEST_URL = 2000
PREFIX = "whsec_"
SHORTEST_KEY = 16


class WebhookSettings(BaseModel):
    """One target of the file."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    slug: str
    name: str
    form: Form
    url: SecretStr
    secret: SecretStr | None


def read_webhooks(value: object) -> object:
    """The targets of the file of that path, in its order; anything that is no path is handed back as it is.

    Raises ValueError with a reason that goes after the setting's name, and that never holds an address or a secret.
    """
    if not isinstance(value, str):
        return value
    return tuple(_webhook(table) for table in read_tables(Path(value), "webhooks", "webhook", KEYS))


def signing_key(secret: str) -> bytes:
    """The bytes that messages are signed with. Raises ValueError where the secret holds none, or too few.

    Standard Webhooks: `whsec_` and the key in base64. Anything else is the key itself, in UTF-8.
    """
    key = secret.encode()
    if secret.startswith(PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raise ValueError(f"begins with {PREFIX} and is not base64 after that") from None
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"is a key of less than {SHORTEST_KEY} bytes")
    return key


def _webhook(table: Table) -> WebhookSettings:
    form = table.text("form", "json")
    if form not in FORMS:
        raise ValueError(f"holds {table.what} whose form is neither json nor chat")
    url, secret = table.needed_secret("url"), table.secret("secret")
    _check(table, "url", _check_url, url)
    if secret is not None:
        _check(table, "secret", signing_key, secret)
    return WebhookSettings(slug=table.slug, name=table.text("name", table.slug), form=form, url=url, secret=secret)


def _check(table: Table, key: str, check: Callable[[str], object], secret: SecretStr) -> None:
    try:
        check(secret.get_secret_value())
    except ValueError as error:
        raise ValueError(f"holds {table.what} whose {key} {error}") from None


def _check_url(url: str) -> None:
    """Only what is plain from the text: where it leads is looked at when something is sent there."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or len(url) > LONGEST_URL or re.search(r"[^!-~]|\\", url):
        raise ValueError("is not an http(s) address")
    if parts.username is not None or parts.fragment:
        raise ValueError("must not hold a user, a password or a fragment")
