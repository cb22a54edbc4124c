"""Finds the posts that a site has published and its feed doesn't list, which is nearly always a cache's doing. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bot.feeds.wordpress import Published
from bot.keys import guid_key, link_key
from bot.model import Document, Item

PATIENCE = timedelta(minutes=30)  # Caches of a quarter of an hour are common and nobody's trouble.
LISTED = 30  # Entries of a document that are remembered, the newest.
POST_ID = re.compile(r"[?&;]p=([1-9][0-9]{0,15})(?![0-9])")
TONGUE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4})?", re.IGNORECASE)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the newest entries of a feed document are known by, and from when on it lists everything.

    `newest` is the latest of their dates, and `tongues` are the languages that their addresses begin with.
    """

    keys: frozenset[str] = frozenset()
    since: datetime | None = None
    newest: datetime | None = None
    tongues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Missing:
    """A post that is on the site since then but not in the feed."""

    link: str
    title: str
    since: datetime


# --- What a feed lists ---------------------------------------------------------------------------------------------


def listing_of(document: Document, root: str = "") -> Listing:
    """What a document lists. One that is not in the order of time tells only of what is newer than all of it."""
    in_order = [item.published for item in document.items if item.published]
    ordered = all(a >= b for a, b in pairwise(in_order)) or all(a <= b for a, b in pairwise(in_order))
    entries = sorted(document.items, key=lambda item: item.published or LONG_AGO, reverse=True)[:LISTED]
    dates = [item.published for item in entries if item.published]
    return Listing(
        keys=frozenset(key for item in entries for key in _keys(item)),
        since=(min if ordered else max)(dates, default=None),
        newest=max(dates, default=None),
        tongues=frozenset(_tongue(item.link, root) for item in entries if item.link),
    )


def _keys(item: Item) -> Iterable[str]:
    if item.link:
        yield link_key(item.link)
    if item.guid:
        yield guid_key(item.guid)
    if number := POST_ID.search(item.guid):
        yield f"?p={number[1]}"


def _tongue(link: str, root: str) -> str:
    """The language that an address begins with, below the site's root; empty where it names none."""
    first, below, _ = link_key(link).removeprefix(link_key(root)).strip("/").partition("/")
    return first.lower() if below and TONGUE.fullmatch(first) else ""


# --- What it doesn't list ------------------------------------------------------------------------------------------


def missing(
    posts: Sequence[Published], listing: Listing, now: datetime, max_age: timedelta, known: Collection[str] = ()
) -> tuple[Missing, ...]:
    """The posts that the feed should list by now but doesn't, and that are not known either; the newest first.

    A post counts that was published, and last changed, more than half an hour ago, at most `max_age` ago, and not
    before the feed's oldest entry. `known` are keys of items that came earlier. A feed that leaves out most of what
    lies between its own entries is a selection, and says nothing.
    """
    have = listing.keys | frozenset(known)
    there = [post.since for post in posts if post.keys & have]
    absent = [post for post in posts if not post.keys & have]
    since = listing.since or min(there, default=None)
    if since is None or _is_selection(listing, there, absent):
        return ()
    first = max(since, now - max_age)
    due = [p for p in absent if first <= p.since and _settled(p, now) and _spoken(p, listing)]
    return tuple(Missing(p.link, p.title, p.since) for p in sorted(due, key=lambda p: p.since, reverse=True))


def _is_selection(listing: Listing, there: Sequence[datetime], absent: Sequence[Published]) -> bool:
    newest = max([*there, listing.newest] if listing.newest else there)
    passed_over = sum(post.since < newest for post in absent)
    return passed_over > max(1, len(there))


def _settled(post: Published, now: datetime) -> bool:
    """Whether a post is public for long enough. One with an earlier date is changed when it is published."""
    changed = post.changed if post.changed <= now else post.since
    return now - max(post.since, changed) > PATIENCE


def _spoken(post: Published, listing: Listing) -> bool:
    """Whether the feed has entries in the post's language, where addresses tell."""
    return not listing.tongues or _tongue(post.link, post.root) in listing.tongues
