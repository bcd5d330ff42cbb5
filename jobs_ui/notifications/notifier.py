"""The thread of the syncing process that tells people: it looks what there is to tell, and sends it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connections

from jobs_ui.jobs_api import clean_line
from jobs_ui.models import JobWatch, Notification
from jobs_ui.notifications.occasions import Lookout
from jobs_ui.notifications.sending import Sender
from jobs_ui.sync.clocks import utc_now

logger = logging.getLogger(__name__)

EVERY = 2.0
AFTER_TROUBLE = 10.0
"""Seconds between two looks, and after one that failed."""
SIDE_BY_SIDE = 4
"""Targets that are sent to at the same time."""
LONGEST_WAIT = 60.0
"""Seconds that a single round waits for what it has begun to send."""
KEPT_FOR = timedelta(days=90)
"""How long the log of what was sent is kept."""
_BETWEEN_CLEANINGS = timedelta(hours=1)


class Notifier:
    """Tells people, until `stop` is set. `stores`: the names of the configured stores by their slugs."""

    def __init__(
        self, stores: Mapping[str, str], stop: threading.Event, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="notify")
        self._lookout = Lookout(stores)
        self._sender = Sender(self._pool, clock=clock, stop=stop)
        self._cleaned_at: datetime | None = None

    def run(self) -> None:
        """Looks and sends, again and again. Whatever goes wrong is said in the log, and sync is none the wiser."""
        try:
            while not self._stop.is_set():
                self._stop.wait(EVERY if self._turn() else AFTER_TROUBLE)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
            connections.close_all()

    def run_once(self) -> None:
        """Looks once, and waits until what was begun is sent, or has failed; what takes too long is left for later."""
        self._turn()
        self._sender.wait(LONGEST_WAIT)
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> bool:
        """Takes each step, whatever became of the others; returns whether all went well."""
        done = [self._done(step) for step in (self._look, self._sender.send_due, self._clean)]
        return all(done)

    def _done(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Nobody is told of anything, the database did not answer: %s", clean_line(str(error)))
            connections.close_all()
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is: it must neither end sync nor itself
            logger.error(  # noqa: TRY400 - a traceback could show what the values were
                "Telling people met a mistake of the console's own: %s: %s",
                type(error).__name__,
                clean_line(str(error)),
            )
            return False
        return True

    def _look(self) -> None:
        self._lookout.look(self._clock())

    def _clean(self) -> None:
        now = self._clock()
        if self._cleaned_at is None or now - self._cleaned_at >= _BETWEEN_CLEANINGS:
            self._cleaned_at = now
            old = Notification.objects.filter(created_at__lt=now - KEPT_FOR).exclude(state=Notification.WAITING)
            old.delete()
            JobWatch.objects.filter(ended_at__lt=now - KEPT_FOR).delete()
