"""A site with many feeds and a receiver of posts, in a process of its own that costs little.

Each feed has a host of its own (127.x.y.z), as in life: what is kept for each host is not shared by all. The site is
asked to publish with POST /publish, which gives each feed one more article.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from benchmarks.machine import ROOT

LISTED = 10  # What WordPress lists.
# What sentences are made of. They mean nothing, but are about as hard to compress as what people write.
FIRST = (
    "sensor", "klynge", "batteri", "havvind", "fabrikk", "forsker", "student", "kommune", "nærings", "klima", "robot",
    "energi", "material", "industri", "sjøfarts", "helse", "bygnings", "trafikk", "vann", "skog", "gründer", "region",
)  # fmt: skip
SYLLABLES = tuple(f"{first}{vowel}" for first in ("b", "fr", "g", "kl", "m", "n", "s", "tr", "v") for vowel in "aeioyå")
LINKS = (
    "åpner", "får", "viser", "og", "som", "med", "etter", "før", "hos", "ved", "til", "fra", "over", "under", "vokser",
    "i år", "neste uke", "på Jeløy", "i Halden", "sier hun", "forteller han", "for første gang", "blant annet", "i dag",
)  # fmt: skip


def sentence(chance: random.Random) -> str:
    words = (
        f"{chance.choice(FIRST)}{''.join(chance.choices(SYLLABLES, k=4))} {chance.choice(LINKS)}" for _ in range(5)
    )
    return " ".join(words).capitalize() + "."


def article(feed: int, number: int, at: datetime, paragraphs: int = 10) -> str:
    """An article as WordPress lists it: about 3 kB, with its whole text and at its end a call to share it."""
    chance = random.Random(f"{feed} {number}")  # noqa: S311 - nothing secret
    link = f"https://klynge-{feed}.example/sak-{number}-om-sensorer-og-folk/"
    text = "".join(f"<p>{sentence(chance)} {sentence(chance)}</p>\n" for _ in range(paragraphs))
    return (
        f"<item><title>Sak {number}: {sentence(chance)[:60]}</title><link>{link}</link>"
        f"<dc:creator>Kari Nordmann</dc:creator><pubDate>{format_datetime(at)}</pubDate>"
        f"<category>Nyheter</category><category>Sensorer</category>"
        f'<guid isPermaLink="false">https://klynge-{feed}.example/?p={number}</guid>'
        f"<description><![CDATA[<p>{sentence(chance)} {sentence(chance)}</p>]]></description>"
        f"<content:encoded><![CDATA[{text}<h4>Glem ikke å dele dette!</h4>]]></content:encoded></item>"
    )


def document(feed: int, newest: int, began: datetime, every: timedelta = timedelta(seconds=1)) -> bytes:
    """The feed when its newest article has this number; they come one after another from a beginning on."""
    numbers = range(newest, max(newest - LISTED, 0), -1)
    articles = "".join(article(feed, n, began + n * every) for n in numbers)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Klynge {feed}</title><link>https://klynge-{feed}.example</link><language>nb-NO</language>"
        f"{articles}</channel></rss>"
    ).encode()


def host(number: int) -> str:
    """A loopback address of its own for each feed."""
    return f"127.{64 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


class Site:
    """What is published, and how often it was asked."""

    def __init__(self) -> None:
        self.newest, self.began = LISTED, datetime.now(UTC) - timedelta(days=1)
        self._made: dict[int, bytes] = {}

    def answer(self, path: str, etag: str) -> bytes:
        """The whole answer to a request."""
        name, _, rest = path[1:].partition("/")
        if path == "/publish":
            self.newest += 1
            self._made.clear()
            return response("200 OK", b"ok")
        if not name.isdigit() or rest != "feed/":
            return response("404 Not Found", b"")
        if etag == f'"{self.newest}"':
            return response("304 Not Modified", b"", f'ETag: "{self.newest}"\r\n')
        number = int(name)
        made = self._made.get(number) or document(number, self.newest, self.began)
        self._made[number] = made
        return response("200 OK", made, f'ETag: "{self.newest}"\r\nContent-Type: application/rss+xml\r\n')


def response(status: str, body: bytes, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One connection. Requests are read as far as is needed to answer them, and answered after `latency` seconds."""

    def __init__(self, site: Site, latency: float) -> None:
        self._site, self._latency, self._read = site, latency, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            first, _, rest = self._read[:end].decode("latin-1").partition("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in rest.split("\r\n") if ": " in line)
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            self._answer(first.split(" ")[1], headers.get("if-none-match", ""))

    def _answer(self, path: str, etag: str) -> None:
        said = response("200 OK", b"ok") if path.startswith("/hook") else self._site.answer(path, etag)
        if self._latency and path != "/publish":
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, said)
        else:
            self._transport.write(said)


async def serve(latency: float) -> None:
    """Serve until standard input ends, which it does with whoever started us."""
    site, loop = Site(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site, latency), "0.0.0.0", 0, backlog=1000)  # noqa: S104
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


class Serving:
    """The other process, seen from here."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def feed(self, number: int) -> str:
        return f"http://{host(number)}:{self.port}/{number}/feed/"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self) -> None:
        with urllib.request.urlopen(f"{self.address}/publish", b""):
            pass


@contextmanager
def serving(latency: float = 0.0) -> Iterator[Serving]:
    """Start the site and the receiver; `latency` is how many seconds both take for an answer."""
    words = [sys.executable, "-m", "benchmarks.loopback", str(latency)]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Serving(int(process.stdout.readline()), process.pid)
    finally:
        process.communicate()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
