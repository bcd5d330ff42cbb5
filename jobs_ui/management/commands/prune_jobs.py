"""Removes old jobs from the mirror. Elastic Path keeps its own; only what this console remembers gets less."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from jobs_ui import models
from jobs_ui.day_sums import mark
from jobs_ui.presentation.durations import exact
from jobs_ui.status import FINAL_STATUSES
from jobs_ui.sync.clocks import breathe, utc_now

BATCH = 500
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
SHORTEST = timedelta(days=1)
LONGEST_DAYS = 36_500


def age(text: str) -> timedelta:
    """`400d`, `12w`, `48h` as a time. Raises argparse's error, a sentence, for anything else and less than a day."""
    match = re.fullmatch(r"([0-9]{1,6})([hdw])", text.strip())
    value = int(match[1]) * UNITS[match[2]] if match else timedelta(0)
    if not SHORTEST <= value <= timedelta(days=LONGEST_DAYS):
        raise ArgumentTypeError("should be an age such as 400d, 12w or 48h, of a day at least")
    return value


class Command(BaseCommand):
    help = (
        "Removes jobs that were created longer ago than an age from the mirror, with their errors. Says what it would "
        "remove; with --yes it does. Jobs that are not final stay, whatever their age."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", type=age, required=True, metavar="AGE", help="such as 400d, 12w or 48h")
        parser.add_argument("--store", metavar="SLUG", help="of this store alone")
        parser.add_argument("--yes", action="store_true", help="remove them; without it nothing is changed")

    # Any: what argparse hands over, as in Django's own signature.
    def handle(self, *args: Any, **options: Any) -> None:
        before = utc_now() - options["older_than"]
        jobs = _old(before)
        if (store := options["store"]) is not None:
            if not models.SyncState.objects.filter(store=store).exists():
                known = ", ".join(models.SyncState.objects.order_by("store").values_list("store", flat=True))
                raise CommandError(f"The mirror knows no store called {store!r}. It knows: {known or 'none yet'}.")
            jobs = jobs.filter(store=store)
        rows = jobs.values("store").annotate(count=Count("pk"), newest=Max("created_at")).order_by("store")
        verb = "Removing" if options["yes"] else "Would remove"
        total = 0
        for row in rows:
            total += row["count"]
            self.stdout.write(
                f"{verb} {row['count']:,} jobs of store {row['store']}, the newest of {exact(row['newest'])}."
            )
        if not total:
            self.stdout.write(f"No final job was created before {exact(before)}: there is nothing to remove.")
        elif options["yes"]:
            # First: a walk that is under way would take in again what is removed before its eyes.
            _keep_away(before, [row["store"] for row in rows])
            self.stdout.write(f"Removed {_remove(jobs):,} jobs.")
        else:
            self.stdout.write("Nothing has been changed. Repeat with --yes to remove them.")


def _keep_away(before: datetime, stores: list[str]) -> None:
    """Sync does not take in again what is removed: Elastic Path may list these jobs for years."""
    states = models.SyncState.objects.filter(Q(pruned_before=None) | Q(pruned_before__lt=before), store__in=stores)
    states.update(pruned_before=before)


def _old(before: datetime) -> QuerySet[models.Job]:
    is_done = Q(status__in=FINAL_STATUSES) | Q(gone_at__isnull=False)
    return models.Job.objects.filter(is_done, created_at__lt=before)


def _remove(jobs: QuerySet[models.Job]) -> int:
    """Removes in short transactions, so that sync and pages go on meanwhile; a cut off run can simply be repeated."""
    removed = 0
    while keys := list(jobs.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        # First and apart: one job alone may have 100,000 messages.
        _remove_in_pieces(models.JobError.objects.filter(job_id__in=keys))
        _remove_in_pieces(models.ErrorValues.objects.filter(group__job_id__in=keys))
        _remove_in_pieces(models.ErrorGroup.objects.filter(job_id__in=keys))
        with transaction.atomic():
            gone = models.Job.objects.filter(pk__in=keys).values_list("store", "created_at")
            moments: dict[str, list[datetime]] = {}
            for store, created_at in gone:
                moments.setdefault(store, []).append(created_at)
            models.JobText.objects.filter(job_id__in=keys).delete()
            models.Job.objects.filter(pk__in=keys).delete()
            for store, each in sorted(moments.items()):
                mark(store, each, utc_now())
        removed += len(keys)
        if len(keys) < BATCH:
            break
        breathe()
    return removed


def _remove_in_pieces(rows: QuerySet[Any]) -> None:  # Any: of any model
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        if len(keys) < BATCH:
            return
        breathe()
