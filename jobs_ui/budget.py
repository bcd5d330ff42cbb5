"""The budget of requests to one store's API, shared by all processes through the database.

`CONSOLE_API_BUDGET` requests a second: sync has 70 % of them, explicit acts the rest, and what sync leaves unused at
the moment. For each of the two a row says when its next request may be sent; who wants to send one moves that time on,
in one statement or one short transaction, by the database's clock, and waits until it has come.

Not chosen: a token bucket (which lets a whole second's requests go at once after a pause, so that two buckets together
exceed the limit), Redis (another server to run), and a limit in each process (which grows with the processes).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from datetime import timedelta
from typing import Literal

from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from jobs_ui.jobs_api import RateLimited
from jobs_ui.jobs_api.deadline import remaining
from jobs_ui.models import ApiBudget

logger = logging.getLogger(__name__)

Kind = Literal["sync", "act"]
SHARES: dict[Kind, float] = {"sync": 0.7, "act": 0.3}
UNLIMITED = 1000.0
"""From so many requests a second on nothing is counted: ten times of what the API allows to any store."""
# Requests that sync reserves in one go while it is sending many.
_BLOCK = 4
# A reserved moment that has passed by so much (seconds) is void: it would let several requests go at once.
_VOID_AFTER = 0.25
# Seconds without counting after the database could not be written: each try may take as long as its lock time-out.
_LEAVE_ALONE = 10.0


class Budget:
    """What is called before each request to a store's API: waits for its turn. One instance serves all threads.

    `rate` is the whole budget in requests a second; `kind` is who asks.
    """

    def __init__(self, store: str, kind: Kind, *, rate: float) -> None:
        self._store = store
        self._kind = kind
        self._rate = rate
        self._lock = threading.Lock()
        self._reserved: deque[float] = deque()
        self._last = 0.0
        self._alone_until = 0.0
        self._has_complained = False
        self._has_rows = False

    def __call__(self) -> None:
        """Waits for the turn of one request. Raises RateLimited where that would be after the call's deadline."""
        try:
            wait = self._turn()
        except DatabaseError as error:
            self._go_ahead(error)
            return
        if wait >= remaining():
            raise RateLimited(
                detail=f"this console itself sends at most {self._rate:g} requests a second, and all are taken"
            )
        if wait > 0:
            time.sleep(wait)

    def _turn(self) -> float:
        """Seconds until this request may be sent."""
        with self._lock:
            now = time.monotonic()
            if now < self._alone_until:
                return 0.0
            if self._kind == "act":
                return self._turn_of_an_act()
            while self._reserved and self._reserved[0] < now - _VOID_AFTER:
                self._reserved.popleft()
            if not self._reserved:
                slots = _BLOCK if now - self._last < 1.0 else 1
                wait = self._reserve("sync", slots)
                if wait >= remaining():
                    return wait
                first = time.monotonic() + wait
                self._reserved.extend(first + slot * self._interval("sync") for slot in range(slots))
            turn = self._reserved.popleft()
            self._last = max(turn, now)
            return max(turn - time.monotonic(), 0.0)

    def _turn_of_an_act(self) -> float:
        if not self._has_rows:
            # Sync's too: where nobody syncs its share is there for acts.
            self._make_rows()
        if self._take_if_free("act") or self._take_if_free("sync"):
            return 0.0
        return self._reserve("act", 1)

    def _take_if_free(self, kind: Kind) -> bool:
        """Takes a turn that has come already. One statement: nobody waits behind an act that finds none."""
        free = ApiBudget.objects.filter(name=self._name(kind), next_at__lte=Now())
        with transaction.atomic():
            return bool(free.update(next_at=Now() + timedelta(seconds=self._interval(kind))))

    def _reserve(self, kind: Kind, slots: int) -> float:
        """Takes the next `slots` turns, an interval apart; returns the seconds until the first.

        A turn that comes after the call's deadline is not taken: those who give up would push it away from all others.
        """
        name = self._name(kind)
        if not self._has_rows:
            self._make_rows()
        with transaction.atomic():
            row = ApiBudget.objects.select_for_update().filter(name=name)
            found = row.annotate(now=Now()).values_list("next_at", "now").first()
            if found is None:
                self._has_rows = False  # somebody has emptied the table: made anew with the next request
                return 0.0
            next_at, now = found
            first = max(next_at, now)
            wait: float = (first - now).total_seconds()
            if wait < remaining():
                row.update(next_at=first + timedelta(seconds=slots * self._interval(kind)))
        return wait

    def _make_rows(self) -> None:
        rows = [ApiBudget(name=self._name(kind), next_at=Now()) for kind in ("act", "sync")]
        ApiBudget.objects.bulk_create(rows, ignore_conflicts=True)
        self._has_rows = True

    def _interval(self, kind: Kind) -> float:
        return 1 / (self._rate * SHARES[kind])

    def _name(self, kind: Kind) -> str:
        return f"{self._store}:{kind}"

    def _go_ahead(self, error: DatabaseError) -> None:
        """A budget that cannot be written must not be what keeps somebody from his file."""
        self._alone_until = time.monotonic() + _LEAVE_ALONE
        if not self._has_complained:
            self._has_complained = True
            logger.warning("Requests to the API of store %s are not counted for now: %s", self._store, error)
