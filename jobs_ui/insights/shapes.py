"""The shape of a message: its words, with the values of one row of the file set aside.

12,000 messages of one import are a handful of sentences with another SKU, row number or slug in each. What is a value
is told by its form (quotation marks, digits, a UUID, capitals with hyphens, an address) or, for messages that are
known, by its place. The same function for all jobs, and of the message alone: the same problem is the same shape in
each of them. Time grows with the length of the message, and not faster.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from jobs_ui.insights.known_messages import HOLE, KNOWN_MESSAGES

MOST_SHAPE = 1_000
"""Characters of a shape that are kept; what tells shapes apart is a digest of the whole."""

QUOTES = {"'": "'", '"': '"', "`": "`", "‘": "’", "“": "”", "„": "“", "«": "»", "‹": "›"}
# What may stand between the values of a list: `1, 2 and 3` is one value that has three.
BETWEEN = frozenset({",", ";", "and", "or", "&", "|", ", and", ", or"})
# The first words of a path into a document (`data.attributes.sku`): its names belong to the shape, its numbers do not.
PATH_ROOTS = frozenset({"data", "attributes", "meta", "relationships", "included", "body"})

_START = re.compile(
    r"""(?P<url>\bhttps?://[^\s'"<>]+)"""
    r"""|(?P<quote>(?<!\w)['"`‘“„«‹])"""
    r"""|(?P<word>(?:(?<![\w.])-(?=\d))?\w+(?:[-./+@&%#~]\w+|(?<=\d)[:,](?=\d)\w+)*)"""
)
_NUMBER = re.compile(r"-?\d[\d.,]*")
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_CAPITALS = re.compile(r"[^\W\d_]+(?:[-_][^\W\d_]+)+")
_AFTER_ROW = re.compile(r"\b(?:row|line|record)s?\W{0,2}$", re.IGNORECASE)
_LAST_BRACKETS = re.compile(r"\(([^()]*)\)[\s.]*$")
_DIGIT = re.compile(r"\d")
_SPACE = re.compile(r"\s+")


class Part(NamedTuple):
    """A value within a message: from where to where, what it is, and its place among the shape's values (from 0)."""

    start: int
    end: int
    kind: str
    slot: int


class Shaped(NamedTuple):
    """A message's shape, each value a `…`; the digest by which shapes are told apart; and where the values are."""

    shape: str
    digest: str
    parts: tuple[Part, ...]


class Span(NamedTuple):
    """A value within a message: from where to where, and what it is."""

    start: int
    end: int
    kind: str


def shape_of(message: str) -> Shaped:
    """The shape of a message. Kinds of values: row, number, id, uuid, url, value."""
    pieces: list[str] = []
    parts: list[Part] = []
    at, slot = 0, -1
    for span in values_in(message):
        between = message[at : span.start]
        if not (parts and _is_between(between)):
            slot += 1
            pieces += (between, HOLE)
        parts.append(Part(*span, slot))
        at = span.end
    pieces.append(message[at:])
    shape = _SPACE.sub(" ", "".join(pieces)).strip()
    digest = hashlib.blake2b(shape.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return Shaped(shape[:MOST_SHAPE], digest, tuple(parts))


def _is_between(text: str) -> bool:
    return len(text) <= 12 and text.strip("'\"`‘’“”„«»‹› \t").strip() in BETWEEN


def values_in(message: str) -> Iterator[Span]:
    """The values of a message, in their order, none within another: all that is needed to mark them."""
    at = 0
    for hole in _holes(message):
        yield from _scan(message, at, hole.start)
        yield hole
        at = hole.end
    yield from _scan(message, at, len(message))


def _holes(message: str) -> list[Span]:
    """The values that are known by their place: those of a known message, and what stands in brackets at the end."""
    for pattern, last in _PATTERNS:
        if found := _match(message, pattern, at_the_end=last):
            return found
    brackets = _LAST_BRACKETS.search(message, max(0, len(message) - 500))
    if brackets and _DIGIT.search(brackets[1]) and not _is_list(brackets[1]):
        return [Span(brackets.start(1), brackets.end(1), "id")]
    return []


def _match(message: str, pattern: tuple[str, ...], *, at_the_end: bool) -> list[Span]:
    """The texts in the holes of a pattern; none where the message is another one."""
    start = message.find(pattern[0])
    if start < 0:
        return []
    at, spans = start + len(pattern[0]), []
    for words in pattern[1:]:
        end = message.find(words, at)
        if end <= at:
            return []
        spans.append(Span(at, end, "value"))
        at = end + len(words)
    if at_the_end:
        end = len(message.rstrip(" .\n"))
        if end <= at:
            return []
        spans.append(Span(at, end, "value"))
    return [_unquoted(message, span) for span in spans]


def _unquoted(message: str, span: Span) -> Span:
    text = message[span.start : span.end]
    if len(text) > 2 and QUOTES.get(text[0]) == text[-1]:
        return span._replace(start=span.start + 1, end=span.end - 1)
    return span


def _is_list(text: str) -> bool:
    return "," in text or ";" in text


def _scan(message: str, start: int, end: int) -> Iterator[Span]:
    """The values between two places that are told by their form."""
    at = start
    unclosed: set[str] = set()
    while at < end and (found := _START.search(message, at, end)):
        at = found.end()
        if found.lastgroup == "url":
            yield Span(found.start(), found.end(), "url")
        elif found.lastgroup == "word":
            yield from _in_word(message, found.start(), found.end())
        elif found[0] not in unclosed:
            close = _closing(message, QUOTES[found[0]], at, end)
            if close < 0:
                # Looked for once: without a quotation mark that closes, each one that opens would look again.
                unclosed.add(found[0])
            else:
                yield Span(found.end(), close, "value")
                at = close + 1


def _closing(message: str, quote: str, at: int, end: int) -> int:
    """Where the quotation ends: an apostrophe within a word does not close it. -1 for nowhere."""
    while (place := message.find(quote, at, end)) >= 0:
        if place + 1 >= end or not (message[place + 1].isalnum() or message[place + 1] == "_"):
            return place
        at = place + 1
    return -1


def _in_word(message: str, start: int, end: int) -> Iterator[Span]:
    word = message[start:end]
    if not _DIGIT.search(word):
        if "@" in word or (word.isupper() and _CAPITALS.fullmatch(word)):
            yield Span(start, end, "id")
        return
    names = re.split(r"[./]", word)
    if len(names) > 1 and names[0] in PATH_ROOTS:
        yield from _numbers_of_path(names, start)
    elif _NUMBER.fullmatch(word):
        is_row = _AFTER_ROW.search(message, max(0, start - 10), start)
        yield Span(start, end, "row" if is_row else "number")
    else:
        yield Span(start, end, "uuid" if _UUID.fullmatch(word) else "id")


def _numbers_of_path(names: list[str], start: int) -> Iterator[Span]:
    for name in names:
        if name.isdecimal():
            yield Span(start, start + len(name), "number")
        start += len(name) + 1


def _read_pattern(pattern: str) -> tuple[tuple[str, ...], bool]:
    words = pattern.split(HOLE)
    return tuple(word for word in words if word), words[-1] == ""


_PATTERNS = tuple(_read_pattern(known.pattern) for known in KNOWN_MESSAGES if known.pattern)
