"""How good the estimates of starts are: what was said when each job was created, against what came.

Nothing is measured with what was learnt from it: at each moment the estimate knows only what was known then. The older
half of a history is there to learn from, and the newer half is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.replay import Outcome, Replay


@dataclass(frozen=True, slots=True)
class Figures:
    """Of `count` estimates. Shares are from 0 to 1, times in seconds; None where nothing was estimated.

    `behind_…`: only jobs that had others before them when they were created. For the rest there is little to say.
    """

    count: int
    inside: float | None
    behind_count: int
    behind_inside: float | None
    median_width: float | None
    median_wait: float | None

    @property
    def relative_width(self) -> float | None:
        """The median range over the median wait, of jobs that had others before them."""
        if self.median_width is None or not self.median_wait:
            return None
        return self.median_width / self.median_wait


@dataclass(frozen=True, slots=True)
class Backtest:
    """`job_count` jobs of the whole history; the figures of its newer half, and of each type in it."""

    job_count: int
    total: Figures
    by_type: dict[str, Figures]


def backtest(jobs: Iterable[QueueJob]) -> Backtest:
    """Replays a history, in whatever order it comes, and measures its newer half. All jobs are of one store."""
    jobs = list(jobs)
    outcomes = measured(jobs)
    kinds = sorted({outcome.job.kind for outcome in outcomes})
    by_type = {kind: figures_of([one for one in outcomes if one.job.kind == kind]) for kind in kinds}
    return Backtest(len(jobs), figures_of(outcomes), by_type)


def measured(jobs: Iterable[QueueJob]) -> list[Outcome]:
    """What was said and what came, of the jobs in the newer half of a history, as far as anything was said."""
    jobs = sorted(jobs, key=lambda job: job.place)
    newer = {job.id for job in jobs[len(jobs) // 2 :]}
    return [outcome for outcome in Replay().run(jobs) if outcome.job.id in newer]


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of these outcomes, of one history or of several."""
    behind = [outcome for outcome in outcomes if outcome.before]
    return Figures(
        count=len(outcomes),
        inside=_inside(outcomes),
        behind_count=len(behind),
        behind_inside=_inside(behind),
        median_width=median(one.span.high - one.span.low for one in behind) if behind else None,
        median_wait=median(one.wait for one in behind) if behind else None,
    )


def _inside(outcomes: Sequence[Outcome]) -> float | None:
    if not outcomes:
        return None
    return sum(one.span.low <= one.wait <= one.span.high for one in outcomes) / len(outcomes)
