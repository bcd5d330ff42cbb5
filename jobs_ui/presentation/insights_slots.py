"""The days or hours over which figures are told, in words. They are those of UTC: so sync keeps its sums."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from django.utils.dateformat import format as date_words
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from jobs_ui.sources.insights import Insights


class Slots:
    """The days or hours of a page in words: `labels` stand under an axis, `names` in titles and tables.

    The last one is not over, and its name says so. What the page says once for days and once for hours, `either` tells.
    """

    def __init__(self, figures: Insights) -> None:
        self.are_days = figures.window.step >= timedelta(days=1)
        language = get_language() or ""
        moments = [slot.begin for slot in figures.slots]
        self.labels = [_label(moment, self.are_days, language) for moment in moments]
        names = [_moment(moment, self.are_days, language) for moment in moments]
        self.names = [*names[:-1], _("%(day)s, so far") % {"day": names[-1]}]
        self.head = self.either(_("Day"), _("Hour"))

    def either(self, of_days: str, of_hours: str) -> str:
        """The words that fit."""
        return of_days if self.are_days else of_hours


@lru_cache(maxsize=512)
def _label(begin: datetime, is_day: bool, _language: str) -> str:
    # Translators: a day under an axis, in the codes of Django's `date` filter
    return date_words(begin, pgettext("short day", "j M")) if is_day else f"{begin:%H}"


@lru_cache(maxsize=512)
def _moment(begin: datetime, is_day: bool, _language: str) -> str:
    day = date_words(begin, pgettext("short date", "Y-m-d"))
    return day if is_day else f"{day} {begin:%H}:00"
