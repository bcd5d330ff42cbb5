"""What the mirror keeps of each day (UTC) and store, so that a page over a month need not count its jobs.

Sync writes it (`jobs_ui.sync.day_counting`) from the jobs of the day, as a whole; whoever changes a job marks its day
(`jobs_ui.day_sums.mark`). All of it can be removed, and sync makes it again.
"""

from __future__ import annotations

from django.db import models


class CountedDay(models.Model):
    """A day of a store. `is_due`: a job of it was changed since it was counted, or it was never counted."""

    store = models.CharField(max_length=64)
    day = models.DateField()
    is_due = models.BooleanField()
    # Its longest runs: `[[milliseconds, key of the job], …]`.
    slowest = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "store"], name="countedday_once")]
        indexes = [models.Index(fields=["store", "day"], name="countedday_due", condition=models.Q(is_due=True))]

    def __str__(self) -> str:
        return f"{self.store} {self.day}"


class DayJobs(models.Model):
    """The jobs of a type (under the API's name) that were created on a day, by how they ended.

    `lost_ms` is how long the failed ones had run in all. `hours` counts them by the hour of their creation, `waits` and
    `runs` by how long they took, where that is known: see `jobs_ui.insights.histograms`.
    """

    store = models.CharField(max_length=64)
    day = models.DateField()
    type = models.CharField(max_length=255)
    succeeded = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField()
    others = models.PositiveIntegerField()
    lost_ms = models.BigIntegerField()
    hours = models.BinaryField()
    waits = models.BinaryField()
    runs = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "store", "type"], name="dayjobs_once")]

    def __str__(self) -> str:
        return f"{self.type} of {self.store} {self.day}"


class DayErrors(models.Model):
    """An error group over the jobs that were created on a day: how many jobs have it, with how many messages.

    `lost_ms` is how long the failed ones among them had run. `last_at` is the creation of the newest, and
    `group_key` the key of one of the `ErrorGroup`s, for its sample.
    """

    store = models.CharField(max_length=64)
    day = models.DateField()
    digest = models.CharField(max_length=16)
    jobs = models.PositiveIntegerField()
    messages = models.BigIntegerField()
    lost_ms = models.BigIntegerField()
    last_at = models.DateTimeField()
    group_key = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "store", "digest"], name="dayerrors_once")]

    def __str__(self) -> str:
        return f"{self.digest} of {self.store} {self.day}"
