"""Messages as e-mail: what a real mail server gets, and what is made of everything that it may say."""

from __future__ import annotations

import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from console.environment import PROJECT
from jobs_ui.notifications import emails
from jobs_ui.notifications.emails import is_configured, send
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.problems import CannotDeliver
from tests.test_demo import free_port

TO = "mara@example.com"
PASSWORD = "hunter2-hunter2"
CERTIFICATE = PROJECT / "tests" / "samples" / "localhost.pem"
MESSAGE = Message(
    id="notification-123",
    kind="failed",
    at=datetime(2026, 11, 24, 13, 0, tzinfo=UTC),
    title="A price import failed in Europe",
    lines=("12 messages, most of them: sku is missing", "It ran for 3 min."),
    url="https://jobs.example.com/jobs/a-b_c/",
    facts={},
)


class MailServer:
    """What it has got, and what it says to each command or recipient, where that is not the usual."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []
        self.logins: list[bytes] = []
        self.says: dict[str, str] = {}

    # The names and arguments are aiosmtpd's.
    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if refused := self.says.get("RCPT") or self.says.get(address):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.says.get("MAIL", "250 OK")

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.says:
            return self.says["DATA"]
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def log_in(self, server: Any, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append(given.password)
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    # No property: the server reads those of its handler when it starts.
    def only(self) -> EmailMessage:
        (mail,) = self.mails
        return parsed(mail[1])


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words_of(message: EmailMessage) -> str:
    content = message.get_content()
    assert isinstance(content, str)
    return content


@pytest.fixture
def configure(settings: Settings) -> Callable[..., None]:
    """The settings of e-mail, with the console's own backend: pytest-django puts another in its place."""

    def run(port: int, *, security: str = "none", password: str = "") -> None:
        settings.EMAIL_BACKEND = "jobs_ui.notifications.smtp.Backend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost", port
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "console" if password else "", password
        settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = security == "starttls", security == "tls"
        settings.DEFAULT_FROM_EMAIL = "Jobs console <jobs@example.com>"

    return run


@contextmanager
def serving(**options: Any) -> Iterator[tuple[MailServer, int]]:
    handler, port = MailServer(), free_port()
    if options.pop("with_login", False):
        options["authenticator"] = handler.log_in
    controller = Controller(handler, hostname="localhost", port=port, **options)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


@pytest.fixture
def mail_server(configure: Callable[..., None]) -> Iterator[MailServer]:
    with serving() as (server, port):
        configure(port)
        yield server


@pytest.fixture
def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def failure(address: str = TO, message: Message = MESSAGE) -> CannotDeliver:
    with pytest.raises(CannotDeliver) as caught:
        send(address, message)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert PASSWORD not in shown
    assert "localhost" not in caught.value.reason
    assert address not in caught.value.reason
    assert caught.value.reason.endswith(".")
    return caught.value


def test_what_arrives_is_plain_text_with_one_link(mail_server: MailServer) -> None:
    send(TO, MESSAGE)

    assert mail_server.mails[0][0] == [TO]
    mail = mail_server.only()
    assert mail["Subject"] == "A price import failed in Europe"
    assert mail["From"] == "Jobs console <jobs@example.com>"
    assert mail["To"] == TO
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert words_of(mail).splitlines() == [
        "12 messages, most of them: sku is missing",
        "It ran for 3 min.",
        "",
        "https://jobs.example.com/jobs/a-b_c/",
        "",
        "-- ",
        "Sent by the Jobs console.",
    ]


def test_every_try_has_the_same_message_id_and_every_recipient_another(mail_server: MailServer) -> None:
    for address, message in ((TO, MESSAGE), (TO, MESSAGE), ("b@example.com", MESSAGE), (TO, replace(MESSAGE, id="n"))):
        send(address, message)

    first, second, other, next_one = (parsed(content)["Message-ID"] for _, content in mail_server.mails)
    assert first == second
    assert len({first, other, next_one}) == 3
    assert first.startswith("<notification-123.")
    assert first.endswith("@example.com>")


TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            ["\r\nBcc: eve@example.com", "\n", "\r", "\x00", "\x85", "\u2028", "\x0b", "\u202e", "ü", "x", ": "]
        )
    )
    .map("".join)
    .filter(lambda text: len(text) < 300),
    st.just("Ä" * 10_240),
    st.just("A" * 10_240),
    st.just("\n.\n"),
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(title=TEXTS, lines=st.lists(TEXTS, max_size=5))
def test_no_title_and_no_line_adds_a_header_or_ends_the_message(
    mail_server: MailServer, title: str, lines: list[str]
) -> None:
    mail_server.mails.clear()

    send(TO, replace(MESSAGE, title=title, lines=tuple(lines)))

    assert mail_server.mails[0][0] == [TO]
    mail = mail_server.only()
    expected = {"Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date"}
    assert set(mail.keys()) == expected | {"Message-ID", "Auto-Submitted"}
    assert len(mail.keys()) == len(expected) + 2
    assert len(mail["Subject"].strip()) <= 500
    body = words_of(mail)
    assert "\u202e" not in mail["Subject"] + body
    assert body.splitlines()[-1] == "Sent by the Jobs console."
    assert len(body.split("\n")) <= len(lines) + 8


@pytest.mark.parametrize(
    "address", ["", "mara", "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com", "Mara <a@example.com>"]
)
def test_an_address_that_is_none_is_final(mail_server: MailServer, address: str) -> None:
    with pytest.raises(CannotDeliver) as caught:
        send(address, MESSAGE)
    assert caught.value.is_final
    assert mail_server.mails == []


@pytest.mark.parametrize(
    ("command", "says", "words", "is_final"),
    [
        ("RCPT", "550 5.1.1 no such user mara@example.com", "refused the recipient (550)", True),
        ("RCPT", "450 4.2.1 try later", "refused the recipient (450)", False),
        ("MAIL", "553 not you", "refused the message (553)", True),
        ("MAIL", "451 try later", "refused the message (451)", False),
        ("DATA", "554 spam", "refused the message (554)", True),
        ("DATA", "452 full", "refused the message (452)", False),
    ],
)
def test_what_is_refused_for_good_is_final_and_the_rest_is_not(
    mail_server: MailServer, command: str, says: str, words: str, *, is_final: bool
) -> None:
    mail_server.says[command] = says

    problem = failure()

    assert words in problem.reason
    assert problem.is_final is is_final
    assert mail_server.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_password_goes_over_tls_to_a_server_that_is_known(
    configure: Callable[..., None], certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    options = {"ssl_context": certificate, "auth_require_tls": False}
    if security == "starttls":
        options = {"tls_context": certificate, "require_starttls": True}
    with serving(with_login=True, **options) as (server, port):
        configure(port, security=security, password=PASSWORD)
        send(TO, MESSAGE)
        assert server.logins == [PASSWORD.encode()]
        assert server.only()["To"] == TO

        configure(port, security=security, password="another")
        problem = failure()
    assert "refused the console's user and password (535)" in problem.reason
    assert not problem.is_final


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_no_password_goes_to_a_server_that_is_not_known(
    configure: Callable[..., None], certificate: ssl.SSLContext, security: str
) -> None:
    options = {"ssl_context": certificate} if security == "tls" else {"tls_context": certificate}
    with serving(with_login=True, auth_require_tls=False, **options) as (server, port):
        configure(port, security=security, password=PASSWORD)
        problem = failure()
    assert "certificate" in problem.reason
    assert not problem.is_final
    assert server.logins == []


def test_no_password_goes_to_a_server_without_tls(configure: Callable[..., None]) -> None:
    with serving(with_login=True, auth_require_tls=False) as (server, port):
        configure(port, security="starttls", password=PASSWORD)
        problem = failure()
    assert "does not offer what EMAIL_SECURITY" in problem.reason
    assert not problem.is_final
    assert server.logins == []


@contextmanager
def speaking(piece: bytes, *, pause: float) -> Iterator[int]:
    """A server that says the same again and again, and listens to nobody."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    while not stop.wait(pause):
                        connection.sendall(piece)
                except OSError:
                    pass

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    ("piece", "pause"), [(b"", 0.05), (b"2", 0.05), (b"220-x\r\n", 0.0)], ids=["silent", "trickles", "endless"]
)
def test_it_ends_however_the_server_draws_it_out(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch, piece: bytes, pause: float
) -> None:
    # The endless one has to end by its bytes.
    monkeypatch.setattr(emails, "PATIENCE", 600.0 if piece.startswith(b"220") else 0.3)
    with speaking(piece, pause=pause) as port:
        configure(port)
        problem = failure()
    assert "closed the connection, or was too slow" in problem.reason
    assert not problem.is_final


def test_a_server_that_is_not_there_is_a_reason_to_try_again(configure: Callable[..., None]) -> None:
    configure(free_port())
    problem = failure()
    assert "could not be reached" in problem.reason
    assert not problem.is_final


def test_without_a_server_or_a_sender_nothing_is_sent(mail_server: MailServer, settings: Settings) -> None:
    assert is_configured()
    settings.DEFAULT_FROM_EMAIL = ""
    assert not is_configured()
    assert failure().is_final
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_HOST = "jobs@example.com", ""
    assert not is_configured()
    assert failure().is_final
    assert mail_server.mails == []
