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
ROW_SLOT, LAST_SLOT = 1_001, 1_000
"""The places of the row number that a message begins with, and of the value that comes after its words. With and
without them a message is the same problem, so they have no place among the others, which count from 0.
"""

QUOTES = {"'": "'", '"': '"', "`": "`", "‘": "’", "“": "”", "„": "“", "«": "»", "‹": "›", "「": "」", "『": "』"}
# What may stand between the values of a list: `1, 2 and 3` is one value that has three.
BETWEEN = frozenset({",", ";", "and", "or", "&", "|", ", and", ", or"})
# The first words of a path into a document (`data.attributes.sku`): its names belong to the shape, its numbers do not.
PATH_ROOTS = frozenset({"data", "attributes", "meta", "relationships", "included", "body"})

_START = re.compile(
    r"""(?P<url>\bhttps?://[^\s'"<>]+)"""
    r"""|(?P<quote>(?<!\w)['"`‘“„«‹「『])"""
    r"""|(?P<word>(?:(?<![\w.])-(?=\d))?\w+(?:[-./+@&%#~]\w+|(?<=\d)[:,](?=\d)\w+)*)"""
)
_NUMBER = re.compile(r"-?\d[\d.,]*")
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_CAPITALS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_JOINED = re.compile(r"\w+(?:[-_./]\w+)+")
_NAME = re.compile(r"[A-Za-z_]+\d{0,2}")
# Digits that are part of a word's meaning, and not of anybody's data.
_TERM = re.compile(
    r"utf-?\d+|iso-?\d[\d-]*|sha-?\d+|md5|base64|oauth2?|s3|http[s/.\d]*|ipv[46]|ean-?\d+|gtin-?\d+|v\d", re.IGNORECASE
)
_CODE = re.compile(r"[A-Z]{0,4}-?\d{3,5}")
_AFTER_ROW = re.compile(r"\b(?:row|line|record)s?\W{0,2}$", re.IGNORECASE)
_AFTER_CODE = re.compile(r"\b(?:error|code|status|returned|http)\W{0,2}$", re.IGNORECASE)
_AFTER_NOUN = re.compile(
    r"\b(?:skus?|slugs?|products?|nodes?|ref(?:erence)?s?|ids?|keys?|values?|options?|variations?|hierarch(?:y|ies))\W{0,2}$",
    re.IGNORECASE,
)
_FIRST_ROW = re.compile(r"\A\s*(?:row|line|record) …[:,.]? +", re.IGNORECASE)
# Possessive: what follows cannot make it look at the same characters twice.
_LAST_VALUE = re.compile(r"(?:[:(\[] ?['\"]?…['\"]?[)\]]?|[\s.!])++\Z")
_DIGIT = re.compile(r"\d")
_SPACE = re.compile(r"\s+")


class Part(NamedTuple):
    """A value within a message: from where to where, what it is, and its place among the shape's values."""

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
    found: list[tuple[Span, int]] = []
    at, number = 0, -1
    for span in values_in(message):
        between = message[at : span.start]
        if not (found and _is_between(between)):
            number += 1
            pieces += (between, HOLE)
        found.append((span, number))
        at = span.end
    pieces.append(message[at:])
    shape = _SPACE.sub(" ", "".join(pieces)).strip()
    core, shift, last = _core(shape, number)
    digest = hashlib.blake2b(core.casefold().encode(errors="surrogatepass"), digest_size=8).hexdigest()
    parts = (Part(*span, _slot(number, shift, last)) for span, number in found)
    return Shaped(shape[:MOST_SHAPE], digest, tuple(parts))


def _core(shape: str, last: int) -> tuple[str, int, int]:
    """What tells the shape from others: without the row number that it begins with, the values that come after its
    words, and its full stop. Also how many places are gone at the begin, and the number of the last one that stays.
    """
    row = _FIRST_ROW.match(shape)
    core, shift = (shape[row.end() :], 1) if row else (shape, 0)
    end = _LAST_VALUE.search(core, max(0, len(core) - 40))
    if end and end.start() > 0:
        last -= end[0].count(HOLE)
        core = core[: end.start()]
    return core, shift, last


def _slot(number: int, shift: int, last: int) -> int:
    if number < shift:
        return ROW_SLOT
    return LAST_SLOT if number > last else number - shift


def _is_between(text: str) -> bool:
    """Whether the text only separates the values of a list, whose quotation marks, if any, close and open again."""
    marks = sum(text.count(mark) for mark in {*QUOTES, *QUOTES.values()})
    return len(text) <= 12 and marks in (0, 2) and text.strip("'\"`‘’“”„«»‹›「」『』 \t").strip() in BETWEEN


def values_in(message: str) -> Iterator[Span]:
    """The values of a message, in their order, none within another: all that is needed to mark them."""
    at = 0
    for hole in _holes(message):
        yield from _scan(message, at, hole.start)
        yield hole
        at = hole.end
    yield from _scan(message, at, len(message))


def _holes(message: str) -> list[Span]:
    """The values of a known message, which are told by their place."""
    for pattern, last in _PATTERNS:
        if found := _match(message, pattern, at_the_end=last):
            return found
    return []


def _match(message: str, pattern: tuple[re.Pattern[str], ...], *, at_the_end: bool) -> list[Span]:
    """The texts in the holes of a pattern; none where the message is another one."""
    start = pattern[0].search(message)
    if start is None:
        return []
    at, spans = start.end(), []
    for words in pattern[1:]:
        end = words.search(message, at)
        if end is None or end.start() <= at:
            return []
        spans.append(Span(at, end.start(), "value"))
        at = end.end()
    if at_the_end:
        last = len(message.rstrip(" .\n"))
        if last <= at:
            return []
        spans.append(Span(at, last, "value"))
    return [_unquoted(message, span) for span in spans]


def _unquoted(message: str, span: Span) -> Span:
    text = message[span.start : span.end]
    if len(text) > 2 and QUOTES.get(text[0]) == text[-1]:
        return span._replace(start=span.start + 1, end=span.end - 1)
    return span


def _scan(message: str, start: int, end: int) -> Iterator[Span]:
    """The values between two places that are told by their form."""
    at = start
    unclosed: set[str] = set()
    while at < end and (found := _START.search(message, at, end)):
        at = found.end()
        if found.lastgroup == "url":
            yield Span(found.start(), found.end(), "url")
        elif found.lastgroup == "word":
            yield from _in_word(message, found.start(), found.end(), end)
        elif found[0] not in unclosed:
            close = _closing(message, QUOTES[found[0]], at, end)
            if close < 0:
                # Looked for once: without a quotation mark that closes, each one that opens would look again.
                unclosed.add(found[0])
            elif not _is_sentence(message[at:close]):
                yield Span(found.end(), close, "value")
                at = close + 1
            else:
                # A sentence in quotation marks is what is said, and no value.
                at = close + 1


def _is_sentence(text: str) -> bool:
    """Whether it is three words and more, in small letters: names of products have capitals or digits."""
    words = text.split(" ")
    return len(words) > 2 and all(word.isalpha() and word.islower() for word in words)


def _closing(message: str, quote: str, at: int, end: int) -> int:
    """Where the quotation ends: an apostrophe within a word does not close it. -1 for nowhere."""
    while (place := message.find(quote, at, end)) >= 0:
        if place + 1 >= end or not (message[place + 1].isalnum() or message[place + 1] == "_"):
            return place
        at = place + 1
    return -1


def _in_word(message: str, start: int, end: int, limit: int) -> Iterator[Span]:
    word = message[start:end]
    if not _DIGIT.search(word):
        if _is_value_without_digits(message, word, start, end, limit):
            yield Span(start, end, "id")
        return
    names = re.split(r"[./]", word)
    if _TERM.fullmatch(word):
        return
    if len(names) > 1 and (names[0] in PATH_ROOTS or _is_path(names)):
        yield from _numbers_of_path(names, start)
        return
    before = max(0, start - 12)
    if _CODE.fullmatch(word) and _AFTER_CODE.search(message, before, start):
        return
    if _NUMBER.fullmatch(word):
        is_row = _AFTER_ROW.search(message, before, start)
        yield Span(start, end, "row" if is_row else "number")
    else:
        yield Span(start, end, "uuid" if _UUID.fullmatch(word) else "id")


def _is_value_without_digits(message: str, word: str, start: int, end: int, limit: int) -> bool:
    if "@" in word:
        return True
    if word.isupper() and _CAPITALS.fullmatch(word):
        # In front of a colon it is the name of what went wrong.
        return not message.startswith(":", end, limit)
    return bool(_JOINED.fullmatch(word) and _AFTER_NOUN.search(message, max(0, start - 14), start))


def _is_path(names: list[str]) -> bool:
    """Whether it is a path with places in lists (`products.0.name`) rather than a version or a file's name."""
    return (
        len(names) > 2
        and any(name.isdecimal() for name in names[1:-1])
        and all(name.isdecimal() or _NAME.fullmatch(name) for name in names)
    )


def _numbers_of_path(names: list[str], start: int) -> Iterator[Span]:
    for name in names:
        if name.isdecimal():
            yield Span(start, start + len(name), "number")
        start += len(name) + 1


def _read_pattern(pattern: str) -> tuple[tuple[re.Pattern[str], ...], bool]:
    words = pattern.split(HOLE)
    return tuple(re.compile(re.escape(word), re.IGNORECASE) for word in words if word), words[-1] == ""


_PATTERNS = tuple(_read_pattern(pattern) for known in KNOWN_MESSAGES for pattern in known.patterns)
