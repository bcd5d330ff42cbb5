"""The messages of a job, and their groups, as markup: what differs from message to message is marked.

A page holds a hundred messages, so they are put together here and not in a template. Messages are somebody else's text:
all of it passes through `fill`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import islice

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from jobs_ui.insights.error_groups import OTHERS
from jobs_ui.insights.known_messages import known_message
from jobs_ui.insights.shapes import shape_of, values_in
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.presentation.numbers import whole
from jobs_ui.sources.base import JobRecord
from jobs_ui.sources.errors import ErrorGroup, ErrorGroups, ErrorLine, ErrorSlot
from jobs_ui.status import FAILED

LONGEST_SAMPLE = 600
LONGEST_TITLE = 60
MOST_MARKS = 50
LINE = (
    '<tr id="m{0}"><td class="n quiet">{1}</td> <td><code dir="auto">{2}</code></td> '
    '<td class="n quiet c-group">{3}</td></tr>\n'
)
ROW_NUMBERS = "row numbers"
# Values by what `insights` calls them. It stores its own words, so that they are one thing for all readers.
VALUES = {
    "SKUs": ngettext_lazy("%(number)s SKU", "%(number)s SKUs", "count"),
    "columns": ngettext_lazy("%(number)s column", "%(number)s columns", "count"),
    "slugs": ngettext_lazy("%(number)s slug", "%(number)s slugs", "count"),
    "objects": ngettext_lazy("%(number)s object", "%(number)s objects", "count"),
    "price books": ngettext_lazy("%(number)s price book", "%(number)s price books", "count"),
    "references": ngettext_lazy("%(number)s reference", "%(number)s references", "count"),
    "ids": ngettext_lazy("%(number)s id", "%(number)s ids", "count"),
    ROW_NUMBERS: ngettext_lazy("%(number)s row number", "%(number)s row numbers", "count"),
    "numbers": ngettext_lazy("%(number)s number", "%(number)s numbers", "count"),
    "addresses": ngettext_lazy("%(number)s address", "%(number)s addresses", "count"),
    "values": ngettext_lazy("%(number)s value", "%(number)s values", "count"),
}


@dataclass(frozen=True, slots=True)
class SlotRow:
    """The values in one place: `7,902 SKUs`, the first few, and where all of them are to be had ("" for nowhere).

    `copy_words` names the button that copies them.
    """

    words: str
    first: str
    url: str
    copy_words: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as pages print it. `width` is a length for SVG; `places` says where in the list its messages stand;
    `messages` are the words of the link to them, `url`.
    """

    number: int
    digest: str
    count: int
    count_words: str
    width: str
    share: str
    sample: SafeString
    hint: str
    places: str
    messages: str
    url: str
    slots: tuple[SlotRow, ...]
    is_chosen: bool


def marked(message: str, longest: int | None = None) -> SafeString:
    """The message with its values marked; cut to `longest` characters where that is given."""
    shown = message if longest is None or len(message) <= longest else f"{message[: longest - 1]}…"
    pieces: list[str] = []
    at = 0
    for part in islice(values_in(message), MOST_MARKS):
        if part.end > len(shown):
            break
        if part.start == part.end:
            continue
        # Everything is escaped: between the marks, and within them.
        pieces += (escape(shown[at : part.start]), "<mark>", escape(shown[part.start : part.end]), "</mark>")
        at = part.end
    return SafeString("".join([*pieces, escape(shown[at:])]))


def hint(message: str) -> str:
    """What to change, as the documentation explains the message; "" where it does not.

    Told by the message's shape, so that words within a value are not taken for what the message says.
    """
    known = known_message(shape_of(message).shape)
    return _(known.hint) if known else ""


def lines(page: Iterable[ErrorLine]) -> SafeString:
    """The rows of the table of messages."""
    return joined(
        [
            fill(
                LINE,
                str(line.position + 1),
                whole(line.position + 1),
                marked(line.message),
                "" if line.group is None else str(line.group),
            )
            for line in page
        ]
    )


def group_rows(groups: ErrorGroups, errors_url: str, *, chosen: str = "", has_values: bool = True) -> list[GroupRow]:
    """The groups of a job. `errors_url` is its errors page, `chosen` the digest of the group that is shown there."""
    return [_group_row(group, groups.of, errors_url, chosen, has_values=has_values) for group in groups.groups]


def _group_row(group: ErrorGroup, of: int, errors_url: str, chosen: str, *, has_values: bool) -> GroupRow:
    return GroupRow(
        number=group.number,
        digest=group.digest,
        count=group.count,
        count_words=whole(group.count),
        width=f"{100 * group.count / max(of, 1):.2f}%",
        share=share(group.count, of),
        sample=SafeString(escape(_("Everything else, each message of another form")))
        if group.digest == OTHERS
        else marked(group.sample, LONGEST_SAMPLE),
        hint="" if group.digest == OTHERS else hint(group.sample),
        places=_places(group),
        messages=ngettext("Show its %(number)s message", "Show its %(number)s messages", group.count)
        % {"number": whole(group.count)},
        url=f"{errors_url}?group={group.digest}#messages",
        slots=_slots(group, errors_url, has_values=has_values),
        is_chosen=group.digest == chosen,
    )


def _slots(group: ErrorGroup, errors_url: str, *, has_values: bool) -> tuple[SlotRow, ...]:
    """SKUs before row numbers: whoever repairs a file looks for what stands in its cells."""
    order = sorted(enumerate(group.slots), key=lambda slot: slot[1].name == ROW_NUMBERS)
    return tuple(_slot(group, place, slot, errors_url, has_values=has_values) for place, slot in order)


def _slot(group: ErrorGroup, place: int, slot: ErrorSlot, errors_url: str, *, has_values: bool) -> SlotRow:
    first = ", ".join(slot.first) + (", …" if slot.count > len(slot.first) else "")
    url = f"{errors_url}values.txt?group={group.digest}&place={place}" if has_values else ""
    words = values_words(slot.name, slot.count)
    if slot.is_cut:
        words = _("more than %(values)s") % {"values": words}
    return SlotRow(words, first, url, _("Copy %(values)s") % {"values": words})


def values_words(name: str, count: int) -> str:
    """`7,902 SKUs`; `name` is what `insights` calls such values."""
    return VALUES.get(name, VALUES["values"]) % {"count": count, "number": whole(count)}


def _places(group: ErrorGroup) -> str:
    if group.first == group.last:
        return _("No. %(number)s in the list") % {"number": whole(group.first + 1)}
    places = {"first": whole(group.first + 1), "last": whole(group.last + 1)}
    return _("first No. %(first)s, last No. %(last)s") % places


def share(count: int, of: int) -> str:
    """The share in percent, never rounded to none or to all: `64 %`, `0.3 %`, `under 0.1 %`, `over 99 %`."""
    percent = 100 * count / max(of, 1)
    if percent < 0.1:
        return _("under %(share)s") % {"share": f"{number_format(0.1, 1)} %"}
    if percent < 1:
        return f"{number_format(percent, 1)} %"
    if count < of and percent > 99:
        return _("over %(share)s") % {"share": "99 %"}
    return f"{percent:.0f} %"


def title(job: JobRecord, total: int | None) -> str:
    """`12,345 errors`, or notices where the job did not fail; `Errors` for none. `total`: where the page knows it."""
    count = job.errors.count or total or 0
    number = job.errors.count_words if job.errors.count else whole(count)
    if not count:
        return _("Errors")
    if job.status == FAILED:
        words = ngettext("%(number)s error", "%(number)s errors", count)
    else:
        words = ngettext("%(number)s notice", "%(number)s notices", count)
    return words % {"number": number}


def groups_words(groups: ErrorGroups, *, is_whole: bool) -> str:
    """How many groups there are, and of how many messages where these are not all: `in 5 groups`."""
    count = len(groups.groups)
    words = {"number": whole(count), "messages": whole(groups.of)}
    if is_whole:
        return ngettext("in %(number)s group", "in %(number)s groups", count) % words
    form = ngettext("the first %(messages)s in %(number)s group", "the first %(messages)s in %(number)s groups", count)
    return form % words


def options(groups: ErrorGroups) -> list[tuple[str, str]]:
    """Digest and words of each group, for a drop-down."""
    return [(group.digest, f"{group.number} {_title(group)}") for group in groups.groups]


def _title(group: ErrorGroup) -> str:
    if group.digest == OTHERS:
        return _("everything else")
    return shape_words(group.sample)


def shape_words(message: str) -> str:
    """What the message says without its values, cut to a title's length."""
    shape = shape_of(message).shape
    return shape if len(shape) <= LONGEST_TITLE else f"{shape[: LONGEST_TITLE - 1]}…"
