"""A German reader, and what a page still says to one in English."""

from __future__ import annotations

import re
from functools import cache
from html import unescape

from babel.messages.pofile import read_po
from django.conf import settings
from django.http.response import HttpResponseBase

from jobs_ui.status import STATUSES, TYPES
from tests.test_job_list import Page

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
SHORTEST = 8
"""Letters of an English text that is looked for: shorter ones may stand in a German word."""


@cache
def english_texts() -> list[str]:
    """What the console says in English, the parts between the places that are filled in each by itself."""
    with (settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalog = read_po(file)
    pairs = [
        (english, german)
        for message in catalog
        for english, german in zip(
            message.id if isinstance(message.id, tuple) else [message.id],
            message.string if isinstance(message.string, tuple) else [message.string],
            strict=False,
        )
    ]
    parts = {part.strip() for english, _ in pairs for part in re.split(r"%\(\w+\)s|<[^>]+>", str(english))}
    all_german = "\n".join(str(german) for _, german in pairs)
    # The labels of statuses and types are looked at where they are made.
    labels = {status.label for status in STATUSES.values()} | {kind.label for kind in TYPES.values()}
    return sorted(part for part in parts - labels if len(part) >= SHORTEST and part not in all_german)


def left_in_english(answer: HttpResponseBase) -> list[str]:
    """The English texts in the page, its titles and labels included."""
    return _left(" ".join(unescape(answer.content.decode()).split()))  # type: ignore[attr-defined]  # pages are not streamed


def english_in(page: Page) -> list[str]:
    """The same of a page that has been read already: its text, labels and placeholders."""
    return _left(" ".join([page.text, *page.having("aria-label"), *page.having("placeholder")]))


def _left(text: str) -> list[str]:
    return [part for part in english_texts() if re.search(rf"(?<![\w/=#-]){re.escape(part)}(?![\w=-])", text)]
