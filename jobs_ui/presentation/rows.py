"""The rows of the list as markup, grouped by day.

Written here and not in the template: fifty rows of two dozen variables each cost ten times what the database takes to
find them. For the same reason `Look` holds the reader's language and zone, and words are remembered by language.
Whatever was sent by others passes through `fill`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

from django.utils import timezone
from django.utils.formats import get_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from jobs_ui.presentation.durations import NOTHING, ago, day_words, duration, short_date, zone_name
from jobs_ui.presentation.lanes import drawn, lane
from jobs_ui.presentation.markup import by_language, fill, joined
from jobs_ui.sources.base import ErrorsReading, JobRecord
from jobs_ui.status import CANCELLED, FAILED, PENDING, STARTED, SUCCESS, job_status, job_type

SHORT_ID = 8
LONGEST_CAPTION = 160
# As Django's reverse() has it: RFC 3986's sub-delimiters and what else a path may hold.
SAFE_IN_PATHS = "!$&'()*+,;=/~:@"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ROW = (
    '<tr data-job-id="{0}" data-status="{1}">'
    '<td class="c-time"><time datetime="{2}Z" title="{3}">{4}</time><span class="sub">{5}</span></td>'
    "{6}"
    '<td class="c-job"><a class="job" id="job-{0}" href="{7}"{8}{9}</td>'
    '<td class="c-lane">{10}</td>'
    '<td class="c-wait n{11}" data-as="{20}">{12}</td><td class="c-run n{13}" data-as="{21}">{14}</td>'
    '<td class="c-res">{15}</td>{16}'
    '<td class="c-id"><code title="{0}">{17}</code>'
    '<button class="btn copy" type="button" id="copy-{0}" data-js data-copy aria-label="{18}" hidden>'
    "{19}</button></td></tr>\n"
)
STATUS_CELLS = '<td class="c-node">{}</td><td class="c-st"><span class="st" title="{}">{}</span>{}</td>'
GONE = '<span class="sub gone" title="{}">{}</span>'
CAPTION = '<span class="sub" title="{0}">{0}</span>'
CODE_CAPTION = '<span class="sub" title="{0}"><code>{0}</code></span>'
STORE = '<td class="c-store" title="{0}">{0}</td>'
ICON = '<svg class="icon" aria-hidden="true"><use href="{}#i-{}"/></svg>'
QUIET = '<span class="quiet">{}</span>'
NONE = SafeString("")
NO_RESULT = fill(QUIET, NOTHING)


class Words(NamedTuple):
    """What rows say, in one language. `copy` takes the short id; `waited` and `ran` go before a length, on a phone."""

    copy: str
    waited: str
    ran: str
    not_known: str
    no_file_yet: SafeString
    file_being_written: SafeString
    files_gone: SafeString
    no_file: SafeString
    no_errors: SafeString


@by_language
def _words() -> Words:
    return Words(
        copy=_("Copy job id %(id)s"),
        waited=_("waited"),
        ran=_("ran"),
        not_known=_("now: not known"),
        no_file_yet=fill(QUIET, _("file not written yet")),
        file_being_written=fill(QUIET, _("file being written")),
        files_gone=fill(QUIET, _("files gone")),
        no_file=fill('<span class="quiet" title="{}">{}</span>', _("The export matched no products"), _("no file")),
        no_errors=fill(QUIET, _("no errors")),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What the rows of a page share.

    `icons`: the address of the icons. `jobs_url`: the list's path, with which a job's begins. `is_down`: the API does
    not answer, so what runs is not known. `by_day`: the list is in order of creation. `stores`: their names by slug,
    where they are told apart. The others are the reader's: language, zone, what the head of the times calls the zone,
    and what separates decimals.
    """

    now: datetime
    icons: str
    jobs_url: str
    is_down: bool = False
    by_day: bool = True
    stores: Mapping[str, str] = field(default_factory=dict)
    language: str = field(default_factory=lambda: get_language() or "en")
    zone: tzinfo = field(default_factory=timezone.get_current_timezone)
    zone_name: str = field(default_factory=zone_name)
    decimals: str = field(default_factory=lambda: get_format("DECIMAL_SEPARATOR"))


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one day (the reader's); of all days, with an empty label, where the list is in another order."""

    label: str
    rows: SafeString


def days(jobs: Iterable[JobRecord], look: Look) -> list[Day]:
    """The jobs as rows under their days, in the order given."""
    if not look.by_day:
        rows = [row(job, look) for job in jobs]
        return [Day("", joined(rows))] if rows else []
    result = []
    for _day, group in groupby(jobs, key=lambda job: job.created_at.astimezone(look.zone).date()):
        members = list(group)
        result.append(Day(_label(members, look), joined([row(job, look) for job in members])))
    return result


def _label(members: Iterable[JobRecord], look: Look) -> str:
    """The day, and its own name of the zone where clocks went otherwise than the head of the times says."""
    moments = [job.created_at.astimezone(look.zone) for job in members]
    label = _day(look.language, moments[0].date(), look.now.astimezone(look.zone).date())
    names = dict.fromkeys(str(moment.tzname()) for moment in reversed(moments))
    return label if [*names] == [look.zone_name] else f"{label} ({', '.join(names)})"


def row(job: JobRecord, look: Look) -> SafeString:
    """The job as a row of the list."""
    words = _words(look.language)
    waited, ran = job.waited(look.now), job.ran(look.now)
    wait_words, run_words = duration(waited, look.decimals), duration(ran, look.decimals)
    if look.is_down and job.status == STARTED and job.gone_at is None:
        run_words = words.not_known
    url, short_id = job_path(look.jobs_url, job.job_id), job.job_id[:SHORT_ID]
    return fill(
        ROW,
        job.job_id,
        job.status,
        *_created(job.created_at, look),
        _status_cells(look.language, job.status, job.gone_at is not None, look.icons),
        url,
        _type_words(look.language, job.type),
        _caption(job),
        drawn(lane(waited, ran)),
        " nil" if wait_words == NOTHING else "",
        wait_words,
        " nil" if run_words == NOTHING else "",
        run_words,
        result(job, url, look.language),
        fill(STORE, look.stores.get(job.store, job.store)) if look.stores else NONE,
        short_id,
        words.copy % {"id": short_id},
        _icon(look.icons, "copy"),
        words.waited,
        words.ran,
    )


def _created(moment: datetime, look: Look) -> tuple[str, str, str, str]:
    """The moment for machines, for the pointer (as `durations.hover` has it), and on the cell's two lines."""
    here, utc = moment.astimezone(look.zone), moment.isoformat()[:19]
    day, clock, zone = _date(look.language, here.date()), here.isoformat()[11:19], str(here.tzname())
    title = f"{day} {clock} {zone}"
    if here.utcoffset():
        title += f" = {_date(look.language, moment.date())} {utc[11:]} UTC"
    if look.by_day:
        return utc, title, clock, _ago(look.language, _rounded(look.now - moment))
    return utc, title, day, clock if zone == look.zone_name else f"{clock} {zone}"


def job_path(jobs_url: str, job_id: str) -> str:
    """The path of a job's page, as `reverse("job_detail", args=[job_id])` has it in ten times the time."""
    return f"{jobs_url}{quote(job_id, safe=SAFE_IN_PATHS)}/"


@lru_cache(maxsize=64)
def _icon(icons: str, name: str) -> SafeString:
    return fill(ICON, icons, name)


@by_language
def _status_cells(name: str, is_gone: bool, icons: str) -> SafeString:
    status = job_status(name)
    gone = fill(GONE, _("Elastic Path does not have this job any more"), _("gone")) if is_gone else NONE
    return fill(STATUS_CELLS, _icon(icons, status.icon), name, status.label, gone)


@by_language
def _type_words(name: str) -> SafeString:
    api_name = api_type(name)
    code = fill(' <code class="quiet">{}</code>', api_name) if api_name else NONE
    return fill(' title="{}">{}</a>{}', name, job_type(name).label, code)


@by_language
def _day(day: date, today: date) -> str:
    return day_words(day, today)


@by_language
def _date(day: date) -> str:
    return short_date(day)


@by_language
def _ago(seconds: int) -> str:
    return ago(EPOCH, EPOCH + timedelta(seconds=seconds))


def _rounded(age: timedelta) -> int:
    """The age in seconds, down to what its words tell: so that many ages have the same words."""
    seconds = max(int(age.total_seconds()), 0)
    size = 1 if seconds < 60 else 60 if seconds < 3600 else 3600 if seconds < 86400 else 86400
    return seconds - seconds % size


def _caption(job: JobRecord) -> SafeString:
    words, is_code = what(job)
    return fill(CODE_CAPTION if is_code else CAPTION, shortened(words)) if words else NONE


def api_type(name: str) -> str:
    """The API's name of a type where our words for it do not lead there: "" for `product-import`, "Product import".

    In any language: those of English tell what was renamed, and whose name the reader might look for.
    """
    with override("en"):
        label = str(job_type(name).label)
    return "" if name in (label, label.lower().replace(" ", "-")) else name


def what(job: JobRecord) -> tuple[str, bool]:
    """What the job works on, and whether that is an expression rather than words."""
    if job.is_export:
        return (job.filter, True) if job.filter else (_("all products"), False)
    if job.copied_from and job.hierarchy_id:
        ids = {"this": job.copied_from[:SHORT_ID], "that": job.hierarchy_id[:SHORT_ID]}
        return _("from %(this)s to %(that)s") % ids, False
    if job.copied_from:
        return _("from %(this)s") % {"this": job.copied_from[:SHORT_ID]}, False
    return ("", False) if job_type(job.type).label != job.type else (_("a type this console does not know yet"), False)


def result(job: JobRecord, url: str, language: str) -> SafeString:
    """What came of the job: its files or its messages with a link to them, or that there is nothing yet."""
    words = _words(language)
    if job.is_export and job.status == SUCCESS:
        if job.files is None:
            return words.no_file_yet
        if not job.files:
            return words.no_file
        if job.files_gone_at is not None:
            return words.files_gone
        return fill('<a id="result-{}" href="{}#files">{}</a>', job.job_id, url, _files(language, len(job.files)))
    if job.is_export and job.status == STARTED and job.gone_at is None:
        return words.file_being_written
    if job.status == FAILED:
        errors = _errors(language, job.errors.count, job.errors.state)
        return fill('<a class="bad" id="result-{}" href="{}errors/">{}</a>', job.job_id, url, errors)
    if job.errors.count:
        notices = _notices(language, job.errors.count, job.errors.state)
        return fill('<a id="result-{}" href="{}errors/">{}</a>', job.job_id, url, notices)
    if job.status == SUCCESS and job.errors.state == "none":
        return words.no_errors
    return NONE if job.status in (PENDING, STARTED, CANCELLED, SUCCESS) else NO_RESULT


@by_language
def _files(count: int) -> str:
    return ngettext("%(count)s file", "%(count)s files", count) % {"count": number_format(count, use_l10n=True)}


@by_language
def _errors(count: int, state: str) -> str:
    if not count:
        return _("no errors listed") if state == "none" else _("errors not read yet")
    words = ErrorsReading(state, count).count_words
    return ngettext("%(count)s error", "%(count)s errors", count) % {"count": words}


@by_language
def _notices(count: int, state: str) -> str:
    words = ErrorsReading(state, count).count_words
    return ngettext("%(count)s notice", "%(count)s notices", count) % {"count": words}


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `12,345 errors`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def shortened(text: str) -> str:
    """The text on one line, cut to what a row can show."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_CAPTION else line[: LONGEST_CAPTION - 1] + "…"
