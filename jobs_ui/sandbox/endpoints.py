"""The endpoints of the Jobs API. Each takes the world and a request and returns a reply."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from .files import byte_range, is_valid, padded, part_content, part_of, part_path
from .http_parts import Reply, Request, envelope, json_reply, unauthorized
from .jobs import SandboxJob
from .wire import error_objects, old_errors, shown_status, with_status
from .world import World

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox"  # noqa: S105 - anybody may know it, the sandbox listens on loopback only

_MAX_OFFSET = 10_000
_DEFAULT_LIMIT = 25

# Where jobs are made, by the paths of the API; the one in the middle, if any, is some other object's id.
_CREATES = {
    ("products", "import"): "product-import",
    ("products", "export"): "product-export",
    ("products", "*", "build"): "child-products",
    ("hierarchies", "*", "duplicate_job"): "hierarchy-duplicate",
    ("pricebooks", "import"): "price-import",
}


def endpoint_of(method: str, path: str) -> tuple[str, str]:
    """The endpoint's name and the job id (or the type to create) in `path`; an empty name where there is none."""
    parts = tuple(path.strip("/").split("/"))
    if method in {"GET", "HEAD"} and parts[0] == "files":
        return "file", ""
    if method == "GET" and parts[:2] == ("pcm", "jobs"):
        if len(parts) == 2:
            return "jobs", ""
        if len(parts) == 3:
            return "job", unquote(parts[2])
        return ("errors", unquote(parts[2])) if parts[3:] == ("errors",) else ("", "")
    if method == "POST":
        return _post_endpoint(parts)
    return "", ""


def _post_endpoint(parts: tuple[str, ...]) -> tuple[str, str]:
    if parts == ("oauth", "access_token"):
        return "token", ""
    if len(parts) == 4 and parts[:2] == ("pcm", "jobs") and parts[3] == "cancel":
        return "cancel", unquote(parts[2])
    if parts[0] == "pcm":
        names = parts[1:]
        pattern = names if len(names) == 2 else (*names[:1], "*", *names[2:])
        return ("create", _CREATES[pattern]) if pattern in _CREATES else ("", "")
    return "", ""


def answer(world: World, request: Request, endpoint: str, subject: str) -> Reply:
    """The answer of `endpoint`; whoever calls holds the world's lock."""
    world.catch_up()
    if endpoint in _WITHOUT_TOKEN:
        return _WITHOUT_TOKEN[endpoint](world, request)
    if (refused := _refuse(world, request)) is not None:
        return refused
    if endpoint == "jobs":
        return _jobs(world, request)
    if endpoint == "create":
        return _create(world, request, subject)
    job = world.find(subject)
    if job is None:
        return envelope(404, "Not Found", f"there is no job {subject}")
    return _OF_A_JOB[endpoint](world, request, job)


def _refuse(world: World, request: Request) -> Reply | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    grant, expires = world.tokens.get(token.strip(), ("", 0.0))
    if scheme.lower() != "bearer" or world.now() >= expires:
        return unauthorized()
    if grant != "client_credentials":
        return envelope(403, "Forbidden", "an implicit token cannot be used here")
    return None


def _token(world: World, request: Request) -> Reply:
    if request.headers.get_content_type() == "application/json":
        try:
            given = request.json()
        except ValueError:
            given = None
        form = given if isinstance(given, dict) else {}
    else:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    grant = form.get("grant_type")
    if grant not in {"client_credentials", "implicit"}:
        return envelope(400, "Bad Request", "grant_type must be client_credentials or implicit", number=True)
    is_known = form.get("client_id") == CLIENT_ID
    if not is_known or (grant == "client_credentials" and form.get("client_secret") != CLIENT_SECRET):
        return envelope(401, "Unauthorized", "the client credentials are not valid", number=True)
    token, expires = world.issue_token(grant)
    payload: dict[str, Any] = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": int(world.settings.token_lifetime),
        "expires": int(expires),
        "identifier": grant,
    }
    return json_reply({"data": payload} if world.settings.token_envelope else payload)


def _page(world: World, request: Request, *, max_offset: int | None) -> tuple[int, int] | Reply:
    """The limit and the offset that were asked for, or the refusal of nonsense."""
    numbers = []
    for name, default, least in (("limit", _DEFAULT_LIMIT, 1), ("offset", 0, 0)):
        text = request.query.get(f"page[{name}]", [str(default)])[0]
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= least):
            return envelope(400, "Bad Request", f"page[{name}] must be a whole number of at least {least}")
        numbers.append(int(text))
    limit, offset = numbers
    if max_offset is not None and offset > max_offset:
        return envelope(400, "Bad Request", f"page[offset] must not be over {max_offset}")
    return min(limit, world.settings.max_limit), offset


def _list(world: World, request: Request, page: tuple[int, int], total: int, data: list[Any]) -> Reply:
    limit, offset = page
    claimed = total if world.settings.total is None else world.settings.total
    payload: dict[str, Any] = {"data": data, "meta": {"results": {"total": claimed}}}
    if world.settings.with_links:
        payload["meta"]["page"] = {
            "limit": limit,
            "offset": offset,
            "current": offset // max(1, limit) + 1,
            "total": -(-total // max(1, limit)),
        }
        payload["links"] = _links(urlsplit(request.target).path, total, limit, offset)
    return json_reply(payload)


def _links(path: str, total: int, limit: int, offset: int) -> dict[str, str | None]:
    def to(place: int | None) -> str | None:
        return None if place is None else f"{path}?page[limit]={limit}&page[offset]={place}"

    return {
        "current": to(offset),
        "first": to(0),
        "last": to(max(0, (total - 1) // max(1, limit) * limit)),
        "next": to(offset + limit if offset + limit < total else None),
        "prev": to(max(0, offset - limit) if offset else None),
    }


def _jobs(world: World, request: Request) -> Reply:
    page = _page(world, request, max_offset=_MAX_OFFSET)
    if isinstance(page, Reply):
        return page
    limit, offset = page
    rows = world.jobs if world.settings.ignore_paging else world.jobs[offset : offset + limit]
    reply = _list(world, request, page, len(world.jobs), [world.wire(job) for job in rows])
    world.churn_list()
    return reply


def _job(world: World, _: Request, job: SandboxJob) -> Reply:
    return json_reply({"data": world.wire(job)})


def _errors(world: World, request: Request, job: SandboxJob) -> Reply:
    errors = error_objects(job)
    status = world.settings.old_errors_form
    if status is not None and errors:
        return json_reply(old_errors(errors, status), status)
    # A job can have more errors than the list of jobs lets one reach, so the offset has no bound here.
    page = _page(world, request, max_offset=None)
    if isinstance(page, Reply):
        return page
    limit, offset = page
    rows = errors if world.settings.ignore_paging else errors[offset : offset + limit]
    return _list(world, request, page, len(errors), rows)


def _cancel(world: World, _: Request, job: SandboxJob) -> Reply:
    status = shown_status(job)
    if status != "pending":
        return envelope(400, "Bad Request", f"only a pending job can be cancelled, this one is {status}")
    if job in world.queue.pending:
        world.queue.cancel(job, world.now())
    else:
        with_status(job, "cancelled")
    return json_reply({"data": world.wire(job)})


def _create(world: World, request: Request, job_type: str) -> Reply:
    job = world.queue.add_made(world.now(), job_type, request.query.get("filter", [None])[0])
    return json_reply({"data": world.wire(job)}, 201)


def _file(world: World, request: Request) -> Reply:
    offending = [name for name in ("Authorization", "Cookie", "Referer") if request.headers.get(name) is not None]
    if offending:
        # The names alone: their values are secrets, and it is a defect that they came here.
        world.offending_file_requests.append({"path": request.path, "headers": offending})
    if not is_valid(world.seed, request.path, urlsplit(request.target).query, world.now()):
        return _xml(403, "AccessDenied", "Access denied")
    job_id, part = part_of(request.path) or ("", 0)
    job = world.find(job_id)
    if job is None or part_path(job, part) != request.path or not 1 <= part <= job.parts:
        return _xml(404, "NoSuchKey", "The specified key does not exist.")
    headers = {"ETag": f'"{job.id}-{part}"'} | ({"Accept-Ranges": "bytes"} if world.settings.with_ranges else {})
    if job.files is None:
        content = padded(part_content(job.key, part), world.settings.part_bytes)
    else:
        content = job.files[part - 1].content
        headers |= job.files[part - 1].headers
    try:
        is_meant = request.headers.get("If-Range", headers["ETag"]) in (headers["ETag"], headers.get("Last-Modified"))
        wanted = request.headers.get("Range") if world.settings.with_ranges and is_meant else None
        span = byte_range(wanted, len(content))
    except ValueError:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Reply(416, b"", "text/csv", headers)
    if span is None:
        return Reply(200, content, "text/csv", headers)
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Reply(206, content[first : last + 1], "text/csv", headers)


def _xml(status: int, code: str, message: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, body.encode(), "application/xml")


_WITHOUT_TOKEN = {"token": _token, "file": _file}
_OF_A_JOB = {"job": _job, "errors": _errors, "cancel": _cancel}
