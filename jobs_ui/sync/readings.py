"""How a reading of an error list is kept: written beside the one that is shown, shown in one step, dropped later.

A reading is known by its number, the time in microseconds. So two readers of one job at the same time do not meet,
and what a killed one left behind is told by having no groups, and by its age.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import Q

from jobs_ui import models
from jobs_ui.sync.clocks import breathe, utc_now
from jobs_ui.sync.lease import Fence, no_fence
from jobs_ui.sync.store import searchable

BATCH = 500
IN_SIGHT = timedelta(minutes=1)
"""How long a page that was begun may still ask for the messages that it has seen the number of."""
ABANDONED = timedelta(hours=1)
"""A reading that was not shown by then never will be: whoever wrote it is gone, and sync looks after it."""


class Message(Protocol):
    """A message as it is stored: at its place in the list (from 0), with the API's id of it."""

    @property
    def position(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def message(self) -> str: ...


def write(pk: int, errors: Sequence[Message], groups: Sequence[int], fence: Fence) -> int:
    """Writes the messages in short transactions, not shown yet; returns the number of the reading.

    `groups` is the number of the group of each message.
    """
    number = _number()
    for start in range(0, len(errors), BATCH):
        if start:
            breathe()
        with transaction.atomic():
            fence()
            models.JobError.objects.bulk_create(
                models.JobError(
                    job_id=pk,
                    reading=number,
                    position=error.position,
                    error_id=error.id,
                    message=error.message,
                    group_number=group,
                )
                for error, group in zip(errors[start : start + BATCH], groups[start : start + BATCH], strict=True)
            )
    return number


def note_text(pk: int, errors: Sequence[Message]) -> None:
    """What the search by words finds the job by: its different messages."""
    kind = models.JobText.MESSAGES
    text = searchable("\n".join(dict.fromkeys(error.message for error in errors)))
    if text:
        models.JobText.objects.update_or_create(job_id=pk, kind=kind, defaults={"text": text})
    else:
        models.JobText.objects.filter(job_id=pk, kind=kind).delete()


def is_whole(pk: int, number: int, count: int) -> bool:
    """Whether all `count` messages of that reading are there: sync may have swept it away before it was shown."""
    return models.JobError.objects.filter(job_id=pk, reading=number).count() == count


def sweep(pk: int, fence: Fence, *, before: int | None = None, at_once: bool = False) -> bool:
    """Drops the job's readings that nobody can be looking at any more, in short transactions.

    The one that was shown before the present one stays for a minute; `before` is its number where that is known, and
    `at_once` says that it goes, too, because nobody would come back for it. What
    was never shown is dropped at once by who holds the lease: nobody else writes for long, and who still does finds
    out. Others leave it for an hour, as sync may be writing it. Returns whether something of that kind was left.
    """
    shown = models.Job.objects.filter(pk=pk).values_list("errors_reading", flat=True).first()
    if shown is None:
        return False
    held = models.JobError.objects.filter(Q(reading__lt=shown) | Q(reading__gt=shown), job_id=pk)
    numbers = set(held.values_list("reading", flat=True).distinct())
    if not numbers:
        return False
    # Groups are written in the step that shows a reading.
    grouped = models.ErrorGroup.objects.filter(job_id=pk, reading__in=numbers)
    were_shown = set(grouped.values_list("reading", flat=True).distinct())
    if before in numbers:
        were_shown.add(before)
    else:
        before = max(were_shown, default=None)
    stay = {before} if _is_young(shown, IN_SIGHT) and not at_once else set()
    left = {number for number in numbers - were_shown if fence is no_fence and _is_young(number, ABANDONED)}
    dropped = sorted(numbers - stay - left)
    for number in dropped:
        _drop(pk, number, fence)
    with transaction.atomic():
        fence()
        models.ErrorGroup.objects.filter(job_id=pk, reading__in=dropped).delete()
    return bool(left)


def _drop(pk: int, number: int, fence: Fence) -> None:
    rows = models.JobError.objects.filter(job_id=pk, reading=number)
    while True:
        with transaction.atomic():
            fence()
            pks = list(rows.values_list("pk", flat=True)[:BATCH])
            models.JobError.objects.filter(pk__in=pks).delete()
        if len(pks) < BATCH:
            return
        breathe()


def _number() -> int:
    return int(utc_now().timestamp() * 1_000_000)


def _is_young(number: int, age: timedelta) -> bool:
    return _number() - number < age // timedelta(microseconds=1)
