"""Why a file cannot be had."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "expired",
    "gone",
    "not-allowed",
    "broken",
    "too-slow",
    "not-reachable",
    "not-in-file",
    "no-header",
    "too-many-columns",
]


class CannotDownload(Exception):
    """The file cannot be had. `kind` says why; `status` is the file host's, where it answered.

    `total`: the file's bytes, where the kind is "not-in-file" and its host told. `part`: the number (from 1) of the
    part that is the reason, where all parts were asked for. `host`: the one that is "not-allowed", its port included
    where there is one; "" where the address names none.
    """

    def __init__(
        self, kind: Kind, *, status: int | None = None, total: int | None = None, part: int = 0, host: str = ""
    ) -> None:
        super().__init__(kind)
        self.kind: Kind = kind
        self.status = status
        self.total = total
        self.part = part
        self.host = host


class BrokenOff(Exception):
    """A stream that had begun did not come as it was announced. Nobody is to take it for whole."""
