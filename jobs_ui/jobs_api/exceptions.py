"""What a call to the Jobs API can come to, apart from an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .text import clean_line, clean_text

_MAX_REQUEST_ID = 200
_MAX_DETAIL = 2_000


class JobsApiError(Exception):
    """The one family of errors that this client raises for what the API or the network does.

    `str(error)` is one plain sentence with the request id in it. No text of an error holds a token, a secret or the
    query of a URL, and no exception of an HTTP library is chained to it.
    """

    kind: ClassVar[str] = "failed"
    """A stable slug, for pages and metrics to go by."""
    sentence: ClassVar[str] = "The call to the Jobs API failed"

    status: int | None
    """The HTTP status; None where there was no answer."""
    title: str
    detail: str
    request_id: str
    """What Elastic Path's support asks for; "" where the answer had none."""
    retry_after: float | None
    """Seconds that the API asked to wait; None where it did not say."""

    def __init__(
        self,
        *,
        status: int | None = None,
        title: str = "",
        detail: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.title = clean_line(title)
        self.detail = clean_text(detail, _MAX_DETAIL)
        self.request_id = clean_line(request_id, _MAX_REQUEST_ID)
        self.retry_after = retry_after
        super().__init__(self._explain())

    def _explain(self) -> str:
        said = [part for part in (self.title, clean_line(self.detail, _MAX_DETAIL)) if part]
        if len(said) == 2 and said[1].lower().startswith(said[0].lower()):
            del said[0]
        facts = []
        if self.status is not None:
            facts.append(f"HTTP {self.status}")
        if self.retry_after is not None:
            facts.append(f"try again after {self.retry_after:.0f} s")
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        text = ": ".join([self.sentence, *said]).rstrip(" .")
        return f"{text} ({', '.join(facts)})." if facts else f"{text}."

    def __reduce__(self) -> tuple[Callable[..., JobsApiError], tuple[type[JobsApiError], dict[str, Any]]]:
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(family: type[JobsApiError], values: dict[str, Any]) -> JobsApiError:
    # Exceptions are pickled by their args, which for keyword-only arguments does not work by itself.
    names = ("status", "title", "detail", "request_id", "retry_after")
    return family(**{name: values[name] for name in names})


class NotReachable(JobsApiError):
    """No connection, or one that was closed before an answer: name, network, firewall, certificate."""

    kind = "not-reachable"
    sentence = "The Jobs API cannot be reached"


class TimedOut(JobsApiError):
    """Connected, but no whole answer in time. Of a cancel it is then not known whether it was carried out."""

    kind = "timed-out"
    sentence = "The Jobs API did not answer in time"


class CredentialsRefused(JobsApiError):
    """The client id and secret got no token, or a newly got token was refused as well."""

    kind = "credentials-refused"
    sentence = "The Jobs API refused the credentials"


class Forbidden(JobsApiError):
    """The credentials are known but may not do this."""

    kind = "forbidden"
    sentence = "The Jobs API does not allow this with these credentials"


class NotFound(JobsApiError):
    """There is no such job (any more)."""

    kind = "not-found"
    sentence = "The Jobs API knows no such job"


class RateLimited(JobsApiError):
    """The store's requests a second are used up, and waiting for more would have taken too long."""

    kind = "rate-limited"
    sentence = "The Jobs API's rate limit is used up"


class UpstreamFailure(JobsApiError):
    """The API, or a gateway in front of it, answered 5xx."""

    kind = "upstream-failure"
    sentence = "The Jobs API failed"


class UnreadableAnswer(JobsApiError):
    """Something answered, but not as the Jobs API does."""

    kind = "unreadable-answer"
    sentence = "The Jobs API's answer cannot be read"


class Refused(JobsApiError):
    """Any other 4xx: the API understood the call and does not do it, such as cancelling a job that is not pending."""

    kind = "refused"
    sentence = "The Jobs API refused the call"
