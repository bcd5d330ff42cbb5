"""Numbers as the reader's language writes them. A page has a thousand, and Django takes ten times as long for each."""

from __future__ import annotations

from functools import lru_cache

from django.utils.formats import get_format
from django.utils.translation import get_language


def whole(number: int) -> str:
    """`12,345`; in German `12.345`."""
    words = f"{number:,}"
    return words.replace(",", _sign("THOUSAND_SEPARATOR", get_language())) if "," in words else words


def decimal(words: str) -> str:
    """`0.1 s`; in German `0,1 s`. For words of our own with one number in them."""
    return words.replace(".", _sign("DECIMAL_SEPARATOR", get_language()), 1)


@lru_cache(maxsize=64)
def _sign(name: str, language: str | None) -> str:
    return str(get_format(name, language))
