"""A run against the usual time of its type, to scale: from none to twice the usual, or farther where it took more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from jobs_ui.insights.run_times import UsualTime
from jobs_ui.presentation.durations import duration


@dataclass(frozen=True, slots=True)
class AgainstUsual:
    """The bar up to the usual time, what is beyond it, and the place of the usual time, as lengths for SVG; in words.

    `beyond` is "" where there is nothing to draw.
    """

    bar: str
    usual_at: str
    beyond: str
    words: str


def against_usual(ran: timedelta | None, known: UsualTime | None) -> AgainstUsual | None:
    """The run as it is drawn; None where its length or the usual one is not known."""
    if known is None or ran is None or known.median <= 0:
        return None
    seconds = max(ran.total_seconds(), 0.0)
    longest = max(2 * known.median, seconds * 1.02)
    share, usual = 100 * seconds / longest, 100 * known.median / longest
    return AgainstUsual(
        bar=f"{min(share, usual):.2f}%",
        usual_at=f"{usual:.2f}%",
        beyond=f"{share - usual:.2f}%" if share > usual else "",
        words=usual_words(known),
    )


def usual_words(known: UsualTime) -> str:
    """What is usual, in one sentence."""
    return _("Usually %(median)s; 19 of 20 take less than %(longest)s.") % {
        "median": duration(timedelta(seconds=known.median)),
        "longest": duration(timedelta(seconds=known.percentile_95)),
    }
