"""What the history of a store teaches about its queue, learnt now and then by each process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.replay import Learned, learn
from jobs_ui.insights.run_times import UsualTime, usual_times
from jobs_ui.sources.base import JobRecord

T = TypeVar("T")
MOST_LEARNT = 400
"""Jobs that are looked at, the newest ones: recent runs weigh more anyway."""
KEPT_FOR = 120.0
"""Seconds."""


class QueueKnowledge(NamedTuple):
    """What the queue of a store is told by: ranges, and the usual run time of each type."""

    learned: Learned
    usual: dict[str, UsualTime]


class Kept(Generic[T]):
    """What was made of a store's history, made anew when it is too old.

    That may take some tenths of a second. One thread does it; the others go on with what was known until then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, T]] = {}

    def get(self, store: str, make: Callable[[], T]) -> T:
        """What is known of the store. Raises whatever `make` does."""
        at, kept = self._kept.get(store, (0.0, None))
        if kept is not None and (time.monotonic() - at < KEPT_FOR or not self._lock.acquire(blocking=False)):
            return kept
        if kept is None:
            self._lock.acquire()
        try:
            at, kept = self._kept.get(store, (0.0, None))
            if kept is None or time.monotonic() - at >= KEPT_FOR:
                kept = make()
                self._kept[store] = time.monotonic(), kept
            return kept
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Makes all anew at the next call."""
        with self._lock:
            self._kept.clear()


_knowledge: Kept[QueueKnowledge] = Kept()
_usual: Kept[dict[str, UsualTime]] = Kept()


def queue_job(job: JobRecord) -> QueueJob:
    """The record as the queue's functions take it."""
    return QueueJob(job.job_id, job.store, job.type, job.status, job.created_at, job.started_at, job.completed_at)


def knowledge_of(store: str, read: Callable[[], Iterable[QueueJob]], now: datetime) -> QueueKnowledge:
    """What is known of the store's queue; `read` gives its history, and is called when what is known is too old."""

    def make() -> QueueKnowledge:
        jobs = list(read())
        return QueueKnowledge(learn(jobs, now), usual_times(jobs))

    return _knowledge.get(store, make)


def usual_of(store: str, read: Callable[[], Iterable[QueueJob]]) -> dict[str, UsualTime]:
    """The usual run time of each type of the store alone: no ranges have to be learnt for it."""
    return _usual.get(store, lambda: usual_times(read()))


def forget() -> None:
    """Learns anew at the next call: for tests, whose histories change faster than a minute."""
    _knowledge.forget()
    _usual.forget()
