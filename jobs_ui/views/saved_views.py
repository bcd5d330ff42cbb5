"""Saved views: kept by name, chosen in the list, looked after on a page of their own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs_ui.forms import parse_list_query
from jobs_ui.presentation.list_controls import view_words
from jobs_ui.saved_view_forms import UnusableView, parse_view_name, parse_view_query
from jobs_ui.saved_views import (
    LONGEST_NAME,
    MOST_VIEWS,
    NameInUse,
    SavedView,
    TooManyViews,
    choose_default,
    default_query,
    rename_view,
    save_view,
    views_of,
)
from jobs_ui.sources import get_source
from jobs_ui.views.problems import Problem, problem_page
from jobs_ui.views.rendering import person, render_page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`/`: the list under the person's default view. The list's own address always shows what it says."""
    return redirect(reverse("job_list") + default_query(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: HttpRequest) -> HttpResponse:
    """`/jobs/views/`: the person's views; a POST (`name`, `query`, perhaps `default`) saves one and leads to it."""
    source = get_source()
    if request.method == "POST":
        try:
            name = parse_view_name(request.POST.get("name", ""))
            query = parse_view_query(request.POST.get("query", ""), source.capabilities)
        except UnusableView as error:
            return _refused(request, str(error), reverse("job_list"))
        return _saved(request, name, query)
    stores = source.stores()
    views = [
        (view, view_words(parse_list_query(QueryDict(view.query), source.capabilities), stores))
        for view in views_of(person(request))
    ]
    return render_page(request, "saved_views", {"views": views, "longest_name": LONGEST_NAME})


@require_POST
def view_rename(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /jobs/views/<n>/rename/` with `name`."""
    view = _view(request, number)
    try:
        rename_view(view, parse_view_name(request.POST.get("name", "")))
    except UnusableView as error:
        return _refused(request, str(error), reverse("saved_views"))
    except NameInUse:
        sentence = _("You have another view of that name. Choose a different one, or rename or remove that view first.")
        return _refused(request, sentence, reverse("saved_views"))
    return redirect("saved_views")


@require_POST
def view_default(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /jobs/views/<n>/default/`: the console opens with it from now on; with `off`, with all jobs."""
    view = _view(request, number)
    choose_default(person(request), None if "off" in request.POST else view)
    return redirect("saved_views")


@require_POST
def view_remove(request: HttpRequest, number: int) -> HttpResponse:
    """`POST /jobs/views/<n>/remove/`."""
    view = _view(request, number)
    view.delete()
    messages.info(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    return redirect("saved_views")


def _view(request: HttpRequest, number: int) -> SavedView:
    """The reader's own view of that number. Raises Http404 for any other."""
    return get_object_or_404(SavedView, user=person(request), pk=min(number, 2**63 - 1))


def _saved(request: HttpRequest, name: str, query: str) -> HttpResponse:
    there = f"{reverse('job_list')}?{query}"
    try:
        view, is_new = save_view(person(request), name, query)
    except TooManyViews:
        sentence = _("You have %(number)s views, and no more fit. Remove one first.") % {"number": MOST_VIEWS}
        return _refused(request, sentence, reverse("saved_views"))
    if "default" in request.POST:
        choose_default(person(request), view)
    sentence = _("Saved as “%(name)s”.") if is_new else _("“%(name)s” shows this list from now on.")
    messages.info(request, sentence % {"name": name})
    return redirect(there)


def _refused(request: HttpRequest, sentence: str, back_url: str) -> HttpResponse:
    """A page that says why nothing was saved, and leads back."""
    return problem_page(
        request, Problem(400, _("The view is not saved"), sentence, back_url=back_url, back_words=_("Go back"))
    )
