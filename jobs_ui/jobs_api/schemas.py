"""What the Jobs API sends, read tolerantly: unknown values and fields are kept, broken optional ones become None."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from .links import SignedLink, read_links
from .text import LONG, SHORT, clean_json, clean_line, clean_text
from .timestamps import parse_timestamp


class UnreadableRow(Exception):
    """One object of an answer lacks what it cannot be used without. `str()` says what, without any value."""

    def __init__(self, reason: str, *, row_id: str = "") -> None:
        super().__init__(reason)
        self.row_id = row_id


def scalar_text(value: object, *, clean: Callable[[str, int], str] = clean_line, limit: int = SHORT) -> str | None:
    """Return text, or a whole number as text, cleaned; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 256 else None
    return clean(value, limit) if isinstance(value, str) else None


def row_id(value: object) -> str:
    """Return the id of a row, or "" where it has none that can be used.

    One longer than 255 characters is not cut: two jobs must never become one.
    """
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, str) and len(found) > SHORT:
        return ""
    text = scalar_text(found) or ""
    return text if text.strip() else ""


def _required_text(value: object) -> str:
    text = scalar_text(value)
    if text is None:
        raise ValueError("is missing" if value is None else "is not text")
    if not text.strip():
        raise ValueError("is empty")
    return text


def _required_moment(value: object) -> datetime:
    moment = _moment(value)
    if moment is None:
        raise ValueError("is missing" if value is None else "is not a time")
    return moment


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is not None else parse_timestamp(value)


def _long_text(value: object) -> str | None:
    return clean_text(value, LONG) if isinstance(value, str) else None


Name = Annotated[str, BeforeValidator(_required_text)]
Moment = Annotated[datetime, BeforeValidator(_required_moment)]
OptionalMoment = Annotated[datetime | None, BeforeValidator(_moment)]
OptionalName = Annotated[str | None, BeforeValidator(scalar_text)]
OptionalText = Annotated[str | None, BeforeValidator(_long_text)]


class _Model(BaseModel):
    # Pydantic's errors print what they were given, which may be a signed link.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")


class Job(_Model):
    """A job as one answer described it. All times are aware and in UTC."""

    id: Name
    type: Name
    """As sent: `product-export`, … ; new ones appear without notice (Jobs API, job object)."""
    status: Name
    """As sent: `pending`, `started`, `success`, `failed`, `cancelled`, or something new."""
    created_at: Moment
    updated_at: OptionalMoment = None
    """Not a sign of change: it does not move when a job completes (Jobs API, timestamps)."""
    started_at: OptionalMoment = None
    completed_at: OptionalMoment = None
    request_id: str = ""
    files: tuple[SignedLink, ...] | None = None
    """None: not written (yet). Empty: written, and there are none."""
    filter: OptionalText = None
    copied_from: OptionalName = None
    hierarchy_id: OptionalName = None
    raw: dict[str, JsonValue]
    """The whole object as it came, cleaned and without secrets: can be stored as JSON and shown."""
    read_at: datetime
    """When the request that brought it was sent: the age of this observation, by the local clock."""

    @property
    def file_names(self) -> tuple[str, ...] | None:
        """The names of the parts, by the number of the part where a link has none; None while none are written."""
        if self.files is None:
            return None
        return tuple(link.name or f"part_{number}.csv" for number, link in enumerate(self.files, start=1))

    @classmethod
    def from_api(cls, value: object, *, read_at: datetime) -> Job:
        """Read a job object of the API.

        `read_at` is when it was asked for (aware, UTC). Raises `UnreadableRow` where id, type, status or creation time
        are missing or of no use; anything else that is broken becomes None and stays to be seen in `raw`.
        """
        if not isinstance(value, dict):
            raise UnreadableRow("is not an object")
        attributes, meta = _object(value, "attributes"), _object(value, "meta")
        fields: dict[str, object] = {
            "id": row_id(value) or None,
            "type": attributes.get("type"),
            "status": attributes.get("status"),
            "created_at": attributes.get("created_at"),
            "updated_at": attributes.get("updated_at"),
            "started_at": attributes.get("started_at"),
            "completed_at": attributes.get("completed_at"),
            # Jobs API: `x_request_id` in the samples, `request_id` in the overview.
            "request_id": scalar_text(meta.get("x_request_id")) or scalar_text(meta.get("request_id")) or "",
            "files": read_links(meta.get("file_locations")),
            "filter": meta.get("filter"),
            "copied_from": meta.get("copied_from"),
            "hierarchy_id": meta.get("hierarchy_id"),
            "raw": clean_json(value),
            "read_at": read_at,
        }
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            reason = _reason(error)
        raise UnreadableRow(reason, row_id=row_id(value))


class JobError(_Model):
    """One message of a job: why a row was refused, or a notice about what was not applied."""

    id: str = ""
    """May be missing or repeated: not a key."""
    message: str
    position: int = 0
    """Order over all pages, counted from 0, without gaps."""

    @classmethod
    def from_api(cls, value: object, *, position: int = 0) -> JobError:
        """Read a `pim-job-error`, an entry of the older `errors` envelope (title and detail), or a plain text.

        Never fails: an entry of a form that nobody knows is its own JSON, so that none is missing and none has another
        place than in the API's list.
        """
        entry = value if isinstance(value, dict) else {}
        attributes = _object(entry, "attributes")
        message = _message(value) if isinstance(value, str) else None
        for source in (attributes, entry):
            message = message or _message(source.get("message"))
        for source in (attributes, entry):
            told = title_and_detail(_message(source.get("title")) or "", _message(source.get("detail")) or "")
            message = message or told or None
        if message is None:
            message = clean_line(json.dumps(clean_json(value), ensure_ascii=False), LONG)
        return cls(id=row_id(value), message=message, position=position)


class ApiError(_Model):
    """The first entry of the envelope of a failed call; "" for whatever it does not say."""

    title: str = ""
    detail: str = ""
    request_id: str = ""

    @classmethod
    def from_api(cls, body: object) -> ApiError:
        """Read `{"errors": [{…}]}`. Never fails: anything else gives an empty one.

        Only the title is always there (Jobs API, error envelope); entries without text are passed over.
        """
        entries = body.get("errors") if isinstance(body, dict) else None
        for entry in entries[:100] if isinstance(entries, list) else ():
            if not isinstance(entry, dict):
                continue
            meta = _object(entry, "meta")
            found = cls(
                title=_message(entry.get("title")) or "",
                detail=_message(entry.get("detail")) or "",
                request_id=scalar_text(entry.get("request_id")) or scalar_text(meta.get("request_id")) or "",
            )
            if found.title or found.detail or found.request_id:
                return found
        return cls()


def title_and_detail(title: str, detail: str) -> str:
    """Join the two texts of an envelope entry, without saying the same thing twice."""
    if not title or not detail:
        return title or detail
    return detail if detail.lower().startswith(title.lower()) else clean_text(f"{title}: {detail}", LONG)


def _object(value: dict[str, object], name: str) -> dict[str, object]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _message(value: object) -> str | None:
    return scalar_text(value, clean=clean_text, limit=LONG)


def _reason(error: ValidationError) -> str:
    # Only our own words: pydantic's could quote the value.
    reasons = []
    for entry in error.errors(include_input=False, include_url=False):
        cause = entry.get("ctx", {}).get("error", "cannot be read")
        field = entry["loc"][0] if entry["loc"] else "object"
        reasons.append(f"{field} {cause}")
    return "; ".join(reasons)
