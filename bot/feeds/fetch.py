"""Fetches a feed politely: asks only for what is new, follows moves with care, heeds what the server asks for.

What is asked and what an answer means are pure functions; only `fetch` and the two that it calls touch the network.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

import httpx

from bot.feeds.rest import rest_wished, retry_after
from bot.model import FeedProblem
from bot.net.addresses import authority, bare, host_of, normal, shown
from bot.net.client import Client, NetProblem, basic

ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
FULL_EVERY = timedelta(hours=6)  # A server whose validators never change is found out after this long.
MOST_HOPS = 5
LARGEST = 10_000_000  # Bytes.
PATIENCE = 60.0  # Seconds for the way to an answer, with all its redirects.
POLLS_TO_MOVE = 2
POLLS_TO_DOUBT = 3
PERMANENT, REDIRECTS = frozenset({301, 308}), frozenset({301, 302, 303, 307, 308})
BOT_WALLS = ("cf-mitigated", "x-amzn-waf-action", "x-datadome")


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one feed between polls; addresses are without user info, and not in its repr.

    `url` is the configured address that it belongs to (another one begins anew), `address` where the feed is really
    fetched: `url` or where it moved for good. `etag` and `last_modified` are the server's own strings, and were given
    at `answered`, the end of all redirects. `doubts` counts complete answers with a known body that came although the
    ETag was sent. `full_at` is when the last complete answer came. `moved_to` is where a permanent redirect led,
    `moved_seen` in how many polls in a row it led there to a feed.
    """

    url: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    answered: str = field(default="", repr=False)
    etag: str = ""
    last_modified: str = ""
    doubts: int = 0
    body_hash: str = ""
    full_at: datetime | None = None
    moved_to: str = field(default="", repr=False)
    moved_seen: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: `body` is None when it is unchanged, `address` is the end of all redirects.

    `memory` may be saved only after the items were. `next_after` is how long the server asks to be left alone.
    """

    memory: Memory
    body: bytes | None = field(repr=False)
    address: str = field(repr=False)
    content_type: str
    next_after: timedelta | None


class TooLarge(FeedProblem):
    """The feed is larger than it may be this time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a fetch may do: the private host it may ask, how many bytes it takes, and in how many seconds."""

    private: str | None
    limit: int
    patience: float


async def fetch(
    client: Client,
    url: str,
    memory: Memory,
    *,
    now: datetime,
    allow_private: bool,
    limit: int = LARGEST,
    patience: float = PATIENCE,
) -> Fetched:
    """Fetch the feed at `url`, as configured; FeedProblem says why there is no answer that may hold a feed.

    `allow_private` admits a private address for the host and port of `url`, and for no other that a redirect names.
    A user name and password in `url` are sent to its host only. When the place that a feed moved to fails, the
    configured one is tried again. Either may take `patience` seconds, redirects and all. Beyond `limit` bytes it is
    TooLarge.
    """
    bounds = Bounds(authority(url) if allow_private else None, limit, patience)
    known = begun(memory, url)
    try:
        return await _follow(client, url, known, now, bounds)
    except TooLarge:
        raise
    except FeedProblem as problem:
        if known.address == known.url or problem.after:
            raise
    anew = replace(known, address=known.url, moved_to="", moved_seen=0)
    return await _follow(client, url, anew, now, bounds)


async def _follow(client: Client, url: str, memory: Memory, now: datetime, bounds: Bounds) -> Fetched:
    try:
        async with asyncio.timeout(bounds.patience):
            return await _led(client, url, memory, now, bounds)
    except TimeoutError:
        host = host_of(memory.address)
    raise FeedProblem(f"{host} did not give the feed within {bounds.patience:g} s", remedy=AGAIN)


async def _led(client: Client, url: str, memory: Memory, now: datetime, bounds: Bounds) -> Fetched:
    """The answer at the end of all redirects."""
    trail = Trail(memory.address, memory.address)
    while True:
        headers = question(memory, url, trail.at, now)
        response = await _ask(client, trail, headers, bounds)
        if response.status_code == 406:
            response = await _ask(client, trail, headers | {"Accept": "*/*"}, bounds)
        if response.status_code not in REDIRECTS:
            return understood(response, trail, memory, now)
        trail = followed(trail, response)


async def _ask(client: Client, trail: Trail, headers: dict[str, str], bounds: Bounds) -> httpx.Response:
    request = httpx.Request("GET", trail.at, headers=headers)
    try:
        return await client.send(request, private_host=bounds.private, limit=bounds.limit)
    except NetProblem as trouble:
        too_large = trouble.kind == "too_large"
        why, remedy = trouble.why, trouble.remedy or (SMALLER if too_large else AGAIN)
    if trail.before:
        why = f"{host_of(trail.before[0])} redirects elsewhere, but {why}"
        remedy = OWNER
    raise TooLarge(why, remedy=remedy) if too_large else FeedProblem(why, remedy=remedy)


# --- What is asked -------------------------------------------------------------------------------------------------


def begun(memory: Memory, url: str) -> Memory:
    """The memory that a poll of `url` begins with: empty when it belongs to another address."""
    try:
        here = bare(url)
        same = bool(memory.url) and bare(memory.url) == here
        address = bare(memory.address) if same and memory.address else here
    except httpx.InvalidURL:
        raise FeedProblem(
            "the feed's address is not a web address", remedy="Check URL: it begins with https://"
        ) from None
    return replace(memory, url=here, address=address) if same else Memory(url=here, address=here)


def question(memory: Memory, url: str, at: str, now: datetime) -> dict[str, str]:
    """The headers of a request to `at`: what is accepted, who asks, and what is known already."""
    headers = {"Accept": ACCEPT}
    if entitled(url, at):
        typed = httpx.URL(url)
        headers["Authorization"] = basic(typed.username, typed.password)
    fresh = memory.full_at is not None and timedelta(0) <= now - memory.full_at <= FULL_EVERY
    if not fresh or at != memory.answered:
        return headers
    # Some servers want both validators to match, which never happens when a proxy rewrites the ETag.
    doubtful = memory.doubts >= POLLS_TO_DOUBT and memory.last_modified
    if memory.etag.isascii() and memory.etag and not doubtful:
        headers["If-None-Match"] = memory.etag
    if memory.last_modified.isascii() and memory.last_modified:
        headers["If-Modified-Since"] = memory.last_modified
    return headers


def entitled(url: str, at: str) -> bool:
    """Whether the user name and password of `url` may be sent to `at`: the same server, and never less securely."""
    typed, there = httpx.URL(url), httpx.URL(at)
    if not typed.userinfo or normal(typed.host) != normal(there.host):
        return False
    same_port = (typed.scheme, typed.port) == (there.scheme, there.port)
    return same_port or (typed.scheme, typed.port, there.scheme, there.port) == ("http", None, "https", None)


# --- Where it leads ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trail:
    """The way through redirects: where it is `at`, what came `before`, and how far it was permanent all the way."""

    at: str
    settled: str
    lasting: bool = True
    before: tuple[str, ...] = ()


def followed(trail: Trail, response: httpx.Response) -> Trail:
    """One redirect further. From https to http it is followed, but nothing from there on counts as permanent."""
    host, status = host_of(trail.at), response.status_code
    try:
        target = bare(str(httpx.URL(trail.at).join(response.headers["Location"])))
    except (KeyError, httpx.InvalidURL):
        raise FeedProblem(f"{host} redirects without naming a web address ({status})", remedy=OWNER) from None
    before = (*trail.before, trail.at)
    if target in before:
        raise FeedProblem(f"{host} redirects in a circle", remedy="Ask the site's owner: perhaps it insists on cookies")
    if len(before) > MOST_HOPS:
        raise FeedProblem(f"{host_of(before[0])} redirects more than {MOST_HOPS} times", remedy=OWNER)
    secure = trail.at.startswith("http://") or target.startswith("https://")
    lasting = trail.lasting and status in PERMANENT and secure
    return Trail(target, target if lasting else trail.settled, lasting, before)


def proved(memory: Memory) -> Memory:
    """The same memory after the body turned out to be a feed; the second time in a row a move is for good.

    To be called once for a body that could be parsed; what is unchanged was counted by `fetch` itself.
    """
    if not memory.moved_to:
        return memory
    if memory.moved_seen + 1 < POLLS_TO_MOVE:
        return replace(memory, moved_seen=memory.moved_seen + 1)
    return replace(memory, address=memory.moved_to, moved_to="", moved_seen=0)


# --- What an answer means ------------------------------------------------------------------------------------------


def understood(response: httpx.Response, trail: Trail, memory: Memory, now: datetime) -> Fetched:
    """The answer at the end of the trail, or the FeedProblem that it is."""
    status, asked = response.status_code, response.request.headers
    if status == 304 and ("If-None-Match" in asked or "If-Modified-Since" in asked):
        return _fetched(response, None, trail, proved(_moved(memory, trail)), now)
    if status not in (200, 203):
        raise refused(response, trail, now)
    digest = sha256(response.content).hexdigest()
    known = digest == memory.body_hash
    doubts = memory.doubts if trail.at == memory.answered else 0
    learnt = replace(
        _moved(memory, trail),
        answered=trail.at,
        etag=response.headers.get("ETag", ""),
        last_modified=response.headers.get("Last-Modified", ""),
        doubts=doubts + (known and "If-None-Match" in asked),
        body_hash=digest,
        full_at=now,
    )
    return _fetched(response, None if known else response.content, trail, proved(learnt) if known else learnt, now)


def _fetched(response: httpx.Response, body: bytes | None, trail: Trail, memory: Memory, now: datetime) -> Fetched:
    content_type = response.headers.get("Content-Type", "")
    return Fetched(memory, body, trail.at, content_type, rest_wished(response.headers, now))


def _moved(memory: Memory, trail: Trail) -> Memory:
    target = trail.settled if trail.settled != memory.address else ""
    return replace(memory, moved_to=target, moved_seen=memory.moved_seen if target == memory.moved_to else 0)


def refused(response: httpx.Response, trail: Trail, now: datetime) -> FeedProblem:
    """Why an answer holds no feed, and what a person can do."""
    status, after = response.status_code, retry_after(response.headers, now)
    host, place = host_of(trail.at), shown(trail.at)
    gone = status == 410
    if any(name in response.headers for name in BOT_WALLS):
        why, remedy = f"{host} has a bot wall that keeps Delebot out ({status})", ADMIT
    elif status == 401 and "Authorization" in response.request.headers:
        why, remedy = f"{host} does not accept the user name and password (401)", "Correct them in URL"
    elif status in REASONS:
        why, remedy = REASONS[status]
        why = f"{why.format(host=host, place=place)} ({status})"
    elif status >= 500:
        why, remedy = f"{host} has trouble of its own ({status})", "It is tried again by itself"
    else:
        why, remedy = f"{host} gave an answer that holds no feed ({status})", LOOK
    return FeedProblem(why, remedy=remedy, after=after, gone=gone)


ADMIT = "Ask the site's owner to let Delebot read the feed, or for an address of it that is open to programs"
OWNER = "Ask the site's owner, or write the feed's present address into URL"
AGAIN = "It is tried again by itself. If it stays so, tell those who run the site"
SMALLER = "Ask the site's owner for a feed with fewer articles, or without pictures written into it"
LOOK = "Open the address in a browser and see what is there"
REASONS = {
    304: ("{host} says that nothing changed, though it was asked for everything", "Ask the site's owner"),
    401: (
        "{host} asks for a user name and password",
        "Write them into URL (https://name:password@…), or ask the site's owner for an open address",
    ),
    403: ("{host} refuses to give the feed: it is behind a login or a bot wall", ADMIT),
    404: ("there is no feed at {place}", "Look up the feed's address on the site and write it into URL"),
    406: ("{host} has no form of the feed that it would give", LOOK),
    410: ("{host} says that the feed at {place} is gone for good", "Remove this feed, or write a new address into URL"),
    429: ("{host} was asked too often", "It is tried again later; a longer EVERY helps"),
    503: ("{host} is not available at the moment", "It is tried again by itself"),
}
