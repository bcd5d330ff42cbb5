"""The first rows of a part, from its beginning, whatever that is."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Literal

from jobs_ui.downloads.heads import BOM, Beginning, is_binary

MOST_ROWS = 20
MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be shown of a part.

    `names` and `rows` have `shown` cells each, of `columns`; a row may have had fewer or more cells than the header.
    `has_more`: there are rows below. `flaw`: why there is not the table that one would expect. `is_replaced`: bytes
    that are not UTF-8 are shown as U+FFFD.
    """

    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    columns: int = 0
    has_more: bool = False
    flaw: Literal["", "empty", "binary", "unreadable", "too-long", "unclosed"] = ""
    is_replaced: bool = False

    @property
    def shown(self) -> int:
        """How many columns are shown."""
        return len(self.names)


def make_preview(beginning: Beginning) -> Preview:
    """The first `MOST_ROWS` rows below the header, from the beginning of a part."""
    text = beginning.content.decode("utf-8", "replace")
    if not beginning.is_whole:
        # The last sign may have been cut in two.
        text = text.rstrip("\ufffd")
    text = text.removeprefix(BOM)
    if is_binary(text):
        return Preview(flaw="binary")
    is_replaced = "\ufffd" in text
    records, flaw = _records(text, is_whole=beginning.is_whole)
    if not records:
        return Preview(flaw="empty" if beginning.is_whole else "too-long", is_replaced=is_replaced)
    header, rows = records[0], records[1 : MOST_ROWS + 1]
    columns = max(map(len, records[: MOST_ROWS + 1]))
    shown = min(columns, MOST_COLUMNS)
    return Preview(
        names=_filled(header, shown),
        rows=tuple(_filled(row, shown) for row in rows),
        columns=columns,
        has_more=len(records) > MOST_ROWS + 1 or not beginning.is_whole,
        flaw=flaw,
        is_replaced=is_replaced,
    )


def _records(text: str, *, is_whole: bool) -> tuple[list[list[str]], Literal["", "unreadable", "unclosed"]]:
    """The first records that are there from end to end, one more than is shown; and what was in the way."""
    # A record is known to be whole when there is something after it.
    lines = io.StringIO(text, newline="").readlines()
    # One more line than there is: what takes it in has a quote that is never closed.
    reader = csv.reader([*lines, ""])
    records: list[list[str]] = []
    try:
        for record in reader:
            if not is_whole and reader.line_num >= len(lines):
                break
            if record:
                records.append(record)
                if reader.line_num > len(lines):
                    return records, "unclosed"
            if len(records) > MOST_ROWS + 1:
                break
    except csv.Error:
        return records, "unreadable"
    return records, ""


def _filled(record: list[str], width: int) -> tuple[str, ...]:
    return tuple(record[:width]) + ("",) * (width - len(record))
