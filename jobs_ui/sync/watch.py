"""Sync that goes on and on: one store, round after round, while this process holds the store's lease."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connections

from jobs_ui.jobs_api import JobsClient
from jobs_ui.sync.clocks import LONGEST_PAUSE, READS_A_ROUND, utc_now
from jobs_ui.sync.lease import POLL, Lease, LeaseLost
from jobs_ui.sync.rounds import Syncer
from jobs_ui.sync.walk import Report

# Seconds between two signs of life while nothing is to be done, and after the database could not be used.
_BETWEEN_BEATS = 5.0
_AFTER_TROUBLE = 5.0

Say = Callable[[str], None]


class Ended(Exception):
    """The process is to end: raised between two calls and transactions, where nothing is half done."""


class Watch:
    """Keeps the mirror of one store until `stop` is set. `say` tells what happens, `complain` what goes wrong."""

    def __init__(
        self,
        store: str,
        client: JobsClient,
        stop: threading.Event,
        *,
        say: Say,
        complain: Say,
        report: Report | None = None,
    ) -> None:
        self.store = store
        self.is_broken = False
        """Whether it ended by itself."""
        self.lease = Lease(store)
        self._stop = stop
        self._say = say
        self._complain = complain
        self._report = report
        self._syncer = Syncer(store, client, clock=self._clock, lease=self.lease)
        self._is_waiting = False

    def run(self, *, full: bool = False) -> None:
        """Waits for the lease, then one round after the other. Returns when `stop` is set, the lease given back."""
        try:
            while not self._stop.is_set():
                try:
                    full = self._turn(full=full)
                except LeaseLost as lost:
                    self._complain(f"{lost} Nothing more was written here.")
                except (DatabaseError, InterfaceError) as error:
                    # Nothing is lost: what was not stored is read again. The text names tables or files, never a
                    # password.
                    self._complain(
                        f"The mirror's database did not answer, trying again: {type(error).__name__}: {error}"
                    )
                    connections.close_all()
                    self._stop.wait(_AFTER_TROUBLE)
        except Ended:
            pass
        finally:
            self.release()

    def release(self) -> None:
        """Gives the lease back, so that another process can go on at once."""
        with suppress(DatabaseError):
            self.lease.release()

    def _turn(self, *, full: bool) -> bool:
        """A round where the lease is ours, otherwise a try to get it; returns whether `full` is still to be done.

        A mistake of our own, such as an answer that nobody thought of may find, is this store's alone: the others must
        go on, and a process that ends with it would end again a moment after whoever runs it has started it anew.
        """
        if not self.lease.token and not self._acquire():
            self._stop.wait(POLL)
            return full
        try:
            return self._round(full=full)
        except (Ended, LeaseLost, DatabaseError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is
            self._syncer.note_mistake(error, wait=LONGEST_PAUSE)
            self._pause(LONGEST_PAUSE)
            return full

    def _acquire(self) -> bool:
        if self.lease.acquire():
            if self._is_waiting:
                self._say(f"Store {self.store}: the other process has ended, this one goes on.")
            self._is_waiting = False
            return True
        if not self._is_waiting:
            self._is_waiting = True
            self._say(
                f"Store {self.store} is synced by another process ({self.lease.other_holder()}); "
                "this one waits and takes over when that ends."
            )
        return False

    def _round(self, *, full: bool) -> bool:
        """One round and the pause after it; returns whether the next one has to walk the whole list (again)."""
        outcome = self._syncer.run_round(full=full, reads_for=READS_A_ROUND, report=self._report)
        self._pause(outcome.wait)
        return full and not outcome.complete

    def _pause(self, length: timedelta) -> None:
        """The lease lives shorter than the longest pause."""
        ends_at = time.monotonic() + length.total_seconds()
        while (left := ends_at - time.monotonic()) > 0 and not self._stop.wait(min(left, _BETWEEN_BEATS)):
            self.lease.renew()

    def _clock(self) -> datetime:
        # Sync asks for the time between any two calls and transactions: there it may end.
        if self._stop.is_set():
            raise Ended
        return utc_now()
