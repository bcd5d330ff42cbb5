"""What there is to tell: watched jobs that have ended, and what the rules look out for.

Each occasion has a name, so that it is written down once, whoever finds it and however often.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from jobs_ui import models
from jobs_ui.insights.queue_jobs import QueueJob
from jobs_ui.insights.run_times import is_stuck, usual_times
from jobs_ui.models import ErrorsState, FailedJob, Job, JobWatch, LongQueue, Notification, NotificationRule
from jobs_ui.notifications import emails, words
from jobs_ui.notifications.words import Said
from jobs_ui.sources.mirror.queue_jobs import queue_history
from jobs_ui.sources.queue_knowledge import MOST_LEARNT
from jobs_ui.status import FINAL_STATUSES, PENDING, STARTED, job_type, names_of_type

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200
ERRORS_TAKE = timedelta(seconds=45)
"""How long a failure waits for its errors to be read: what to fix is what a reader wants to know."""
LEEWAY = timedelta(minutes=1)
"""By so much a failure may seem older than a rule and is told: clocks differ, also by what sync knows of the API's."""
SHORTEST_STUCK = timedelta(hours=1)
NO_TIME = timedelta(0)
# A queue is short again when it is this share of what a rule likes, so that one job more or less is not told each time.
SHORT_AGAIN = 0.8

_READ = (ErrorsState.NONE, ErrorsState.COMPLETE, ErrorsState.UNAVAILABLE)


class Lookout:
    """Looks what there is to tell. `stores`: the names of the configured stores by their slugs."""

    def __init__(self, stores: Mapping[str, str]) -> None:
        self._stores = stores

    def look(self, now: datetime) -> None:
        """Writes down what is to be told at `now`. Raises DatabaseError."""
        self._ended_watches(now)
        # In one order for all: two processes that write the same wait for each other, and never crosswise.
        on = NotificationRule.objects.filter(is_on=True, user__is_active=True, user__is_staff=True).order_by("id")
        rules = list(on.select_related("user"))
        self._failures(_of_kind(rules, NotificationRule.FAILURE), now)
        if stuck := _of_kind(rules, NotificationRule.STUCK):
            for store in self._stores:
                self._stuck(store, stuck, now)
        if queues := _of_kind(rules, NotificationRule.QUEUE):
            self._queues(queues, now)

    def _ended_watches(self, now: datetime) -> None:
        has_ended = Q(job__status__in=FINAL_STATUSES) | Q(job__gone_at__isnull=False)
        # By our clock: the API's may be another, and may not say when a job ended.
        just_failed = FailedJob.objects.filter(job=OuterRef("job"), at__gte=now - ERRORS_TAKE)
        can_tell = Q(job__errors_state__in=_READ) | ~Exists(just_failed)
        open_watches = JobWatch.objects.filter(has_ended, can_tell, ended_at=None).select_related("job", "user")
        watches = list(open_watches.order_by("id")[:MOST_AT_ONCE])
        for watch in watches:
            if watch.user.email and emails.is_configured():
                with _by_itself(watch.job):
                    said = words.of_ended(watch.job, self._name(watch.job.store))
                    _write([_notification(f"watch:{watch.pk}", Notification.ENDED, said, watch.user, now)])
        if watches:
            JobWatch.objects.filter(pk__in=[watch.pk for watch in watches]).update(ended_at=now)

    def _failures(self, rules: Sequence[NotificationRule], now: datetime) -> None:
        noted = FailedJob.objects.order_by("at", "id")[:MOST_AT_ONCE]
        # Not joined: SQLite then walks all jobs, however few have failed.
        jobs = Job.objects.in_bulk([failure.job_id for failure in noted])
        failed = [
            failure
            for failure in noted
            if failure.job_id in jobs and (jobs[failure.job_id].errors_state in _READ or failure.at < now - ERRORS_TAKE)
        ]
        if not failed:
            return
        offsets = _clock_offsets()
        for failure in failed:
            job = jobs[failure.job_id]
            by_our_clock = job.completed_at - offsets.get(job.store, NO_TIME) if job.completed_at else failure.at
            matching = [rule for rule in rules if _matches(rule, job) and by_our_clock + LEEWAY >= rule.since]
            if matching:
                with _by_itself(job):
                    _tell(matching, f"failed:{job.pk}", words.of_ended(job, self._name(job.store)), now)
        # Not one transaction with the above: what was written down twice would be told once all the same.
        FailedJob.objects.filter(pk__in=[failure.pk for failure in failed]).delete()

    def _stuck(self, store: str, rules: Sequence[NotificationRule], now: datetime) -> None:
        api_now = now + _clock_offsets().get(store, NO_TIME)
        started = Job.objects.filter(store=store, status=STARTED, gone_at=None)
        running = started.filter(started_at__lt=api_now - SHORTEST_STUCK).order_by("-created_at", "-id")
        # What the API said of them, which may be long, is not needed, and they are looked at every two seconds.
        untold = _untold(running.defer("raw", "filter")[:MOST_AT_ONCE], rules)
        if not untold:
            return
        usual = usual_times(queue_history(store, most=MOST_LEARNT))
        for job, matching in untold.items():
            if is_stuck(_queue_job(job), usual.get(job_type(job.type).name), api_now):
                with _by_itself(job):
                    _tell(matching, f"stuck:{job.pk}", words.of_stuck(job, self._name(store), api_now), now)

    def _queues(self, rules: Sequence[NotificationRule], now: datetime) -> None:
        told = set(LongQueue.objects.filter(rule__in=rules).values_list("rule_id", "store"))
        most = max(rule.longest for rule in rules) + 1
        # By store and type: rules of the same jobs count them once, and all no further than they have to.
        lengths: dict[tuple[str, str], int] = {}
        for rule in rules:
            for store in self._stores:
                if rule.store in ("", store):
                    if (store, rule.type) not in lengths:
                        lengths[store, rule.type] = _waiting(rule, store)[:most].count()
                    self._queue(rule, store, lengths[store, rule.type], now, is_told=(rule.pk, store) in told)

    def _queue(self, rule: NotificationRule, store: str, length: int, now: datetime, *, is_told: bool) -> None:
        if length > rule.longest and not is_told:
            waiting = _waiting(rule, store)
            oldest = waiting.order_by("created_at", "id").first()
            said = words.of_queue(rule, store, self._name(store), waiting.count(), oldest)
            with transaction.atomic():
                alarm, is_new = LongQueue.objects.get_or_create(rule=rule, store=store, defaults={"since": now})
                if is_new:
                    _tell([rule], f"queue:{store}:{alarm.since.isoformat()}", said, now)
        elif length <= rule.longest * SHORT_AGAIN and is_told:
            LongQueue.objects.filter(rule=rule, store=store).delete()

    def _name(self, store: str) -> str:
        return self._stores.get(store, store)


@contextmanager
def _by_itself(job: Job) -> Iterator[None]:
    """A job that cannot be put into words keeps none of the others from being told."""
    try:
        yield
    except (OperationalError, InterfaceError):
        # The database, and not the job.
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is: the others come after it
        # No traceback: it could show what the values were.
        logger.error("Nobody is told of job row %s: %s", job.pk, type(error).__name__)  # noqa: TRY400


def _of_kind(rules: Iterable[NotificationRule], kind: str) -> list[NotificationRule]:
    return [rule for rule in rules if rule.kind == kind]


def _matches(rule: NotificationRule, job: Job) -> bool:
    is_type = not rule.type or job_type(rule.type).name == job_type(job.type).name
    return is_type and rule.store in ("", job.store)


def _waiting(rule: NotificationRule, store: str) -> QuerySet[Job]:
    waiting = Job.objects.filter(store=store, status=PENDING, gone_at=None)
    return waiting.filter(type__in=names_of_type(rule.type)) if rule.type else waiting


def _tell(rules: Iterable[NotificationRule], what: str, said: Said, now: datetime) -> None:
    _write([_notification(f"rule:{rule.pk}:{what}", rule.kind, said, rule.user, now, rule) for rule in rules])


def _untold(jobs: Iterable[Job], rules: Iterable[NotificationRule]) -> dict[Job, list[NotificationRule]]:
    """The jobs that some of the rules look out for and have not told to be stuck yet, with these rules."""
    untold: dict[Job, list[NotificationRule]] = {}
    jobs = list(jobs)
    for rule in rules:
        names = {f"rule:{rule.pk}:stuck:{job.pk}": job for job in jobs if _matches(rule, job)}
        told = set(Notification.objects.filter(occasion__in=names).values_list("occasion", flat=True))
        for name in names.keys() - told:
            untold.setdefault(names[name], []).append(rule)
    return untold


def _notification(
    occasion: str, kind: str, said: Said, user: User, now: datetime, rule: NotificationRule | None = None
) -> Notification:
    return Notification(
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


def _write(rows: Sequence[Notification]) -> None:
    """Writes notifications down, but for those whose occasions have one."""
    told = Notification.objects.filter(occasion__in=[row.occasion for row in rows])
    known = set(told.values_list("occasion", flat=True))
    if new := [row for row in rows if row.occasion not in known]:
        with transaction.atomic():
            # Another process may have written them just now.
            Notification.objects.bulk_create(new, ignore_conflicts=True)


def _clock_offsets() -> dict[str, timedelta]:
    """The API's clock less ours by store, as sync last saw it."""
    return {
        store: timedelta(milliseconds=offset)
        for store, offset in models.SyncState.objects.values_list("store", "clock_offset_ms")
    }


def _queue_job(job: Job) -> QueueJob:
    return QueueJob(job.job_id, job.store, job.type, job.status, job.created_at, job.started_at, job.completed_at)
