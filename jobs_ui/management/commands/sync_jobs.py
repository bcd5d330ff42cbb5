"""Reads the jobs of the configured stores into the mirror."""

from __future__ import annotations

import os
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from types import FrameType
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connections
from rich.console import Console

from jobs_ui.checks import missing_store_settings
from jobs_ui.notifications.notifier import Notifier
from jobs_ui.stores import Store, client_of, configured_stores
from jobs_ui.sync import RoundOutcome, Syncer
from jobs_ui.sync.clocks import QUIET
from jobs_ui.sync.lease import LIFE, Lease, LeaseLost
from jobs_ui.sync.progress import Reporter, reporter
from jobs_ui.sync.watch import Watch

# Seconds that a call to the API may still take after the signal to end.
GRACE = 3.0
# Seconds for which a single round waits for another process: one that was killed holds the store for LIFE.
PATIENCE = LIFE.total_seconds() + 6.0


class Command(BaseCommand):
    help = (
        "Reads the jobs of the configured stores into the mirror: one whole round, errors included. "
        "Exits with 0 only when it was complete."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on, round after round, until stopped")
        parser.add_argument("--full", action="store_true", help="walk the whole list, whatever is known already")
        parser.add_argument("--store", metavar="SLUG", help="this store alone")
        parser.add_argument(
            "--wait",
            type=float,
            default=PATIENCE,
            metavar="SECONDS",
            help=f"how long a single round waits while another process syncs the store ({PATIENCE:.0f})",
        )

    # Any: what argparse hands over, as in Django's own signature.
    def handle(self, *args: Any, **options: Any) -> None:
        stores = self._stores(options["store"])
        with closing(reporter(Console(file=cast("IO[str]", self.stdout)), self._say)) as report:
            if options["watch"]:
                self._watch(stores, report, full=options["full"])
                return
            problems = [self._round(store, report, full=options["full"], patience=options["wait"]) for store in stores]
        _notifier(threading.Event()).run_once()
        if found := [problem for problem in problems if problem]:
            raise CommandError("\n".join(found))

    def _stores(self, slug: str | None) -> Sequence[Store]:
        stores = {store.slug: store for store in configured_stores()}
        if not stores:
            lines = "\n".join(f"- {problem.msg} {problem.hint}" for problem in missing_store_settings())
            raise CommandError(f"There is no store to read from:\n{lines}")
        if slug is not None and slug not in stores:
            raise CommandError(f"There is no store called {slug!r}. Configured: {', '.join(sorted(stores))}.")
        return [stores[slug]] if slug else list(stores.values())

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _round(self, store: Store, report: Reporter, *, full: bool, patience: float) -> str:
        """One whole round of one store; returns what was wrong with it, "" for nothing."""
        lease = Lease(store.slug)
        syncer = Syncer(store.slug, client_of(store, "sync"), lease=lease)
        try:
            if problem := _wait_for(lease, patience):
                return problem
            try:
                outcome = syncer.run_round(full=full, report=partial(report, store.slug))
            except (LeaseLost, DatabaseError, InterfaceError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is: the other stores' rounds come after it
                return f"The round was not complete. {syncer.note_mistake(error, wait=QUIET)}"
            finally:
                lease.release()
        except LeaseLost as lost:
            return f"The round was not complete. {lost}"
        except (DatabaseError, InterfaceError) as error:
            return f"The mirror's database cannot be used ({error}). Check DATABASE_URL, and run `manage.py migrate`."
        self._tell(store, outcome)
        return "" if outcome.complete else f"The round was not complete. {outcome.problem}"

    def _tell(self, store: Store, outcome: RoundOutcome) -> None:
        unreadable = f", {outcome.unreadable} rows unreadable" if outcome.unreadable else ""
        self._say(f"Store {store.slug}: {outcome.created} new, {outcome.changed} changed{unreadable}.")

    def _watch(self, stores: Sequence[Store], report: Reporter, *, full: bool) -> None:
        """Round after round, each store on a thread of its own, until SIGTERM or Ctrl-C ends it."""
        stop = threading.Event()
        watches = [
            Watch(
                store.slug,
                client_of(store, "sync"),
                stop,
                say=self._say,
                complain=self.stderr.write,
                report=partial(report, store.slug),
            )
            for store in stores
        ]
        _end_on_signals(stop, watches)
        threads = [
            threading.Thread(
                target=run_until_stopped, args=(watch, stop), kwargs={"full": full}, name=f"sync {watch.store}"
            )
            for watch in watches
        ]
        # A mistake in telling people ends neither sync nor itself, so this one is not among those that must not end.
        threads.append(threading.Thread(target=_notifier(stop).run, name="notify"))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if broken := [watch.store for watch in watches if watch.is_broken]:
            raise CommandError(f"Sync of {', '.join(broken)} has stopped: what went wrong stands above.")
        self._say("Sync has stopped.")


def run_until_stopped(watch: Watch, stop: threading.Event, *, full: bool = False) -> None:
    """One store's thread. Where it ends by itself it ends the others as well."""
    try:
        watch.run(full=full)
    finally:
        # Where one store's thread ended though nobody asked it to, whoever runs this is to know it, and start it anew.
        watch.is_broken = not stop.is_set()
        stop.set()
        connections.close_all()


def _wait_for(lease: Lease, patience: float) -> str:
    """Waits until the lease is ours; returns why it is not after `patience` seconds, "" when it is."""
    until = time.monotonic() + patience
    while not lease.acquire():
        if time.monotonic() >= until:
            return (
                f"The store {lease.store} is synced by another process ({lease.other_holder()}) all the time, "
                "so there is nothing to do here. Stop that first, or leave it to it."
            )
        time.sleep(min(1.0, max(until - time.monotonic(), 0.05)))
    return ""


def _notifier(stop: threading.Event) -> Notifier:
    """Tells people about all stores, whichever of them are synced here: another process may do the same."""
    return Notifier({store.slug: store.name for store in configured_stores()}, stop)


def _end_on_signals(stop: threading.Event, watches: Sequence[Watch]) -> None:
    """SIGTERM and Ctrl-C set `stop`.

    The signal does not raise where it strikes, which may be inside of a database driver. Where a call is still
    waiting for the API after a few seconds the process ends all the same: every step is a transaction, or can be
    repeated. The leases are given back before that, so that another process can go on at once.
    """

    def end_all_the_same() -> None:
        for watch in watches:
            watch.release()
        os._exit(0)

    def end(signum: int, frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            timer = threading.Timer(GRACE, end_all_the_same)
            timer.daemon = True
            timer.start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
