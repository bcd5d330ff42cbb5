"""What each part of a round works with: the store, its client, the clock, the right to write, the sign of life."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from jobs_ui.jobs_api import JobsClient
from jobs_ui.models import SyncState
from jobs_ui.sync.clocks import HEARTBEAT, Clock, utc_now
from jobs_ui.sync.lease import Lease

# Seconds between two beats: pages need no finer ones, and each is a write.
_BEAT_EVERY = 1.0


class SyncContext:
    """Sync of one store. Without a `lease`, as in tests, nobody is kept from writing."""

    def __init__(self, store: str, client: JobsClient, *, clock: Clock = utc_now, lease: Lease | None = None) -> None:
        self.store = store
        self.client = client
        self.clock = clock
        self._lease = lease
        self._last_beat: tuple[float, datetime] | None = None

    @property
    def clock_offset(self) -> timedelta:
        """The API's clock less ours, as far as it is known."""
        return self.client.clock_offset

    def api_now(self) -> datetime:
        """The present moment by the API's clock: what times of jobs are compared with."""
        return self.clock() + self.clock_offset

    def state(self) -> SyncState:
        """The store's row, made where there is none yet."""
        return SyncState.objects.get_or_create(store=self.store)[0]

    def fence(self) -> None:
        """To be called first in each transaction. Raises LeaseLost.

        What is written piece by piece keeps the lease as well: a long list takes longer than one lives.
        """
        if self._lease is not None:
            self._lease.check()
            self.beat()

    def save(self, state: SyncState, **changes: object) -> None:
        """Writes these columns of the state and no others: those of the lease are the lease's. Raises LeaseLost."""
        for name, value in changes.items():
            setattr(state, name, value)
        with transaction.atomic():
            self.fence()
            SyncState.objects.filter(pk=state.pk).update(**changes)

    def beat(self) -> None:
        """Says that sync is alive, and keeps the lease: before each call to the API. Raises LeaseLost."""
        ticks, now = time.monotonic(), self.clock()
        due = now + HEARTBEAT
        if self._last_beat is not None:
            last_ticks, last = self._last_beat
            if ticks - last_ticks < _BEAT_EVERY and abs((now - last).total_seconds()) < _BEAT_EVERY:
                return
        if self._lease is not None:
            self._lease.renew(next_round_at=due)
        else:
            SyncState.objects.filter(pk=self.store).update(next_round_at=due)
        self._last_beat = (ticks, now)
