"""The list of jobs: found, filtered and sorted as the URL says, older and newer pages by keyset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from jobs_ui.forms import SORTS_BY_CREATION, ListQuery, first_moment, last_moment, parse_list_query, unreadable_place
from jobs_ui.presentation import list_controls
from jobs_ui.presentation.durations import zone_name
from jobs_ui.presentation.lanes import GRID
from jobs_ui.presentation.rows import Look, days
from jobs_ui.saved_views import LONGEST_NAME, View, views_of
from jobs_ui.sources import get_source
from jobs_ui.sources.base import CannotAsk, JobPage, JobSource, StoreName, UnreadableCursor
from jobs_ui.views.list_waiting import NOTHING_STANDS, Standing, list_standing, read_standing, waiting_words
from jobs_ui.views.rendering import down, htmx_of, person, render_page, utc_now, wants_fragment

EMPTY = JobPage((), None, None)
# The id of the tabs' element, by which htmx says that it wants them.
TABS = "tabs"


@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """`/jobs/?q=…&status=…&before=…`; htmx gets the table and its pager alone, or the tabs with their counts."""
    source = get_source()
    query = parse_list_query(request.GET, source.capabilities)
    now = utc_now()
    look = Look(now, static("jobs_ui/icons.svg"), reverse("job_list"))
    context: dict[str, Any] = {"icons": look.icons, "capabilities": source.capabilities}  # Any: what a template gets
    is_fragment, fragment, trouble = wants_fragment(request), "jobs", None
    if is_fragment and htmx_of(request).target == TABS:
        fragment = "counts"
        context |= _counted_tabs(source, query, look)
    else:
        stores = source.stores()
        standing = read_standing(request.GET) if is_fragment else NOTHING_STANDS
        page, waiting, query, trouble = _read(source, query, standing)
        freshness = down(trouble) if trouble else source.freshness(now, query.filters.stores)
        look = replace(
            look,
            now=now + freshness.clock_offset,
            is_down=freshness.state == "down",
            by_day=query.filters.sort in SORTS_BY_CREATION,
            stores={store.slug: store.name for store in stores} if len(stores) > 1 else {},
        )
        context |= {"new_words": waiting_words(waiting)}
        context |= {"freshness": freshness, "now": now, **_table(source, query, page, look, stores)}
        if not is_fragment:
            context |= _controls(source, query, look, stores)
            context |= _saved_views(query, look, views_of(person(request)))
    response = render_page(request, "job_list", context, status=503 if trouble else 200, fragment=fragment)
    patch_vary_headers(response, ["HX-Target"])
    return response


def _read(source: JobSource, query: ListQuery, standing: Standing) -> tuple[JobPage, int, ListQuery, CannotAsk | None]:
    """The page that the query asks for, and how many new jobs wait; the newest page, with a sentence, where its cursor
    cannot be read.
    """
    try:
        page, waiting = list_standing(source, query, standing)
    except UnreadableCursor:
        query = replace(query, before=None, after=None, problems=(*query.problems, unreadable_place()))
        return _read(source, query, standing)
    except CannotAsk as error:
        return EMPTY, 0, query, error
    return page, waiting, query, None


def _table(
    source: JobSource, query: ListQuery, page: JobPage, look: Look, stores: Sequence[StoreName]
) -> dict[str, Any]:
    """What the rows, their head and their foot need."""
    path, filters = look.jobs_url, query.filters
    return {
        "look": look,
        "page": page,
        "q": filters.q,
        "days": days(page.jobs, look),
        "grid": GRID,
        "heads": list_controls.heads(path, query, source.capabilities),
        "sort_words": list_controls.SORT_WORDS[filters.sort],
        "is_filtered": bool(filters),
        "filter_words": list_controls.filter_words(query, stores),
        "drops": [] if page.jobs else list_controls.drops(path, query),
        "is_newest": not query.cursor,
        "looked_words": ""
        if page.jobs or page.scanned is None
        else list_controls.looked_words(page, source.capabilities.filters, is_newest=not query.cursor),
        "words_url": path + query.but(q=f'"{filters.q}"').url_query() if page.searched_by_id else "",
        **list_controls.pager_words(filters.sort),
        "older_url": f"{path}{query.url_query(before=page.older)}" if page.older else "",
        "newer_url": f"{path}{query.url_query(after=page.newer)}" if page.newer else "",
        "newest_url": f"{path}{query.url_query()}",
        "refresh_url": f"{path}{query.url_query(**query.cursor)}",
        "csv_url": f"{reverse('jobs_csv')}{query.url_query()}",
    }


def _controls(source: JobSource, query: ListQuery, look: Look, stores: Sequence[StoreName]) -> dict[str, Any]:
    """What the page has around its table."""
    seen_types, seen_statuses = source.seen()
    filters, capabilities = query.filters, source.capabilities
    return {
        "problems": query.problems,
        "tabs": list_controls.tabs(query, look, seen_statuses, None, figures=capabilities.counts),
        "counts_url": look.jobs_url + query.url_query(),
        "types": list_controls.types(query, seen_types),
        "stores": list_controls.stores(query, stores, capabilities),
        "sorts": list_controls.sorts(query, capabilities),
        "filters": filters,
        "filters_on": sum(map(bool, (filters.types, filters.stores, filters.created_from or filters.created_to))),
        "zone_from": zone_name(filters.created_from),
        "zone_to": zone_name(filters.created_to),
        "created_from": first_moment(filters),
        "created_to": last_moment(filters),
    }


def _saved_views(query: ListQuery, look: Look, saved: Sequence[View]) -> dict[str, Any]:
    """The menu of saved views: to choose one, and to save what is shown where it is something of its own."""
    links = list_controls.saved_view_links(look.jobs_url, query, saved)
    shown = next((link for link in links if link.is_shown), None)
    return {
        "views": links,
        "shown_view": shown,
        "view_query": "" if shown or query.problems else query.url_query().removeprefix("?"),
        "longest_name": LONGEST_NAME,
    }


def _counted_tabs(source: JobSource, query: ListQuery, look: Look) -> dict[str, Any]:
    counts, seen = source.counts(query.filters) or {}, source.seen()[1]
    return {
        "tabs": list_controls.tabs(query, look, seen, counts, figures=source.capabilities.counts),
        "counts_url": look.jobs_url + query.url_query(),
        "is_counted": True,
    }
