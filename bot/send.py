"""Drives one flow: asks what it yields, tells it the answers. The only module that sends a post."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from bot import kinds
from bot.hush import hush, hushed, secrets_of, secrets_of_request, secrets_of_session
from bot.model import Busy, Flow, Kept, Problem, Stopped, T, Unknown
from bot.net.client import Client, NetProblem, host_of
from bot.outcome import Doing, problem_of
from bot.settings import Channel

MOST_REQUESTS = 8
Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def perform(flow: Flow[T], send: Send, *, doing: Doing, now: Callable[[], datetime]) -> T:
    """Drive a flow to its value. A problem is thrown into it first, so that a kind that knows better can say so.

    No secret of the channel is in what comes of it, but for a new session.
    """
    secrets = send.secrets if isinstance(send, Sender) else set()
    try:
        value = await _driven(flow, send, doing=doing, now=now)
    except Problem as problem:
        hush(problem, secrets)
        raise
    return value if doing == "ask" and isinstance(value, Mapping) else hushed(value, secrets)


async def _driven(flow: Flow[T], send: Send, *, doing: Doing, now: Callable[[], datetime]) -> T:
    answer: httpx.Response | None = None
    problem: Problem | None = None
    try:
        for _ in range(MOST_REQUESTS + 1):
            try:
                request = flow.throw(problem) if problem else flow.send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                value: T = end.value
                return value
            answer, problem = await _ask(request, send, doing=doing, now=now)
    finally:
        flow.close()
    why = f"it took more than {MOST_REQUESTS} requests"
    raise Unknown(why) if doing == "publish" else Busy(why, of_channel=False)


async def _ask(
    request: httpx.Request, send: Send, *, doing: Doing, now: Callable[[], datetime]
) -> tuple[httpx.Response | None, Problem | None]:
    try:
        answer = await send(request)
    except NetProblem as trouble:
        return None, problem_of_trouble(trouble, doing=doing)
    return answer, problem_of(answer, doing=doing, now=now())


def problem_of_trouble(trouble: NetProblem, *, doing: Doing) -> Problem:
    """What it means that no answer came: nothing was sent, or nobody knows."""
    why = ". ".join(filter(None, (trouble.why, trouble.remedy)))
    if trouble.kind == "guard":
        return Stopped(why)
    if not trouble.sent:
        return Busy(why)
    return Unknown(why) if doing == "publish" else Busy(why, of_channel=False)


def private_host_of(channel: Channel) -> str | None:
    """The host that a person typed into the channel's file and admitted, though it may be private."""
    address = kinds.load(channel.kind).address_of(channel.settings) if channel.wishes.allow_private else None
    return host_of(address if "://" in address else f"//{address}") if address else None


@dataclass(frozen=True)
class Sender:
    """How one channel's requests leave: through the guarded client, or by what else a kind needs.

    `private` is the host that may be a private one. `secrets` are what nobody may be told of; a session adds its own.
    """

    client: Client
    private: str | None
    secrets: set[str] = field(repr=False)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.secrets.update(secrets_of_request(request.headers))
        if request.url.scheme == "console":
            print(request.content.decode(), flush=True, file=sys.stdout)
            return httpx.Response(200, request=request)
        if request.url.scheme == "smtp":
            from bot.net import mail  # Imported late, for only e-mail needs it.

            return await mail.send(request, private_host=self.private)
        if request.url.scheme == "apprise":
            from bot.net import apprise

            return await apprise.send(request)
        return await self.client.send(request, private_host=self.private)


def sender(client: Client, channel: Channel, kept: Kept | None = None) -> Sender:
    """How this channel's requests leave, with the session that it has."""
    return Sender(client, private_host_of(channel), secrets_of(channel.settings) | secrets_of_session(kept or {}))
