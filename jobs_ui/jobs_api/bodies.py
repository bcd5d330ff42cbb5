"""Bodies of answers: read within bounds, decoded without surprises."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import requests

MAX_BODY = 16 * 1024 * 1024
"""Bytes of an answer that are read, after decompression."""
_CHUNK = 65_536
_LONGEST_NUMBER = 40


class TooLong(Exception):
    """The body is longer than allowed."""


@dataclass(frozen=True, slots=True)
class Body:
    """What arrived of a body, and whether it ended before it should have."""

    content: bytes
    cut_off: bool = False


def read_body(response: requests.Response, *, limit: int = MAX_BODY) -> Body:
    """Read a streamed answer, decompressed, and close it.

    Raises `TooLong` beyond `limit` bytes, so that a small compressed body cannot fill the memory, and what requests
    raises where the body cannot be decompressed or the server falls silent.
    """
    content = bytearray()
    with response:
        try:
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > limit:
                    raise TooLong
        except requests.exceptions.ChunkedEncodingError:
            return Body(bytes(content), cut_off=True)
    return Body(bytes(content))


def decode_json(content: bytes) -> object:
    """Decode a JSON body. Raises ValueError where it is none, or nests too deeply.

    Wrong UTF-8 becomes U+FFFD, since one bad byte in one filter should not lose a page. NaN and infinities become None,
    and numbers of more than 40 characters stay text: neither a database nor a browser could take them.
    """
    text = content.decode("utf-8-sig", errors="replace")
    try:
        return json.loads(text, parse_constant=_no_number, parse_int=_number(int), parse_float=_number(float))
    except RecursionError:
        pass
    raise ValueError("nested too deeply")


def _no_number(_name: str) -> None:
    return None


def _number(convert: Callable[[str], float]) -> Callable[[str], float | str | None]:
    def read(digits: str) -> float | str | None:
        if len(digits) > _LONGEST_NUMBER:
            return digits[:_LONGEST_NUMBER]
        number = convert(digits)
        return number if math.isfinite(number) else None

    return read
