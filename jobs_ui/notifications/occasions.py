"""What there is to tell: watched jobs that have ended, and what the rules look out for.

Each occasion has a name, so that it is written down once, whoever finds it and however often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from jobs_ui import models
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.run_times import UsualTime, is_stuck, usual_times
from jobs_ui.models import ErrorsState, FailedJob, Job, JobWatch, LongQueue, Notification, NotificationRule
from jobs_ui.notifications import emails, words
from jobs_ui.notifications.words import Said
from jobs_ui.sources.mirror.queue_jobs import queue_history
from jobs_ui.sources.queue_knowledge import MOST_LEARNT
from jobs_ui.status import FINAL_STATUSES, PENDING, STARTED, job_type, names_of_type

MOST_AT_ONCE = 200
ERRORS_TAKE = timedelta(seconds=45)
"""How long a failure waits for its errors to be read: what to fix is what a reader wants to know."""
LEEWAY = timedelta(minutes=1)
"""The clocks of the API and of this console differ by so much at least before a failure counts as older than a rule."""
SHORTEST_STUCK = timedelta(hours=1)
# A queue is short again when it is this share of what a rule likes, so that one job more or less is not told each time.
SHORT_AGAIN = 0.8

_READ = (ErrorsState.NONE, ErrorsState.COMPLETE, ErrorsState.UNAVAILABLE)


class Lookout:
    """Looks what there is to tell. `stores`: the names of the configured stores by their slugs."""

    def __init__(self, stores: Mapping[str, str]) -> None:
        self._stores = stores

    def look(self, now: datetime) -> int:
        """Writes down what is to be told at `now`; returns how many occasions there were. Raises DatabaseError."""
        found = self._ended_watches(now)
        rules = list(
            NotificationRule.objects.filter(is_on=True, user__is_active=True, user__is_staff=True).select_related(
                "user"
            )
        )
        found += self._failures(_of_kind(rules, NotificationRule.FAILURE), now)
        if stuck := _of_kind(rules, NotificationRule.STUCK):
            found += sum(self._stuck(store, stuck, now) for store in self._stores)
        if queues := _of_kind(rules, NotificationRule.QUEUE):
            found += sum(self._queue(rule, store, now) for rule in queues for store in self._stores)
        return found

    def _ended_watches(self, now: datetime) -> int:
        has_ended = Q(job__status__in=FINAL_STATUSES) | Q(job__gone_at__isnull=False)
        can_tell = (
            ~Q(job__status="failed") | Q(job__errors_state__in=_READ) | Q(job__completed_at__lt=now - ERRORS_TAKE)
        )
        watches = JobWatch.objects.filter(has_ended, can_tell, ended_at=None).select_related("job", "user")
        count = 0
        for watch in watches.order_by("id")[:MOST_AT_ONCE]:
            with transaction.atomic():
                if watch.user.email and emails.is_configured():
                    said = words.of_ended(watch.job, self._name(watch.job.store))
                    _write(f"watch:{watch.pk}", Notification.ENDED, said, watch.user, now)
                JobWatch.objects.filter(pk=watch.pk).update(ended_at=now)
            count += 1
        return count

    def _failures(self, rules: Sequence[NotificationRule], now: datetime) -> int:
        can_tell = Q(job__errors_state__in=_READ) | Q(at__lt=now - ERRORS_TAKE)
        failed = FailedJob.objects.filter(can_tell).select_related("job").order_by("at", "id")[:MOST_AT_ONCE]
        count = 0
        for failure in failed:
            job = failure.job
            ended = (job.completed_at or failure.at) + LEEWAY
            matching = [rule for rule in rules if _matches(rule, job) and ended >= rule.since]
            with transaction.atomic():
                if matching:
                    self._tell(matching, f"failed:{job.pk}", words.of_ended(job, self._name(job.store)), now)
                    count += 1
                failure.delete()
        return count

    def _stuck(self, store: str, rules: Sequence[NotificationRule], now: datetime) -> int:
        api_now = now + _clock_offset(store)
        running = Job.objects.filter(
            store=store, status=STARTED, gone_at=None, started_at__lt=api_now - SHORTEST_STUCK
        ).order_by("-created_at", "-id")[:MOST_AT_ONCE]
        jobs = [job for job in running if any(_matches(rule, job) for rule in rules)]
        if not jobs:
            return 0
        usual = _usual_times(store)
        count = 0
        for job in jobs:
            if is_stuck(_queue_job(job), usual.get(job_type(job.type).name), api_now):
                matching = [rule for rule in rules if _matches(rule, job)]
                count += self._tell(matching, f"stuck:{job.pk}", words.of_stuck(job, self._name(store), api_now), now)
        return count

    def _queue(self, rule: NotificationRule, store: str, now: datetime) -> int:
        if rule.store not in ("", store):
            return 0
        waiting = _waiting(rule, store)
        length = waiting[: rule.longest + 1].count()
        told = LongQueue.objects.filter(rule=rule, store=store)
        if length > rule.longest:
            if told.exists():
                return 0
            oldest = waiting.order_by("created_at", "id").first()
            said = words.of_queue(rule, store, self._name(store), waiting.count(), oldest)
            with transaction.atomic():
                alarm, is_new = LongQueue.objects.get_or_create(rule=rule, store=store, defaults={"since": now})
                return self._tell([rule], f"queue:{store}:{alarm.since.isoformat()}", said, now) if is_new else 0
        if length <= rule.longest * SHORT_AGAIN:
            told.delete()
        return 0

    def _tell(self, rules: Iterable[NotificationRule], what: str, said: Said, now: datetime) -> int:
        return sum(_write(f"rule:{rule.pk}:{what}", rule.kind, said, rule.user, now, rule) for rule in rules)

    def _name(self, store: str) -> str:
        return self._stores.get(store, store)


def _of_kind(rules: Iterable[NotificationRule], kind: str) -> list[NotificationRule]:
    return [rule for rule in rules if rule.kind == kind]


def _matches(rule: NotificationRule, job: Job) -> bool:
    is_type = not rule.type or job_type(rule.type).name == job_type(job.type).name
    return is_type and rule.store in ("", job.store)


def _waiting(rule: NotificationRule, store: str) -> QuerySet[Job]:
    waiting = Job.objects.filter(store=store, status=PENDING, gone_at=None)
    return waiting.filter(type__in=names_of_type(rule.type)) if rule.type else waiting


def _write(
    occasion: str, kind: str, said: Said, user: User, now: datetime, rule: NotificationRule | None = None
) -> int:
    """Writes a notification down, unless that occasion has one; returns how many were written."""
    row = Notification(
        occasion=occasion,
        kind=kind,
        user=user,
        username=user.get_username(),
        rule=rule,
        webhook=rule.webhook if rule else "",
        title=said.title,
        lines=said.lines,
        facts=said.facts,
        path=said.path,
        created_at=now,
        due_at=now,
    )
    if Notification.objects.filter(occasion=occasion).exists():
        return 0
    # Another process may have written it just now.
    Notification.objects.bulk_create([row], ignore_conflicts=True)
    return 1


def _clock_offset(store: str) -> timedelta:
    """The API's clock less ours, as sync last saw it."""
    found = models.SyncState.objects.filter(store=store).values_list("clock_offset_ms", flat=True).first()
    return timedelta(milliseconds=found or 0)


def _usual_times(store: str) -> dict[str, UsualTime]:
    return usual_times(queue_history(store, most=MOST_LEARNT))


def _queue_job(job: Job) -> QueueJob:
    return QueueJob(job.job_id, job.store, job.type, job.status, job.created_at, job.started_at, job.completed_at)
