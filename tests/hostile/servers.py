"""Servers that don't play by the rules: too slow, too much, never-ending, or lying about what they send."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import repeat

from bot.net.client import Client
from tests.hostile.cases import ENOUGH, HERE, PATIENCE, Case, Said, fetched, nobody, serving

OK = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n"
GZIP = b"Content-Encoding: gzip\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
FEED = (
    b"<rss version='2.0'><channel><item><title>Sak</title><link>https://klynge.example/1</link></item></channel></rss>"
)
SAK = "1 items: Sak <https://klynge.example/1>"
ZEROS = bytes(1_000_000)

LATE = f"{HERE} did not give the feed within {PATIENCE:g} s"
NOT_HTTP = f"{HERE} did not answer in HTTP"
TOO_LARGE = f"the answer of {HERE} is larger than 10 MB"
CUT_SHORT = f"the answer of {HERE} was cut short"
DAMAGED = f"the answer of {HERE} is damaged: it could not be decompressed"
CLOSED = f"{HERE} closed the connection before its answer was complete"
NOT_ASKED = f"the answer of {HERE} is in an encoding that was not asked for ({{}})"
ANOTHER_SORT = "this is a file of another sort (a picture, an archive or the like), not a feed"
NOWHERE = f"{HERE} redirects without naming a web address (302)"


def whole(body: bytes, *headers: bytes) -> bytes:
    return OK + b"".join(b"%s\r\n" % header for header in (b"Content-Length: %d" % len(body), *headers)) + END + body


def moved(to: bytes, *headers: bytes) -> bytes:
    lines = (b"Location: " + to, b"Content-Length: 0", *headers)
    return b"HTTP/1.1 302 Found\r\n" + b"".join(b"%s\r\n" % line for line in lines) + END


def bomb() -> bytes:
    """Some ten kilobytes that unpack to twenty million zeros."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(ZEROS) for _ in range(20)) + packer.flush()


def drops(text: bytes) -> Iterable[Said]:
    """A byte now and then."""
    return (part for byte in text for part in (bytes([byte]), 0.1))


def nested(times: int) -> bytes:
    packed = FEED
    for _ in range(times):
        packed = gzip.compress(packed, mtime=0)
    return packed


SERVERS: dict[str, tuple[tuple[Said, ...], str]] = {
    # --- Slow
    "silence": ((5.0,), LATE),
    "a byte of the status now and then": ((*drops(b"HTTP/1.1 200 OK"), 5.0), LATE),
    "a byte of a header now and then": ((OK, *drops(b"X-Slow: aaaaaaaaaaaa"), 5.0), LATE),
    "a byte of the body now and then": ((OK + b"Content-Length: 99\r\n\r\n", *drops(FEED[:30]), 5.0), LATE),
    "a chunk now and then": ((CHUNKED, *(part for _ in range(20) for part in (b"1\r\na\r\n", 0.1))), LATE),
    "a body that stops in the middle": ((OK + b"Content-Length: 99\r\n\r\nabc", 5.0), LATE),
    # --- Endless
    "endless status": ((b"HTTP/1.1 200 ", repeat(b"a" * 65_536)), NOT_HTTP),
    "an endless header": ((OK + b"X: ", repeat(b"a" * 65_536)), NOT_HTTP),
    "endless headers": ((OK, repeat(b"X-A: b\r\n" * 1000)), NOT_HTTP),
    "a flood of cookies": ((OK, repeat(b"Set-Cookie: a=b; Path=/\r\n" * 1000)), NOT_HTTP),
    "an endless header name": ((OK, repeat(b"a" * 65_536)), NOT_HTTP),
    "endless folded lines": ((OK + b"X: a\r\n", repeat(b" a\r\n" * 1000)), NOT_HTTP),
    "endless hints before the answer": ((repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),), LATE),
    "endlessly told to go on": ((repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),), LATE),
    "endless blank lines": ((repeat(b"\r\n" * 1000),), LATE),
    "an endless body": ((OK + END, repeat(b"a" * 65_536)), TOO_LARGE),
    "endless chunks": ((CHUNKED, repeat(b"10000\r\n" + b"a" * 65_536 + b"\r\n")), TOO_LARGE),
    "endless chunks of one byte": ((CHUNKED, repeat(b"1\r\na\r\n" * 100)), LATE),
    "an endless extension of a chunk": ((CHUNKED + b"3;a=", repeat(b"x" * 65_536)), LATE),
    "endless trailers": ((CHUNKED + b"3\r\nabc\r\n0\r\n", repeat(b"X-A: b\r\n" * 1000)), NOT_HTTP),
    "endless answers to one question": ((repeat(whole(FEED) * 10),), SAK),
    # --- Lies about the length
    "a length of 10 GB": ((OK + b"Content-Length: 10000000000\r\n\r\n", repeat(b"a" * 65_536)), TOO_LARGE),
    "a length of 99 digits": ((OK + b"Content-Length: " + b"9" * 99 + b"\r\n\r\n",), NOT_HTTP),
    "a negative length": ((OK + b"Content-Length: -1\r\n\r\n" + FEED,), NOT_HTTP),
    "a length in words": ((OK + b"Content-Length: many\r\n\r\n" + FEED,), NOT_HTTP),
    "two lengths": ((OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\n" + FEED,), NOT_HTTP),
    "a length that is too large": ((OK + b"Content-Length: 9999\r\n\r\n" + FEED,), CUT_SHORT),
    "a length that is too small": ((OK + b"Content-Length: 20\r\n\r\n" + FEED,), NOT_HTTP),
    "a length and chunks": ((OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",), NOT_HTTP),
    "chunks that lie": ((CHUNKED + b"5\r\nabc",), CUT_SHORT),
    "a chunk of 20 digits": ((CHUNKED + b"f" * 20 + b"\r\nabc",), NOT_HTTP),
    "a chunk of a negative length": ((CHUNKED + b"-5\r\nabc",), NOT_HTTP),
    # --- Encodings
    "a bomb of gzip": ((whole(bomb(), b"Content-Encoding: gzip"),), TOO_LARGE),
    "a bomb of deflate": ((whole(zlib.compress(ZEROS * 20, 9), b"Content-Encoding: deflate"),), TOO_LARGE),
    "gzip within gzip, told once": ((whole(nested(2), b"Content-Encoding: gzip"),), ANOTHER_SORT),
    "gzip within gzip, told twice": (
        (whole(nested(2), b"Content-Encoding: gzip, gzip"),),
        NOT_ASKED.format("gzip, gzip"),
    ),
    "gzip told in two headers": (
        (whole(nested(2), b"Content-Encoding: gzip", b"Content-Encoding: gzip"),),
        ANOTHER_SORT,
    ),
    "gzip a hundred times": (
        (whole(nested(9), b"Content-Encoding: " + b", ".join([b"gzip"] * 100)),),
        NOT_ASKED.format("gzip, gzip, gzip, gz"),
    ),
    "many small gzips": (
        (OK + GZIP + END, repeat(gzip.compress(b"", mtime=0) * 1000)),
        f"the answer of {HERE} is made of too many pieces",
    ),
    "brotli, which was not asked for": ((whole(FEED, b"Content-Encoding: br"),), NOT_ASKED.format("br")),
    "zstd, which was not asked for": ((whole(FEED, b"Content-Encoding: zstd"),), NOT_ASKED.format("zstd")),
    "an encoding that nobody knows": ((whole(FEED, b"Content-Encoding: \x1b[31mrot13"),), NOT_ASKED.format("31mrot13")),
    "gzip that is none": ((whole(FEED, b"Content-Encoding: gzip"),), DAMAGED),
    "gzip that breaks off": ((whole(gzip.compress(FEED, mtime=0)[:-9], b"Content-Encoding: gzip"),), CUT_SHORT),
    "an endless name within gzip": (
        (OK + GZIP + END + b"\x1f\x8b\x08\x08\0\0\0\0\0\0", repeat(b"a" * 65_536)),
        TOO_LARGE,
    ),
    # --- Not HTTP
    "nothing at all": ((b"",), CLOSED),
    "HTTP/0.9": ((FEED,), NOT_HTTP),
    "HTTP/9.9": ((b"HTTP/9.9 200 OK\r\n\r\n" + FEED,), NOT_HTTP),
    "a mail server": ((b"220 mail.example ESMTP\r\n",), NOT_HTTP),
    "TLS": ((b"\x15\x03\x01\x00\x02\x02\x28",), NOT_HTTP),
    "bytes of zero": ((bytes(100_000),), NOT_HTTP),
    "a status of 999": ((b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n",), f"{HERE} has trouble of its own (999)"),
    "a status of 000": (
        (b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n",),
        f"{HERE} gave an answer that holds no feed (0)",
    ),
    "a header without a colon": ((OK + b"nonsense\r\n\r\n" + FEED,), NOT_HTTP),
    "a header with a zero in it": ((OK + b"X: a\0b\r\n\r\n" + FEED,), NOT_HTTP),
    "a bare line feed after each header": (
        (b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",),
        "this is plain text, not a feed",
    ),
    "a change of protocol": (
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + FEED,),
        f"{HERE} gave an answer that holds no feed (101)",
    ),
    # --- Lies about the sort
    "an error page with status 200": (
        (whole(b"<html><body>404 Not Found</body></html>"),),
        "this is a web page, not a feed",
    ),
    "a feed called a picture": ((whole(FEED, b"Content-Type: image/png"),), SAK),
    "a type of 60 kB": ((whole(FEED, b"Content-Type: text/xml; charset=" + b"a" * 60_000),), SAK),
    "a charset that is a bomb": ((whole(FEED, b"Content-Type: text/xml; charset=zip"),), SAK),
    "a charset of colours": ((whole(FEED, b"Content-Type: text/xml; charset=\xc3\xa6\xff"),), SAK),
    # --- Redirects
    "a redirect to a file": ((moved(b"file:///etc/passwd"),), NOWHERE),
    "a redirect to FTP": ((moved(b"ftp://klynge.example/"),), NOWHERE),
    "a redirect to a script": ((moved(b"javascript:alert(1)"),), NOWHERE),
    "a redirect to data": ((moved(b"data:text/xml,<rss/>"),), NOWHERE),
    "a redirect to nowhere": ((b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",), NOWHERE),
    "a redirect to an impossible port": (
        (moved(b"http://klynge.example:99999/"),),
        f"{HERE} redirects elsewhere, but the address at klynge.example is not a valid one",
    ),
    "a redirect to a name that is none": ((moved(b"https://xn--a--/"),), NOWHERE),
    "a redirect in bytes that are no text": (
        (moved(b"http://\xff\xfe/"),),
        f"{HERE} redirects elsewhere, but xn--vdab does not exist (no such host name)",
    ),
    "a redirect of 60 kB": (
        (moved(b"http://klynge.example/" + b"a" * 60_000),),
        f"{HERE} redirects elsewhere, but klynge.example does not exist (no such host name)",
    ),
    "a redirect with a password": (
        (moved(b"http://thief:secret@other.example/"),),
        f"{HERE} redirects elsewhere, but other.example does not exist (no such host name)",
    ),
    "a redirect to itself": ((moved(b"/feed"),), f"{HERE} redirects in a circle"),
    "a redirect with an endless body": (
        (b"HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\n", repeat(b"a" * 65_536)),
        TOO_LARGE,
    ),
    # --- Waits
    "a wait that is nonsense": (
        (b"HTTP/1.1 429 No\r\nRetry-After: \xff\x00soon\r\nContent-Length: 0\r\n\r\n",),
        NOT_HTTP,
    ),
    "a wait for ever": (
        (b"HTTP/1.1 429 No\r\nRetry-After: " + b"9" * 5000 + b"\r\nContent-Length: 0\r\n\r\n",),
        f"{HERE} was asked too often (429)",
    ),
}


def cases() -> Iterator[Case]:
    for name, (said, expected) in SERVERS.items():
        yield Case(f"server: {name}", lambda said=said, late=expected == LATE: asked(*said, late=late), expected)  # type: ignore[misc]
    yield Case("server: a long way of redirects", a_long_way, f"{HERE} redirects more than 5 times")
    yield Case("server: slow redirects, each in good time", slow_redirects, LATE)


async def asked(*said: Said, late: bool) -> str:
    async with Client(user_agent="test", lookup=nobody) as client, serving(*said) as port:
        return await fetched(client, f"http://{HERE}:{port}/feed", patience=PATIENCE if late else ENOUGH)


async def a_long_way() -> str:
    return await _led_on(0.0)


async def slow_redirects() -> str:
    return await _led_on(0.15)


async def _led_on(pause: float) -> str:
    """A server that redirects each question one page further."""
    step = iter(range(1000))

    def further() -> Iterator[bytes]:
        yield moved(b"/%d" % next(step))

    class Each:
        def __iter__(self) -> Iterator[bytes]:
            return further()

    async with Client(user_agent="test", lookup=nobody) as client, serving(pause, Each()) as port:
        return await fetched(client, f"http://{HERE}:{port}/feed", patience=PATIENCE if pause else ENOUGH)
