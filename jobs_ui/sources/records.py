"""From the API's job to the record that pages see, without the mirror in between."""

from __future__ import annotations

from jobs_ui.jobs_api import Job
from jobs_ui.sources.base import ErrorsReading, JobRecord


def record_of(store: str, job: Job, *, errors: ErrorsReading | None = None) -> JobRecord:
    """The job of that store as pages see it."""
    return JobRecord(
        store=store,
        job_id=job.id,
        type=job.type,
        status=job.status,
        created_at=job.created_at,
        updated_at=job.updated_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        request_id=job.request_id,
        filter=job.filter,
        copied_from=job.copied_from or "",
        hierarchy_id=job.hierarchy_id or "",
        files=job.file_names,
        read_at=job.read_at,
        errors=errors or ErrorsReading(),
        raw=job.raw,
    )
