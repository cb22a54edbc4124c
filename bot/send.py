"""Drives one flow: asks what it yields, tells it the answers. The only module that sends a post."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx

from bot import kinds
from bot.model import Busy, Flow, Problem, Stopped, T, Unknown
from bot.net.client import Client, NetProblem, host_of
from bot.outcome import Doing, problem_of
from bot.settings import Channel

MOST_REQUESTS = 8
Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def perform(flow: Flow[T], send: Send, *, doing: Doing, now: Callable[[], datetime]) -> T:
    """Drive a flow to its value. A problem is thrown into it first, so that a kind that knows better can say so."""
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


def sender(client: Client, channel: Channel) -> Send:
    """How this channel's requests leave: through the guarded client, or by what else a kind needs."""
    address = kinds.load(channel.kind).address_of(channel.settings) if channel.wishes.allow_private else None
    private = host_of(address if "://" in address else f"//{address}") if address else None

    async def send(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "console":
            print(request.content.decode(), flush=True, file=sys.stdout)
            return httpx.Response(200, request=request)
        if request.url.scheme == "smtp":
            from bot.net import mail  # Imported late, for only e-mail needs it.

            return await mail.send(request, private_host=private)
        if request.url.scheme == "apprise":
            from bot.net import apprise

            return await apprise.send(request)
        return await client.send(request, private_host=private)

    return send
