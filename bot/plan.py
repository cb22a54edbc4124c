"""What is new in a feed, and what it owes to whom: from a document and what is known to intents. Pure.

The plan is made inside the transaction that saves it, so two polls can't both find an item new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from bot import identity
from bot.config.times import written
from bot.identity import Known, Match
from bot.keys import content_hash, link_key, title_key, words_of
from bot.likeness import Shared
from bot.outcome import State
from bot.pace import AT_ONCE

if TYPE_CHECKING:
    from bot.model import Document, Item, Post
    from bot.settings import Channel, Feed

CLOCK_SKEW = timedelta(hours=1)
LATELY = timedelta(days=1)  # So far back `Past.arrivals` goes.
NEARLY_ALL = 0.8
STEADY = timedelta(hours=1)
WAITS_FOR_APPROVAL = "it waits for approval"
SITE_WIDE = "nearly all articles were changed at once, so this looks like a change of the site; the post stays as it is"


def delivery_key(channel: str, occasion: str, subject: str, turn: int) -> str:
    """The same for every attempt at one thing, different for a reminder or a deliberate repeat."""
    parts = "\n".join((channel, occasion, subject, str(turn)))
    return sha256(parts.encode(errors="surrogatepass")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Owed:
    """One delivery that an item owes, before it is a row."""

    channel: str
    subject: str
    state: State
    due_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class New:
    """An item that was never seen, and what it owes."""

    item: Item
    guid: str
    owed: tuple[Owed, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A known item in this document: the key it has now, and its new revision when people read something else.

    `returned` tells that it reads as it did before its last correction.
    """

    known: Known
    item: Item
    guid: str
    revision: int
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A delivery that exists for a known item; `sent` tells that people see it."""

    id: int
    item: int
    channel: str
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """A delivery that wants another revision than it had, or why its post stays as it is all the same.

    `after` is how long its new words have to stand before what people see is changed. `ask` says that a person has to
    approve the new words too, if they are not sent yet.
    """

    delivery: int
    revision: int
    why: str = ""
    after: timedelta = timedelta(0)
    ask: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a poll leads to. The store only obeys."""

    new: tuple[New, ...] = ()
    seen: tuple[Seen, ...] = ()
    raised: tuple[Raised, ...] = ()
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a feed and of what its document may owe.

    `known` are the items that this document may speak of. `subjects` tells for each (channel, subject) that already
    has a share which feed it came from. `newest` is the latest date among all the feed's items. `watched_at` is the
    last poll of this address that succeeded, None before the first; `familiar` tells that the feed was read before,
    under whatever address. `arrivals` is when each article of the last day that owed something was first seen.
    `doubt` says why what is new may have been shared already.
    """

    known: Sequence[Known] = ()
    shown: Sequence[Shown] = ()
    subjects: Mapping[tuple[str, str], str] = field(default_factory=dict)
    newest: datetime | None = None
    watched_at: datetime | None = None
    familiar: bool = False
    arrivals: Sequence[datetime] = ()
    doubt: str = ""


Compose = Callable[["Channel", "Item"], "Post"]
Same = Callable[["Post", "Post"], bool]


def plan(
    document: Document,
    past: Past,
    feed: Feed,
    channels: Sequence[Channel],
    *,
    now: datetime,
    compose: Compose,
    same: Same,
) -> Plan:
    """Compare a document with the past. `compose` and `same` tell whether a change is one that a channel shows."""
    matches = identity.match(document.items, past.known, document.link)
    # A new address with articles that we know is no new beginning.
    baseline = past.watched_at is None and all(m.known is None for m in matches)
    fresh = oldest_first([m for m in matches if m.known is None], now)
    owing = _owing(fresh, past, feed, baseline=baseline, now=now)
    ours = [channel for channel in channels if channel.takes(feed)]
    shared = identity.shared_keys(document.items, document.link)
    new = tuple(
        New(m.item, m.guid, _owed(m, owing[m.guid], past, feed, ours, shared, now) if m.guid in owing else ())
        for m in fresh
    )
    seen = tuple(_seen(m, m.known) for m in matches if m.known is not None)
    return Plan(new, seen, tuple(_raised(seen, past, feed, ours, compose, same)), baseline)


def oldest_first(matches: Sequence[Match], now: datetime) -> list[Match]:
    """New entries in the order in which they were written; feeds list the newest first."""
    indexed = sorted(enumerate(matches), key=lambda pair: (_moment(pair[1].item, now), -pair[0]))
    return [match for _, match in indexed]


def _moment(item: Item, now: datetime) -> datetime:
    """When an item was written, as far as one can believe it: a date in the future is no date."""
    written = item.published or item.updated
    return written if written and written <= now + CLOCK_SKEW else now


def _owing(fresh: Sequence[Match], past: Past, feed: Feed, *, baseline: bool, now: datetime) -> dict[str, str]:
    """Which of the new entries owe something, by key, and why a person has to say yes first (empty: nobody has to)."""
    wishes = feed.wishes
    if baseline:
        # FIRST_RUN is a wish for just these articles, however many and old. Another address is no first run any more.
        wished = 0 if past.familiar else wishes.first_run
        return {m.guid: m.doubt or past.doubt for m in fresh[max(len(fresh) - wished, 0) :]}
    flood = _flood(len(fresh), past, wishes.flood, now)
    alone = len(fresh) == 1 and not past.arrivals
    return {m.guid: m.doubt or past.doubt or flood or _too_old(m.item, past, feed, now, alone=alone) for m in fresh}


def _flood(fresh: int, past: Past, flood: int, now: datetime) -> str:
    """Why so many new articles are more than a person would send, or empty. The words name no number of theirs.

    A few at each poll are a flood too when they come to twice as much within an hour. One that comes alone is none,
    and a batch that was a flood by itself tells nothing of what comes after it.
    """
    batches = Counter(at for at in past.arrivals if at > now - AT_ONCE)
    before = sum(size for size in batches.values() if size <= flood)
    drip = fresh > 1 and fresh + before > 2 * flood
    return f"more new articles at once than FLOOD={flood} lets through" if fresh > flood or drip else ""


def _too_old(item: Item, past: Past, feed: Feed, now: datetime, *, alone: bool) -> str:
    """Why an article is too old to be news, or empty. The words don't name its date, so that many make one reason.

    A date before MAX_AGE is no old news when we have been watching all the while and the article is newer than all
    the others: then the site or its cache held it back until now. That happens to one; several are an import.
    """
    limit = now - feed.wishes.max_age
    date = item.published or item.updated
    if date is None or date >= limit:
        return ""
    watching = past.watched_at is not None and past.watched_at >= limit
    if alone and watching and past.newest is not None and date > past.newest:
        return ""
    return f"older than MAX_AGE={written(feed.wishes.max_age)} allows"


def _owed(
    match: Match,
    doubt: str,
    past: Past,
    feed: Feed,
    channels: Sequence[Channel],
    shared: Shared,
    now: datetime,
) -> tuple[Owed, ...]:
    found = ((channel, _subject(match, past, feed, channel, shared)) for channel in channels)
    due_at = now + feed.wishes.settle
    return tuple(_owe(channel, subject, match.item, doubt, due_at) for channel, subject in found if subject)


def _owe(channel: Channel, subject: str, item: Item, doubt: str, due_at: datetime) -> Owed:
    filtered = filtered_out(item, channel)
    if filtered:
        return Owed(channel.name, subject, State.SKIPPED, due_at, filtered)
    if doubt:
        return Owed(channel.name, subject, State.HELD, due_at, doubt)
    if channel.wishes.approve:
        return Owed(channel.name, subject, State.HELD, due_at, WAITS_FOR_APPROVAL)
    return Owed(channel.name, subject, State.DUE, due_at)


def _subject(match: Match, past: Past, feed: Feed, channel: Channel, shared: Shared) -> str:
    """What a share is about: the full canonical link, so that two feeds which list an article make one post.

    Empty when another feed has shared it here. An address that tells nothing, or that this very feed has used for
    another article before, gives way to the item itself.
    """
    link = link_key(match.item.link) if match.item.link else ""
    if link and link not in shared.links:
        owner = past.subjects.get((channel.name, f"link {link}"))
        if owner != feed.name:
            return "" if owner else f"link {link}"
    return f"item {feed.name} {match.guid}"


def filtered_out(item: Item, channel: Channel) -> str:
    """Why INCLUDE and EXCLUDE keep an item from a channel, or empty."""
    haystack = f" {' '.join(map(title_key, (item.title, *item.tags)))} {words_of(item)} "
    wishes = channel.wishes

    def found(words: Sequence[str]) -> list[str]:
        return [word for word in words if f" {title_key(word)} " in haystack]

    if wishes.include and not found(wishes.include):
        return "none of the words of INCLUDE is in it"
    barred = found(wishes.exclude)
    return f"the word «{barred[0]}» of EXCLUDE is in it" if barred else ""


def _seen(match: Match, known: Known) -> Seen:
    now_reads, (latest, *earlier) = content_hash(match.item), known.hash.split() or [""]
    revision = known.revision if now_reads == latest else known.revision + 1
    return Seen(known, match.item, match.guid, revision, returned=now_reads in earlier)


def _raised(
    seen: Sequence[Seen], past: Past, feed: Feed, channels: Sequence[Channel], compose: Compose, same: Same
) -> list[Raised]:
    """The deliveries whose post would read differently now, composed by the same code from the old and the new."""
    changed = {s.known.id: s for s in seen if s.revision != s.known.revision}
    by_name = {channel.name: channel for channel in channels}

    def differs(shown: Shown) -> bool:
        now_reads, channel = changed.get(shown.item), by_name.get(shown.channel)
        if now_reads is None or channel is None:
            return False
        return not same(compose(channel, now_reads.known.item), compose(channel, now_reads.item))

    differing = [shown for shown in past.shown if differs(shown)]
    edits = Counter(shown.channel for shown in differing if shown.sent)
    # A person mends an article or some; when nearly all that is listed reads differently, it was the site.
    site = len(changed) >= NEARLY_ALL * len(seen)
    stays = {channel for channel, count in edits.items() if site and count > feed.wishes.flood}
    # The words of before may come out of an old cache, in turn with the new ones, so they are not believed at once.
    steady = max(STEADY, 4 * feed.wishes.every)
    return [
        Raised(
            shown.id,
            changed[shown.item].revision,
            SITE_WIDE if shown.sent and shown.channel in stays else "",
            steady if changed[shown.item].returned else timedelta(0),
            by_name[shown.channel].wishes.approve,
        )
        for shown in differing
    ]
