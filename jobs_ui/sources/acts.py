"""What the console does to a job, as far as it does anything: cancelling one that waits."""

from __future__ import annotations

from jobs_ui.jobs_api import (
    Forbidden,
    Job,
    JobsApiError,
    JobsClient,
    NotReachable,
    Refused,
    TimedOut,
    UnreadableAnswer,
    UpstreamFailure,
    within,
)
from jobs_ui.sources.asking import sentence_for
from jobs_ui.sources.base import Asked, CannotAsk, OutcomeUnknown
from jobs_ui.status import PENDING

# After these nobody knows whether the call did its work: the job is read again and tells.
_UNSURE = (TimedOut, NotReachable, UnreadableAnswer, UpstreamFailure)
LONGEST_CALL = 10.0
"""Seconds for the call that cancels, so that something is left of the deadline to read the job again."""


def cancel(client: JobsClient, job_id: str) -> tuple[Job, Asked]:
    """Cancels the job if it still waits; returns it as it is then, and what the call that cancels came to.

    Jobs API: only a pending job can be cancelled. It is a race with the queue, so the job is read first, and again
    where the answer does not say what became of it. The call itself is never repeated. Raises JobsApiError and
    CannotAsk where it was not cancelled, and OutcomeUnknown where that cannot be told.
    """
    job = client.get_job(job_id)
    if job.status != PENDING:
        return job, "not-asked"
    try:
        with within(LONGEST_CALL):
            return client.cancel_job(job_id), "answered"
    except Refused:
        return client.get_job(job_id), "refused"
    except Forbidden as error:
        sentence = "Elastic Path does not let this console's key cancel jobs."
        raise CannotAsk(sentence, kind=error.kind, request_id=error.request_id) from error
    except _UNSURE as error:
        doubt = error
    try:
        return client.get_job(job_id), "unclear"
    except JobsApiError as error:
        request_id = doubt.request_id or error.request_id
        raise OutcomeUnknown(sentence_for(doubt.kind), kind=doubt.kind, request_id=request_id) from error
