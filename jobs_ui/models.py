"""The mirror: what the console knows of the jobs of each store, and how it came to know it.

`jobs_ui.sync` writes here, and two others: `jobs_ui.budget` its own table, and the command `prune_jobs`, which removes
old jobs. Signed links are never stored, only the names of the files behind them.
"""

from __future__ import annotations

from typing import Any, Never

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from jobs_ui.day_models import CountedDay, DayErrors, DayJobs
from jobs_ui.notifications.records import JobWatch, LongQueue, Notification, NotificationRule
from jobs_ui.saved_views import SavedView

# In modules of their own.
__all__ = [
    "CountedDay",
    "DayErrors",
    "DayJobs",
    "JobWatch",
    "LongQueue",
    "Notification",
    "NotificationRule",
    "SavedView",
]

UNKNOWN_MS = -1


class ErrorsState(models.TextChoices):
    """How much of a job's error list the mirror holds."""

    NOT_ASKED = "not-asked", "not asked for"
    NONE = "none", "none"
    PARTIAL = "partial", "partly here"
    COMPLETE = "complete", "complete"
    UNAVAILABLE = "unavailable", "not to be had"


class Job(models.Model):
    """A job as last read. Unique by store and id, under a surrogate key that also breaks ties of `created_at`."""

    store = models.CharField(max_length=64)
    job_id = models.CharField(max_length=255)
    type = models.CharField(max_length=255)
    status = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    request_id = models.CharField(max_length=255, blank=True)
    # None: an export of all products, or no export at all. Empty would be an expression that is empty.
    filter = models.TextField(null=True)  # noqa: DJ001
    copied_from = models.CharField(max_length=255, blank=True)
    hierarchy_id = models.CharField(max_length=255, blank=True)
    # The names of the parts; None while they are not written.
    files = models.JSONField(null=True)
    # Since when Elastic Path lists none of them any more; their names are kept.
    files_gone_at = models.DateTimeField(null=True)
    raw = models.JSONField()
    # Sort keys, in milliseconds; UNKNOWN_MS until the job has started or ended. Never NULL: a comparison of rows with
    # NULL is neither true nor false, and would end a list early.
    wait_ms = models.BigIntegerField(default=UNKNOWN_MS, db_default=UNKNOWN_MS)
    run_ms = models.BigIntegerField(default=UNKNOWN_MS, db_default=UNKNOWN_MS)
    # A fingerprint of what the API said: an unchanged job is told from a changed one without loading it.
    digest = models.CharField(max_length=32, blank=True, db_default="")
    # When the request was sent that this state was read with: an older reading never replaces a newer one.
    read_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    # When sync reads this job by id the next time, and how many seconds it then waits for the time after.
    next_read_at = models.DateTimeField(null=True)
    read_interval = models.PositiveIntegerField(default=0)
    errors_state = models.CharField(max_length=16, choices=ErrorsState, default=ErrorsState.NOT_ASKED)
    errors_count = models.PositiveIntegerField(default=0)
    errors_read_at = models.DateTimeField(null=True)
    errors_due_at = models.DateTimeField(null=True)
    # Which reading of the error list is shown, and its fingerprint: two readings that agree need no third.
    errors_reading = models.BigIntegerField(default=0)
    errors_digest = models.CharField(max_length=64, blank=True)
    # By which way of grouping the messages that are shown were grouped: see `insights.error_groups`. None for not yet,
    # and not 0: SQLite copies the whole table for a new column that must not be NULL.
    errors_grouped = models.PositiveSmallIntegerField(null=True)

    class Meta:
        permissions = [("cancel_job", "Can cancel pending jobs")]
        constraints = [models.UniqueConstraint(fields=["store", "job_id"], name="job_store_job_id")]
        indexes = [
            models.Index(fields=["created_at", "id"], name="job_created"),
            # All that insights count by, so that they need no row.
            models.Index(
                fields=["created_at", "store", "type", "status", "wait_ms", "run_ms", "id"], name="job_insights"
            ),
            models.Index(fields=["status", "created_at", "id"], name="job_status_created"),
            models.Index(fields=["type", "created_at", "id"], name="job_type_created"),
            models.Index(fields=["type", "status", "created_at", "id"], name="job_type_status_created"),
            models.Index(fields=["store", "status", "created_at", "id"], name="job_store_status_created"),
            models.Index(fields=["run_ms", "id"], name="job_run"),
            models.Index(fields=["status", "run_ms", "id"], name="job_status_run"),
            models.Index(fields=["wait_ms", "id"], name="job_wait"),
            models.Index(fields=["status", "wait_ms", "id"], name="job_status_wait"),
            models.Index(fields=["request_id"], name="job_request_id"),
            # For the search by a prefix. PostgreSQL: LIKE needs its own operator class unless the collation is C.
            models.Index(fields=["job_id"], name="job_id_prefix", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["store", "created_at", "id"], name="job_store_created"),
            models.Index(fields=["store", "type", "created_at", "id"], name="job_store_type_created"),
            models.Index(fields=["store", "type", "status", "created_at", "id"], name="job_store_type_status"),
            models.Index(
                fields=["store", "next_read_at"], name="job_next_read", condition=Q(next_read_at__isnull=False)
            ),
            models.Index(
                fields=["store", "errors_due_at"], name="job_errors_due", condition=Q(errors_due_at__isnull=False)
            ),
            models.Index(
                fields=["store", "errors_grouped"], name="job_errors_grouped", condition=Q(errors_count__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} ({self.type}, {self.status})"


class JobError(models.Model):
    """One message of a job's error list, at its place in the list (from 0).

    A reading is written under a new number and then shown as a whole, in one step: a list of 12,000 messages would
    otherwise be one long transaction, or be seen half old and half new.
    """

    # Without an index of its own: the unique constraint begins with it, and PostgreSQL takes the wrong one of two.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="errors", db_index=False)
    reading = models.BigIntegerField()
    position = models.PositiveIntegerField()
    error_id = models.CharField(max_length=255, blank=True)
    message = models.TextField()
    # The number of its group within the reading; None where the reading was not grouped yet.
    group_number = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "reading", "position"], name="joberror_place")]
        indexes = [models.Index(fields=["job", "reading", "group_number", "position"], name="joberror_group")]

    def __str__(self) -> str:
        return f"{self.position}: {self.message[:60]}"


class ErrorGroup(models.Model):
    """The messages of one shape in a reading of a job's error list: the same problem in many rows of a file.

    `digest` names the shape, the same in all jobs. `slots` tells of the values that differ: what they are called, how
    many different ones there are, and the first few; all of them are in `ErrorValues`. Store and creation are the
    job's own, so that a problem is counted over all jobs of a period in one index.
    """

    # Without an index of its own: the unique constraint begins with it, and PostgreSQL takes the wrong one of two.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="error_groups", db_index=False)
    reading = models.BigIntegerField()
    # Whether it belongs to the reading that is shown, and counts in what is told over all jobs.
    is_shown = models.BooleanField()
    # From 1, most frequent first.
    number = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=16)
    sample = models.TextField()
    count = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    slots = models.JSONField()
    store = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "reading", "number"], name="errorgroup_number")]
        indexes = [
            models.Index(
                fields=["created_at", "store", "digest", "count", "id"],
                name="errorgroup_period",
                condition=Q(is_shown=True),
            ),
            models.Index(fields=["digest", "created_at", "id"], name="errorgroup_jobs", condition=Q(is_shown=True)),
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.sample[:60]}"


class ErrorValues(models.Model):
    """The different values in one place of a group's messages, one a line, in the order in which they came."""

    # Without an index of its own: the unique constraint begins with it, and PostgreSQL takes the wrong one of two.
    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="values", db_index=False)
    slot = models.PositiveSmallIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "slot"], name="errorvalues_slot")]

    def __str__(self) -> str:
        return f"values {self.slot} of {self.group_id}"


class JobText(models.Model):
    """What the search by words looks through: a job's filter expression, or its messages, case folded.

    One row for all messages of a job: 12,000 of them are one place to look at, and their index a tenth of what one
    row a message would need. The index itself (FTS5 in SQLite, pg_trgm in PostgreSQL) is made by
    `jobs_ui.search_index`.
    """

    FILTER, MESSAGES = "filter", "messages"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="texts")
    kind = models.CharField(max_length=8)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "kind"], name="jobtext_job_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.job_id}"


class SeenValue(models.Model):
    """A type or status that the console does not know by itself but has seen, for drop-downs and tabs."""

    TYPE, STATUS = "type", "status"

    store = models.CharField(max_length=64)
    kind = models.CharField(max_length=8)
    value = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "kind", "value"], name="seenvalue_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class FailedJob(models.Model):
    """A job that has just failed, and that no rule has looked at yet: written together with the failure itself."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="+")
    # When it was stored as failed, by our clock.
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at", "id"], name="failedjob_at")]

    def __str__(self) -> str:
        return f"failure of {self.job_id}"


class ApiBudget(models.Model):
    """When the next call to a store's API may be made: the budget that all processes share."""

    # The store and who calls: "default:sync", "default:act".
    name = models.CharField(max_length=80, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class SyncState(models.Model):
    """How far the mirror of one store has come, and how its last round went."""

    store = models.CharField(max_length=64, primary_key=True)
    # The newest job when the last complete walk began: jobs older than it (less ten minutes) are all in the mirror.
    watermark_created_at = models.DateTimeField(null=True)
    # Its id, for whoever looks at the table: nothing goes by it.
    watermark_job_id = models.CharField(max_length=255, blank=True)
    # A first load that was cut off goes on from here, an offset in records.
    first_load_offset = models.PositiveIntegerField(default=0)
    # The newest job when the first load began: the watermark once it is complete. A load that was resumed further down
    # has not seen the newest itself, and the walk after it would go over all that lies above again. The id as above.
    first_load_created_at = models.DateTimeField(null=True)
    first_load_job_id = models.CharField(max_length=255, blank=True)
    # The store has more jobs than the API lists (offset 10,000): the oldest ones cannot be had.
    history_cut = models.BooleanField(default=False)
    last_success_at = models.DateTimeField(null=True)
    # For whoever looks at the table: pages go by the last success, and by when the next round is due.
    last_try_at = models.DateTimeField(null=True)
    next_round_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    problem_kind = models.CharField(max_length=40, blank=True)
    # What went wrong, in the client's words: pages say it in theirs, by its kind.
    problem = models.TextField(blank=True)
    problem_request_id = models.CharField(max_length=255, blank=True)
    unreadable_rows = models.PositiveIntegerField(default=0)
    # Who may write as sync, in the database's time. The token grows with each new holder: a paused one that wakes up
    # finds a larger number and stops before it writes.
    lease_holder = models.CharField(max_length=64, blank=True, db_default="")
    lease_token = models.BigIntegerField(default=0, db_default=0)
    lease_expires_at = models.DateTimeField(null=True)
    # Final jobs that were created before this are not taken in again: whoever looks after the mirror has removed them.
    pruned_before = models.DateTimeField(null=True)
    # By which way of counting its days are kept or marked to be: see `day_sums`. None: not at all yet.
    days_counted = models.PositiveSmallIntegerField(null=True)
    # The API's clock less ours, in milliseconds, by the `Date` header of its last answer.
    clock_offset_ms = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.store


class WrittenOnce(models.QuerySet["AuditEntry"]):
    """Entries that are read and added to."""

    def update(self, **kwargs: Any) -> Never:  # Any: Django's own signature
        """Raises TypeError."""
        raise TypeError("an audit entry is written once")

    def delete(self) -> Never:
        """Raises TypeError."""
        raise TypeError("an audit entry is never removed")


class AuditEntry(models.Model):
    """Who did what to which job, and what came of it. Written once: nothing changes or removes an entry.

    Names are kept as they were: the entry outlives the user, the job and the store. The database holds to that by
    itself, by the triggers of migration 0009, whoever writes to it.
    """

    CANCEL, DOWNLOAD, REFRESH = "cancel", "download", "refresh"
    ACTIONS = [
        (CANCEL, gettext_lazy("Cancel")),
        (DOWNLOAD, gettext_lazy("Download")),
        (REFRESH, gettext_lazy("Read again")),
    ]

    at = models.DateTimeField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    username = models.CharField(max_length=150)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=16, choices=ACTIONS)
    store = models.CharField(max_length=64, blank=True)
    job_id = models.CharField(max_length=255)
    # What of the job: the file that was fetched.
    detail = models.CharField(max_length=255, blank=True)
    outcome = models.CharField(max_length=255)
    succeeded = models.BooleanField()
    request_id = models.CharField(max_length=255, blank=True)

    objects = WrittenOnce.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["job_id", "at", "id"], name="audit_job"),
            models.Index(fields=["username", "at", "id"], name="audit_user"),
            models.Index(fields=["action", "at", "id"], name="audit_action"),
            # What somebody cancelled, among a million downloads.
            models.Index(fields=["username", "action", "at", "id"], name="audit_user_action"),
        ]

    def __str__(self) -> str:
        return f"{self.username}: {self.action} {self.job_id}, {self.outcome}"

    def save(self, *args: Any, **kwargs: Any) -> None:  # Any: Django's own signature
        """Writes a new entry. Raises TypeError for one that is there already."""
        if not self._state.adding:
            raise TypeError("an audit entry is written once")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:  # Any: Django's own signature
        """Raises TypeError."""
        raise TypeError("an audit entry is never removed")
