"""Asking the API on somebody's wish: the client's errors, in the words that pages use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs_ui.jobs_api import JobsApiError, NotFound
from jobs_ui.sources.base import CannotAsk, JobNotFound

# By the client's kinds of error, and sync's own.
SENTENCES = {
    "not-reachable": "Elastic Path cannot be reached.",
    "timed-out": "Elastic Path did not answer in time.",
    "credentials-refused": "Elastic Path refuses this console's key. Check the client id and the client secret.",
    "forbidden": "Elastic Path does not let this console's key read jobs.",
    "rate-limited": "Elastic Path is being asked too often just now.",
    "upstream-failure": "Elastic Path has a problem of its own.",
    "unreadable-answer": "Elastic Path gave an answer that makes no sense.",
    "internal": "This console made a mistake of its own while it read from Elastic Path. Its log says where.",
}
OTHERWISE = "Elastic Path refused the request."


def sentence_for(kind: str) -> str:
    """One plain sentence for the client's slug of an error."""
    return SENTENCES.get(kind, OTHERWISE)


@contextmanager
def asking() -> Iterator[None]:
    """Turns the client's errors into the sources': JobNotFound for a 404, CannotAsk for the rest."""
    try:
        yield
    except NotFound as error:
        raise JobNotFound from error
    except JobsApiError as error:
        raise CannotAsk(
            sentence_for(error.kind), kind=error.kind, request_id=error.request_id, retry_after=error.retry_after
        ) from error
