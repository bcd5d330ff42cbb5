"""What is sent: jobs, errors and envelopes in the forms of the API."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from .clock import timestamp
from .jobs import SandboxJob
from .messages import job_messages
from .settings import SandboxSettings

LinkMaker = Callable[[SandboxJob, int], str]


def job_object(job: SandboxJob, settings: SandboxSettings, link: LinkMaker) -> Any:
    """The job as it is sent; a raw one exactly as it was put."""
    if job.is_raw:
        return job.raw
    attributes: dict[str, Any] = {"type": job.type, "status": job.status}
    times = {
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "updated_at": job.updated_at,
    }
    for name, at in times.items():
        if at is not None:
            attributes[name] = timestamp(at, settings.timestamp_form)
        elif not settings.omit_times:
            attributes[name] = None
    meta: dict[str, Any] = {settings.request_id_name: job.request_id}
    if job.type == "product-export":
        meta["file_locations"] = _file_locations(job, settings, link)
        if job.filter is not None:
            meta["filter"] = job.filter
    elif job.type == "hierarchy-duplicate":
        meta["copied_from"], meta["hierarchy_id"] = job.copied_from, job.hierarchy_id
    return {
        "type": "pim-job",
        "id": job.id,
        "attributes": attributes | job.patch.get("attributes", {}),
        "meta": meta | job.patch.get("meta", {}),
    }


def _file_locations(job: SandboxJob, settings: SandboxSettings, link: LinkMaker) -> list[str] | str | None:
    if shown_status(job) not in {"success", "failed"}:
        return None
    links = [link(job, part) for part in range(1, job.parts + 1)] if shown_status(job) == "success" else []
    if settings.file_locations_form == "string" and links:
        return links[0]
    return links


def shown_status(job: SandboxJob) -> object:
    """The status that is sent, however the job was put or patched."""
    if not job.is_raw:
        return job.patch.get("attributes", {}).get("status", job.status)
    attributes = job.raw.get("attributes") if isinstance(job.raw, dict) else None
    return attributes.get("status") if isinstance(attributes, dict) else None


def with_status(job: SandboxJob, status: str) -> None:
    """Set the status of a raw or patched job, which no queue moves."""
    if not job.is_raw:
        job.patch.setdefault("attributes", {})["status"] = status
    elif isinstance(job.raw, dict):
        job.raw = copy.deepcopy(job.raw)
        job.raw.setdefault("attributes", {})["status"] = status


def error_objects(job: SandboxJob) -> list[Any]:
    """The job's errors, or its notices, as they are sent."""
    if job.errors is not None:
        return job.errors
    return [error_object(error_id, message) for error_id, message in job_messages(job)]


def error_object(error_id: str, message: str) -> dict[str, Any]:
    """One error of a job."""
    return {"type": "pim-job-error", "id": error_id, "attributes": {"message": message}}


def old_errors(errors: list[Any], status: int) -> dict[str, Any]:
    """The errors of a job as an envelope, the form of older servers."""
    details = [each["attributes"]["message"] for each in errors if isinstance(each, dict) and "attributes" in each]
    return {"errors": [{"status": str(status), "title": "Failed Validation", "detail": detail} for detail in details]}
