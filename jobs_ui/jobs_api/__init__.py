"""A client of the PXM Jobs API of Elastic Path Commerce Cloud. It knows nothing of Django."""

from .auth import ClientCredentialsAuth
from .client import JobsClient
from .deadline import remaining, within
from .exceptions import (
    CredentialsRefused,
    Forbidden,
    JobsApiError,
    NotFound,
    NotReachable,
    RateLimited,
    Refused,
    TimedOut,
    UnreadableAnswer,
    UpstreamFailure,
)
from .links import SignedLink, host_of
from .pages import Page, Problem
from .paging import MAX_ERRORS, MAX_LIMIT, MAX_OFFSET, OVERLAP, Walk
from .schemas import Job, JobError, UnreadableRow
from .text import clean_json, clean_line, clean_text
from .timestamps import parse_timestamp

__all__ = [
    "MAX_ERRORS",
    "MAX_LIMIT",
    "MAX_OFFSET",
    "OVERLAP",
    "ClientCredentialsAuth",
    "CredentialsRefused",
    "Forbidden",
    "Job",
    "JobError",
    "JobsApiError",
    "JobsClient",
    "NotFound",
    "NotReachable",
    "Page",
    "Problem",
    "RateLimited",
    "Refused",
    "SignedLink",
    "TimedOut",
    "UnreadableAnswer",
    "UnreadableRow",
    "UpstreamFailure",
    "Walk",
    "clean_json",
    "clean_line",
    "clean_text",
    "host_of",
    "parse_timestamp",
    "remaining",
    "within",
]
