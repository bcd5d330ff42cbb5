"""`python -m tests.bench [--quick]`: fills the databases, measures each case, says what is over its budget."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import NamedTuple

from console.environment import PROJECT, read_environment
from tests.bench import chart, report
from tests.bench.cases import CASES, FLAT, FLAT_BUDGET, SYNC, Case
from tests.bench.databases import Database, databases
from tests.bench.report import Measurement
from tests.bench.runner import Runner
from tests.bench.worker import NotWhatWasAsked

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000, 100_000)
ERRORS_PER_JOB = 3
LEAST_RUNS = 5
# A case that is over is measured so many rounds more before it is believed: other work on the machine is more likely.
# All of them, whatever the first one says, and all count: else a page at its very budget would be asked until it holds.
SECOND_LOOKS = 2
FLAT_TURNS, FLAT_RUNS = 20, 5
SYNC_ROWS = 2_000


class Effort(NamedTuple):
    """Rounds over all cases, and seconds that a case has in each; rounds of storing jobs.

    Noise of the machine that lasts some seconds then meets each case once, and not one of them for good.
    """

    rounds: int
    seconds: float
    sync_rounds: int


FULL, QUICK = Effort(3, 0.5, 5), Effort(2, 0.3, 2)


def main() -> int:
    """0 when every budget holds, 1 when one does not."""
    options = _options()
    # Whoever ends the program by a signal gets the databases removed as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before it was done."))
    start = time.monotonic()
    sizes = QUICK_SIZES if options.quick else SIZES
    found = [each for each in databases(read_environment()[0], _say) if options.database in ("", each.name)]
    runners: dict[tuple[str, int], Runner] = {}
    try:
        _start(runners, found, sizes, keep=options.keep)
        for line in _explain(runners, options):
            _say(line)
        if options.profile or options.queries:
            return 0
        measurements = _measure(runners, found, sizes, _chosen(options.only), QUICK if options.quick else FULL)
    finally:
        for (database, jobs), runner in runners.items():
            runner.stop()
            if not options.keep:
                next(each for each in found if each.name == database).drop(jobs)
    largest = [item for item in measurements if item.jobs == sizes[-1]]
    _say(report.table(largest))
    if not options.only:
        report.write(largest, PROJECT / "var" / "bench.json")
        chart.write(measurements, PROJECT / "var" / "bench.svg")
    over = [f"{item.database}/{item.case}" for item in largest if not item.holds]
    _say(f"{time.monotonic() - start:.0f} s. " + (f"Over budget: {', '.join(over)}" if over else "Every budget holds."))
    return 1 if over else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 jobs instead of 1,000,000")
    parser.add_argument("--keep", action="store_true", help="leaves the databases there, and takes those that are")
    parser.add_argument("--database", default="", help="sqlite or postgresql only")
    parser.add_argument("--only", nargs="*", default=[], help="these cases, and no bench.json")
    parser.add_argument("--profile", default="", metavar="CASE", help="shows where a case's time goes instead")
    parser.add_argument("--queries", default="", metavar="CASE", help="shows a case's SQL instead")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _chosen(names: Sequence[str]) -> list[str]:
    return list(names) or [*(case.name for case in CASES), FLAT, *SYNC]


Runners = dict[tuple[str, int], Runner]


def _start(runners: Runners, found: Sequence[Database], sizes: Sequence[int], *, keep: bool) -> None:
    """A process for each database and size, filled: the databases of one size at the same time."""
    for database in found:
        for jobs in sizes:
            runners[database.name, jobs] = Runner(database.create(jobs, keep=keep))
    next(iter(runners.values())).collect_static()
    with ThreadPoolExecutor() as pool:
        for jobs in sizes:
            names = [database.name for database in found]
            fills = [pool.submit(runners[name, jobs].fill, jobs, ERRORS_PER_JOB * jobs) for name in names]
            for name, fill in zip(names, fills, strict=True):
                _say(f"{name}: {jobs:,} jobs and {ERRORS_PER_JOB * jobs:,} messages in {fill.result():.0f} s")


def _explain(runners: Runners, options: argparse.Namespace) -> list[str]:
    lines = []
    largest = max(jobs for _, jobs in runners)
    for (database, jobs), runner in runners.items():
        if jobs == largest and options.profile:
            lines += [database, runner.profile(options.profile, 30)]
        if jobs == largest and options.queries:
            lines += [database, *runner.queries(options.queries)]
    return lines


def _measure(
    runners: Runners, found: Sequence[Database], sizes: Sequence[int], names: Sequence[str], effort: Effort
) -> list[Measurement]:
    measurements = []
    cases = [case for case in CASES if case.name in names]
    drawn = [case for case in cases if case.name in chart.LINES]
    for name in (database.name for database in found):
        for jobs in sizes[:-1]:
            measurements += _pages(name, jobs, runners[name, jobs], drawn, effort._replace(rounds=1))
        measurements += _pages(name, sizes[-1], runners[name, sizes[-1]], cases, effort)
        if FLAT in names:
            measurements.append(_flat(name, runners[name, sizes[0]], runners[name, sizes[-1]], sizes[-1]))
        if set(SYNC) & set(names):
            measurements += _sync(name, sizes[-1], runners[name, sizes[-1]], effort)
    return measurements


def _pages(database: str, jobs: int, runner: Runner, cases: Sequence[Case], effort: Effort) -> list[Measurement]:
    looks = [_Look(database, jobs, runner, case) for case in cases]
    for number in range(effort.rounds):
        for case, look in zip(cases, looks, strict=True):
            if number == 0 or case.budget is not None:
                look.take(effort.seconds)
    doubtful = [look for look in looks if effort.rounds > 1 and not look.result().holds]
    for _ in range(SECOND_LOOKS):
        for look in doubtful:
            look.take(effort.seconds)
    floor = median([taken for look in looks for taken in look.floors] or [0.0])
    return [Measurement(database, jobs, "floor", floor * 1000, 1, None), *(look.result() for look in looks)]


class _Look:
    """What was seen of one case: its times, and those of the floor in the same moments, in seconds."""

    def __init__(self, database: str, jobs: int, runner: Runner, case: Case) -> None:
        self._database, self._jobs, self._runner, self._case = database, jobs, runner, case
        self._problem = ""
        self._times: list[float] = []
        self.floors: list[float] = []

    def take(self, seconds: float) -> None:
        """Measures it once more, for so long."""
        try:
            floors, times = self._runner.pair(self._case.name, seconds, LEAST_RUNS)
        except NotWhatWasAsked as problem:
            self._problem = str(problem)
        else:
            self.floors += floors
            self._times += times

    def result(self) -> Measurement:
        """Of all that was taken so far."""
        case = self._case
        if self._problem:
            return Measurement(self._database, self._jobs, case.name, 0, 0, case.budget, problem=self._problem)
        middle = median(self._times)
        ratio = middle / median(self.floors)
        return Measurement(self._database, self._jobs, case.name, middle * 1000, ratio, case.budget)


def _flat(database: str, small: Runner, large: Runner, jobs: int) -> Measurement:
    """The list of the largest mirror over that of the smallest: the middle of many ratios, each of one moment."""
    of_large: list[float] = []
    ratios: list[float] = []
    for _ in range(FLAT_TURNS):
        of_small = median(small.times("list", FLAT_RUNS))
        of_large.append(median(large.times("list", FLAT_RUNS)))
        ratios.append(of_large[-1] / of_small)
    return Measurement(database, jobs, FLAT, median(of_large) * 1000, median(ratios), FLAT_BUDGET)


def _sync(database: str, jobs: int, runner: Runner, effort: Effort) -> list[Measurement]:
    taken = runner.sync(effort.sync_rounds, SYNC_ROWS)
    raw = median(taken["raw"])
    return [
        Measurement(database, jobs, name, time_of * 1000, raw / time_of, budget, is_minimum=True)
        for name, budget in SYNC.items()
        for time_of in [median(taken[name.removeprefix("sync-")])]
    ]


if __name__ == "__main__":
    sys.exit(main())
