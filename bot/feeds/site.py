"""Asks a WordPress site now and then what it has published, and remembers what of it is missing from the feed.

Only the address that belongs to the feed's own is asked. Where that gives no answer, or the feed lists a selection
that can't be asked for, nothing is compared. What is found is told to people and never posted. All but `look` and
`_ask` is pure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.feeds.fetch import REDIRECTS, Trail, entitled, followed
from bot.feeds.missing import Listing, Missing, listing_of, missing
from bot.feeds.rest import retry_after
from bot.feeds.wordpress import Place, Published, place_of, posts_address, posts_in, term_address, term_in
from bot.model import Document, FeedProblem
from bot.net.addresses import authority, host_of, normal
from bot.net.client import Client, NetProblem, basic

if TYPE_CHECKING:
    from bot.settings import Feed

EVERY = timedelta(hours=1)
REFUSED = timedelta(days=7)  # A site that doesn't answer the question is left alone for this long.
DEADLINE = 15  # Seconds for one look, with all redirects.
LARGEST = 1_000_000
LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a feed's site between polls: when it was asked and may be again, and what it said.

    `selection` is the number of the feed's category or tag. `missing` is judged anew at every poll.
    """

    root: str = field(default="", repr=False)
    selection: str = ""
    asked_at: datetime | None = None
    not_before: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    listing: Listing | None = None
    published: tuple[Published, ...] = ()
    missing: tuple[Missing, ...] = ()

    def due(self, now: datetime) -> bool:
        """Whether the site may be asked; a clock that was set back can't put that off for long."""
        return self.not_before is None or not now < self.not_before <= now + REFUSED

    @property
    def keys(self) -> frozenset[str]:
        """The link and guid keys by which the store may know the published posts."""
        return frozenset(key for post in self.published for key in post.keys)


KEPT: TypeAdapter[Kept] = TypeAdapter(Kept)


def read(value: object) -> Kept:
    """What was written down; nothing for anything else."""
    try:
        return KEPT.validate_python(value)
    except ValidationError:
        return Kept()


def written(kept: Kept) -> dict[str, Any]:
    """The memory as JSON."""
    value: dict[str, Any] = KEPT.dump_python(kept, mode="json")
    return value


# --- The look ------------------------------------------------------------------------------------------------------


async def look(client: Client, feed: Feed, address: str, document: Document | None, kept: Kept, now: datetime) -> Kept:
    """Ask the feed's site what it has published, if it is time to; what goes wrong is no news and only puts it off.

    `address` is where the feed was fetched in the end, and `document` what it held, None when that was unchanged.
    """
    place = place_of(address)
    if place is None:
        return Kept()
    kept = begun(kept, place, document)
    if not kept.due(now):
        return kept
    try:
        async with asyncio.timeout(DEADLINE):
            if place.term and not kept.selection:
                kept = selected(await _ask(client, feed, term_address(place), {}), kept)
            asked = conditions(kept)
            return understood(await _ask(client, feed, posts_address(place, kept.selection), asked), kept, now)
    except (NetProblem, TimeoutError):
        return put_off(kept, now)
    except FeedProblem:
        return refused(kept, now)


async def _ask(client: Client, feed: Feed, address: str, asked: dict[str, str]) -> httpx.Response:
    """The answer at the end of all redirects that stay on the site; FeedProblem where they leave it."""
    private = authority(feed.url) if feed.wishes.allow_private else None
    trail = Trail(address, address)
    while True:
        headers = {"Accept": "application/json", **asked, **credentials(feed.url, trail.at)}
        request = httpx.Request("GET", trail.at, headers=headers)
        response = await client.send(request, private_host=private, timeout=DEADLINE, limit=LARGEST)
        if response.status_code not in REDIRECTS:
            return response
        trail = followed(trail, response)
        if _site(trail.at) != _site(address):
            raise FeedProblem("the site sends the question elsewhere")


def _site(address: str) -> str:
    return normal(host_of(address)).removeprefix("www.")


def credentials(url: str, at: str) -> dict[str, str]:
    """The header with the user name and password of the feed's address, where they may be sent to."""
    typed = httpx.URL(url)
    return {"Authorization": basic(typed.username, typed.password)} if entitled(url, at) else {}


def conditions(kept: Kept) -> dict[str, str]:
    """The headers that ask only for what is new, for sites that know them."""
    asked = {"If-None-Match": kept.etag, "If-Modified-Since": kept.last_modified}
    return {name: value for name, value in asked.items() if value}


# --- What it leads to ----------------------------------------------------------------------------------------------


def begun(kept: Kept, place: Place, document: Document | None) -> Kept:
    """The memory that a look begins with: anew for another site, and with what the document lists if there is one."""
    same = kept if kept.root == place.root else Kept(root=place.root)
    numbered = place.term if place.term.isdecimal() else same.selection
    return replace(same, selection=numbered, listing=listing_of(document, place.root) if document else same.listing)


def selected(response: httpx.Response, kept: Kept) -> Kept:
    """The memory with the number of the feed's category or tag; FeedProblem when the site doesn't tell just one."""
    number = term_in(response.content) if response.status_code == 200 else None
    if number is None:
        raise FeedProblem("the site does not know what the feed selects")
    return replace(kept, selection=str(number))


def understood(response: httpx.Response, kept: Kept, now: datetime) -> Kept:
    """What the site's answer leads to: what is published, another try, or not to be asked for a while."""
    status, headers = response.status_code, response.headers
    if status == 304 and conditions(kept):
        return put_off(kept, now)
    if status in LATER or status >= 500:
        return put_off(kept, now, retry_after(headers, now) or EVERY)
    posts = posts_in(response.content, kept.root) if status in (200, 203) else None
    if posts is None:
        return refused(kept, now)
    etag, modified = (headers.get(name, "") for name in ("ETag", "Last-Modified"))
    told = replace(kept, published=posts, etag=etag, last_modified=modified)
    return put_off(told if etag.isascii() and modified.isascii() else replace(told, etag="", last_modified=""), now)


def put_off(kept: Kept, now: datetime, wait: timedelta = EVERY) -> Kept:
    """The site may be asked again after a while; what it said before still counts."""
    return replace(kept, asked_at=now, not_before=now + max(wait, EVERY))


def refused(kept: Kept, now: datetime) -> Kept:
    """The site doesn't tell; what it said before counts no more."""
    return Kept(root=kept.root, asked_at=now, not_before=now + REFUSED, listing=kept.listing)


def judged(kept: Kept, now: datetime, max_age: timedelta, known: Collection[str] = ()) -> Kept:
    """The memory with what is missing now; `known` are those of its keys that the store has."""
    return replace(kept, missing=missing(kept.published, kept.listing or Listing(), now, max_age, known))
