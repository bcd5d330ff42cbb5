"""What a form sends about a saved view → its name, and the query string of its list."""

from __future__ import annotations

from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict
from django.utils.translation import gettext as _

from jobs_ui.forms import PARAMETERS, parse_list_query
from jobs_ui.saved_views import LONGEST_NAME
from jobs_ui.sources.base import Capabilities

LONGEST_QUERY = 4_000


class UnusableView(ValueError):
    """What was sent cannot be saved; the text is a sentence for the page."""


def parse_view_name(text: str) -> str:
    """The name, on one line. Raises UnusableView for one that is empty, too long or not printable."""
    name = " ".join(text.split())
    if not name:
        raise UnusableView(_("Give the view a name."))
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise UnusableView(
            _("The name of a view can have up to %(number)s characters that can be read.") % {"number": LONGEST_NAME}
        )
    return name


def parse_view_query(text: str, capabilities: Capabilities) -> str:
    """The query string as the list itself writes it, without its `?` and without a place in the list.

    Raises UnusableView for anything that the list would not show exactly so, and for all jobs in their usual order.
    """
    if len(text) > LONGEST_QUERY:
        raise UnusableView(_("These filters are too long to be saved."))
    try:
        query = QueryDict(text)
    except TooManyFieldsSent:
        raise UnusableView(_("These filters are too long to be saved.")) from None
    if not set(query) <= PARAMETERS:
        raise UnusableView(_("What was sent is not a filter of the list."))
    parsed = parse_list_query(query, capabilities)
    if parsed.problems:
        raise UnusableView(" ".join(parsed.problems))
    written = parsed.url_query().removeprefix("?")
    if not written:
        raise UnusableView(_("Choose a filter or an order first: all jobs have their place in the menu already."))
    return written
