"""Asking the API on somebody's wish: the client's errors, in the words that pages use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs_ui.jobs_api import Job, JobsApiError, NotFound, TimedOut, remaining
from jobs_ui.sources.base import CannotAsk, Freshness, JobNotFound
from jobs_ui.stores import Store, client_of

ASKING_DEADLINE = 15.0
"""Seconds within which whoever asks for an id has an answer, however many stores have to be asked in turn."""

# By the client's kinds of error, and sync's own.
SENTENCES = {
    "not-reachable": _("Elastic Path cannot be reached."),
    "timed-out": _("Elastic Path did not answer in time."),
    "credentials-refused": _("Elastic Path refuses this console's key. Check the client id and the client secret."),
    "forbidden": _("Elastic Path does not let this console's key read jobs."),
    "rate-limited": _("Elastic Path is being asked too often just now."),
    "upstream-failure": _("Elastic Path has a problem of its own."),
    "unreadable-answer": _("Elastic Path gave an answer that makes no sense."),
    "internal": _("This console made a mistake of its own while it read from Elastic Path. Its log says where."),
}
OTHERWISE = _("Elastic Path refused the request.")
NO_STORE = _("No store is configured.")


def sentence_for(kind: str) -> Promise:
    """One plain sentence for the client's slug of an error, in the language of whoever comes to read it."""
    return SENTENCES.get(kind, OTHERWISE)


def no_store() -> Freshness:
    """The notice of a console that has no store to ask."""
    return Freshness("stale", None, str(NO_STORE), gettext("Set EPCC_CLIENT_ID and EPCC_CLIENT_SECRET."))


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


def ask_in_turn(stores: Sequence[Store], job_id: str) -> tuple[Store, Job]:
    """The job, and the first of the stores that knows it. Raises JobNotFound where all answer that they do not.

    To be called `within` a deadline, which it shares out by giving each store what the ones before it left. Raises
    CannotAsk where a store did not answer and no other one knows the job.
    """
    trouble: CannotAsk | None = None
    for store in stores:
        try:
            with asking():
                if remaining() <= 0:
                    raise TimedOut
                return store, client_of(store).get_job(job_id)
        except JobNotFound:
            continue
        except CannotAsk as error:
            trouble = error
    raise trouble or JobNotFound
