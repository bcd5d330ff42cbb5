"""What the console does to a job, as far as it does anything: cancelling one that waits."""

from __future__ import annotations

from jobs_ui.jobs_api import (
    Job,
    JobsClient,
    NotReachable,
    Refused,
    TimedOut,
    UnreadableAnswer,
    UpstreamFailure,
)
from jobs_ui.status import PENDING

# After these nobody knows whether the call did its work: the job is read again and tells.
_UNSURE = (Refused, TimedOut, NotReachable, UnreadableAnswer, UpstreamFailure)


def cancel(client: JobsClient, job_id: str) -> tuple[Job, bool]:
    """Cancels the job if it still waits; returns it as it is then, and whether that was tried. Raises JobsApiError.

    Jobs API: only a pending job can be cancelled. It is a race with the queue, so the job is read first, and again
    where the answer does not say what became of it. The call itself is never repeated.
    """
    job = client.get_job(job_id)
    if job.status != PENDING:
        return job, False
    try:
        return client.cancel_job(job_id), True
    except _UNSURE:
        return client.get_job(job_id), True
