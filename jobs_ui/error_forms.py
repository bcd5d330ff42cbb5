"""The query string of a job's errors page ↔ which of its messages are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from jobs_ui.forms import BLANKED, LONGEST_SEARCH
from jobs_ui.sources.base import Capabilities
from jobs_ui.sources.errors import ALL_ERRORS, ErrorChoice, ErrorGroups

MOST_PAGES = 1_000_000
LONGEST_DIGEST = 16


@dataclass(frozen=True, slots=True)
class ErrorsQuery:
    """Which messages, and which page of them (from 1). `problems` are sentences about what could not be used."""

    choice: ErrorChoice = ALL_ERRORS
    number: int = 1
    problems: tuple[str, ...] = ()

    def url_query(self, number: int = 1) -> str:
        """The query string (with its `?`) of another page of the same messages; "" for the first of all."""
        pairs = [("group", self.choice.group), ("q", self.choice.q), ("page", str(number) if number > 1 else "")]
        given = [pair for pair in pairs if pair[1]]
        return f"?{urlencode(given)}" if given else ""

    def among(self, groups: ErrorGroups | None) -> ErrorsQuery:
        """The same without a group that the job does not have."""
        if not self.choice.group or (groups is not None and groups.get(self.choice.group)):
            return self
        sentence = _("This job has no such group of messages, so all of them are shown.")
        return replace(self, choice=replace(self.choice, group=""), number=1, problems=(*self.problems, sentence))


def parse_errors_query(query: QueryDict, capabilities: Capabilities, *, has_pages: bool = True) -> ErrorsQuery:
    """What the URL asks for, as far as the source can do it; the page only where there are any."""
    problems: list[str] = []
    q = query.get("q", "").translate(BLANKED).strip()
    if len(q) > LONGEST_SEARCH:
        problems.append(
            _("The search was longer than %(most)s characters; what is beyond them is left out.")
            % {"most": LONGEST_SEARCH}
        )
    choice = ErrorChoice(query.get("group", "").strip()[: LONGEST_DIGEST + 1], q[:LONGEST_SEARCH].strip())
    if choice and not capabilities.choose_errors:
        problems.append(_("Messages are read live from Elastic Path, which cannot search them: all are shown."))
        choice = ALL_ERRORS
    number = parse_page_number(query.get("page", "1"), problems) if has_pages else 1
    return ErrorsQuery(choice, number, tuple(problems))


def parse_page_number(text: str, problems: list[str]) -> int:
    """The page's number; the first page, and a sentence more in `problems`, where the text was none."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_PAGES:
        return int(text[:9])
    problems.append(_("The page's number could not be read, so the first page is shown."))
    return 1
