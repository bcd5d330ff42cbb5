"""What a German reader gets: which of our English texts are left on a page."""

from __future__ import annotations

from functools import cache

from babel.messages.pofile import read_po
from django.conf import settings

from tests.test_job_list import Page

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
FEWEST_LETTERS = 8
"""A shorter text may stand in a German word."""


@cache
def _texts() -> tuple[str, ...]:
    """The whole texts of the catalogue that a page cannot hold for another reason."""
    with (settings.BASE_DIR / "locale" / "de" / "LC_MESSAGES" / "django.po").open("rb") as file:
        texts = [(message.id, message.string) for message in read_po(file)]
    return tuple(
        text
        for text, german in texts
        if isinstance(text, str) and len(text) >= FEWEST_LETTERS and "%" not in text and german != text
    )


def english_in(page: Page) -> list[str]:
    """Our texts that stand on the page in English although the catalogue has them in German."""
    names = " ".join(page.having("aria-label") + page.having("placeholder"))
    return [text for text in _texts() if text in page.text or text in names]
