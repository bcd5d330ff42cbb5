"""Connections that obey the call's deadline in every byte, and stop after too many: for whoever asks a server."""

from __future__ import annotations

import io
import math
import socket
from collections.abc import Iterator
from http import client as http_client
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from . import deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Far above any body that the client accepts: urllib3 reads the whole body of an answer that it throws away before a
# retry.
_MAX_WIRE_BYTES = 64 * 1024 * 1024
_PIECE = 16 * 1024  # bytes, of which TLS makes one record


class BoundedSocket(io.RawIOBase):
    """A socket's reading end whose every read ends at the call's deadline, and that stops after too many bytes.

    A read time-out starts anew with each byte, so that a server sending one a second could hold a thread for ever, in
    the headers as well as in the body. This lies below both.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, most: float) -> None:
        self._sock = sock
        self._raw = raw
        self._patience = sock.gettimeout()
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        left = deadline.remaining()
        if left <= 0:
            raise TimeoutError("the deadline of the call has passed")
        if self._left <= 0:
            raise OSError("the answer is too long")
        patience = min(left, math.inf if self._patience is None else self._patience)
        self._sock.settimeout(None if math.isinf(patience) else patience)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(http_client.HTTPResponse):
    """An answer that is read through the bound; `most_bytes` on the wire, headers included."""

    most_bytes: float = _MAX_WIRE_BYTES

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        # The standard library gives a buffered reader over the socket's file; the bound goes between the two.
        assert isinstance(self.fp, io.BufferedReader)  # noqa: S101 - narrows a private type
        raw = self.fp.detach()
        self.fp = io.BufferedReader(BoundedSocket(sock, raw, self.most_bytes))


def _connect_patience(connection: HTTPConnection) -> float | None:
    """Return the connect time-out, so shared between a name's addresses that trying all of them meets the deadline."""
    left = deadline.remaining()
    patience = connection.timeout
    if math.isinf(left):
        return patience
    try:
        found = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []  # urllib3 meets the same fault next and has the better words for it
    # Never 0, which would mean "do not block".
    share = max(left / max(1, len(found)), 0.001)
    return share if patience is None else min(patience, share)


# Any: http.client's own signature, which takes whatever can be sent.
def _in_time(connection: HTTPConnection, data: Any) -> Iterator[Any]:
    """The pieces of `data`, each to be sent before the call's deadline: TLS gives the whole time-out to each record."""
    pieces = [data]
    if isinstance(data, bytes):
        pieces = [data[begin : begin + _PIECE] for begin in range(0, len(data), _PIECE)]
    for piece in pieces:
        if connection.sock is not None and not math.isinf(left := deadline.remaining()):
            if left <= 0:
                raise TimeoutError("the deadline of the call has passed")
            connection.sock.settimeout(left)
        yield piece


class BoundedHTTPConnection(HTTPConnection):
    """A connection whose attempts to connect, and whose answers, end at the call's deadline."""

    response_class = BoundedResponse

    def send(self, data: Any) -> None:
        for piece in _in_time(self, data):
            super().send(piece)

    def _new_conn(self) -> socket.socket:
        self.timeout = _connect_patience(self)
        return super()._new_conn()


class BoundedHTTPSConnection(HTTPSConnection):
    """The same over TLS."""

    response_class = BoundedResponse

    def send(self, data: Any) -> None:
        for piece in _in_time(self, data):
            super().send(piece)

    def _new_conn(self) -> socket.socket:
        self.timeout = _connect_patience(self)
        return super()._new_conn()
