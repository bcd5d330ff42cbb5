"""How far a first load is, for whoever watches: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from jobs_ui.jobs_api import MAX_OFFSET
from jobs_ui.sync.walk import LoadProgress

# Seconds between two lines where there is no terminal.
EVERY = 5.0


class Reporter(Protocol):
    """Told how far the load of a store is, page by page, and that it is over."""

    def __call__(self, store: str, progress: LoadProgress) -> None: ...

    def close(self) -> None: ...


def expected(progress: LoadProgress) -> int | None:
    """How many records the load will have passed, as far as can be told.

    Jobs API: `total` cannot be trusted, so one below what has been read already counts as none; and offsets beyond
    10,000 are refused.
    """
    if progress.total is None or progress.total < progress.offset:
        return None
    return min(progress.total, MAX_OFFSET)


def reporter(console: Console, write: Callable[[str], None]) -> Reporter:
    """Bars where `console` is a terminal, otherwise lines through `write`."""
    return Bars(console) if console.is_terminal else Lines(write)


class Lines:
    """Plain lines: for logs, and for whoever pipes the output."""

    def __init__(self, write: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._began: dict[str, tuple[float, int]] = {}
        self._said: dict[str, float] = {}

    def close(self) -> None:
        """Nothing stays open."""

    def __call__(self, store: str, progress: LoadProgress) -> None:
        """Says at most every few seconds how far it is, and when it is over."""
        now = self._clock()
        began, first = self._began.setdefault(store, (now, progress.offset))
        if progress.is_over:
            del self._began[store]
            self._said.pop(store, None)
            self._write(f"Store {store}: the whole list has been read, {progress.offset:,} rows.")
            return
        if now - self._said.setdefault(store, began) < EVERY:
            return
        self._said[store] = now
        rate = (progress.offset - first) / (now - began)
        line = f"Store {store}: {progress.offset:,} jobs read, {rate:,.0f} a second"
        whole = expected(progress)
        if whole is not None and rate > 0:
            line += f", about {whole - progress.offset:,} to go ({(whole - progress.offset) / rate:.0f} s)"
        self._write(f"{line}.")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} jobs/s" if speed else "")


class Bars:
    """A bar a store, with the rate and the time that is left."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            TextColumn("Reading store {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
        )
        self._tasks: dict[str, Task] = {}

    def close(self) -> None:
        """Leaves the bars as they are."""
        self._bars.stop()

    def __call__(self, store: str, progress: LoadProgress) -> None:
        """Moves the store's bar on; without a total that can be believed it only counts."""
        if store not in self._tasks:
            # Not before there is something to show: it draws several times a second.
            self._bars.start()
            number = self._bars.add_task(store, total=None, completed=progress.offset)
            self._tasks[store] = next(task for task in self._bars.tasks if task.id == number)
        self._bars.update(self._tasks[store].id, completed=progress.offset, total=expected(progress))
        if progress.is_over and all(task.finished for task in self._bars.tasks):
            self._bars.stop()
