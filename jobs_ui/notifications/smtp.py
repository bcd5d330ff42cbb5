"""Django's SMTP backend, bounded as a whole: its time-out begins anew with each byte, and a reply may be endless."""

from __future__ import annotations

import io
import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from jobs_ui.jobs_api.sockets import BoundedSocket

MOST_BYTES = 64 * 1024
"""Of all replies of one connection, before and after its TLS each."""


class _Bounded(smtplib.SMTP):
    # Any: smtplib's own, which has no type for its reader.
    file: Any

    def getreply(self) -> tuple[int, bytes]:
        # smtplib makes its reader at the first reply of a connection, and anew when TLS has begun.
        if self.file is None and self.sock is not None:
            raw = self.sock.makefile("rb", buffering=0)
            self.file = io.BufferedReader(BoundedSocket(self.sock, raw, MOST_BYTES))
        return super().getreply()


class _BoundedTLS(_Bounded, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


class Backend(EmailBackend):
    """Ends at the deadline of `jobs_api.deadline`."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _BoundedTLS if self.use_ssl else _Bounded
