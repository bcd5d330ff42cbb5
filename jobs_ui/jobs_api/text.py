"""Cleaning of text and JSON that came from outside.

Everything the Jobs API says passes through here before anybody keeps it: what no database or page takes is replaced,
lengths are bounded, and secrets (the queries of signed links, bearer tokens, passwords) are taken out.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import unquote

from pydantic import JsonValue

ELLIPSIS = "…"
SHORT = 255
"""Characters kept of an id, a type, a status, a key."""
LONG = 20_000
"""Characters kept of a message or a filter."""

# PostgreSQL refuses NUL in text and lone surrogates cannot be encoded as UTF-8; the other controls but tab and line
# ends are not allowed in HTML either.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"[\t\r\n\u2028\u2029]+")

# A query (or fragment), also one that was percent-encoded into another URL, up to where a URL ends in prose.
_QUERY = re.compile(r"(?:[?#]|%3[Ff]|%23)[^\s\"'<>]+")
# Not anchored to the start of a name: `&` may arrive as `&amp;`, or as `\u0026` from a Go JSON encoder.
_SECRET_PARAMETER = re.compile(
    r"(?:signature|key-pair-id|policy|x-(?:amz|goog)-[a-z-]+|sig|token|secret|password|credential|api[_-]?key)=",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"://[^\s/?#@\"'<>]{1,512}@")
_BEARER = re.compile(r"\bbearer\s+[^\s\"',;]{8,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"\b(client_secret|access_token|refresh_token|password)([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+",
    re.IGNORECASE,
)
_SECRET_KEYS = frozenset(
    {"access_token", "authorization", "client_secret", "password", "refresh_token", "secret", "token"}
)

_MAX_DEPTH = 24
_MAX_NODES = 5_000
_MAX_CHARACTERS = 200_000
_MAX_INT_BITS = 128


def clean_text(value: str, limit: int = LONG) -> str:
    """Return `value` fit to be stored and shown: at most `limit` characters, storable, without secrets.

    Characters that no database or page takes become U+FFFD. A query with parameters that look like a signature becomes
    `?…`. What is cut ends in `…`.
    """
    # Cut twice: first generously, so that the patterns work on a bounded text and see whole URLs, then exactly.
    text = _redact(_UNSTORABLE.sub("\ufffd", value[: 4 * limit]))
    if len(text) > limit or len(value) > 4 * limit:
        return text[: limit - 1] + ELLIPSIS
    return text


def clean_line(value: str, limit: int = SHORT) -> str:
    """Like `clean_text`, on one line: for ids, titles and whatever is written to a log."""
    return _LINE_ENDS.sub(" ", clean_text(value, limit))


def without_query(url: str) -> str:
    """Return a URL up to its query, which for a signed link is what makes it a secret."""
    return clean_text(re.split(r"[?#]", url, maxsplit=1)[0], SHORT * 8)


def clean_json(value: object) -> JsonValue:
    """Return a copy of decoded JSON that can be stored as `jsonb` and shown: cleaned, redacted and bounded.

    Nothing is left that JSON or PostgreSQL does not know (NaN, infinities, NUL). Strings under `file_locations` lose
    their whole query. What lies deeper than 24 levels or beyond about 200,000 characters becomes `…`.
    """
    return _clean(value, _Budget(), depth=0, key="")


@dataclass
class _Budget:
    nodes: int = _MAX_NODES
    characters: int = _MAX_CHARACTERS

    def spent(self) -> bool:
        return self.nodes <= 0 or self.characters <= 0


def _redact(text: str) -> str:
    if "?" in text or "#" in text or "%" in text:
        text = _QUERY.sub(_redact_query, text)
    if "://" in text:
        text = _USER_INFO.sub(f"://{ELLIPSIS}@", text)
    return _ASSIGNED.sub(rf"\1\2{ELLIPSIS}", _BEARER.sub(f"Bearer {ELLIPSIS}", text))


def _redact_query(match: re.Match[str]) -> str:
    query = match.group()
    if _SECRET_PARAMETER.search(unquote(unquote(query))):
        return "?" + ELLIPSIS
    return query


def _clean(value: object, budget: _Budget, *, depth: int, key: str) -> JsonValue:
    budget.nodes -= 1
    if budget.spent() or depth > _MAX_DEPTH:
        return ELLIPSIS
    if isinstance(value, str):
        text = without_query(value) if key == "file_locations" else clean_text(value)
        budget.characters -= len(text)
        return text
    if isinstance(value, list):
        return _clean_list(value, budget, depth, key)
    if isinstance(value, dict):
        return _clean_dict(value, budget, depth)
    return _clean_scalar(value)


def _clean_scalar(value: object) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_INT_BITS else ELLIPSIS
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return ELLIPSIS


def _clean_list(items: list[object], budget: _Budget, depth: int, key: str) -> list[JsonValue]:
    cleaned: list[JsonValue] = []
    for item in items:
        if budget.spent():
            cleaned.append(ELLIPSIS)
            break
        cleaned.append(_clean(item, budget, depth=depth + 1, key=key))
    return cleaned


def _clean_dict(items: dict[object, object], budget: _Budget, depth: int) -> dict[str, JsonValue]:
    cleaned: dict[str, JsonValue] = {}
    for name, item in items.items():
        if budget.spent():
            cleaned[ELLIPSIS] = ELLIPSIS
            break
        key = clean_line(str(name))
        budget.characters -= len(key)
        if key.lower() in _SECRET_KEYS and item is not None:
            cleaned[key] = ELLIPSIS
        else:
            cleaned[key] = _clean(item, budget, depth=depth + 1, key=key)
    return cleaned
