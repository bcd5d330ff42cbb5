"""A message as e-mail, through Django's mail framework."""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.utils.translation import gettext_noop

from jobs_ui.jobs_api import deadline
from jobs_ui.notifications.messages import Message
from jobs_ui.notifications.problems import CannotDeliver
from jobs_ui.notifications.texts import cleaned

PATIENCE = 20.0
"""Seconds for all that the mail server says, once it is connected to."""


def is_configured() -> bool:
    """Whether the settings name a mail server and a sender."""
    return bool(settings.EMAIL_HOST and settings.DEFAULT_FROM_EMAIL)


def send(address: str, message: Message) -> None:
    """Sends the message to one address; returns when the mail server has taken it. Raises CannotDeliver."""
    if not is_configured():
        raise CannotDeliver(gettext_noop("This console is not set up to send e-mail."), is_final=True)
    try:
        validate_email(address)
    except ValidationError:
        raise CannotDeliver(gettext_noop("The address of the recipient is not one of e-mail."), is_final=True) from None
    try:
        with deadline.within(PATIENCE), _closing_connection() as connection:
            _email(address, cleaned(message), connection).send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # Not chained: what the server says may hold addresses, and what the library says a password.
        problem = _problem(error)
    else:
        return
    raise problem


@contextmanager
def _closing_connection() -> Iterator[BaseEmailBackend]:
    """Django leaves a connection open that fails between its beginning and the login."""
    connection: BaseEmailBackend = get_connection()
    try:
        yield connection
    finally:
        with suppress(smtplib.SMTPException, OSError):
            connection.close()


def _email(address: str, message: Message, connection: BaseEmailBackend) -> EmailMessage:
    parts = ["\n".join(message.lines), message.url, "-- \nSent by the Jobs console."]
    return EmailMessage(
        subject=message.title,
        body="\n\n".join(filter(None, parts)) + "\n",
        to=[address],
        connection=connection,
        headers={
            "Message-ID": _message_id(address, message),
            # RFC 3834: no answering machine answers, and nobody's rule takes it for a person's.
            "Auto-Submitted": "auto-generated",
        },
    )


def _message_id(address: str, message: Message) -> str:
    """The same at every try, so that a mailbox shows one that came twice once; another for every recipient."""
    seed = "\n".join((settings.DEFAULT_FROM_EMAIL, address, message.id, message.at.isoformat()))
    name = re.sub(r"[^A-Za-z0-9_-]", "-", message.id)[:100]
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{name}.{hashlib.sha256(seed.encode()).hexdigest()[:16]}@{domain}>"


def _problem(error: Exception) -> CannotDeliver:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in error.recipients.values()), default=550)
        reason = gettext_noop("The mail server refused the recipient (%(number)s).") % {"number": code}
        return CannotDeliver(reason, is_final=code >= 500, is_of_target=False)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        # The console's fault and not the message's: it may go when the password has been put right.
        reason = gettext_noop("The mail server refused the console's user and password (%(number)s).")
        return CannotDeliver(reason % {"number": error.smtp_code})
    if isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
        reason = gettext_noop("The mail server refused the message (%(number)s).") % {"number": code}
        return CannotDeliver(reason, is_final=500 <= code < 600)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return CannotDeliver(gettext_noop("The mail server does not offer what EMAIL_SECURITY or a password needs."))
    if isinstance(error, ssl.SSLError):
        return CannotDeliver(
            gettext_noop("The mail server could not be reached safely: its certificate or its TLS is not good.")
        )
    if isinstance(error, TimeoutError):
        return CannotDeliver(gettext_noop("The mail server was too slow."))
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return CannotDeliver(gettext_noop("The mail server closed the connection, or was too slow."))
    if isinstance(error, OSError):
        return CannotDeliver(gettext_noop("The mail server could not be reached."))
    return CannotDeliver(gettext_noop("The message cannot be sent as e-mail."), is_final=True)
