"""The preview of a part in words and cells."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs_ui.downloads import Beginning, Preview
from jobs_ui.presentation.numbers import whole

# Letters of a cell that are shown before one opens it.
LONGEST_CELL = 60
# And after that: the page holds it twice.
LONGEST_OPEN_CELL = 2_000
# They change the order of the letters around them, so that a cell looks like what it is not.
_TURNING = {code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
FLAWS = {
    "empty": gettext_lazy("The file is empty: it has not even a header row."),
    "binary": gettext_lazy("This is not text, so there is no table to show. Download the file to look at it."),
    "unreadable": gettext_lazy(
        "Below these rows comes something that cannot be read as CSV. The download has it as it is."
    ),
    "unclosed": gettext_lazy(
        "A quote is never closed: the last row takes in all that follows it, to the end of the file."
    ),
    "too-long": gettext_lazy(
        "The first row does not end within the part of the file that is read here, "
        "as with a quote that is never closed. Download the file to look at it."
    ),
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
        notes.append(str(FLAWS[preview.flaw]))
    if preview.columns > preview.shown:
        notes.append(
            ngettext(
                "Only the first %(shown)s column of %(columns)s are shown.",
                "Only the first %(shown)s columns of %(columns)s are shown.",
                preview.shown,
            )
            % {"shown": whole(preview.shown), "columns": whole(preview.columns)}
        )
    if preview.is_replaced and preview.flaw != "binary":
        notes.append(_("Some bytes are not UTF-8 and are shown as �. The download has them as they are."))
    if any(len(cell) > LONGEST_OPEN_CELL for row in (preview.names, *preview.rows) for cell in row):
        notes.append(
            _("Of a cell, %(most)s letters are shown at most. The download has all of them.")
            % {"most": whole(LONGEST_OPEN_CELL)}
        )
    if beginning.came_slowly:
        notes.append(_("The host of the file is slow: this is what came in time."))
    return PreviewTable(
        sentence=_sentence(preview),
        names=tuple(map(_shown, preview.names)),
        rows=tuple((number, tuple(map(_cell, row))) for number, row in enumerate(preview.rows, start=1)),
        notes=tuple(notes),
    )


def _sentence(preview: Preview) -> str:
    if not preview.columns:
        return ""
    columns = ngettext("%(number)s column", "%(number)s columns", preview.columns) % {"number": whole(preview.columns)}
    rows = ngettext("%(number)s row", "%(number)s rows", len(preview.rows)) % {"number": whole(len(preview.rows))}
    if not preview.rows and preview.has_more:
        form = _("%(columns)s; the rows below it do not end within what is read here.")
    elif not preview.rows:
        form = _("%(columns)s and no rows.")
    elif preview.has_more:
        form = _("%(columns)s. The first %(rows)s, and there are more.")
    else:
        form = _("%(columns)s, %(rows)s: that is all of it.")
    return form % {"columns": columns, "rows": rows}


def _shown(text: str) -> str:
    bounded = text[:LONGEST_OPEN_CELL] + "…" if len(text) > LONGEST_OPEN_CELL else text
    return bounded.translate(_TURNING)


def _cell(text: str) -> Cell:
    text = _shown(text)
    line = " ".join(text.split())
    is_long = len(line) > LONGEST_CELL
    return Cell(text, line[: LONGEST_CELL - 1] + "…" if is_long else "")
