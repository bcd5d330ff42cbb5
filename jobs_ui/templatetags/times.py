"""Moments in words, for the few that no row or facts object has formatted already."""

from __future__ import annotations

from datetime import datetime

from django import template

from jobs_ui.presentation import durations

register = template.Library()


@register.filter
def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago `moment` was at `now`: `42 s ago`; "" for None."""
    return durations.ago(moment, now) if moment else ""


@register.filter
def exact(moment: datetime | None) -> str:
    """Date and time in the reader's zone, to the second; "" for None."""
    return durations.exact(moment) if moment else ""


@register.filter
def hover(moment: datetime | None) -> str:
    """The same, and in UTC where that is another time; "" for None."""
    return durations.hover(moment) if moment else ""
