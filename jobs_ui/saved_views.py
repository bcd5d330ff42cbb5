"""Saved views: filters and an order of the list under a name of somebody's own. A view is a link, and no more."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Case, Value, When

LONGEST_NAME = 60
MOST_VIEWS = 50


class TooManyViews(Exception):
    """Somebody has `MOST_VIEWS` already."""


class NameInUse(Exception):
    """Another view of the same person has that name."""


class SavedView(models.Model):
    """A view of one person. `query`: the list's query string, as `forms.ListQuery` writes it, without its `?`."""

    # Without an index of its own: the unique constraint begins with it.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.TextField()
    # Whether the console opens with it; of one view of a person at most.
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="savedview_name")]

    def __str__(self) -> str:
        return f"{self.name}: {self.query}"


class View(NamedTuple):
    """A `SavedView` to be shown."""

    number: int
    name: str
    query: str
    is_default: bool


MINE = "SELECT id, name, query, is_default FROM jobs_ui_savedview WHERE user_id = %s"


def views_of(user: User) -> list[View]:
    """The person's views by name, in one query. By hand: Django takes several times as long, on each list."""
    with connection.cursor() as cursor:
        cursor.execute(MINE, [user.pk])
        found = [View(number, name, query, bool(first)) for number, name, query, first in cursor.fetchall()]
    return sorted(found, key=lambda view: view.name.casefold())


def default_query(user: AbstractBaseUser | AnonymousUser) -> str:
    """The query string (with its `?`) that the console opens the list with for this person; "" for all jobs."""
    query = SavedView.objects.filter(user=user.pk, is_default=True).values_list("query", flat=True).first()
    return f"?{query}" if query else ""


def save_view(user: User, name: str, query: str) -> tuple[SavedView, bool]:
    """The view under that name, and whether it is a new one: a name that is in use is given to this query.

    Raises TooManyViews.
    """
    mine = SavedView.objects.filter(user=user)
    if not mine.filter(name=name).exists() and mine.count() >= MOST_VIEWS:
        raise TooManyViews
    return SavedView.objects.update_or_create(user=user, name=name, defaults={"query": query})


def rename_view(view: SavedView, name: str) -> None:
    """Raises NameInUse."""
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=name)
    except IntegrityError:
        raise NameInUse from None


def choose_default(user: User, view: SavedView | None) -> None:
    """The console opens with that view from now on; with all jobs for None."""
    mine = SavedView.objects.filter(user=user)
    if view is None:
        mine.update(is_default=False)
    else:
        # One statement, so that it is never two.
        mine.update(is_default=Case(When(pk=view.pk, then=Value(True)), default=Value(False)))
