"""The rows of the list as markup, grouped by day.

Written here and not in the template: fifty rows of two dozen variables each cost ten times what the database takes to
find them. Whatever was sent by others passes through `fill`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from urllib.parse import quote

from django.utils.safestring import SafeString
from django.utils.translation import get_language

from jobs_ui.presentation.durations import NOTHING, ago, day_label, duration
from jobs_ui.presentation.lanes import drawn, lane
from jobs_ui.presentation.markup import fill, joined
from jobs_ui.sources.base import JobRecord
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS, job_status, job_type

SHORT_ID = 8
LONGEST_CAPTION = 160
# As Django's reverse() has it: RFC 3986's sub-delimiters and what else a path may hold.
SAFE_IN_PATHS = "!$&'()*+,;=/~:@"
NOT_KNOWN = "now: not known"

ROW = (
    '<tr data-job-id="{0}" data-status="{1}">'
    '<td class="c-time"><time datetime="{2}T{3}Z" title="{2} {3} UTC">{4}</time><span class="sub">{5}</span></td>'
    "{6}"
    '<td class="c-job"><a class="job" id="job-{0}" href="{7}"{8}{9}</td>'
    '<td class="c-lane">{10}</td>'
    '<td class="c-wait n{11}">{12}</td><td class="c-run n{13}">{14}</td>'
    '<td class="c-res">{15}</td>{16}'
    '<td class="c-id"><code title="{0}">{17}</code>'
    '<button class="btn copy" type="button" id="copy-{0}" data-js data-copy aria-label="Copy job id {17}" hidden>'
    "{18}</button></td></tr>\n"
)
STATUS_CELLS = '<td class="c-node">{}</td><td class="c-st"><span class="st" title="{}">{}</span>{}</td>'
GONE = SafeString('<span class="sub gone" title="Elastic Path does not have this job any more">gone</span>')
CAPTION = '<span class="sub" title="{0}">{0}</span>'
CODE_CAPTION = '<span class="sub" title="{0}"><code>{0}</code></span>'
ICON = '<svg class="icon" aria-hidden="true"><use href="{}#i-{}"/></svg>'
NONE = SafeString("")
NO_FILE_YET = SafeString('<span class="quiet">file not written yet</span>')
FILE_BEING_WRITTEN = SafeString('<span class="quiet">file being written</span>')
FILES_GONE = SafeString('<span class="quiet">files gone</span>')
NO_FILE = SafeString('<span class="quiet" title="The export matched no products">no file</span>')
NO_ERRORS = SafeString('<span class="quiet">no errors</span>')
NO_RESULT = SafeString('<span class="quiet">–</span>')


@dataclass(frozen=True, slots=True)
class Look:
    """What the rows of a page share.

    `icons`: the address of the icons. `jobs_url`: the list's path, with which a job's begins. `is_down`: the API does
    not answer, so what runs is not known. `by_day`: the list is in order of creation. `stores`: their names by slug,
    where they are told apart.
    """

    now: datetime
    icons: str
    jobs_url: str
    is_down: bool = False
    by_day: bool = True
    stores: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one day (UTC); of all days, with an empty label, where the list is in another order."""

    label: str
    rows: SafeString


def days(jobs: Iterable[JobRecord], look: Look) -> list[Day]:
    """The jobs as rows under their days, in the order given."""
    if not look.by_day:
        rows = [row(job, look) for job in jobs]
        return [Day("", joined(rows))] if rows else []
    result = []
    for _, group in groupby(jobs, key=lambda job: job.created_at.date()):
        members = list(group)
        result.append(Day(day_label(members[0].created_at, look.now), joined([row(job, look) for job in members])))
    return result


def row(job: JobRecord, look: Look) -> SafeString:
    """The job as a row of the list."""
    created = job.created_at.isoformat(" ", "seconds")
    day, clock = created[:10], created[11:19]
    waited, ran = job.waited(look.now), job.ran(look.now)
    language = get_language() or ""
    wait_words, run_words = duration(waited), duration(ran)
    if look.is_down and job.status == STARTED and job.gone_at is None:
        run_words = NOT_KNOWN
    url = job_path(look.jobs_url, job.job_id)
    return fill(
        ROW,
        job.job_id,
        job.status,
        day,
        clock,
        clock if look.by_day else day,
        ago(job.created_at, look.now) if look.by_day else clock,
        _status_cells(job.status, job.gone_at is not None, look.icons, language),
        url,
        _type_words(job.type, language),
        _caption(job),
        drawn(lane(waited, ran)),
        " nil" if wait_words == NOTHING else "",
        wait_words,
        " nil" if run_words == NOTHING else "",
        run_words,
        result(job, url),
        fill('<td class="c-store">{}</td>', look.stores.get(job.store, job.store)) if look.stores else NONE,
        job.job_id[:SHORT_ID],
        _icon(look.icons, "copy"),
    )


def job_path(jobs_url: str, job_id: str) -> str:
    """The path of a job's page, as `reverse("job_detail", args=[job_id])` has it in ten times the time."""
    return f"{jobs_url}{quote(job_id, safe=SAFE_IN_PATHS)}/"


@lru_cache(maxsize=64)
def _icon(icons: str, name: str) -> SafeString:
    return fill(ICON, icons, name)


@lru_cache(maxsize=1024)
def _status_cells(name: str, is_gone: bool, icons: str, language: str) -> SafeString:
    status = job_status(name)
    return fill(STATUS_CELLS, _icon(icons, status.icon), name, status.label, GONE if is_gone else NONE)


@lru_cache(maxsize=1024)
def _type_words(name: str, language: str) -> SafeString:
    api_name = api_type(name)
    code = fill(' <code class="quiet">{}</code>', api_name) if api_name else NONE
    return fill(' title="{}">{}</a>{}', name, job_type(name).label, code)


def _caption(job: JobRecord) -> SafeString:
    words, is_code = what(job)
    if not words:
        return NONE
    pattern = (
        '<span class="sub" title="{0}"><code>{0}</code></span>'
        if is_code
        else '<span class="sub" title="{0}">{0}</span>'
    )
    return fill(pattern, shortened(words))


def api_type(name: str) -> str:
    """The API's name of a type where our words for it do not lead there: "" for `product-import`, "Product import"."""
    label = job_type(name).label
    return "" if name in (label, label.lower().replace(" ", "-")) else name


def what(job: JobRecord) -> tuple[str, bool]:
    """What the job works on, and whether that is an expression rather than words."""
    if job.is_export:
        return (job.filter, True) if job.filter else ("all products", False)
    if job.copied_from and job.hierarchy_id:
        return f"from {job.copied_from[:SHORT_ID]} to {job.hierarchy_id[:SHORT_ID]}", False
    if job.copied_from:
        return f"from {job.copied_from[:SHORT_ID]}", False
    return ("", False) if job_type(job.type).label != job.type else ("a type this console does not know yet", False)


def result(job: JobRecord, url: str) -> SafeString:
    """What came of the job: its files or its messages with a link to them, or that there is nothing yet."""
    if job.is_export and job.status == SUCCESS:
        if job.files is None:
            return NO_FILE_YET
        if not job.files:
            return NO_FILE
        if job.files_gone_at is not None:
            return FILES_GONE
        return fill('<a id="result-{}" href="{}#files">{}</a>', job.job_id, url, counted(len(job.files), "file"))
    if job.is_export and job.status == STARTED and job.gone_at is None:
        return FILE_BEING_WRITTEN
    if job.status == FAILED:
        return fill('<a class="bad" id="result-{}" href="{}errors/">{}</a>', job.job_id, url, _messages(job, "error"))
    if job.errors.count:
        return fill('<a id="result-{}" href="{}errors/">{}</a>', job.job_id, url, _messages(job, "notice"))
    if job.status == SUCCESS and job.errors.state == "none":
        return NO_ERRORS
    return NONE if job.status in (PENDING, STARTED, CANCELLED, SUCCESS) else NO_RESULT


def _messages(job: JobRecord, noun: str) -> str:
    if job.errors.count:
        return f"{job.errors.count_words} {noun}{'' if job.errors.count == 1 else 's'}"
    return "no errors listed" if job.errors.state == "none" else "errors not read yet"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `12,345 errors`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def shortened(text: str) -> str:
    """The text on one line, cut to what a row can show."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_CAPTION else line[: LONGEST_CAPTION - 1] + "…"
