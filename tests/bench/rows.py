"""Invented jobs, as the mirror would hold them after years of sync. The same for the same numbers and seed.

Plain tuples of text and numbers: Django's models would take an hour for what this does in half a minute.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from jobs_ui.insights.error_groups import GROUPER, ErrorGroup, Grouping
from jobs_ui.insights.shapes import shape_of
from jobs_ui.models import UNKNOWN_MS
from jobs_ui.sync.store import searchable
from tests.bench.facts import RARE_PLACES, RARE_TYPES, Facts

Value = str | int | None
Row = tuple[Value, ...]
Message = Callable[[random.Random], str]

YEARS = timedelta(days=4 * 365)
CHUNK = 5_000
MANY_ERRORS = 12_345
READING = 1

JOB_COLUMNS = (
    "id",
    "store",
    "job_id",
    "type",
    "status",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "request_id",
    "filter",
    "copied_from",
    "hierarchy_id",
    "files",
    "raw",
    "wait_ms",
    "run_ms",
    "digest",
    "read_at",
    "missing_since",
    "gone_at",
    "next_read_at",
    "read_interval",
    "errors_state",
    "errors_count",
    "errors_read_at",
    "errors_due_at",
    "errors_reading",
    "errors_digest",
    "errors_grouped",
)
ERROR_COLUMNS = ("id", "job_id", "reading", "position", "error_id", "message", "group_number")
GROUP_COLUMNS = (
    "id",
    "job_id",
    "reading",
    "is_shown",
    "number",
    "digest",
    "sample",
    "count",
    "first",
    "last",
    "slots",
    "store",
    "created_at",
)
VALUES_COLUMNS = ("id", "group_id", "slot", "text")
TEXT_COLUMNS = ("id", "job_id", "kind", "text")

_TYPES = {
    "product-export": 36,
    "product-import": 33,
    "price-import": 17,
    "child-products": 6,
    "hierarchy-duplicate": 5,
    "pricebook-import": 2,
    "catalog-publish": 1,
}
_STATUSES = {"success": 850, "failed": 120, "cancelled": 30}
_SKUS = ("LAMP", "SOFA", "TISCH", "STUHL", "REGAL", "TEPPICH", "BÜRO", "VASE")
_FILTERS: tuple[Message, ...] = (
    lambda rng: f"eq(sku,{_sku(rng)})",
    lambda rng: f"in(id,{','.join(_uuid(rng) for _ in range(3))})",
    lambda rng: f"gt(updated_at,20{_below(rng, 6) + 20}-{_below(rng, 12) + 1:02d}-01):eq(status,live)",
    lambda rng: f"like(name,*{_SKUS[_below(rng, len(_SKUS))].lower()}*):eq(product_types,parent)",
)
_IMPORT: dict[Message, int] = {
    lambda _: "data.attributes.sku: Must be unique amongst products.": 34,
    lambda rng: f"{_line(rng)}data.attributes.sku: Must be unique amongst products. ({_sku(rng)})": 26,
    lambda rng: f"error processing object '{_sku(rng)}' invalid json provided": 16,
    lambda rng: f"{_line(rng)}slug must be URL compatible. (size.xl-{_below(rng, 400)})": 14,
    lambda rng: f"duplicate external ref found: ERP-{_below(rng, 90_000) + 10_000}": 10,
}
_PRICE: dict[Message, int] = {
    lambda rng: f"{_line(rng)}missing sku for price": 50,
    lambda rng: f"price book id not found: {_uuid(rng)}": 50,
}
_OTHER: dict[Message, int] = {lambda rng: f"error processing object '{_sku(rng)}' invalid json provided": 1}
# Messages a failed job, in parts of the average: most have a few, some a lot.
_ERRORS = (0.05, 0.05, 0.1, 0.15, 0.25, 0.4, 1.0, 2.0, 5.0)


_DIGESTS: dict[str, str] = {}


class Chunk(NamedTuple):
    """Rows of some jobs that follow each other: of the jobs, their messages with their groups and the values of these,
    and what is searched by words.
    """

    jobs: list[Row]
    errors: list[Row]
    groups: list[Row]
    values: list[Row]
    texts: list[Row]


class Maker:
    """Makes `jobs` jobs, the newest of them of a moment ago, and exactly `errors` messages."""

    def __init__(self, jobs: int, errors: int, *, now: datetime, seed: int = 7) -> None:
        self._rng = random.Random(seed)
        self._now = now.astimezone(UTC).replace(tzinfo=None)
        self._step = YEARS / jobs
        self._statuses = self._rng.choices(list(_STATUSES), list(_STATUSES.values()), k=jobs)
        self._types = self._rng.choices(list(_TYPES), list(_TYPES.values()), k=jobs)
        self._place_open_jobs(jobs)
        self._many = self._statuses.index("failed", jobs // 2)
        self._types[self._many] = "product-import"
        self._failed_left = self._statuses.count("failed") - 1
        self._errors_left = errors - MANY_ERRORS
        self._error_id = self._group_id = self._values_id = self._text_id = 0
        self.facts = Facts(jobs, errors)

    def _place_open_jobs(self, jobs: int) -> None:
        for number, part in enumerate(RARE_PLACES):
            self._statuses[int(jobs * part)] = "pending"
            self._types[int(jobs * part)] = RARE_TYPES[number % 2]
        for place in range(jobs - 12, jobs):
            self._statuses[place], self._types[place] = "pending", "product-import"
        self._statuses[jobs - 13] = "started"

    def chunks(self) -> Iterator[Chunk]:
        """All of it, oldest first."""
        for start in range(0, self.facts.jobs, CHUNK):
            chunk = Chunk([], [], [], [], [])
            for index in range(start, min(start + CHUNK, self.facts.jobs)):
                self._add_job(index, chunk)
            yield chunk

    def _add_job(self, index: int, chunk: Chunk) -> None:
        rng, key, kind, status = self._rng, index + 1, self._types[index], self._statuses[index]
        job_id, request_id = _uuid(rng), _uuid(rng)
        created = self._now - self._step * (self.facts.jobs - index - rng.random())
        started, ended, wait_ms, run_ms = _times(rng, status, created)
        is_export = kind == "product-export"
        expression = _FILTERS[_below(rng, len(_FILTERS))](rng) if is_export and rng.random() < 0.6 else None
        files = f'["part_{key}_1.csv", "part_{key}_2.csv"]' if is_export and status == "success" else None
        is_copy = kind == "hierarchy-duplicate"
        copied_from, hierarchy = (_uuid(rng), _uuid(rng)) if is_copy else ("", "")
        messages = self._messages(index, kind) if status == "failed" else []
        errors_state = "complete" if messages else "none" if kind == "price-import" else "not-asked"
        read = (ended or created) + timedelta(seconds=5)
        raw = _raw(job_id, kind, status, (created, started, ended), request_id, expression)
        job: Row = (
            key,
            "default" if rng.random() < 0.9 else "outlet",
            job_id,
            kind,
            status,
            str(created),
            str(created),
            str(started) if started else None,
            str(ended) if ended else None,
            request_id,
            expression,
            copied_from,
            hierarchy,
            files,
            raw,
            wait_ms,
            run_ms,
            f"{rng.getrandbits(128):032x}",
            str(read),
            None,
            None,
            None if ended else str(read),
            0,
            errors_state,
            len(messages),
            str(read) if messages else None,
            None,
            READING if messages else 0,
            "",
            GROUPER if messages else None,
        )
        chunk.jobs.append(job)
        if expression:
            self._add_text(chunk, key, "filter", expression)
        if messages:
            self._add_messages(chunk, job, messages)
        self._note(index, job, messages)

    def _add_messages(self, chunk: Chunk, job: Row, messages: list[str]) -> None:
        key = int(job[0] or 0)
        # Looking for the values in three million messages would take minutes: one job has them all.
        if len(messages) == MANY_ERRORS:
            grouping = Grouping()
            digests = [grouping.add(place, message) for place, message in enumerate(messages)]
            groups = grouping.groups()
        else:
            digests = [_quick_digest(message) for message in messages]
            groups = _quick_groups(digests, messages)
        numbers = {group.digest: number for number, group in enumerate(groups, start=1)}
        for group in groups:
            self._add_group(chunk, job, numbers[group.digest], group)
        start = self._error_id + 1
        self._error_id += len(messages)
        chunk.errors.extend(
            (start + place, key, READING, place, _uuid(self._rng), message, numbers[digest])
            for place, (message, digest) in enumerate(zip(messages, digests, strict=True))
        )
        self._add_text(chunk, key, "messages", "\n".join(dict.fromkeys(messages)))

    def _add_group(self, chunk: Chunk, job: Row, number: int, group: ErrorGroup) -> None:
        self._group_id += 1
        slots = [
            {"name": name, "count": slot.count, "is_cut": False, "first": slot.shown()}
            for slot, name in zip(group.slots, group.names(), strict=True)
        ]
        chunk.groups.append(
            (
                self._group_id,
                job[0],
                READING,
                1,
                number,
                group.digest,
                group.sample,
                group.count,
                group.first,
                group.last,
                json.dumps(slots),
                job[1],
                job[5],
            )
        )
        for place, slot in enumerate(group.slots):
            self._values_id += 1
            chunk.values.append((self._values_id, self._group_id, place, "\n".join(slot.values)))

    def _add_text(self, chunk: Chunk, key: int, kind: str, text: str) -> None:
        self._text_id += 1
        chunk.texts.append((self._text_id, key, kind, searchable(text)))

    def _messages(self, index: int, kind: str) -> list[str]:
        if index == self._many:
            count = MANY_ERRORS
        else:
            share = _ERRORS[_below(self._rng, len(_ERRORS))]
            count = max(1, round(share * self._errors_left / self._failed_left))
            if self._failed_left == 1:
                count = self._errors_left
            self._failed_left -= 1
            count = min(count, self._errors_left)
            self._errors_left -= count
        makers = _IMPORT if kind == "product-import" else _PRICE if kind.startswith("price") else _OTHER
        return [make(self._rng) for make in self._rng.choices(list(makers), list(makers.values()), k=count)]

    def _note(self, index: int, job: Row, messages: list[str]) -> None:
        """Remembers the rows that the cases look for, all of them far from both ends of the list."""
        facts, jobs = self.facts, self.facts.jobs
        if index == jobs // 10:
            # 900,000 deep of 1,000,000.
            facts.deep_created_at, facts.deep_key = f"{job[5]}+00:00", index + 1
            facts.find_id = str(job[2])
        if index == jobs // 5:
            facts.find_prefix = str(job[2])[:8]
        if index == jobs // 3:
            facts.find_request = str(job[9])
        if index == self._many:
            facts.many_errors = str(job[2])
            facts.rare_group = next(_quick_digest(message) for message in messages if message.startswith("duplicate"))
        elif index > jobs // 4 and len(messages) >= 5:
            facts.detail = facts.detail or str(job[2])
            quoted = [message.split("'")[1] for message in messages if "'" in message]
            if not facts.word_rare and quoted:
                facts.word_rare = quoted[0]


def _quick_digest(message: str) -> str:
    """The digest of an invented message's shape, which its first words and its end tell."""
    words = message.split(" ", 4)
    key = " ".join(words[2:4] if words[0] == "row" else words[:2]) + message[-1]
    if key not in _DIGESTS:
        _DIGESTS[key] = shape_of(message).digest
    return _DIGESTS[key]


def _quick_groups(digests: list[str], messages: list[str]) -> list[ErrorGroup]:
    """The groups without their values."""
    groups: dict[str, ErrorGroup] = {}
    for place, (digest, message) in enumerate(zip(digests, messages, strict=True)):
        group = groups.setdefault(digest, ErrorGroup(digest, "", message, place, place))
        group.count, group.last = group.count + 1, place
    return sorted(groups.values(), key=lambda group: -group.count)


def _below(rng: random.Random, limit: int) -> int:
    """Three times as quick as `randrange`, which matters at six million calls."""
    return int(rng.random() * limit)


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _sku(rng: random.Random) -> str:
    return f"{_SKUS[_below(rng, len(_SKUS))]}-{_below(rng, 100_000):05d}"


def _line(rng: random.Random) -> str:
    return f"row {_below(rng, 50_000) + 2}: "


def _times(rng: random.Random, status: str, created: datetime) -> tuple[datetime | None, datetime | None, int, int]:
    """Start, end, and the milliseconds before and between them."""
    wait_ms, run_ms = int(rng.expovariate(1 / 20_000)), int(rng.lognormvariate(10, 1.5))
    started, ended = created + timedelta(milliseconds=wait_ms), None
    if status == "pending":
        return None, None, UNKNOWN_MS, UNKNOWN_MS
    if status == "cancelled":
        return None, started, UNKNOWN_MS, UNKNOWN_MS
    if status == "started":
        return started, None, wait_ms, UNKNOWN_MS
    ended = started + timedelta(milliseconds=run_ms)
    return started, ended, wait_ms, run_ms


def _raw(
    job_id: str,
    kind: str,
    status: str,
    times: tuple[datetime, datetime | None, datetime | None],
    request_id: str,
    expression: str | None,
) -> str:
    created, started, ended = (f'"{moment.isoformat()}Z"' if moment else "null" for moment in times)
    told = f'"{expression}"' if expression else "null"
    return (
        f'{{"id": "{job_id}", "meta": {{"filter": {told}, "x_request_id": "{request_id}"}}, "type": "pim-job", '
        f'"attributes": {{"type": "{kind}", "status": "{status}", "created_at": {created}, "started_at": {started}, '
        f'"updated_at": {created}, "completed_at": {ended}}}}}'
    )
