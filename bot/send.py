"""Drives one flow: asks what it yields, tells it the answers. The only module that sends a post."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx

from bot.model import Busy, Flow, Problem, Stopped, T, Unknown
from bot.net.client import Client, NetProblem, host_of
from bot.outcome import problem_of
from bot.settings import Channel

MOST_REQUESTS = 8
Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def perform(flow: Flow[T], send: Send, *, publishing: bool, now: Callable[[], datetime]) -> T:
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
            answer, problem = await _ask(request, send, publishing=publishing, now=now)
    finally:
        flow.close()
    raise Unknown(f"it took more than {MOST_REQUESTS} requests")


async def _ask(
    request: httpx.Request, send: Send, *, publishing: bool, now: Callable[[], datetime]
) -> tuple[httpx.Response | None, Problem | None]:
    try:
        answer = await send(request)
    except NetProblem as trouble:
        return None, problem_of_trouble(trouble, publishing=publishing)
    return answer, problem_of(answer, publishing=publishing, now=now())


def problem_of_trouble(trouble: NetProblem, *, publishing: bool) -> Problem:
    """What it means that no answer came: nothing was sent, or nobody knows."""
    if trouble.kind == "guard":
        return Stopped(". ".join(filter(None, (trouble.why, trouble.remedy))))
    if not trouble.sent:
        return Busy(trouble.why)
    return Unknown(trouble.why) if publishing else Busy(trouble.why, of_channel=False)


def sender(client: Client, channel: Channel) -> Send:
    """How this channel's requests leave: through the guarded client, or for the console onto the terminal."""
    address = getattr(channel.settings, "url", None)
    private = host_of(address.get_secret_value()) if address and channel.wishes.allow_private else None

    async def send(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "console":
            print(request.content.decode(), flush=True, file=sys.stdout)
            return httpx.Response(200, request=request)
        return await client.send(request, private_host=private)

    return send
