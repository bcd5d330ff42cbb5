"""What the pages that look over the jobs of a period share: the period, the store, how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import QueryDict

from jobs_ui.period_forms import PERIODS, PeriodQuery, parse_period_query
from jobs_ui.sources.base import JobSource, StoreName


def parsed(query: QueryDict, source: JobSource) -> tuple[PeriodQuery, Sequence[StoreName]]:
    """What the URL asks for, and the stores that there are."""
    stores = source.stores()
    return parse_period_query(query, [store.slug for store in stores]), stores


def shared(
    source: JobSource, query: PeriodQuery, stores: Sequence[StoreName], now: datetime, path: str
) -> dict[str, Any]:
    """What these pages have around their figures. (Any: what a template gets.)"""
    return {
        "capabilities": source.capabilities,
        "freshness": source.freshness(now, query.stores),
        "now": now,
        "query": query,
        "problems": query.problems,
        "stores": stores if len(stores) > 1 else (),
        "periods": [
            (period.label, path + query.but(period.name).url_query(), period.name == query.period.name)
            for period in PERIODS
        ],
        "form_url": path,
    }
