"""The control API under `/_sandbox/`: how a test or the demo tells the sandbox what to be and how to misbehave.

GET    state                 counters, tokens issued, now, offending file requests
GET    jobs                  the ids in the list's order
POST   reset                 {seed, history, days, quiet, empty, start}
POST   clock                 {advance: seconds}
POST   settings              see `settings.SandboxSettings`
POST   faults                {rules: [...]}, see `faults.FaultRule`; they replace the old ones
POST   churn                 {insert_per_page, remove_per_page}
POST   tokens/revoke
PUT    jobs/<id>[?at=index]  any JSON, sent as it is
PATCH  jobs/<id>             {attributes, meta}, laid over what is sent
DELETE jobs/<id>
PUT    jobs/<id>/errors      {messages: [text]} or {raw: [anything]}
PUT    jobs/<id>/files       {parts: [{text | base64, headers}]}: an export with these parts
POST   webhooks/<name>       anything: it is kept, and answered with 204 or ?status=
GET    webhooks/<name>       what came there, the newest first
GET    mails                 what came to the mail server on the port that state names, the newest first
POST   release               lets answers go on that a fault of the kind hold has stopped
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from .faults import FaultPlan, read_rules
from .http_parts import NotUnderstoodError, Reply, Request, json_reply
from .inbox import webhook
from .jobs import PutPart
from .wire import error_object
from .world import World

PREFIX = "/_sandbox/"
_PART = {"text", "base64", "headers"}
_MOST_ADVANCE = 7 * 86_400.0

_RESET_TYPES: dict[str, type | tuple[type, ...]] = {
    "seed": int,
    "history": int,
    "days": (int, float),
    "quiet": bool,
    "empty": bool,
    "start": (int, float),
}


def control(world: World, request: Request) -> Reply:
    """The answer to a control request; whoever calls holds the world's lock."""
    world.catch_up()
    parts = request.path.removeprefix(PREFIX).split("/")
    action = _ACTIONS.get((request.method, "/".join(parts)))
    try:
        if action is not None:
            return json_reply(action(world, _object(request) if request.method == "POST" else {}))
        if parts[0] == "webhooks" and len(parts) == 2:
            return webhook(world.inbox, request, unquote(parts[1]), world.now())
        if parts[0] == "jobs" and len(parts) in {2, 3}:
            return _job(world, request, unquote(parts[1]), parts[2:])
    except ValueError as error:
        return json_reply({"error": str(error)}, 400)
    return json_reply({"error": f"There is no {request.method} {request.path}."}, 404)


def _object(request: Request) -> dict[str, Any]:
    given = request.json()
    if not isinstance(given, dict):
        raise NotUnderstoodError("The body must be a JSON object.")
    return given


def _state(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return world.report()


def _jobs(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return {"ids": [job.id for job in world.jobs]}


def _mails(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return {"received": list(world.inbox.mails)}


def _reset(world: World, given: dict[str, Any]) -> dict[str, Any]:
    for name, value in given.items():
        if name not in _RESET_TYPES:
            raise NotUnderstoodError(f"reset takes no {name}. Known: {', '.join(_RESET_TYPES)}.")
        wanted = _RESET_TYPES[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise NotUnderstoodError(f"{name} cannot be {value!r}.")
    if given.get("history", 0) < 0 or given.get("days", 1) < 1:
        raise NotUnderstoodError("history must be at least 0, days at least 1.")
    world.reset(**given)
    return world.report()


def _clock(world: World, given: dict[str, Any]) -> dict[str, Any]:
    seconds = given.get("advance")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _MOST_ADVANCE:
        raise NotUnderstoodError(f"advance must be seconds from 0 to {_MOST_ADVANCE:.0f}.")
    world.clock.advanced += seconds
    world.catch_up()
    return {"now": world.now()}


def _settings(world: World, given: dict[str, Any]) -> dict[str, Any]:
    world.settings.update(given)
    return asdict(world.settings)


def _faults(world: World, given: dict[str, Any]) -> dict[str, Any]:
    world.faults = FaultPlan(read_rules(given.get("rules")))
    return {"rules": [asdict(rule) for rule in world.faults.rules]}


def _churn(world: World, given: dict[str, Any]) -> dict[str, Any]:
    for name, value in given.items():
        if name not in world.churn or not isinstance(value, int) or value < 0:
            raise NotUnderstoodError("churn takes insert_per_page and remove_per_page, whole numbers of jobs.")
    world.churn.update(given)
    return world.churn


def _revoke(world: World, _: dict[str, Any]) -> dict[str, Any]:
    revoked = len(world.tokens)
    world.tokens.clear()
    return {"revoked": revoked}


def _release(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return {"released": world.release()}


_ACTIONS: dict[tuple[str, str], Callable[[World, dict[str, Any]], dict[str, Any]]] = {
    ("GET", "state"): _state,
    ("GET", "jobs"): _jobs,
    ("GET", "mails"): _mails,
    ("POST", "reset"): _reset,
    ("POST", "clock"): _clock,
    ("POST", "settings"): _settings,
    ("POST", "faults"): _faults,
    ("POST", "churn"): _churn,
    ("POST", "tokens/revoke"): _revoke,
    ("POST", "release"): _release,
}


def _job(world: World, request: Request, job_id: str, rest: list[str]) -> Reply:
    if request.method == "PUT" and not rest:
        at = request.query.get("at", [""])[0]
        world.put_raw(job_id, request.json(), int(at) if at else None)
        return json_reply({"id": job_id}, 201)
    job = world.find(job_id)
    if job is None:
        return json_reply({"error": f"There is no job {job_id}."}, 404)
    if request.method == "PUT" and rest == ["errors"]:
        job.errors = _read_errors(_object(request), job_id)
        return json_reply({"errors": len(job.errors)})
    if request.method == "PUT" and rest == ["files"]:
        if job.is_raw:
            raise NotUnderstoodError("A job that was put has the links that were put with it, and no files here.")
        job.files = _read_parts(_object(request).get("parts"))
        job.parts = len(job.files)
        return json_reply({"parts": job.parts})
    if request.method == "DELETE" and not rest:
        world.remove(job)
        return json_reply({"id": job_id})
    if request.method == "PATCH" and not rest:
        _patch(world, job_id, _object(request))
        return json_reply({"data": world.wire(job)})
    return json_reply({"error": f"There is no {request.method} {request.path}."}, 404)


def _patch(world: World, job_id: str, given: dict[str, Any]) -> None:
    job = world.find(job_id)
    for name, values in given.items():
        if name not in {"attributes", "meta"} or not isinstance(values, dict):
            raise NotUnderstoodError("A patch has attributes and meta, both objects.")
        if job is None:
            continue
        if job.is_raw:
            if not isinstance(job.raw, dict):
                raise NotUnderstoodError("What was put for this job is no object, so nothing can be laid over it.")
            old = job.raw.get(name)
            job.raw = job.raw | {name: (old if isinstance(old, dict) else {}) | values}
        else:
            job.patch[name] = job.patch.get(name, {}) | values
        if name == "attributes" and "status" in values:
            # From here on its state is what it was told to be, so the queue no longer moves it.
            world.queue.forget(job)


def _read_parts(given: object) -> list[PutPart]:
    if not isinstance(given, list):
        raise NotUnderstoodError("parts must be a list of objects.")
    return [_read_part(each) for each in given]


def _read_part(given: object) -> PutPart:
    if not isinstance(given, dict) or len(given.keys() & {"text", "base64"}) != 1 or given.keys() - _PART:
        raise NotUnderstoodError("A part has text or base64, and may have headers.")
    content, headers = given.get("text", given.get("base64")), given.get("headers", {})
    if not isinstance(content, str) or not isinstance(headers, dict) or not all(map(_is_header, headers.items())):
        raise NotUnderstoodError("A part's text or base64 is a text, and its headers are texts by name.")
    return PutPart(content.encode() if "text" in given else base64.b64decode(content, validate=True), headers)


def _is_header(header: tuple[str, object]) -> bool:
    name, value = header
    return bool(re.fullmatch(r"[A-Za-z-]+", name)) and isinstance(value, str) and bool(re.fullmatch(r"[ -~]*", value))


def _read_errors(given: dict[str, Any], job_id: str) -> list[Any]:
    messages, raw = given.get("messages"), given.get("raw")
    if isinstance(raw, list) and messages is None:
        return raw
    if isinstance(messages, list) and raw is None:
        return [
            error_object(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job_id}/errors/{number}")), message)
            for number, message in enumerate(messages)
        ]
    raise NotUnderstoodError("errors takes either messages, a list of texts, or raw, a list of anything.")
