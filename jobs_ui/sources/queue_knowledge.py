"""What the history of a store teaches about its queue, learnt now and then by each process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.replay import Learned, learn
from jobs_ui.insights.run_times import UsualTime, usual_times
from jobs_ui.sources.base import JobRecord

MOST_LEARNT = 400
"""Jobs that are looked at, the newest ones: recent runs weigh more anyway."""
KEPT_FOR = 120.0
"""Seconds."""


class QueueKnowledge(NamedTuple):
    """What the queue of a store is told by: ranges, and the usual run time of each type."""

    learned: Learned
    usual: dict[str, UsualTime]


_lock = threading.Lock()
_kept: dict[str, tuple[float, QueueKnowledge]] = {}


def queue_job(job: JobRecord) -> QueueJob:
    """The record as the queue's functions take it."""
    return QueueJob(job.job_id, job.store, job.type, job.status, job.created_at, job.started_at, job.completed_at)


def knowledge_of(store: str, read: Callable[[], Iterable[QueueJob]], now: datetime) -> QueueKnowledge:
    """What is known of the store's queue; `read` gives its history, and is called when what is known is too old.

    Learning takes some tenths of a second. One thread does it; the others go on with what was known until then.
    """
    at, kept = _kept.get(store, (0.0, None))
    if kept is not None and (time.monotonic() - at < KEPT_FOR or not _lock.acquire(blocking=False)):
        return kept
    if kept is None:
        _lock.acquire()
    try:
        at, kept = _kept.get(store, (0.0, None))
        if kept is None or time.monotonic() - at >= KEPT_FOR:
            jobs = list(read())
            kept = QueueKnowledge(learn(jobs, now), usual_times(jobs))
            _kept[store] = time.monotonic(), kept
        return kept
    finally:
        _lock.release()


def forget() -> None:
    """Learns anew at the next call: for tests, whose histories change faster than a minute."""
    with _lock:
        _kept.clear()
