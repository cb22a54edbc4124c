"""Sends inputs through the real client, from a server on this machine: packed, in pieces, or as broken HTTP."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from contextlib import suppress
from random import Random
from types import TracebackType
from typing import Self

from bot.feeds.fetch import Memory, fetch
from bot.model import FeedProblem
from bot.net.client import Client
from tests.fuzz.check import demand
from tests.fuzz.mutate import flip, insert, noise, remove, truncate
from tests.goldens import NOW
from tests.hostile.cases import line_of

DAMAGES = (flip, insert, noise, remove, truncate)


class Wire:
    """A server and a client, for as many inputs as there are."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._answer = b""

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self._runner.run(self._begin())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._end())
        self._runner.__exit__(kind, error, at)

    async def _begin(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._client = await Client(user_agent="fuzz", lookup=lambda *_: []).__aenter__()

    async def _end(self) -> None:
        await self._client.__aexit__()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._answer)
            await writer.drain()
        writer.close()

    def check(self, body: bytes, chance: Random) -> None:
        """What comes out is what went in, however it was sent; broken HTTP gives some answer or a problem."""
        self._answer = sent_as(body, chance)
        came = self._runner.run(self._fetched())
        demand(came == body, f"the body came otherwise than it was sent: {came[:100]!r}")
        for _ in range(chance.choice((1, 2, 4))):
            self._answer = chance.choice(DAMAGES)(chance, self._answer)
        self._runner.run(self._fetched())

    async def _fetched(self) -> bytes | str:
        url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/feed"
        try:
            return (await fetch(self._client, url, Memory(), now=NOW, allow_private=True, patience=1)).body or b""
        except FeedProblem as problem:
            return line_of(problem)


def sent_as(body: bytes, chance: Random) -> bytes:
    """An answer of HTTP with this body, in one of the ways that servers have."""
    head = [b"HTTP/1.1 200 OK", b"Content-Type: text/xml", b"Connection: close"]
    match chance.randrange(4):
        case 1:
            body, more = gzip.compress(body, mtime=0), b"Content-Encoding: gzip"
        case 2:
            body, more = zlib.compress(body), b"Content-Encoding: deflate"
        case _:
            more = b"X-Plain: yes"
    head.append(more)
    if chance.random() < 0.5:
        return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body])
    size = chance.choice((1000, 5000, 65_536))
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return b"\r\n".join([*head, b"Transfer-Encoding: chunked", b"", chunks])
