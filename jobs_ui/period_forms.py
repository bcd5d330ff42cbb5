"""The query string of the pages that look over many jobs ↔ a period and stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs_ui.sources.errors import ProblemOrder
from jobs_ui.sources.insights import Window, window_of


class Period(NamedTuple):
    """A stretch of time that ends now: its name in URLs, its words alone and in a sentence, its length."""

    name: str
    label: str | Promise
    words: str | Promise
    length: timedelta


PERIODS = (
    Period("24h", gettext_lazy("24 hours"), gettext_lazy("the last 24 hours"), timedelta(hours=24)),
    Period("7d", gettext_lazy("7 days"), gettext_lazy("the last 7 days"), timedelta(days=7)),
    Period("30d", gettext_lazy("30 days"), gettext_lazy("the last 30 days"), timedelta(days=30)),
    Period("90d", gettext_lazy("90 days"), gettext_lazy("the last 90 days"), timedelta(days=90)),
)
DEFAULT = PERIODS[2]
ORDERS: dict[str, ProblemOrder] = {"jobs": "jobs", "lost": "lost", "messages": "messages"}


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """Which jobs are looked at, and which of their problems come first. No store means all.

    `problems` are sentences about what could not be used.
    """

    period: Period = DEFAULT
    stores: tuple[str, ...] = ()
    order: ProblemOrder = "jobs"
    problems: tuple[str, ...] = ()

    def window(self, now: datetime) -> Window:
        """The hours or days that the period is made of."""
        return window_of(now, self.period.length)

    def but(self, name: str) -> PeriodQuery:
        """The same over another period."""
        return replace(self, period=next(period for period in PERIODS if period.name == name))

    def by(self, order: ProblemOrder) -> PeriodQuery:
        """The same in another order."""
        return replace(self, order=order)

    def url_query(self, *, page: int = 1) -> str:
        """The query string (with its `?`); "" for the default period of all stores in the default order."""
        pairs = [
            ("period", "" if self.period is DEFAULT else self.period.name),
            *(("store", store) for store in self.stores),
            ("sort", "" if self.order == "jobs" else self.order),
            ("page", str(page) if page > 1 else ""),
        ]
        given = [pair for pair in pairs if pair[1]]
        return f"?{urlencode(given)}" if given else ""


def parse_period_query(query: QueryDict, known: Sequence[str]) -> PeriodQuery:
    """What the URL asks for. `known` are the slugs of the stores."""
    problems = []
    name = query.get("period", "").strip()
    period = next((period for period in PERIODS if period.name == name), DEFAULT)
    if name and period.name != name:
        problems.append(_("The period could not be read, so %(period)s are shown.") % {"period": DEFAULT.words})
    asked = list(dict.fromkeys(slug for slug in query.getlist("store") if slug))
    stores = tuple(slug for slug in asked if slug in known)
    if len(stores) < len(asked):
        problems.append(_("There is no such store, so it is left out."))
    wanted = query.get("sort", "").strip()
    if wanted not in {"", *ORDERS}:
        problems.append(_("The order could not be read, so what most jobs have comes first."))
    return PeriodQuery(period, stores, ORDERS.get(wanted, "jobs"), tuple(problems))
