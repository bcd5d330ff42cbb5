"""What a refresh of the list shows: the rows that stand there already. New jobs wait until they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.http import QueryDict
from django.utils.translation import ngettext

from jobs_ui.forms import ListQuery
from jobs_ui.sources.base import NEWEST_FIRST, PAGE_SIZE, JobPage, JobRecord, JobSource

ONE_SECOND = timedelta(seconds=1)
END_OF_ID = 12
"""Characters that tell the jobs of a page apart; fifty whole ids would make a long address."""
MOST_SHOWN = 2 * PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on the reader's page: the ends of the jobs' ids, and the first second after the first one."""

    shown: frozenset[str] = frozenset()
    until: datetime | None = None

    def has(self, job: JobRecord) -> bool:
        """Whether the job is on the reader's page."""
        return job.job_id[-END_OF_ID:] in self.shown


NOTHING_STANDS = Standing()


def read_standing(query: QueryDict) -> Standing:
    """What console.js tells with a refresh: `shown`, and `top`, the first row's creation. What cannot be read is left
    out.
    """
    shown = frozenset(query.getlist("shown")[:MOST_SHOWN])
    try:
        top = datetime.fromisoformat(query.get("top", ""))
        return Standing(shown, (top if top.tzinfo else top.replace(tzinfo=UTC)).astimezone(UTC) + ONE_SECOND)
    except (ValueError, OverflowError):
        return Standing(shown)


def list_standing(source: JobSource, query: ListQuery, standing: Standing) -> tuple[JobPage, int]:
    """The page of the query without the new jobs, and how many these are: `PAGE_SIZE` + 1 for any more.

    Where nothing of what stood there is left, it is the page as it is. Raises UnreadableCursor and CannotAsk.
    """
    until = standing.until if _begins_newest(source, query) else None
    whole = query.filters
    filters = replace(whole, created_to=min(until, whole.created_to or until)) if until else whole
    page = source.list_jobs(filters, before=query.before, after=query.after)
    new = _new(page, standing)
    if new and page.older:
        # As many rows more as will be left out: those at the end are in view as well.
        page = source.list_jobs(filters, before=query.before, after=query.after, size=PAGE_SIZE + len(new))
        new = _new(page, standing)
    if not any(map(standing.has, page.jobs)):
        return (source.list_jobs(whole, before=query.before, after=query.after) if until else page), 0
    count = len(new)
    if until:
        newer = source.list_jobs(replace(whole, created_from=max(until, whole.created_from or until)))
        count += len(newer.jobs) + bool(newer.older)
    return replace(page, jobs=tuple(job for job in page.jobs if job.job_id not in new)), min(count, PAGE_SIZE + 1)


def _begins_newest(source: JobSource, query: ListQuery) -> bool:
    """Whether new jobs come in front of this page, in an order where their number can be told at once."""
    is_plain = query.filters.sort == NEWEST_FIRST and not query.filters.q
    return is_plain and not query.cursor and source.capabilities.filters == "index"


def _new(page: JobPage, standing: Standing) -> frozenset[str]:
    """The ids of the jobs that would push a row that stands there: none of those after the last of these rows."""
    places = [place for place, job in enumerate(page.jobs) if standing.has(job)]
    before_last = page.jobs[: places[-1]] if places else ()
    return frozenset(job.job_id for job in before_last if not standing.has(job))


def waiting_words(count: int) -> str:
    """`1 new job`, `50+ new jobs`; "" for none."""
    if not count:
        return ""
    number = f"{PAGE_SIZE}+" if count > PAGE_SIZE else str(count)
    return ngettext("%(number)s new job", "%(number)s new jobs", count) % {"number": number}
