"""One token for all threads: when it is got, kept, renewed and given up."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from jobs_ui.jobs_api import ClientCredentialsAuth, CredentialsRefused, JobsApiError, TimedOut, UnreadableAnswer
from jobs_ui.jobs_api.deadline import within


class Endpoint:
    """A token endpoint that gives `token-1`, `token-2` …, with whatever else is in `answer`."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer
        self.forms: list[Mapping[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.error: JobsApiError | None = None

    def __call__(self, form: Mapping[str, str]) -> object:
        self.forms.append(form)
        self.entered.set()
        self.gate.wait(5)
        if self.error is not None:
            raise self.error
        return {"access_token": f"token-{len(self.forms)}", **self.answer}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_auth(endpoint: Endpoint, clock: Clock) -> ClientCredentialsAuth:
    return ClientCredentialsAuth(
        client_id="id",
        client_secret="hush-secret",
        post_form=endpoint,
        origin="https://api.example",
        clock=clock,
        wall_clock=lambda: 50_000.0,
    )


def test_it_asks_with_the_client_credentials_and_not_before_it_must(clock: Clock) -> None:
    endpoint = Endpoint(expires_in=3600)
    auth = make_auth(endpoint, clock)
    assert endpoint.forms == []
    assert auth.token() == "token-1"
    assert dict(endpoint.forms[0]) == {
        "grant_type": "client_credentials",
        "client_id": "id",
        "client_secret": "hush-secret",
    }


@pytest.mark.parametrize(
    ("answer", "kept", "renewed"),
    [
        ({"expires_in": 3600}, 3539, 3541),
        ({"expires_in": "3600"}, 3539, 3541),
        ({"expires": 53_600}, 3539, 3541),
        ({"expires_in": 0, "expires": 53_600}, 3539, 3541),
        ({"expires_in": 10}, 7, 9),
    ],
)
def test_it_renews_shortly_before_the_end(clock: Clock, answer: dict[str, object], kept: float, renewed: float) -> None:
    auth = make_auth(Endpoint(**answer), clock)
    start = clock.now
    auth.token()
    clock.now = start + kept
    assert auth.token() == "token-1"
    clock.now = start + renewed
    assert auth.token() == "token-2"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"expires_in": -1},
        {"expires_in": 10**400},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires": 3},
        {"expires_in": float("nan")},
        {"expires_in": float("inf")},
        {"expires_in": [1]},
    ],
)
def test_it_keeps_a_token_of_unknown_life_until_it_is_refused(clock: Clock, answer: dict[str, object]) -> None:
    auth = make_auth(Endpoint(**answer), clock)
    auth.token()
    clock.now += 10_000_000
    assert auth.token() == "token-1"
    auth.invalidate("token-1")
    assert auth.token() == "token-2"


def test_it_reads_the_wrapped_answer(clock: Clock) -> None:
    auth = make_auth(Endpoint(data={"access_token": "wrapped", "expires_in": 3600}), clock)
    assert auth.token() == "wrapped"


def test_only_the_current_token_can_be_invalidated(clock: Clock) -> None:
    endpoint = Endpoint()
    auth = make_auth(endpoint, clock)
    auth.token()
    for _ in range(10):
        auth.invalidate("token-1")
        assert auth.token() == "token-2"
    assert len(endpoint.forms) == 2


def test_threads_that_wait_get_the_one_token(clock: Clock) -> None:
    endpoint = Endpoint()
    endpoint.gate.clear()
    auth = make_auth(endpoint, clock)
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(auth.token) for _ in range(20)]
        endpoint.gate.set()
        assert {future.result(5) for future in waiting} == {"token-1"}
    assert len(endpoint.forms) == 1


def test_threads_that_wait_share_the_failure_and_the_next_call_tries_again(clock: Clock) -> None:
    endpoint = Endpoint()
    endpoint.gate.clear()
    endpoint.error = CredentialsRefused(status=401, request_id="r")
    auth = make_auth(endpoint, clock)
    entered = threading.Barrier(20)

    def ask() -> str:
        entered.wait(5)
        with pytest.raises(CredentialsRefused, match="request id r"):
            auth.token()
        return "refused"

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(ask) for _ in range(20)]
        assert endpoint.entered.wait(5)
        threading.Event().wait(0.3)  # nothing tells that the others wait at the lock; they have long since
        endpoint.gate.set()
        assert {future.result(5) for future in waiting} == {"refused"}
    assert len(endpoint.forms) == 1
    endpoint.error = None
    assert auth.token() == "token-2"


def test_a_thread_waits_no_longer_than_its_call_may_take(clock: Clock) -> None:
    endpoint = Endpoint()
    endpoint.gate.clear()
    auth = make_auth(endpoint, clock)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(auth.token)
        assert endpoint.entered.wait(5)
        with within(0.05), pytest.raises(TimedOut):
            auth.token()
        endpoint.gate.set()
        assert first.result(5) == "token-1"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.example/pcm/jobs", True),
        ("https://api.example:443/pcm/jobs", True),
        ("http://api.example/pcm/jobs", False),
        ("https://api.example:444/pcm/jobs", False),
        ("https://api.example.evil/pcm/jobs", False),
    ],
)
def test_the_token_goes_to_its_own_origin_only(clock: Clock, url: str, sent: bool) -> None:
    request = requests.Request("GET", url, auth=make_auth(Endpoint(), clock)).prepare()
    assert request.headers.get("Authorization") == ("Bearer token-1" if sent else None)


def test_nothing_secret_is_shown(clock: Clock) -> None:
    auth = make_auth(Endpoint(), clock)
    auth.token()
    shown = repr(auth) + repr(vars(auth))
    assert "hush" not in shown
    assert "token-1" not in shown


@given(
    st.none()
    | st.text()
    | st.lists(st.integers())
    | st.fixed_dictionaries(
        {"access_token": st.none() | st.integers() | st.text() | st.just("t")},
        optional={
            "expires_in": st.none() | st.integers() | st.floats() | st.text(),
            "expires": st.integers() | st.text(),
            "data": st.none() | st.dictionaries(st.text(), st.text()),
        },
    )
)
def test_no_answer_gives_a_token_that_cannot_be_sent(answer: object) -> None:
    auth = ClientCredentialsAuth(
        client_id="i", client_secret="s", post_form=lambda _form: answer, origin="https://api.example"
    )
    try:
        token = auth.token()
    except UnreadableAnswer:
        return
    assert token.isascii()
    assert token.isprintable()
