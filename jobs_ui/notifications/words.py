"""What a notification says. Nothing in it is secret: no signed link, no address, no key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs_ui.jobs_api.text import clean_line
from jobs_ui.models import ErrorGroup, Job, NotificationRule
from jobs_ui.presentation.durations import duration, exact
from jobs_ui.presentation.numbers import whole
from jobs_ui.presentation.rows import counted
from jobs_ui.sources.mirror.rows import record
from jobs_ui.status import CANCELLED, FAILED, SUCCESS, is_final, job_type

MOST_GROUPS = 3
LONGEST_TITLE = 200
LONGEST_LINE = 300
MOST_TOGETHER = 20
"""Jobs that one message names where several are put together."""


class Said(NamedTuple):
    """The texts of a notification: one line, the lines below it, the page, and facts that JSON can hold."""

    title: str
    lines: list[str]
    path: str
    facts: dict[str, object]


def of_ended(job: Job, store_name: str) -> Said:
    """A job that has ended, or that Elastic Path does not have any more."""
    return _said(title_of_ended(job), [*_times(job), *_problems(job), *_files(job)], job, store_name)


def title_of_ended(job: Job) -> str:
    """What became of a job that has ended, or is gone, in one line.

    Pages show it in the reader's language. The process that sends has no reader, so that messages are in English.
    """
    errors = job.errors_count if job.status == FAILED else 0
    if job.gone_at is not None and not is_final(job.status):
        title = _("%(job)s is no longer known to Elastic Path")
    elif job.status == CANCELLED:
        title = _("%(job)s was cancelled")
    elif job.status == SUCCESS:
        title = _("%(job)s succeeded")
    elif errors:
        title = ngettext("%(job)s failed with %(count)s error", "%(job)s failed with %(count)s errors", errors)
    else:
        title = _("%(job)s failed")
    return title % {"job": _name(job), "count": whole(errors)}


def of_stuck(job: Job, store_name: str, now: datetime) -> Said:
    """A job that runs far beyond its usual time. `now` is by the API's clock."""
    ran = duration(record(job, (job.store,)).ran(now))
    lines = ["It may be stuck. While it runs nothing else of the organisation's queue does.", *_times(job)]
    return _said(f"{_name(job)} has been running for {ran}", lines, job, store_name)


def of_queue(rule: NotificationRule, store: str, store_name: str, waiting: int, oldest: Job | None) -> Said:
    """A queue that has become longer than a rule likes."""
    kind = f" of the type {job_type(rule.type).label}" if rule.type else ""
    verb = "waits" if waiting == 1 else "wait"
    title = f"{counted(waiting, 'job')}{kind} {verb} in {store_name}, more than {rule.longest:,}"
    lines = [f"The first in line was created {exact(oldest.created_at)}."] if oldest else []
    path = f"{reverse('queue')}?{urlencode({'store': store})}"
    facts: dict[str, object] = {"store": store, "waiting": waiting, "longest": rule.longest, "type": rule.type}
    return Said(clean_line(title, LONGEST_TITLE), lines, path, facts)


def together(rule: NotificationRule, titles: Sequence[str]) -> Said:
    """Several notifications of one rule as one message."""
    count = len(titles)
    words = {
        NotificationRule.FAILURE: f"{counted(count, 'job')} failed",
        NotificationRule.STUCK: f"{counted(count, 'job')} look stuck",
        NotificationRule.QUEUE: f"{counted(count, 'queue')} are long",
    }[rule.kind]
    lines = list(titles[:MOST_TOGETHER])
    if count > MOST_TOGETHER:
        lines.append(f"… and {count - MOST_TOGETHER:,} more")
    if rule.kind == NotificationRule.QUEUE:
        return Said(words, lines, reverse("queue"), {})
    status = {NotificationRule.FAILURE: "failed", NotificationRule.STUCK: "started"}[rule.kind]
    pairs = [("status", status), ("store", rule.store), ("type", rule.type)]
    return Said(words, lines, f"{reverse('job_list')}?{urlencode([pair for pair in pairs if pair[1]])}", {})


def _said(title: str, lines: list[str], job: Job, store_name: str) -> Said:
    facts: dict[str, object] = {
        "job": job.job_id,
        "store": job.store,
        "type": job.type,
        "status": job.status,
        "created_at": _iso(job.created_at),
        "started_at": _iso(job.started_at),
        "completed_at": _iso(job.completed_at),
        "errors": job.errors_count,
        "request_id": job.request_id,
    }
    lines = [*lines, f"Store: {store_name}", f"Job id: {job.job_id}"]
    if job.status == FAILED and job.request_id:
        lines.append(f"Request id, for Elastic Path's support: {job.request_id}")
    path = reverse("job_detail", args=[job.job_id])
    return Said(clean_line(title, LONGEST_TITLE), [clean_line(line, LONGEST_LINE) for line in lines], path, facts)


def _name(job: Job) -> str:
    return f"{job_type(job.type).label} {job.job_id[:8]}"


def _times(job: Job) -> list[str]:
    shown = record(job, (job.store,))
    parts = [f"Created {exact(job.created_at)}"]
    end = job.completed_at or job.read_at
    if (waited := shown.waited(end)) is not None:
        parts.append(f"waited {duration(waited)}")
    if job.completed_at is not None and (ran := shown.ran(end)) is not None:
        parts.append(f"ran {duration(ran)}")
    return [f"{', '.join(parts)}."]


def _problems(job: Job) -> list[str]:
    if not job.errors_count:
        return []
    groups = ErrorGroup.objects.filter(job=job, reading=job.errors_reading).order_by("number")[:MOST_GROUPS]
    return [f"{group.count:,} × {group.sample}" for group in groups]


def _files(job: Job) -> list[str]:
    return [f"{counted(len(job.files), 'file')} to download."] if job.files and job.files_gone_at is None else []


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
