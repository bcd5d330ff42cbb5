"""What the files that the console writes have in common: CSV, streamed, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC

from django.http import HttpRequest, StreamingHttpResponse

from jobs_ui.sources.base import JobRecord

# A spreadsheet takes a cell that begins with one of these for a formula, in full width too, and with blanks in front.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Blanks that some spreadsheets pass over, seen or not.
PASSED_OVER = " \u00a0\u200b\u200c\u200d\u2060\ufeff"


class _Echo:
    """What `csv.writer` writes to: hands each line back."""

    def write(self, line: str, /) -> str:
        """The line itself."""
        return line


def csv_header(names: Iterable[str]) -> str:
    """The first line, of names of ours."""
    return f"{','.join(names)}\r\n"


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV. Texts are in quotes: where a semicolon separates cells, it would part what is one."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    return "".join([writer.writerow(row) for row in rows])


def csv_attachment(request: HttpRequest, pieces: Iterator[str], name: str) -> StreamingHttpResponse:
    """The pieces as a file of that name; a HEAD request reads none of them.

    An error while they are read is let through: it breaks the answer off, and a browser says that the download failed.
    Ended quietly, half of the rows would pass for all of them. UTF-8 without a byte order mark: whoever reads the file
    by its header would find the mark in the name of the first column, and the encoding is told by the content type.
    """
    response = StreamingHttpResponse(pieces if request.method != "HEAD" else iter(()))
    response["Content-Type"] = "text/csv; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def name_of(job: JobRecord, ending: str) -> str:
    """`product-import_2026-11-23` and the ending: made by us, because a type is somebody else's text."""
    kind = re.sub(r"[^a-z0-9-]+", "-", job.type.lower()).strip("-")[:60] or "job"
    return f"{kind}_{job.created_at.astimezone(UTC):%Y-%m-%d}{ending}"


def safe_cell(text: str) -> str:
    """The text as a spreadsheet shows it: never as a formula."""
    return f"'{text}" if text.lstrip(PASSED_OVER).startswith(FORMULA) else text
