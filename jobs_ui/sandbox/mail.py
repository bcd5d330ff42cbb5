"""A mail server that takes everything, passes nothing on, and keeps it in the world's inbox: the least of RFC 5321."""

from __future__ import annotations

import re
from socketserver import StreamRequestHandler, ThreadingTCPServer

from .world import World

HOST = "127.0.0.1"
_MOST_BYTES = 1024 * 1024
_LONGEST_LINE = 8 * 1024
_MOST_RECIPIENTS = 100
_ADDRESS = re.compile(r"^(?:MAIL FROM|RCPT TO):\s*<([^<>]*)>", re.IGNORECASE)


class MailServer(ThreadingTCPServer):
    """On a port of the loopback interface that is free."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, world: World) -> None:
        super().__init__((HOST, 0), _Conversation)
        self.world = world
        world.mail_port = self.server_address[1]


class _Conversation(StreamRequestHandler):
    server: MailServer
    timeout = 120  # seconds that a silent client is kept

    def handle(self) -> None:
        self._sender, self._recipients = "", list[str]()
        self._say("220 sandbox")
        while line := self.rfile.readline(_LONGEST_LINE):
            command = line.decode(errors="replace").strip()
            verb = command[:4].upper()
            if verb == "QUIT":
                self._say("221 Bye")
                return
            if verb == "DATA" and self._recipients:
                self._take()
            else:
                self._say(self._reply(verb, command))

    def _reply(self, verb: str, command: str) -> str:
        address = _ADDRESS.match(command)
        if verb in {"MAIL", "RCPT"} and address is None:
            return "501 That is no address"
        if verb == "MAIL" and address is not None:
            self._sender, self._recipients = address[1], []
        elif verb == "RCPT" and address is not None:
            if len(self._recipients) >= _MOST_RECIPIENTS:
                return "452 Too many recipients"
            self._recipients.append(address[1])
        elif verb == "DATA":
            return "503 Nobody to send it to"
        elif verb in {"EHLO", "HELO", "RSET"}:
            self._recipients = []
        elif verb != "NOOP":
            return "502 That is not known here"
        return "250 OK"

    def _take(self) -> None:
        self._say("354 Go on, and end with a dot")
        content = bytearray()
        while (line := self.rfile.readline(_LONGEST_LINE)) and line != b".\r\n":
            if len(content) < _MOST_BYTES:
                content += line.removeprefix(b".")
        world = self.server.world
        with world.lock:
            world.inbox.take_mail(world.now(), self._sender, self._recipients, bytes(content))
        self._recipients = []
        self._say("250 OK")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
