"""Jobs by the day of their creation: counted from the mirror, and kept so that pages add days up instead."""

from jobs_ui.day_sums.counting import (
    ERROR_COLUMNS,
    MOST_SLOW,
    Cell,
    JobSums,
    Stretch,
    counted_errors,
    counted_jobs,
    slowest_jobs,
)
from jobs_ui.day_sums.marking import COUNTING, KEPT_DAYS, mark

__all__ = [
    "COUNTING",
    "ERROR_COLUMNS",
    "KEPT_DAYS",
    "MOST_SLOW",
    "Cell",
    "JobSums",
    "Stretch",
    "counted_errors",
    "counted_jobs",
    "mark",
    "slowest_jobs",
]
