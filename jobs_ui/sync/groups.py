"""The error groups of jobs: written when a reading of an error list is shown, so that no page has to compute them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from jobs_ui import models
from jobs_ui.day_sums import mark
from jobs_ui.insights.error_groups import GROUPER, ErrorGroup, Grouping, Slot
from jobs_ui.sync import readings
from jobs_ui.sync.clocks import TimeBox, utc_now
from jobs_ui.sync.context import SyncContext

BATCH = 100


def numbers(groups: Sequence[ErrorGroup], digests: Sequence[str]) -> list[int]:
    """For each message's digest the number of its group, from 1."""
    number_of = {group.digest: number for number, group in enumerate(groups, start=1)}
    return [number_of[digest] for digest in digests]


def show(row: models.Job, groups: Sequence[ErrorGroup]) -> None:
    """Makes these the groups of the job's reading; those of the reading before stay for pages that were begun."""
    models.ErrorGroup.objects.filter(job_id=row.pk, is_shown=True).update(is_shown=False)
    written = models.ErrorGroup.objects.bulk_create(
        models.ErrorGroup(
            job_id=row.pk,
            reading=row.errors_reading,
            is_shown=True,
            number=number,
            digest=group.digest,
            sample=group.sample,
            count=group.count,
            first=group.first,
            last=group.last,
            slots=[_slot(slot, name) for slot, name in zip(group.slots, group.names(), strict=True)],
            store=row.store,
            created_at=row.created_at,
        )
        for number, group in enumerate(groups, start=1)
    )
    models.ErrorValues.objects.bulk_create(
        models.ErrorValues(group=stored, slot=place, text="\n".join(map(_line, slot.values)))
        for stored, group in zip(written, groups, strict=True)
        for place, slot in enumerate(group.slots)
    )
    mark(row.store, [row.created_at], utc_now())


def _slot(slot: Slot, name: str) -> dict[str, object]:
    return {"name": name, "count": slot.count, "is_cut": slot.is_cut, "first": slot.shown()}


def _line(value: str) -> str:
    return " ".join(value.splitlines())


class _Message(NamedTuple):
    """What `readings.write` needs of a message."""

    position: int
    id: str
    message: str


def regroup(context: SyncContext, box: TimeBox) -> None:
    """Groups what was read before the present way of grouping was there. Raises LeaseLost."""
    stale = Q(errors_grouped=None) | Q(errors_grouped__lt=GROUPER)
    keys = models.Job.objects.filter(stale, store=context.store, errors_count__gt=0).values_list("pk", flat=True)
    while not box.is_over() and (batch := list(keys[:BATCH])):
        for pk in batch:
            _regroup(pk, context)
            if box.is_over():
                return


def _regroup(pk: int, context: SyncContext) -> None:
    row = models.Job.objects.defer("raw").filter(pk=pk).first()
    if row is None:
        return
    before, fence = row.errors_reading, context.fence
    held = models.JobError.objects.filter(job_id=pk, reading=before).order_by("position")
    messages = [_Message(*line) for line in held.values_list("position", "error_id", "message")]
    grouping = Grouping()
    digests = []
    for message in messages:
        # 100,000 messages take longer than a lease lives.
        context.beat()
        digests.append(grouping.add(message.position, message.message))
    groups = grouping.groups()
    number = readings.write(pk, messages, numbers(groups, digests), fence)
    with transaction.atomic():
        fence()
        # Another reading may be shown by now: it was grouped when it was stored.
        now = models.Job.objects.select_for_update().defer("raw").filter(pk=pk, errors_reading=before)
        if (row := now.first()) is not None:
            row.errors_reading, row.errors_grouped = number, GROUPER
            show(row, groups)
            row.save(update_fields=["errors_reading", "errors_grouped"])
    # At once: a list that is complete is not read again, so that a copy that stays would stay for good. A page that was
    # begun in this very moment finds no messages, and has them when it is loaded again.
    readings.sweep(pk, fence, before=before, at_once=row is not None)
