"""The preview of a part in words and cells."""

from __future__ import annotations

from dataclasses import dataclass

from jobs_ui.downloads import Beginning, Preview
from jobs_ui.presentation.rows import counted

# Letters of a cell that are shown before one opens it.
LONGEST_CELL = 60
# And after that: the page holds it twice.
LONGEST_OPEN_CELL = 2_000
# They change the order of the letters around them, so that a cell looks like what it is not.
_TURNING = {code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
FLAWS = {
    "empty": "The file is empty: it has not even a header row.",
    "binary": "This is not text, so there is no table to show. Download the file to look at it.",
    "unreadable": "Below these rows comes something that cannot be read as CSV. The download has it as it is.",
    "unclosed": "A quote is never closed: the last row takes in all that follows it, to the end of the file.",
    "too-long": "The first row does not end within the part of the file that is read here, "
    "as with a quote that is never closed. Download the file to look at it.",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, and its beginning where it is long."""

    text: str
    short: str


@dataclass(frozen=True, slots=True)
class PreviewTable:
    """What the page prints: the column names, the rows with their numbers (from 1), and sentences about them."""

    sentence: str
    names: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    notes: tuple[str, ...]


def preview_table(preview: Preview, beginning: Beginning) -> PreviewTable:
    """The preview of a part, of which `beginning` was read."""
    notes = []
    if preview.flaw:
        notes.append(FLAWS[preview.flaw])
    if preview.columns > preview.shown:
        notes.append(f"Only the first {counted(preview.shown, 'column')} of {preview.columns:,} are shown.")
    if preview.is_replaced and preview.flaw != "binary":
        notes.append("Some bytes are not UTF-8 and are shown as �. The download has them as they are.")
    if any(len(cell) > LONGEST_OPEN_CELL for row in (preview.names, *preview.rows) for cell in row):
        notes.append(f"Of a cell, {LONGEST_OPEN_CELL:,} letters are shown at most. The download has all of them.")
    if beginning.came_slowly:
        notes.append("The host of the file is slow: this is what came in time.")
    return PreviewTable(
        sentence=_sentence(preview),
        names=tuple(map(_shown, preview.names)),
        rows=tuple((number, tuple(map(_cell, row))) for number, row in enumerate(preview.rows, start=1)),
        notes=tuple(notes),
    )


def _sentence(preview: Preview) -> str:
    if not preview.columns:
        return ""
    columns = counted(preview.columns, "column")
    if not preview.rows:
        more = "; the rows below it do not end within what is read here" if preview.has_more else " and no rows"
        return f"{columns}{more}."
    if preview.has_more:
        return f"{columns}. The first {counted(len(preview.rows), 'row')}, and there are more."
    return f"{columns}, {counted(len(preview.rows), 'row')}: that is all of it."


def _shown(text: str) -> str:
    bounded = text[:LONGEST_OPEN_CELL] + "…" if len(text) > LONGEST_OPEN_CELL else text
    return bounded.translate(_TURNING)


def _cell(text: str) -> Cell:
    text = _shown(text)
    line = " ".join(text.split())
    is_long = len(line) > LONGEST_CELL
    return Cell(text, line[: LONGEST_CELL - 1] + "…" if is_long else "")
