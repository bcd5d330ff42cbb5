"""Markup with outside texts in it, safe by construction."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.utils.safestring import SafeString
from django.utils.translation import override

P = ParamSpec("P")
R = TypeVar("R")


def fill(pattern: str, *parts: str) -> SafeString:
    """`format_html` for text alone: every part is escaped but for those that are markup already.

    A list's page fills a thousand places in this way, and Django's own takes several times as long. `pattern` is
    always a constant of the code.
    """
    return SafeString(pattern.format(*[part if isinstance(part, SafeString) else escape(part) for part in parts]))


def numbered(pattern: str, *numbers: float) -> SafeString:
    """The pattern with numbers in it, each under a format that nothing but a number passes (`%.2f`)."""
    return SafeString(pattern % numbers)


def joined(parts: list[SafeString]) -> SafeString:
    """The pieces of markup one after the other."""
    return SafeString("".join(parts))


def by_language(function: Callable[P, R]) -> Callable[Concatenate[str, P], R]:
    """Remembers what the function says in each language, which becomes its first argument.

    A translation is quick, but a thousand of them a page are half of its time.
    """

    @lru_cache(maxsize=2048)
    def told(language: str, *args: P.args, **kwargs: P.kwargs) -> R:
        with override(language):
            return function(*args, **kwargs)

    # lru_cache hides what its function takes.
    return cast("Callable[Concatenate[str, P], R]", told)
