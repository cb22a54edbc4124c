"""What a platform may answer to a post: too much, for ever, nonsense. A post has then come, has not, or is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from pydantic import SecretStr

from bot.kinds import load
from bot.model import Attempt, Busy, Occasion, Problem
from bot.net.client import Client
from bot.posts.compose import words_post
from bot.send import perform, sender
from tests.hostile.cases import HERE, NOW, Case, Said, serving
from tests.hostile.servers import CHUNKED, GZIP, OK, bomb, moved, whole
from tests.values import a_channel

TOO_LARGE = f"Unknown: the answer of {HERE} is larger than 10 MB"
NOT_HTTP = f"Unknown: {HERE} did not answer in HTTP"
LOST = f"Unknown: {HERE} closed the connection before its answer was complete"
DISCORD = f"/api/webhooks/100000000000000000/{'hemmelig_' * 7}hemmelig"
DEEP = b"[" * 200_000


def status(code: int, *headers: bytes, body: bytes = b"") -> bytes:
    lines = (b"HTTP/1.1 %d X" % code, b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


SAID: dict[str, tuple[tuple[Said, ...], str]] = {
    "an endless answer": ((OK + b"\r\n", repeat(b"a" * 65_536)), TOO_LARGE),
    "an answer of 10 GB": ((OK + b"Content-Length: 10000000000\r\n\r\n", repeat(b"a" * 65_536)), TOO_LARGE),
    "a bomb of gzip": ((whole(bomb(), b"Content-Encoding: gzip"),), TOO_LARGE),
    "endless headers": ((OK, repeat(b"X-A: b\r\n" * 1000)), NOT_HTTP),
    "an answer that breaks off": (
        (OK + b"Content-Length: 99\r\n\r\nabc",),
        f"Unknown: the answer of {HERE} was cut short",
    ),
    "chunks that lie": ((CHUNKED + b"5\r\nab",), f"Unknown: the answer of {HERE} was cut short"),
    "no answer": ((b"",), LOST),
    "nonsense": ((bytes(range(256)),), NOT_HTTP),
    "gzip that is none": (
        (whole(b"nothing of it", GZIP.strip()),),
        f"Unknown: the answer of {HERE} is damaged: it could not be decompressed",
    ),
    "a redirect to another": ((moved(b"http://evil.example/"),), "Stopped: the answer was 302 Found"),
    "a redirect to nowhere": ((moved(b"http://[/"),), "Stopped: the answer was 302 Found"),
    "a status nobody knows": ((status(799),), "Unknown: the answer was 799"),
    "a wait that is nonsense": ((status(429, b"Retry-After: soon\xff"),), "Busy: the answer was 429 Too Many Requests"),
    "a wait for ever": (
        (status(429, b"Retry-After: " + b"9" * 5000),),
        "Busy, after 86400 s: the answer was 429 Too Many Requests",
    ),
    "a wait of less than nothing": ((status(429, b"Retry-After: -5"),), "Busy: the answer was 429 Too Many Requests"),
    "a wait until the year 9999": (
        (status(503, b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"),),
        "Busy, after 86400 s: the answer was 503 Service Unavailable",
    ),
    "a wait in a zone far away": (
        (status(503, b"Retry-After: Fri, 20 Nov 2026 10:00:00 +9999"),),
        "Busy: the answer was 503 Service Unavailable",
    ),
    "a wait of signs": ((status(429, b"Retry-After: , ,, ::"),), "Busy: the answer was 429 Too Many Requests"),
    "a wait until a date that is none": (
        (status(429, b"Retry-After: Fri, 99 Foo 0000 99:99:99 GMT"),),
        "Busy: the answer was 429 Too Many Requests",
    ),
    "a date of its own that is none": ((status(204, b"Date: , ,, ::", b"Age: nonsense"),), "sent"),
    "a date of its own long ago": (
        (status(204, b"Date: Mon, 01 Jan 0001 00:00:00 +2359", b"Age: 99999999999999"),),
        "sent",
    ),
    "words that would be a secret": (
        (status(400, body=b"no such token: hemmelig"),),
        "Refused: the answer was 400 Bad Request",
    ),
    "a reason that steers a terminal": (
        (b"HTTP/1.1 400 \x1b[31mNo\r\nContent-Length: 0\r\n\r\n",),
        "Refused: the answer was 400 Bad Request",
    ),
}

# Discord answers with JSON, and says in it how long to wait.
IN_JSON: dict[str, tuple[bytes, str]] = {
    "JSON nested for ever": (whole(DEEP), "Unknown: Discord answered, but not with the message"),
    "a refusal in JSON nested for ever": (status(400, body=DEEP), "Refused: the answer was 400 Bad Request"),
    "JSON that is a list": (whole(b"[1]"), "Unknown: Discord answered, but not with the message"),
    "JSON with a number of a million digits": (
        whole(b'{"id":' + b"9" * 1_000_000 + b"}"),
        "Unknown: Discord answered, but not with the message",
    ),
    "JSON in bytes that are no text": (
        whole(b'{"id":"\xff\xfe"}'),
        "Unknown: Discord answered, but not with the message",
    ),
    "a page instead": (whole(b"<html>Logg inn</html>"), "Unknown: Discord answered, but not with the message"),
    "a wait in JSON that is no number": (
        status(429, body=b'{"retry_after":"soon"}'),
        "Busy: the answer was 429 Too Many Requests",
    ),
    "a wait in JSON for ever": (
        status(429, body=b'{"retry_after":1e308}'),
        "Busy, after 86400 s: the answer was 429 Too Many Requests",
    ),
    "a wait in JSON that is not a number": (
        status(429, body=b'{"retry_after":NaN}'),
        "Busy: the answer was 429 Too Many Requests",
    ),
    "a code in JSON that is a list": (status(400, body=b'{"code":[[]]}'), "Refused: the answer was 400 Bad Request"),
}


def cases() -> Iterator[Case]:
    for name, (said, expected) in SAID.items():
        yield Case(f"answer: {name}", lambda said=said: _posted("webhook", "/hook/hemmelig", *said), expected)  # type: ignore[misc]
    for name, (answer, expected) in IN_JSON.items():
        yield Case(f"answer: {name}", lambda answer=answer: _posted("discord", DISCORD, answer), expected)  # type: ignore[misc]


async def _posted(kind: str, path: str, *said: Said) -> str:
    """What comes of a post that is answered so."""
    made, post = load(kind), words_post("Hei", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    async with serving(*said) as port, Client(user_agent="test") as client:
        to = made.settings(url=SecretStr(f"http://{HERE}:{port}{path}"))
        send = sender(client, a_channel("rom", kind, to, allow_private=True))
        try:
            await perform(made.publish(post, Attempt(NOW), to), send, doing="publish", now=lambda: NOW)
        except Problem as problem:
            return line_of(problem)
    return "sent"


def line_of(problem: Problem) -> str:
    """A problem in one line, after checking that it tells no secret."""
    assert "hemmelig" not in problem.why
    asked = problem.after if isinstance(problem, Busy) else None
    wait = f", after {asked.total_seconds():g} s" if asked is not None else ""
    return f"{type(problem).__name__}{wait}: {problem.why}"
