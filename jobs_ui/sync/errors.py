"""The error lists of jobs, read as a whole and shown as a whole.

A list of 100,000 messages is a thousand requests, so a reading can be interrupted between two pages and go on in the
next round. Nothing is written from what was known of the job before: it may have failed, or have been read by
somebody else, meanwhile.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, When

from jobs_ui import models
from jobs_ui.insights.error_groups import GROUPER, Grouping
from jobs_ui.jobs_api import JobError, JobsApiError, JobsClient, NotFound, Refused
from jobs_ui.models import ErrorsState
from jobs_ui.status import FAILED
from jobs_ui.sync import groups, readings
from jobs_ui.sync.clocks import LONGEST_INTERVAL, SECOND_LOOK, SETTLING, Clock, TimeBox
from jobs_ui.sync.context import SyncContext
from jobs_ui.sync.lease import Fence, no_fence
from jobs_ui.sync.open_jobs import ends_reading

MOST_ERRORS = 100_000
MOST_CHARACTERS = 64 * 1024 * 1024
LONGEST_SETTLING = timedelta(days=1)


class Reading:
    """One reading of a job's error list, page by page. `asked_at` is when it began."""

    def __init__(self, client: JobsClient, pk: int, job_id: str, asked_at: datetime) -> None:
        self.pk = pk
        self.asked_at = asked_at
        self.errors: list[JobError] = []
        self.grouping = Grouping()
        # The digest of each message's group, in the order of the messages.
        self.digests: list[str] = []
        self.is_complete = True
        self._characters = 0
        self._walk = client.iter_errors(job_id)

    def next_page(self) -> bool:
        """Reads a page more; returns whether there may be another one. Raises JobsApiError."""
        page = next(self._walk, None)
        if page is None:
            self.is_complete = self._walk.end != "offset-limit" and not self._walk.problems
            return False
        for error in page.items:
            self._characters += len(error.message)
            if len(self.errors) == MOST_ERRORS or self._characters > MOST_CHARACTERS:
                self.is_complete = False
                return False
            self.errors.append(error)
            self.digests.append(self.grouping.add(error.position, error.message))
        return True

    def digest(self) -> str:
        """A fingerprint of the messages in their order."""
        digest = hashlib.sha256()
        for error in self.errors:
            digest.update(f"{len(error.message)}:{error.message}".encode())
        return digest.hexdigest()


class DueErrors:
    """Reads the error lists that are due: of failed jobs, newest first, then of the others."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self._unfinished: Reading | None = None
        self._failures: dict[int, int] = {}

    def read(self, box: TimeBox, *, list_works: bool = True) -> list[JobsApiError]:
        """Reads as far as the time box allows, and returns what failed. Raises LeaseLost.

        A list that cannot be read is put off, and the others are read all the same; after a failure that ends reading,
        which comes last, nothing more is read. `list_works`: whether the walk of this round did.
        """
        failures: list[JobsApiError] = []
        context = self._context
        due = (
            models.Job.objects.filter(store=context.store, errors_due_at__lte=context.clock(), gone_at=None)
            .annotate(is_failed=Case(When(status=FAILED, then=1), default=0))
            .order_by("-is_failed", "-created_at", "-id")
        )
        # Keys alone: thousands may be due after a first load, and each row holds all that the API said of its job.
        for pk, job_id in self._with_unfinished_first(list(due.values_list("pk", "job_id"))):
            try:
                self._read_one(pk, job_id, box)
            except JobsApiError as error:
                self._put_off(pk, doubling=list_works)
                failures.append(error)
            # Asked for only now, so that each round brings the errors on by a page at least.
            if box.is_over() or ends_reading(failures, list_works=list_works):
                break
        return failures

    def _with_unfinished_first(self, due: list[tuple[int, str]]) -> list[tuple[int, str]]:
        pk = self._unfinished.pk if self._unfinished else None
        return sorted(due, key=lambda row: row[0] != pk)

    def _read_one(self, pk: int, job_id: str, box: TimeBox) -> None:
        context = self._context
        reading, self._unfinished = self._unfinished, None
        context.beat()
        try:
            if reading is None or reading.pk != pk:
                reading = Reading(context.client, pk, job_id, context.clock())
            while reading.next_page():
                if box.is_over():
                    self._unfinished = reading
                    return
                context.beat()
        except (NotFound, Refused):
            _note_unavailable(pk, reading.asked_at if reading else context.clock(), context.fence)
            return
        store_reading(reading, fence=context.fence, clock_offset=context.clock_offset)
        self._failures.pop(pk, None)

    def _put_off(self, pk: int, *, doubling: bool) -> None:
        """Doubling from a minute to an hour, for as long as this process lives; by a minute where the API is down."""
        count = min(self._failures.get(pk, 0) + 1, 8) if doubling else 1
        if doubling:
            self._failures[pk] = count
        pause = timedelta(seconds=min(SECOND_LOOK.total_seconds() * 2 ** (count - 1), LONGEST_INTERVAL))
        now = self._context.clock()
        with transaction.atomic():
            self._context.fence()
            models.Job.objects.filter(pk=pk, errors_due_at__lte=now).update(errors_due_at=now + pause)


def read_errors(client: JobsClient, row: models.Job, clock: Clock, box: TimeBox | None = None) -> bool:
    """Reads the job's error list and stores it under its job in one step. Raises JobsApiError; nothing changes then.

    For a job that ended less than ten minutes ago the list may still grow: it is read again a minute later, until two
    readings agree. A list that is longer than the time box allows is left to sync, and the answer is False.
    """
    asked_at = clock()
    try:
        reading = Reading(client, row.pk, row.job_id, asked_at)
        while reading.next_page():
            if box is not None and box.is_over():
                models.Job.objects.filter(pk=row.pk).update(errors_due_at=asked_at)
                return False
    except (NotFound, Refused):
        _note_unavailable(row.pk, asked_at, no_fence)
        return True
    store_reading(reading, clock_offset=client.clock_offset)
    return True


def store_reading(reading: Reading, *, fence: Fence = no_fence, clock_offset: timedelta = timedelta(0)) -> None:
    """Shows the reading as the job's error list, unless a newer one is shown already. Raises what the fence raises."""
    digest = reading.digest()
    before = None
    with transaction.atomic():
        fence()
        row = _locked(reading.pk, reading.asked_at)
        if row is None:
            return
        agrees = row.errors_state in (ErrorsState.COMPLETE, ErrorsState.NONE, ErrorsState.PARTIAL) and (
            row.errors_digest == digest
        )
        if agrees:
            _show(row, reading, digest, clock_offset, agrees=True)
    if not agrees:
        grouped = reading.grouping.groups()
        number = readings.write(reading.pk, reading.errors, groups.numbers(grouped, reading.digests), fence)
        with transaction.atomic():
            fence()
            # Looked at anew: the messages were written in several transactions.
            row = _locked(reading.pk, reading.asked_at)
            if row is not None and not readings.is_whole(row.pk, number, len(reading.errors)):
                models.Job.objects.filter(pk=row.pk).update(errors_due_at=reading.asked_at)
            elif row is not None:
                before, row.errors_reading = row.errors_reading, number
                row.errors_grouped = GROUPER
                readings.note_text(row.pk, reading.errors)
                groups.show(row, grouped)
                _show(row, reading, digest, clock_offset, agrees=False)
    if readings.sweep(reading.pk, fence, before=before):
        # A list that is complete would never be read again by itself, and never swept.
        due = reading.asked_at + readings.ABANDONED
        models.Job.objects.filter(pk=reading.pk, errors_due_at=None).update(errors_due_at=due)


def _locked(pk: int, asked_at: datetime) -> models.Job | None:
    """The job's row, locked; None where it is no more, or where a newer reading is there."""
    row = models.Job.objects.select_for_update().defer("raw").filter(pk=pk).first()
    newer = row is not None and row.errors_read_at is not None and row.errors_read_at > asked_at
    return None if newer else row


def _show(row: models.Job, reading: Reading, digest: str, clock_offset: timedelta, *, agrees: bool) -> None:
    asked_at = reading.asked_at
    if row.errors_due_at is None or row.errors_due_at <= asked_at:
        row.errors_due_at = _next_reading(row, asked_at, asked_at + clock_offset, agrees=agrees)
    row.errors_state = (
        ErrorsState.PARTIAL if not reading.is_complete else ErrorsState.COMPLETE if reading.errors else ErrorsState.NONE
    )
    row.errors_count = len(reading.errors)
    row.errors_digest = digest
    row.errors_read_at = asked_at
    row.save(
        update_fields=[
            "errors_state",
            "errors_count",
            "errors_digest",
            "errors_read_at",
            "errors_due_at",
            "errors_reading",
            "errors_grouped",
        ]
    )


def _next_reading(row: models.Job, asked_at: datetime, api_now: datetime, *, agrees: bool) -> datetime | None:
    """When the list is read again, None for not by itself.

    One that has changed long after its job ended is read again as well, after as long as it took to change: what it
    said before is then out of anybody's sight, and can be dropped.
    """
    if agrees:
        return None
    if row.completed_at is not None and api_now - row.completed_at < SETTLING:
        return asked_at + SECOND_LOOK
    if row.errors_read_at is None or not row.errors_count:
        return None
    return asked_at + min(max(asked_at - row.errors_read_at, SECOND_LOOK), LONGEST_SETTLING)


def _note_unavailable(pk: int, asked_at: datetime, fence: Fence) -> None:
    """The API does not have the list. What is held of it already stays in sight."""
    with transaction.atomic():
        fence()
        row = _locked(pk, asked_at)
        if row is None:
            return
        if not row.errors_count:
            row.errors_state = ErrorsState.UNAVAILABLE
            row.errors_read_at = asked_at
        if row.errors_due_at is not None and row.errors_due_at <= asked_at:
            row.errors_due_at = None
        row.save(update_fields=["errors_state", "errors_read_at", "errors_due_at"])
