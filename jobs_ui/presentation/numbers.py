"""Whole numbers as the reader's language writes them."""

from __future__ import annotations

from django.utils.formats import get_format


def whole(number: int) -> str:
    """`12,345`, in German `12.345`.

    Django's `number_format` says the same in several times as long, and a page of messages has hundreds of numbers.
    """
    return f"{number:,}".replace(",", get_format("THOUSAND_SEPARATOR"))
