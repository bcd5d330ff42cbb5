"""Messages to webhooks: what arrives, how it is signed, and what is made of every sort of answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import socket
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_django.fixtures import Settings

from console.environment import PROJECT, Environment, read_environment
from jobs_ui.jobs_api import deadline
from jobs_ui.jobs_api.sockets import BoundedHTTPConnection
from jobs_ui.notifications import webhooks
from jobs_ui.notifications.chat import LONGEST, chat_text
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.problems import CannotDeliver
from jobs_ui.notifications.targets import WebhookTarget, configured_targets
from jobs_ui.notifications.texts import cleaned
from jobs_ui.notifications.webhooks import body_of, post
from tests.webhook_receiver import Answer, Receiver, endless, raw, receiver, status

__all__ = ["receiver"]  # a fixture

NOW = datetime(2026, 11, 24, 13, 0, 5, tzinfo=UTC)
TOKEN = "t0k3n-in-the-address"
SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes exactly").decode()
MESSAGE = Message(
    id="notification-123",
    kind="failed",
    at=datetime(2026, 11, 24, 13, 0, tzinfo=UTC),
    title="A price import failed in Europe",
    lines=("12 messages, most of them: sku is missing", "It ran for 3 min."),
    url="https://jobs.example.com/jobs/a-b_c/?x=1&y=2",
    facts={"job_id": "a-b_c", "store": "europe", "errors": 12, "created_at": None},
)


@pytest.fixture
def trust(settings: Settings) -> Callable[..., None]:
    """Sets WEBHOOK_HOSTS."""

    def set_hosts(*hosts: str) -> None:
        settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"WEBHOOK_HOSTS": hosts})

    return set_hosts


@pytest.fixture
def target(receiver: Receiver, trust: Callable[..., None]) -> WebhookTarget:
    """The receiver, trusted, with a secret."""
    trust(receiver.host)
    url = SecretStr(f"http://{receiver.host}/hook?token={TOKEN}")
    return WebhookTarget("ops", "Operations", "json", url, SecretStr(SECRET))


def failure(target: WebhookTarget, message: Message = MESSAGE) -> CannotDeliver:
    """Why it was not delivered. No address, and nothing of it, is told or hangs on the exception."""
    with pytest.raises(CannotDeliver) as caught:
        post(target, message, now=NOW)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert TOKEN not in shown
    assert "127.0.0.1" not in caught.value.reason
    assert caught.value.reason.endswith(".")
    return caught.value


def test_the_body_is_what_the_documents_say(target: WebhookTarget, receiver: Receiver) -> None:
    post(target, MESSAGE, now=NOW)

    (received,) = receiver.received
    assert received.path == f"/hook?token={TOKEN}"
    assert received.headers["Content-Type"] == "application/json; charset=utf-8"
    assert received.json() == {
        "version": 1,
        "id": "notification-123",
        "type": "job.failed",
        "timestamp": "2026-11-24T13:00:00.000Z",
        "title": "A price import failed in Europe",
        "lines": ["12 messages, most of them: sku is missing", "It ran for 3 min."],
        "url": "https://jobs.example.com/jobs/a-b_c/?x=1&y=2",
        "data": {"job_id": "a-b_c", "store": "europe", "errors": 12, "created_at": None},
    }


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (SECRET, b"a key of thirty-two bytes exactly"),
        ("plain text, read as it stands: ü", "plain text, read as it stands: ü".encode()),
        # In base64, but nothing says so.
        ("YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcw==", b"YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcw=="),
    ],
)
@pytest.mark.parametrize("form", ["json", "chat"])
def test_it_is_signed_as_standard_webhooks_says(
    target: WebhookTarget, receiver: Receiver, secret: str, key: bytes, form: Any
) -> None:
    post(replace(target, secret=SecretStr(secret), form=form), MESSAGE, now=NOW)

    (received,) = receiver.received
    assert received.headers["webhook-id"] == "notification-123"
    assert received.headers["webhook-timestamp"] == "1795525205"
    signed = b"notification-123.1795525205." + received.body
    mac = hmac.new(key, signed, hashlib.sha256)
    assert received.headers["webhook-signature"] == "v1," + base64.b64encode(mac.digest()).decode()


def test_the_example_of_the_documents_verifies_it(target: WebhookTarget, receiver: Receiver) -> None:
    text = (PROJECT / "docs" / "notifications.md").read_text()
    example_of_documents = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example_of_documents
    names: dict[str, Any] = {}
    exec(example_of_documents[1], names)  # noqa: S102 - our own document
    is_genuine = names["is_genuine"]

    for secret in (SECRET, "a plain text of ours"):
        post(replace(target, secret=SecretStr(secret)), MESSAGE, now=NOW)
        received = receiver.received.pop()
        headers = {name.lower(): value for name, value in received.headers.items()}
        with time_machine.travel(NOW, tick=False):
            assert is_genuine(secret, headers, received.body)
            assert not is_genuine(secret, headers, received.body + b" ")
            assert not is_genuine("another text of ours", headers, received.body)
            assert not is_genuine(secret, {**headers, "webhook-id": "another"}, received.body)
        with time_machine.travel(NOW + timedelta(minutes=6), tick=False):
            assert not is_genuine(secret, headers, received.body)


def test_each_try_has_the_same_id_and_its_own_time(target: WebhookTarget, receiver: Receiver) -> None:
    post(target, MESSAGE, now=NOW)
    post(target, MESSAGE, now=NOW.replace(minute=9))

    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 9 * 60
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.body == second.body


def test_without_a_secret_nothing_is_signed(target: WebhookTarget, receiver: Receiver) -> None:
    post(replace(target, secret=None), MESSAGE, now=NOW)
    assert receiver.received[0].headers["webhook-signature"] is None


def test_nothing_of_the_environment_goes_along(
    target: WebhookTarget, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    receiver.answer = status(200, Set_Cookie="a=b")

    post(target, MESSAGE, now=NOW)
    post(target, MESSAGE, now=NOW)

    for received in receiver.received:
        assert received.headers["Authorization"] is None
        assert received.headers["Cookie"] is None
        assert received.headers["Referer"] is None


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success(target: WebhookTarget, receiver: Receiver, code: int) -> None:
    receiver.answer = status(code)
    post(target, MESSAGE, now=NOW)


@pytest.mark.parametrize(
    ("answer", "words", "is_final"),
    [
        (status(410), "gone for good (status 410)", True),
        (status(500), "refused the message (status 500)", False),
        (status(503, Retry_After="3"), "status 503", False),
        (status(429), "status 429", False),
        (status(404, b"<b>no such hook</b>"), "status 404", False),
        (status(302, Location="/elsewhere"), "sends elsewhere (status 302)", False),
        (raw(b""), "no answer that can be read", False),
        (raw(b"not HTTP at all\r\n\r\n"), "no answer that can be read", False),
        (endless(b"x" * 1000, begin=b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"), "sends elsewhere", False),
        (endless(b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer that can be read", False),
        (endless(b"X-Long: " + b"x" * 1000 + b"\r\n", begin=b"HTTP/1.1 200 OK\r\n"), "no answer that can be", False),
    ],
    ids=["410", "500", "503", "429", "404", "302", "closes", "no-http", "endless-302", "endless-100", "endless-head"],
)
def test_anything_else_is_a_reason(
    target: WebhookTarget, receiver: Receiver, answer: Answer, words: str, *, is_final: bool
) -> None:
    receiver.answer = answer

    problem = failure(target)

    assert words in problem.reason
    assert problem.is_final is is_final
    # Nowhere else, and not once more: when to try again is the sender's to know.
    assert [received.path for received in receiver.received] == [f"/hook?token={TOKEN}"]


def test_the_body_of_an_answer_is_not_waited_for(target: WebhookTarget, receiver: Receiver) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
    receiver.answer = endless(b"x" * 100_000, begin=head)
    post(target, MESSAGE, now=NOW)
    receiver.answer = endless(b"x", pause=0.05, begin=head)
    post(target, MESSAGE, now=NOW)


@pytest.mark.parametrize("answer", [endless(b"", pause=0.05), endless(b"H", pause=0.05)], ids=["silent", "trickles"])
def test_it_ends_in_time_however_slowly_the_answer_comes(
    target: WebhookTarget, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE", 0.3)
    receiver.answer = answer

    problem = failure(target)

    assert "did not answer within" in problem.reason
    assert not problem.is_final


def test_nothing_more_is_sent_after_the_deadline() -> None:
    # How long a slow reader holds the sender is the only thing to be seen from outside: here by a clock of the test's.
    now = 0.0
    ours, theirs = socket.socketpair()
    connection = BoundedHTTPConnection("127.0.0.1")
    connection.sock = ours
    with ours, theirs, deadline.within(10, clock=lambda: now):
        now = 4.0
        connection.send(b"in time")
        assert ours.gettimeout() == 6
        now = 10.0
        with pytest.raises(TimeoutError):
            connection.send(b"too late")
        assert theirs.recv(100) == b"in time"


def test_it_ends_in_time_where_nobody_reads(trust: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE", 0.3)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        host = f"127.0.0.1:{deaf.getsockname()[1]}"
        trust(host)
        long = replace(MESSAGE, facts={"text": "x" * 19_000}, lines=("x" * 500,) * 40)
        problem = failure(WebhookTarget("a", "A", "json", SecretStr(f"http://{host}/{TOKEN}"), None), long)
    assert not problem.is_final


def test_nobody_there_is_a_reason_to_try_again(trust: Callable[..., None]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{nobody.getsockname()[1]}"
        trust(host)
        problem = failure(WebhookTarget("a", "A", "json", SecretStr(f"http://{host}/{TOKEN}"), None))
    assert "could not be reached" in problem.reason
    assert not problem.is_final


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_is_not_named_is_not_asked_on_a_private_address_or_over_http(
    receiver: Receiver, target: WebhookTarget, trust: Callable[..., None], scheme: str
) -> None:
    trust("elsewhere.example", "*.chat.example")

    problem = failure(replace(target, url=SecretStr(f"{scheme}://{receiver.host}/?token={TOKEN}")))

    assert problem.is_final
    assert "WEBHOOK_HOSTS" in problem.reason
    assert receiver.received == []


def test_a_public_name_that_leads_to_a_private_address_is_refused(
    receiver: Receiver, target: WebhookTarget, trust: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust()
    # A name server that says so cannot be made to happen here.
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: look_up("127.0.0.1", *rest, **more))

    problem = failure(
        replace(target, url=SecretStr(f"https://hooks.example.com:{receiver.server_port}/?token={TOKEN}"))
    )

    assert problem.is_final
    assert "private network" in problem.reason
    assert receiver.received == []


# Chat

PIECES = (
    *("<!channel>", "<!here|x>", "@here", "@all", "@channel", "<users/all>", "<https://evil.example|jobs>"),
    *("[jobs](https://evil.example)", "![x](//evil.example/x.png)", "[a]: http://evil.example", "www.evil.example"),
    *("#general", "~town-square", "*bold*", "_it_", "`code`", "&lt;!here&gt;", "&", "\\", "\n", "\r", "\x00", "\x85"),
    *("\u2028", "\u202e", "\u2066", "https://evil.example", "evil.example", "a@evil.example", " ", "x"),
)
HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.just("A" * 10_240),
    st.just("<" * 10_240),
)
MEANS_SOMETHING = re.compile(r"[@#~*`|\[\]\\<>]|://|(?<!\w)_|_(?!\w)|\w\.[^\W\d_]{2}")


@given(title=HOSTILE, lines=st.lists(HOSTILE, max_size=60))
@example(title="<!channel> @here", lines=["[jobs](https://evil.example)"])
@example(title="&" * 600, lines=["&" * 600] * 50)
def test_what_came_from_outside_calls_nobody_and_leads_nowhere(title: str, lines: list[str]) -> None:
    message = cleaned(replace(MESSAGE, title=title, lines=tuple(lines)))

    text = chat_text(message)

    *said, link = text.split("\n")
    assert link == "https://jobs.example.com/jobs/a-b_c/?x=1&amp;y=2"
    assert len(text) <= LONGEST
    assert len(said) <= len(message.lines) + 1
    for line in said:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)
        assert not MEANS_SOMETHING.search(line)
        assert not re.search(r"&(?!(?:amp|lt|gt);)", line)


def test_plain_words_stay_as_they_are() -> None:
    message = replace(MESSAGE, title="price_import of 3.50 € failed: 12 errors, 100 %", lines=(), url="")
    assert chat_text(cleaned(message)) == message.title


def test_chat_tools_get_a_text_and_nothing_else(target: WebhookTarget, receiver: Receiver) -> None:
    post(replace(target, form="chat", secret=None), replace(MESSAGE, title="<!channel> & @here"), now=NOW)

    assert receiver.received[0].json() == {
        "text": "&lt;!channel&gt; &amp; ＠here\n12 messages, most of them: sku is missing\nIt ran for 3 min.\n"
        "https://jobs.example.com/jobs/a-b_c/?x=1&amp;y=2"
    }


# The texts are long on purpose; hypothesis finds that unusual.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(title=HOSTILE, lines=st.lists(HOSTILE, max_size=60), fact=HOSTILE)
def test_a_body_is_bounded_json_whatever_is_in_it(title: str, lines: list[str], fact: str) -> None:
    target = WebhookTarget("a", "A", "json", SecretStr("https://a.example"), None)
    body = body_of(target, replace(MESSAGE, title=title, lines=tuple(lines), facts={"x": fact, "y": [fact] * 9}))
    assert len(body) < 160 * 1024
    assert b"\n" not in body


def test_no_secret_is_in_a_body() -> None:
    target = WebhookTarget("a", "A", "json", SecretStr("https://a.example"), None)
    link = "https://files.example/a.csv?Expires=1&Signature=s3cr3t&Key-Pair-Id=K"
    body = body_of(target, replace(MESSAGE, title=link, lines=(link,), facts={"x": link, "token": "s3cr3t"}))
    assert b"s3cr3t" not in body


def test_an_address_of_ours_that_is_none_is_left_out() -> None:
    assert cleaned(replace(MESSAGE, url="javascript:alert(1)")).url == ""
    assert cleaned(replace(MESSAGE, url="https://a.example/\n@here")).url == ""


# The settings file

GOOD = f"""
[webhooks.ops]
name = "Operations"
url = "https://hooks.example.com/{TOKEN}?a=b"
secret = "{SECRET}"

[webhooks.team-chat]
form = "chat"
url_file = "chat.url"
secret_file = "chat.secret"
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], tuple[Environment, list[Any]]]:
    (tmp_path / "chat.url").write_text(f"http://chat.internal/{TOKEN}\n")
    (tmp_path / "chat.secret").write_text(" a plain secret of the chat \n")

    def run(content: str) -> tuple[Environment, list[Any]]:
        path = tmp_path / "stores.toml"
        path.write_text(content)
        return read_environment({"CONSOLE_STORES_FILE": str(path)})

    return run


def test_targets_are_read_from_the_file_of_stores(
    read: Callable[[str], tuple[Environment, list[Any]]], settings: Settings
) -> None:
    environment, problems = read(GOOD)
    settings.ENVIRONMENT = environment

    targets = configured_targets()

    assert problems == []
    assert environment.CONSOLE_STORES_FILE == ()
    assert list(targets) == ["ops", "team-chat"]
    ops, chat = targets.values()
    assert (ops.name, ops.form, ops.url.get_secret_value()) == (
        "Operations",
        "json",
        f"https://hooks.example.com/{TOKEN}?a=b",
    )
    assert (chat.name, chat.form, chat.url.get_secret_value()) == ("team-chat", "chat", f"http://chat.internal/{TOKEN}")
    assert chat.secret is not None
    assert chat.secret.get_secret_value() == "a plain secret of the chat"
    assert not re.search(f"{TOKEN}|{SECRET}|plain secret", repr(targets) + repr(environment))


def test_stores_and_webhooks_stand_side_by_side(read: Callable[[str], tuple[Environment, list[Any]]]) -> None:
    stores = '[stores.a]\nbase_url = "https://a.example"\nclient_id = "a"\nclient_secret = "b"\n'
    environment, problems = read(stores + GOOD)
    assert (len(environment.CONSOLE_STORES_FILE), len(environment.webhooks), problems) == (1, 2, [])
    environment, (problem,) = read(stores + GOOD.replace('"chat"', '"xml"'))
    assert (len(environment.CONSOLE_STORES_FILE), environment.webhooks) == (1, ())
    assert problem.name == "CONSOLE_STORES_FILE"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("webhooks = 3", "without webhooks"),
        ("[webhooks]", "without webhooks"),
        ("[webhooks]\nx = 1", "“x” that is not a table"),
        ("".join(f'[webhooks.a{n}]\nurl="https://a.example"\n' for n in range(51)), "more than 50"),
        (GOOD.replace("[webhooks.ops]", "[webhook.ops]"), "a table that is not known: webhook"),
        (GOOD.replace("webhooks.ops", 'webhooks."O ps"'), "a to z, 0 to 9 and hyphens"),
        (GOOD.replace("name =", "nam ="), "a key that is not known: nam"),
        (GOOD.replace('form = "chat"', 'form = "slack"'), "“team-chat” whose form is neither json nor chat"),
        (GOOD.replace('form = "chat"', "form = 3"), "“team-chat” without a usable form"),
        (GOOD.replace('"Operations"', '""'), "“ops” without a usable name"),
        (GOOD.replace('url_file = "chat.url"', ""), "“team-chat” that needs one of url and url_file"),
        (GOOD.replace("chat.url", "nowhere"), "“team-chat” whose url_file cannot be read"),
        (GOOD + f'url = "https://a.example/{TOKEN}"', "“team-chat” that needs one of url and url_file"),
        (GOOD + 'secret = "abc"', "“team-chat” that needs one of secret and secret_file"),
        (GOOD.replace("https://", "ftp://"), "“ops” whose url is not an http(s) address"),
        (GOOD.replace("hooks.example.com", "hooks .example.com"), "“ops” whose url is not an http(s) address"),
        (GOOD.replace("hooks.example.com", "a\\\\b"), "“ops” whose url is not an http(s) address"),
        (GOOD.replace("hooks.example.com", "a:port"), "“ops” whose url is not an http(s) address"),
        (GOOD.replace("?a=b", "x" * 2000), "“ops” whose url is not an http(s) address"),
        (GOOD.replace("hooks.example", "me:hunter2@hooks.example"), "“ops” whose url must not hold a user, a password"),
        (GOOD.replace("?a=b", "#b"), "“ops” whose url must not hold a user, a password or a fragment"),
        (GOOD.replace(SECRET, "whsec_not base64"), "“ops” whose secret begins with whsec_ and is not base64"),
        (GOOD.replace(SECRET, "whsec_c2hvcnQ="), "“ops” whose secret is a key of less than 16 bytes"),
        (GOOD.replace(SECRET, "short"), "“ops” whose secret is a key of less than 16 bytes"),
        (GOOD.replace(f'"{SECRET}"', "7"), "“ops” without a usable secret"),
    ],
)
def test_a_target_that_is_wrong_is_a_sentence_without_values(
    read: Callable[[str], tuple[Environment, list[Any]]], content: str, words: str
) -> None:
    environment, (problem,) = read(content)

    assert environment.webhooks == ()
    assert problem.name == "CONSOLE_STORES_FILE"
    assert words in problem.reason
    assert not re.search(f"{TOKEN}|{SECRET}|hunter2", str(problem))
