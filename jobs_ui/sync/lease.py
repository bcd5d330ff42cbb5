"""One process at a time syncs a store: a lease in the store's SyncState, by the database's clock.

The lease carries a number, its token, that grows with each new holder. Every transaction in which sync writes looks
at the token first, and locks the row that holds it until its end. So a holder that was paused (SIGSTOP, a laptop's
lid, a stuck disk) and wakes up after somebody else took over finds a larger number and writes nothing.

A library's lock was not taken: advisory locks exist in PostgreSQL alone, and a lock file on one machine alone.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs_ui.models import SyncState

LIFE = timedelta(seconds=24)
"""Longer than a call of sync can take (12 s), so that it lasts from one beat to the next; and short enough that
somebody else takes over within 30 s when the holder is killed."""
POLL = 2.0
"""Seconds between two tries to get a lease that another process holds."""
# A holder that is paused within a transaction keeps the row locked. PostgreSQL then ends its session; SQLite cannot.
_LONGEST_PAUSE_INSIDE = "15s"

Fence = Callable[[], None]
"""Called at the begin of each transaction; raises where its caller may not write (any more)."""


class LeaseLost(Exception):
    """Another process syncs this store now: nothing more may be written."""


def no_fence() -> None:
    """What an explicit act stores is checked by nobody: it needs no lease."""


class Lease:
    """The lease of one store, as one process holds it or wants to. `life` is how long it lasts without a beat."""

    def __init__(self, store: str, *, life: timedelta = LIFE) -> None:
        self.store = store
        self.holder = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.token = 0
        """0 while it is not held."""
        self._life = life

    def acquire(self) -> bool:
        """Takes the lease where it is free, run out or our own already; returns whether it is ours now."""
        SyncState.objects.get_or_create(store=self.store)
        free = Q(lease_expires_at=None) | Q(lease_expires_at__lte=Now()) | Q(lease_holder=self.holder)
        with transaction.atomic():
            taken = SyncState.objects.filter(free, store=self.store).update(
                lease_holder=self.holder, lease_token=F("lease_token") + 1, lease_expires_at=Now() + self._life
            )
            self.token = SyncState.objects.values_list("lease_token", flat=True).get(pk=self.store) if taken else 0
        return bool(taken)

    def renew(self, **changes: object) -> None:
        """Makes the lease last on, and writes `changes` of the SyncState with it. Raises LeaseLost."""
        if not self._ours().update(lease_expires_at=Now() + self._life, **changes):
            self._lose()

    def release(self) -> None:
        """Lets the next one have it at once. Does nothing where it is lost already."""
        if self.token:
            self._ours().update(lease_holder="", lease_expires_at=None)
            self.token = 0

    def check(self) -> None:
        """The fence: to be called first in each transaction. Raises LeaseLost where another process has taken over."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [_LONGEST_PAUSE_INSIDE]
                )
        if not self._ours().select_for_update(no_key=True).values_list("pk").first():
            self._lose()

    def other_holder(self) -> str:
        """Who holds it, as `host:pid`; "" where nobody does."""
        holder = SyncState.objects.filter(store=self.store).values_list("lease_holder", flat=True).first() or ""
        return holder.rpartition(":")[0]

    def _ours(self) -> models.QuerySet[SyncState]:
        return SyncState.objects.filter(store=self.store, lease_holder=self.holder, lease_token=self.token)

    def _lose(self) -> None:
        self.token = 0
        raise LeaseLost(f"Another process syncs the store {self.store} now.")
