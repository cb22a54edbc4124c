"""Sends an e-mail by SMTP to the server that a person named: one message a talk, past the same guard as all else.

A message is an httpx request to `smtp://host:port`: POST with the whole e-mail as its content, or VERIFY, which only
logs in. `request.extensions["mail"]` is a `Letter`. What the server says at last is an httpx response with its code and
words, whose header `step` tells at what it was said.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypedDict

import httpx
from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPResponseException, SMTPTimeoutError

from bot.net.client import tls_context
from bot.net.connect import connected
from bot.net.guard import Lookup, system_lookup
from bot.net.trouble import NetProblem, unconnected

CONNECTING, TALKING = 20.0, 180.0  # Seconds. A server may look for viruses before it says yes to a message.
WHO = "[127.0.0.1]"  # The name of this machine is nothing that a server, or a reader, needs to know.
NOT_OFFERED = SMTPResponse(502, "5.5.1 not offered")  # What a server says to a command that it doesn't know.

Security = Literal["tls", "starttls", "none"]
Step = Literal["connect", "tls", "login", "from", "to", "data"]


class Letter(TypedDict):
    """Who sends to whom, as the server is told, and how to log in: an empty user does not.

    `security` is tls from the first byte on, starttls before anything is told, or none.
    """

    sender: str
    to: list[str]
    user: str
    password: str
    security: Security


@dataclass
class Talk:
    """How far a talk has come; it is `sent` once the server may have taken the message."""

    step: Step = "connect"
    sent: bool = False


async def send(
    request: httpx.Request,
    *,
    private_host: str | None = None,
    lookup: Lookup = system_lookup,
    trusted: ssl.SSLContext | None = None,
    connecting: float = CONNECTING,
    talking: float = TALKING,
) -> httpx.Response:
    """Have one talk with the server and give its last word; NetProblem when there is none.

    `private_host` (`host` or `host:port`) is what a person typed and may be private. `trusted` says whose certificates
    count. The limits are in seconds: for the connection, and for all that follows.
    """
    connection = await connected(request.url, private_host, lookup, connecting)
    server = SMTP(
        hostname=request.url.host,
        sock=connection,
        use_tls=request.extensions["mail"]["security"] == "tls",
        start_tls=False,
        tls_context=trusted or usual_trust(),
        local_hostname=WHO,
        timeout=None,
    )
    talk, said, trouble = Talk(), NOT_OFFERED, None
    try:
        async with asyncio.timeout(talking):
            said = await _told(server, request, talk)
    except SMTPResponseException as no:
        said = SMTPResponse(no.code, no.message)
    except (SMTPException, OSError) as error:
        # The bare kind of error says that the server offers no such thing, which it would say by a code if asked.
        trouble = explained(error, request.url, talk, talking) if type(error) is not SMTPException else None
    finally:
        _leave(server)
    if trouble or said.code not in range(200, 600):
        # Raised out here so that the original error, whose words may hold anything, is not chained to it.
        raise trouble or NetProblem(f"{request.url.host} does not speak SMTP", kind="broken", sent=talk.sent)
    words = said.message.encode(errors="replace")
    return httpx.Response(said.code, content=words, headers={"step": talk.step}, request=request)


async def _told(server: SMTP, request: httpx.Request, talk: Talk) -> SMTPResponse:
    """The whole talk, up to the last word of the server."""
    letter: Letter = request.extensions["mail"]
    await server.connect()
    if letter["security"] == "starttls":
        talk.step = "tls"
        await server.starttls()
    if letter["user"]:
        talk.step = "login"
        await server.login(letter["user"], letter["password"])
    if request.method == "VERIFY":
        return await server.noop()
    talk.step = "from"
    await server.mail(letter["sender"])
    talk.step = "to"
    for reader in letter["to"]:
        await server.rcpt(reader)
    talk.step, talk.sent = "data", True
    return await server.data(request.content)


def _leave(server: SMTP) -> None:
    """Say good-bye without waiting for the reply: what came of the message is known, and must not get lost by it."""
    with suppress(SMTPException):
        if server.protocol:
            server.protocol.write(b"QUIT\r\n")
    server.close()


# --- The connection ------------------------------------------------------------------------------------------------


@cache
def usual_trust() -> ssl.SSLContext:
    """The certificates that count for everything else, without the protocol that only the web agrees on."""
    context = tls_context()
    context.set_alpn_protocols([])
    return context


def explained(error: Exception, url: httpx.URL, talk: Talk, within: float) -> NetProblem:
    """Why a talk broke off, in words without secrets."""
    host, cause = url.host, error.__cause__ or error
    if isinstance(cause, ssl.SSLError):
        problem = unconnected(host, url.port, cause)
        usual = "Port 465 usually goes with SECURITY=tls, and 587 with starttls"
        return NetProblem(problem.why, kind="tls", remedy=problem.remedy if "certificate" in problem.why else usual)
    if isinstance(error, TimeoutError | SMTPTimeoutError):
        return NetProblem(f"{host} did not answer within {within:g} s", kind="timeout", sent=talk.sent)
    return NetProblem(f"{host} closed the connection before it had answered", kind="broken", sent=talk.sent)
