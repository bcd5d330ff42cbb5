"""The messages of one job in the mirror, and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from jobs_ui import models
from jobs_ui.search_index import folded
from jobs_ui.sources.base import CannotAsk, JobRecord
from jobs_ui.sources.errors import ErrorChoice, ErrorGroup, ErrorGroups, ErrorLine, ErrorPage, ErrorSlot

BATCH = 2_000
COLUMNS = ("position", "message", "error_id", "group_number")
GROUP_COLUMNS = ("number", "digest", "sample", "count", "first", "last", "slots")


def page_of(job: JobRecord, number: int, size: int, choice: ErrorChoice) -> ErrorPage:
    """Page `number` (from 1) of the messages that were chosen."""
    if choice.q:
        return _searched_page(job, number, size, choice)
    start, rows, total = (number - 1) * size, _messages(job), job.errors.count
    if choice.group:
        group = _groups(job).filter(digest=choice.group).values_list("number", "count").first()
        place, total = group or (None, 0)
        rows = rows.filter(group_number=place)[start : start + size] if place is not None else rows.none()
    else:
        # By position, so that the last page of 100,000 costs what the first does.
        rows = rows.filter(position__gte=start, position__lt=start + size)
    return ErrorPage(_lines(rows), number, has_next=start + size < total, total=total)


def batches_of(job: JobRecord, choice: ErrorChoice) -> Iterator[Sequence[ErrorLine]]:
    """All messages that were chosen, a batch at a time; no connection is needed between two.

    Raises CannotAsk where messages are not there any more: the list was read again meanwhile, or the job was pruned.
    Ended quietly, those that came before would pass for all of them.
    """
    number, left = None, job.errors.count
    if choice.group:
        group = _groups(job).filter(digest=choice.group).values_list("number", "count").first()
        if group is None:
            return
        number, left = group
    after, wanted = -1, folded(choice.q)
    while left > 0:
        rows = _messages(job).filter(position__gt=after)
        lines = _lines((rows if number is None else rows.filter(group_number=number))[:BATCH])
        if not lines:
            raise CannotAsk(
                _("The errors of this job were read again meanwhile: load the page again."), kind="mirror-moved"
            )
        left -= len(lines)
        after = lines[-1].position
        yield [line for line in lines if wanted in folded(line.message)] if wanted else lines


def groups_of(job: JobRecord, most: int | None) -> ErrorGroups | None:
    """The groups of the reading that the record belongs to."""
    if not job.errors.is_grouped:
        return None
    rows = _groups(job).values_list(*GROUP_COLUMNS)
    return ErrorGroups(tuple(_group(row) for row in rows[:most]), job.errors.count)


def values_of(job: JobRecord, digest: str, slot: int) -> str | None:
    """The different values in a place of a group's messages, one a line."""
    values = models.ErrorValues.objects.filter(group__in=_groups(job).filter(digest=digest).order_by(), slot=slot)
    return values.values_list("text", flat=True).first()


def _searched_page(job: JobRecord, number: int, size: int, choice: ErrorChoice) -> ErrorPage:
    """Looked through here: what counts as the same letter in another case differs from database to database."""
    start = (number - 1) * size
    found = islice((line for batch in batches_of(job, choice) for line in batch), start, start + size + 1)
    lines = tuple(found)
    has_next = len(lines) > size
    return ErrorPage(lines[:size], number, has_next, None if has_next else start + len(lines))


def _messages(job: JobRecord) -> QuerySet[models.JobError]:
    rows = models.JobError.objects.filter(job__store=job.store, job__job_id=job.job_id, reading=job.errors.reading)
    return rows.order_by("position")


def _lines(rows: QuerySet[models.JobError]) -> tuple[ErrorLine, ...]:
    return tuple(ErrorLine(*row) for row in rows.values_list(*COLUMNS))


def _groups(job: JobRecord) -> QuerySet[models.ErrorGroup]:
    rows = models.ErrorGroup.objects.filter(job__store=job.store, job__job_id=job.job_id, reading=job.errors.reading)
    return rows.order_by("number")


def _group(row: Sequence[Any]) -> ErrorGroup:  # Any: the columns of GROUP_COLUMNS, each of its own type
    number, digest, sample, count, first, last, slots = row
    return ErrorGroup(number, digest, sample, count, first, last, tuple(_slots(slots)))


def _slots(slots: Iterable[dict[str, Any]]) -> Iterator[ErrorSlot]:  # Any: JSON that sync wrote
    for slot in slots:
        yield ErrorSlot(slot["name"], slot["count"], tuple(slot["first"]), slot["is_cut"])
