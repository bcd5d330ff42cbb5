"""Reads the jobs of the configured stores into the mirror."""

from __future__ import annotations

import os
import signal
import threading
from argparse import ArgumentParser
from contextlib import suppress
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from jobs_ui.checks import missing_store_settings
from jobs_ui.stores import Store, client_of, configured_stores
from jobs_ui.sync import RoundOutcome, Syncer
from jobs_ui.sync.rounds import LONGEST_PAUSE, READS_A_ROUND, utc_now

# Seconds that a call to the API may still take after the signal to end.
GRACE = 3.0


class Command(BaseCommand):
    help = (
        "Reads the jobs of the configured stores into the mirror: one whole round, errors included. "
        "Exits with 0 only when it was complete."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on, round after round, until stopped")
        parser.add_argument("--full", action="store_true", help="walk the whole list, whatever is known already")
        parser.add_argument("--store", metavar="SLUG", help="this store alone")

    # Any: what argparse hands over, as in Django's own signature.
    def handle(self, *args: Any, **options: Any) -> None:
        store = self._store(options["store"])
        if options["watch"]:
            self._watch(store, full=options["full"])
            return
        try:
            outcome = Syncer(store.slug, client_of(store)).run_round(full=options["full"])
        except DatabaseError as error:
            raise CommandError(
                f"The mirror's database cannot be used ({error}). Check DATABASE_URL, and run `manage.py migrate`."
            ) from None
        self._say(store, outcome)
        if not outcome.complete:
            raise CommandError(f"The round was not complete. {outcome.problem}")

    def _store(self, slug: str | None) -> Store:
        if missing := missing_store_settings():
            lines = "\n".join(f"- {problem.msg} {problem.hint}" for problem in missing)
            raise CommandError(f"There is no store to read from:\n{lines}")
        stores = {store.slug: store for store in configured_stores()}
        if slug is not None and slug not in stores:
            raise CommandError(f"There is no store called {slug!r}. Configured: {', '.join(sorted(stores))}.")
        return stores[slug] if slug else next(iter(stores.values()))

    def _say(self, store: Store, outcome: RoundOutcome) -> None:
        unreadable = f", {outcome.unreadable} rows unreadable" if outcome.unreadable else ""
        self.stdout.write(f"Store {store.slug}: {outcome.created} new, {outcome.changed} changed{unreadable}.")

    def _watch(self, store: Store, *, full: bool) -> None:
        """Round after round, until SIGTERM or Ctrl-C ends it."""
        stop = _stop_event()

        def clock() -> datetime:
            # Sync asks for the time between any two calls and transactions: there it may end.
            if stop.is_set():
                raise _Ended
            return utc_now()

        syncer = Syncer(store.slug, client_of(store), clock=clock)
        with suppress(_Ended):
            while not stop.is_set():
                pause, full = self._round_of_watch(syncer, full=full)
                stop.wait(pause.total_seconds())
        self.stdout.write("Sync has stopped.")

    def _round_of_watch(self, syncer: Syncer, *, full: bool) -> tuple[timedelta, bool]:
        """One round; the time to the next, and whether that one has to walk the whole list (again)."""
        try:
            outcome = syncer.run_round(full=full, reads=READS_A_ROUND)
        except DatabaseError as error:
            # Nothing is lost: what was not stored is read again. The text names tables or files, never a password.
            self.stderr.write(f"The mirror's database did not answer, trying again: {type(error).__name__}: {error}")
            connections.close_all()
            return LONGEST_PAUSE / 6, full
        return outcome.wait, full and not outcome.complete


class _Ended(Exception):
    """SIGTERM or Ctrl-C came."""


def _stop_event() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set.

    The signal does not raise where it strikes, which may be inside of a database driver. Where a call is still
    waiting for the API after a few seconds the process ends all the same: every step is a transaction, or can be
    repeated.
    """
    stop = threading.Event()

    def end(signum: int, frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            timer = threading.Timer(GRACE, os._exit, args=(0,))
            timer.daemon = True
            timer.start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return stop
