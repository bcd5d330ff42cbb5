"""Undoes the packing of a body, and tells a whole one from one that was cut: urllib3 passes on what came of either."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from jobs_ui.downloads.problems import BrokenOff

# What a host may have packed a file with. Anything else would be passed on as if it were the file.
ENCODINGS = ("gzip", "x-gzip", "deflate")
# At most so many bytes come out at a time, however well they were packed.
_CHUNK = 64 * 1024
_GZIP, _ZLIB, _BARE = 31, 15, -15


def unpacked(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The bytes that `pieces` hold. `encoding`: one of ENCODINGS, or anything else where they hold themselves.

    Raises BrokenOff where they end before the packing does, or are not packed so.
    """
    if encoding not in ENCODINGS:
        yield from pieces
        return
    try:
        yield from _members(pieces) if encoding.endswith("gzip") else _deflated(pieces)
    except zlib.error:
        raise BrokenOff("The packed file cannot be unpacked.") from None


def _members(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    for packed in pieces:
        piece = packed
        while piece:
            if unpacker.eof:  # members of a gzip file may follow one another
                unpacker = zlib.decompressobj(_GZIP)
            if out := unpacker.decompress(piece, _CHUNK):
                yield out
            piece = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    yield from _rest(unpacker)


def _deflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    while len(head) < 2 and (piece := next(pieces, b"")):
        head += piece
    # RFC 9110 means zlib's format by this name, and some hosts send what is within it (RFC 1950, section 2.2).
    is_zlib = len(head) >= 2 and head[0] & 15 == 8 and int.from_bytes(head[:2]) % 31 == 0
    unpacker = zlib.decompressobj(_ZLIB if is_zlib else _BARE)
    piece = head
    while piece and not unpacker.eof:
        if out := unpacker.decompress(piece, _CHUNK):
            yield out
        piece = unpacker.unused_data or unpacker.unconsumed_tail or next(pieces, b"")
    if piece:
        raise BrokenOff("Something follows the packed file.")
    yield from _rest(unpacker)


def _rest(unpacker: zlib._Decompress) -> Iterator[bytes]:
    """What the last bytes still held back. Raises BrokenOff where more would have to come."""
    while not unpacker.eof:
        out = unpacker.decompress(b"", _CHUNK)
        if not out:
            raise BrokenOff("The packed file ended early.")
        yield out
