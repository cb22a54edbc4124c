"""A mail server whose messages are taken as the requests of other platforms are; what is answered is said by SMTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import Answer, Taken

HERE = "127.0.0.1"
# What a mail server says in the place of an answer of HTTP. Gibberish stands for the page of a proxy.
REPLIES = {
    250: "250 2.0.0 taken", 451: "451 4.7.1 too many messages, try again later", 500: "451 4.3.0 out of order",
    401: "530 5.7.0 log in first", 307: "551 5.7.1 they have moved", 200: "what do you mean",
}  # fmt: skip


class Mailbox:
    """A mail server for one address. It can be ended and begun again on the same port."""

    def __init__(self, say: Callable[[Taken], Answer]) -> None:
        self._say = say
        with socket.create_server((HERE, 0)) as free:
            self.port = int(free.getsockname()[1])
        self.begin()

    def begin(self) -> None:
        self._controller = Controller(self, hostname=HERE, port=self.port, ready_timeout=30)
        self._controller.start()

    def end(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a message; to say nothing, or half of it, is to cut off the connection."""
        body = message_from_bytes(envelope.original_content or b"", policy=default).get_body(("plain",))
        words = str(body.get_content()) if body else ""
        answer = await asyncio.to_thread(self._say, Taken("", {}, words.encode()))
        reply = REPLIES.get(answer.status)
        if answer.drop or reply is None or answer.headers.get("Content-Length"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return reply or ""
