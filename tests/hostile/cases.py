"""What a case of the table is: a name, how it is made, and the one line or the document that it must end in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.feeds.fetch import Memory, fetch
from bot.feeds.parse import parse
from bot.model import Document, FeedProblem
from bot.net.client import Client

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HERE = "127.0.0.1"
PATIENCE = 0.3  # Seconds that a server is given that needs more; those that end by other limits have time enough.
ENOUGH = 30.0
Said = bytes | Iterable[bytes] | float  # What a server writes: bytes, some after others, or a pause in seconds.


@dataclass(frozen=True)
class Case:
    """One hostile input: `end` carries it through the program and tells in one line what it came to."""

    name: str
    end: Callable[[], Awaitable[str]]
    expected: str


def told(document: Document) -> str:
    """A document in one line: how many items, and what the first one says."""
    first = document.items[0] if document.items else None
    return f"{len(document.items)} items" + (f": {first.title[:60]} <{first.link[:60]}>" if first else "")


def line_of(problem: FeedProblem) -> str:
    """The line that a person sees of a problem, after checking that it is one, and says what to do."""
    line = f"{problem.why}. {problem.remedy}"
    assert problem.remedy and line.isprintable() and len(line) < 300, line
    return re.sub(r"(?<=port )\d+|(?<=127\.0\.0\.1:)\d+", "PORT", problem.why)


async def read(body: bytes, content_type: str = "", address: str = "https://klynge.example/feed/") -> str:
    """What a body comes to."""
    try:
        return told(parse(body, content_type=content_type, address=address))
    except FeedProblem as problem:
        return line_of(problem)


async def fetched(client: Client, url: str, *, private: bool = True, patience: float = ENOUGH) -> str:
    """What a feed at an address comes to, fetched and read as a poll does it."""
    try:
        came = await fetch(client, url, Memory(), now=NOW, allow_private=private, patience=patience)
    except FeedProblem as problem:
        return line_of(problem)
    return await read(came.body or b"", came.content_type, came.address)


@asynccontextmanager
async def serving(*said: Said, asked: list[bytes] | None = None) -> AsyncIterator[int]:
    """A server on this machine that says the same to everybody, and then closes the connection; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who asks may hang up at any moment, and at the end of a case the server is gone with it.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            if asked is not None:
                asked.append(head)
            for piece in said:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                    continue
                for part in [piece] if isinstance(piece, bytes) else piece:
                    writer.write(part)
                    await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, HERE, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def nobody(host: str, *_: int) -> list[str]:
    """A resolver that knows no name."""
    del host
    return []
