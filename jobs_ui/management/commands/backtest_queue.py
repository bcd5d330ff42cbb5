"""Measures how good the estimates of starts are: see docs/queue.md."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs_ui import models
from jobs_ui.insights.backtest import Backtest, Figures, backtest, figures_of, measured
from jobs_ui.insights.generated import RECIPES, generated_history
from jobs_ui.insights.ranges import COVERAGE
from jobs_ui.presentation.durations import NOTHING, duration
from jobs_ui.sources.mirror.queue_jobs import queue_history
from jobs_ui.sync.clocks import utc_now

MOST_JOBS = 100_000
"""Of one store, the newest ones: a minute's work or so."""
GENERATED_JOBS = 2_000
"""Of each made-up history."""
LONGEST_DAYS = 36_500


def days(text: str) -> timedelta:
    """A whole number of days as a time. Raises argparse's error, a sentence, for anything else."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= LONGEST_DAYS):
        raise ArgumentTypeError(f"should be a whole number of days, 1 to {LONGEST_DAYS}")
    return timedelta(days=int(text[:6]))


class Command(BaseCommand):
    help = (
        "Replays the mirror's history and compares what the console would have said about each job's start, when it "
        "was created, with what came. Nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--store", metavar="SLUG", help="of this store alone")
        parser.add_argument("--days", type=days, metavar="N", help="of the jobs of the last N days alone")
        parser.add_argument(
            "--generated",
            type=int,
            nargs="+",
            metavar="SEED",
            help="over made-up histories: one a kind and seed",
        )

    # Any: what argparse hands over, as in Django's own signature.
    def handle(self, *args: Any, **options: Any) -> None:
        if (seeds := options["generated"]) is not None:
            if options["store"] is not None or options["days"] is not None:
                raise CommandError("Made-up histories have no store and no days: leave out --store and --days.")
            self._generated(seeds)
            return
        since = utc_now() - options["days"] if options["days"] else None
        is_any = False
        for store in self._stores(options["store"]):
            jobs = list(queue_history(store, most=MOST_JOBS, since=since))
            if jobs:
                is_any = True
                self._print_store(store, backtest(jobs))
        if not is_any:
            raise CommandError("The mirror holds no jobs to measure on. Run sync_jobs first, or try --generated 1.")

    def _stores(self, store: str | None) -> Sequence[str]:
        known = list(models.SyncState.objects.order_by("store").values_list("store", flat=True))
        if store is None:
            return known
        if store not in known:
            raise CommandError(
                f"The mirror knows no store called {store!r}. It knows: {', '.join(known) or 'none yet'}."
            )
        return [store]

    def _print_store(self, store: str, result: Backtest) -> None:
        total = result.total
        self.stdout.write(f"Store {store}: {result.job_count:,} jobs, measured on the newer half.")
        if not total.count:
            self.stdout.write("No history yet: too few jobs have run before to estimate anything.\n\n")
            return
        header = ("type", "jobs", "inside", "behind others", "inside", "median range", "median wait", "range / wait")
        rows = [_row(name, figures) for name, figures in (("all", total), *result.by_type.items())]
        self._print_table(header, rows)
        self.stdout.write(
            f"The start fell inside the range for {_share(total.inside)} of {total.count:,} jobs"
            f" ({COVERAGE:.0%} are promised)."
        )
        if total.behind_count:
            self.stdout.write(
                f"Of the {total.behind_count:,} that had others before them: {_share(total.behind_inside)}, with a "
                f"median range of {_time(total.median_width)}, {_ratio(total)} times the median wait.\n\n"
            )
        else:
            self.stdout.write("None of them had others before it.\n\n")

    def _generated(self, seeds: Sequence[int]) -> None:
        """A line a kind of history: over all seeds, and the worst of them."""
        rows = []
        for recipe in RECIPES:
            histories = [measured(generated_history(recipe, seed, GENERATED_JOBS)) for seed in seeds]
            each = [figures_of(outcomes) for outcomes in histories]
            total = figures_of([outcome for outcomes in histories for outcome in outcomes])
            inside = min(figures.behind_inside or 0.0 for figures in each)
            widest = max(figures.relative_width or 0.0 for figures in each)
            rows.append((*_row(recipe.name, total), _share(inside), f"{widest:.1f}"))
        self.stdout.write(f"Made-up histories, {len(seeds)} of each kind, measured on the newer half of each.")
        header = ("kind", "jobs", "inside", "behind others", "inside", "median range", "median wait", "range / wait")
        self._print_table((*header, "least inside", "widest"), rows)

    def _print_table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        table = [header, *rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(header))]
        for row in table:
            first, *others = (
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            self.stdout.write("  ".join((first, *others)))


def _row(name: str, figures: Figures) -> tuple[str, ...]:
    return (
        # A type is somebody else's text: one line, and not without an end.
        "".join(character if character.isprintable() else "�" for character in name)[:40],
        f"{figures.count:,}",
        _share(figures.inside),
        f"{figures.behind_count:,}",
        _share(figures.behind_inside),
        _time(figures.median_width),
        _time(figures.median_wait),
        _ratio(figures),
    )


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _time(seconds: float | None) -> str:
    return NOTHING if seconds is None else duration(timedelta(seconds=seconds))


def _ratio(figures: Figures) -> str:
    return NOTHING if figures.relative_width is None else f"{figures.relative_width:.1f}"
