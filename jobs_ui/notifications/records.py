"""What people want to be told, and what they were told: watches, rules, and the notifications that came of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class JobWatch(models.Model):
    """Somebody wants to know when a job ends."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # Without an index of its own: the unique constraint begins with it.
    job = models.ForeignKey("jobs_ui.Job", on_delete=models.CASCADE, related_name="watches", db_index=False)
    created_at = models.DateTimeField()
    # When the job was seen to have ended; None while it is watched.
    ended_at = models.DateTimeField(null=True)
    # When its end was put out of sight in the browser.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "user"], name="jobwatch_once")]
        indexes = [
            models.Index(fields=["id"], name="jobwatch_open", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["user", "ended_at"], name="jobwatch_unseen", condition=Q(seen_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"watch {self.pk} of job {self.job_id}"


class NotificationRule(models.Model):
    """What somebody wants to be told of whenever it happens: to their e-mail address, or to a webhook of the settings.

    `store` and `type` are empty for all. `longest` is for queues alone: the number of waiting jobs that is still fine.
    """

    FAILURE, STUCK, QUEUE = "failed", "stuck", "queue"
    KINDS = [(FAILURE, _("A job failed")), (STUCK, _("A job looks stuck")), (QUEUE, _("The queue is long"))]

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=KINDS)
    store = models.CharField(max_length=64, blank=True)
    type = models.CharField(max_length=255, blank=True)
    longest = models.PositiveIntegerField(default=0)
    # The short name of a webhook of the settings file; empty for an e-mail to the user.
    webhook = models.CharField(max_length=64, blank=True)
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    # What happened before is not told: since it was made, or switched on again.
    since = models.DateTimeField()
    # When its last message went out: those of a burst are put together.
    last_sent_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("use_webhooks", "Can have notifications sent to the console's webhooks")]

    def __str__(self) -> str:
        return f"rule {self.pk}: {self.kind}"


class LongQueue(models.Model):
    """A store's queue that is longer than a rule likes, and has been told: once, until it is short again."""

    rule = models.ForeignKey(NotificationRule, on_delete=models.CASCADE, related_name="+", db_index=False)
    store = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "store"], name="longqueue_once")]

    def __str__(self) -> str:
        return f"queue of {self.store} since {self.since}"


class Notification(models.Model):
    """Something to tell somebody, written down once and kept as the log of what was sent.

    `occasion` names what it is about, so that nothing is told twice. The texts are what is sent: nothing in them is
    secret. Where to is not kept: the user's e-mail address and the webhook's are looked up when it is sent.
    """

    WAITING, SENT, FAILED = "waiting", "sent", "failed"
    STATES = [(WAITING, _("waits")), (SENT, _("sent")), (FAILED, _("not sent"))]
    ENDED, TEST = "ended", "test"
    KINDS = [(ENDED, _("A watched job ended")), *NotificationRule.KINDS, (TEST, _("Test"))]

    occasion = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=16, choices=KINDS)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    username = models.CharField(max_length=150)
    rule = models.ForeignKey(
        NotificationRule, null=True, on_delete=models.SET_NULL, related_name="notifications", db_index=False
    )
    # As in the rule: empty for an e-mail to the user.
    webhook = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=255)
    lines = models.JSONField()
    facts = models.JSONField()
    # The page of what it is about, within the console; where that itself is, the settings know.
    # Percent-encoded, an id takes up to twelve times its 255 characters.
    path = models.TextField()
    created_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, default=WAITING)
    # When it is sent, or tried again. While it is being sent, when it may be tried by somebody else.
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    # What came of the last try, in one plain sentence.
    outcome = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["webhook", "rule", "kind", "due_at", "id"],
                name="notification_waiting",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["user", "id"], name="notification_user"),
            models.Index(fields=["rule", "id"], name="notification_rule"),
            models.Index(fields=["id"], name="notification_webhooks", condition=~Q(webhook="")),
        ]

    def __str__(self) -> str:
        return f"{self.occasion}: {self.title[:60]}"
