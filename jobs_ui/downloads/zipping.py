"""All parts of an export as one zip file, made while it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

# The package has no types of its own: the protocol below is what is used of it.
from zipstream import ZIP_DEFLATED, ZipStream  # type: ignore[import-untyped]

from jobs_ui.downloads.opening import OpenFile

# The lowest: CSV shrinks to a fifth with it, and the higher ones make the download wait for the processor.
LEVEL = 1

OpenPart = Callable[[int], OpenFile]


class _Archive(Protocol):
    def add(self, data: Iterable[bytes], arcname: str) -> None: ...
    def __iter__(self) -> Iterator[bytes]: ...


class ZippedParts:
    """The bytes of the zip file. Holds one part open at a time, `first` (part 1) to begin with.

    `names`: what the parts are called in it. Whatever fails on the way is let through: it breaks the answer off before
    the directory at the end of a zip file, without which no program takes it for one.
    """

    def __init__(self, names: Sequence[str], open_part: OpenPart, first: OpenFile) -> None:
        self._names = names
        self._open_part = open_part
        self._file = first

    def __iter__(self) -> Iterator[bytes]:
        archive: _Archive = ZipStream(compress_type=ZIP_DEFLATED, compress_level=LEVEL)
        for number, name in enumerate(self._names, start=1):
            archive.add(self._part(number), name)
        try:
            yield from archive
        finally:
            self.close()

    def close(self) -> None:
        """Gives the connection back."""
        self._file.close()

    def _part(self, number: int) -> Iterator[bytes]:
        """Begun when its turn comes: links may not live until then."""
        if number > 1:
            self._file = self._open_part(number)
        yield from self._file
