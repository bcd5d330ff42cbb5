"""The error lists of jobs, read as a whole and shown as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Case, Q, When

from jobs_ui import models
from jobs_ui.jobs_api import JobError, JobsApiError, JobsClient, NotFound, Refused
from jobs_ui.models import ErrorsState
from jobs_ui.status import FAILED
from jobs_ui.sync.store import SETTLING, searchable

BATCH = 500
MOST_ERRORS = 100_000
MOST_CHARACTERS = 64 * 1024 * 1024
SECOND_READING = timedelta(seconds=60)
ABANDONED = timedelta(hours=1)
AFTER_FAILURE = timedelta(seconds=60)


def read_due_errors(client: JobsClient, store: str, clock: Callable[[], datetime], *, limit: int) -> list[JobsApiError]:
    """Reads the error lists that are due: of failed jobs, newest first, then of the others. Returns what failed."""
    due = (
        models.Job.objects.filter(store=store, errors_due_at__lte=clock(), gone_at=None)
        .annotate(is_failed=Case(When(status=FAILED, then=1), default=0))
        .order_by("-is_failed", "-created_at", "-id")
    )
    failures: list[JobsApiError] = []
    for row in due[:limit]:
        try:
            read_errors(client, row, clock)
        except JobsApiError as error:
            models.Job.objects.filter(pk=row.pk).update(errors_due_at=clock() + AFTER_FAILURE)
            failures.append(error)
    return failures


def read_errors(client: JobsClient, row: models.Job, clock: Callable[[], datetime]) -> None:
    """Reads the job's error list and stores it under its job in one step. Raises JobsApiError; nothing changes then.

    For a job that ended less than ten minutes ago the list may still grow: it is read again a minute later, until two
    readings agree.
    """
    try:
        errors, complete = _gather(client, row.job_id)
    except (NotFound, Refused):
        models.Job.objects.filter(pk=row.pk).update(
            errors_state=ErrorsState.UNAVAILABLE, errors_read_at=clock(), errors_due_at=None
        )
        return
    now = clock()
    digest = _digest(errors)
    agrees = row.errors_state != ErrorsState.NOT_ASKED and digest == row.errors_digest
    state = ErrorsState.PARTIAL if not complete else ErrorsState.COMPLETE if errors else ErrorsState.NONE
    settled = agrees or row.completed_at is None or now - row.completed_at >= SETTLING
    update = {
        "errors_state": state,
        "errors_count": len(errors),
        "errors_read_at": now,
        "errors_due_at": None if settled else now + SECOND_READING,
        "errors_digest": digest,
    }
    if agrees:
        models.Job.objects.filter(pk=row.pk).update(**update)
    else:
        _replace(row, errors, update)


def _gather(client: JobsClient, job_id: str) -> tuple[list[JobError], bool]:
    """The messages in the API's order, and whether they are all there."""
    errors: list[JobError] = []
    characters = 0
    walk = client.iter_errors(job_id)
    for page in walk:
        for error in page.items:
            characters += len(error.message)
            if len(errors) == MOST_ERRORS or characters > MOST_CHARACTERS:
                return errors, False
            errors.append(error)
    return errors, walk.end != "offset-limit" and not walk.problems


def _note_text(row: models.Job, errors: list[JobError]) -> None:
    """What the search by words finds the job by: its different messages."""
    kind = models.JobText.MESSAGES
    text = searchable("\n".join(dict.fromkeys(error.message for error in errors)))
    if text:
        models.JobText.objects.update_or_create(job=row, kind=kind, defaults={"text": text})
    else:
        models.JobText.objects.filter(job=row, kind=kind).delete()


def _digest(errors: list[JobError]) -> str:
    digest = hashlib.sha256()
    for error in errors:
        digest.update(f"{len(error.message)}:{error.message}".encode())
    return digest.hexdigest()


def _replace(row: models.Job, errors: list[JobError], update: dict[str, object]) -> None:
    """Writes the reading in short transactions under a number of its own, shows it in one step, drops the one before.

    The number is the time in microseconds: two readers of one job at the same time do not meet, and what a killed
    reader left behind can be told by its age.
    """
    reading = int(datetime.now(UTC).timestamp() * 1_000_000)
    for start in range(0, len(errors), BATCH):
        models.JobError.objects.bulk_create(
            models.JobError(job=row, reading=reading, position=error.position, error_id=error.id, message=error.message)
            for error in errors[start : start + BATCH]
        )
    with transaction.atomic():
        _note_text(row, errors)
        shown = models.Job.objects.select_for_update().filter(pk=row.pk).values_list("errors_reading", flat=True).get()
        models.Job.objects.filter(pk=row.pk).update(errors_reading=reading, **update)
    left_behind = Q(reading=shown) | Q(reading__lt=reading - ABANDONED // timedelta(microseconds=1))
    while True:
        old = models.JobError.objects.filter(left_behind, job=row).exclude(reading=reading)
        if not (pks := list(old.values_list("pk", flat=True)[:BATCH])):
            return
        models.JobError.objects.filter(pk__in=pks).delete()
