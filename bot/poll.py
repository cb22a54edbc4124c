"""The spine of one poll: fetch, parse, plan, save. Read it aloud and you know what Delebot does with a feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from bot import points
from bot.feeds import site
from bot.feeds.discover import candidates
from bot.feeds.fetch import LARGEST, Fetched, Memory, TooLarge, fetch, proved
from bot.feeds.parse import parse
from bot.hush import hush_feed, secrets_of_address, without
from bot.model import Document, FeedProblem, Item, Post
from bot.net.client import shown
from bot.outcome import State
from bot.plan import Past, Plan, plan
from bot.posts.compose import same_post
from bot.settings import Channel, Feed
from bot.store import polls
from bot.story import Event
from bot.world import World, draft_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]
MakePlan = Callable[[Past], Plan]
MEMORY: TypeAdapter[Memory] = TypeAdapter(Memory)
LARGE = 1_000_000  # Bytes. Few feeds have more, and what they become while they are read is many times as large.
POLITENESS = timedelta(hours=1)  # A site that asks for more patience than this gets it only from EVERY or CRON.
# One at a time: they would not be faster together, only need the memory of all, and hold up what else runs in threads.
PARSER = ThreadPoolExecutor(1, "parse")
LONGEST_BACK_OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to: whether the feed could be read, and what is new in it."""

    ok: bool
    plan: Plan | None = None

    @property
    def owes(self) -> list[str]:
        """The channels that have something new to show."""
        new = self.plan.new if self.plan else ()
        return list(dict.fromkeys(o.channel for n in new for o in n.owed if o.state == State.DUE))


async def poll(world: World, name: str, *, dry: bool = False) -> Polled:
    """Poll one feed now and save what it owes; `dry` saves nothing."""
    feed = world.config.feeds[name]
    row = await world.store.read(polls.feed_row, name)
    try:
        async with asyncio.timeout(world.patience.poll):
            fetched, document = await ask(world, feed, row)
    except TimeoutError:
        problem = FeedProblem(
            f"it took longer than {world.patience.poll:g} seconds", remedy="Look how the site is doing"
        )
        await _failed(world, feed, row, problem, dry=dry)
        return Polled(ok=False)
    except FeedProblem as problem:
        await _failed(world, feed, row, problem, dry=dry)
        return Polled(ok=False)
    return await _succeeded(world, feed, row, fetched, document, dry=dry)


async def ask(world: World, feed: Feed, row: Row) -> tuple[Fetched, Document | None]:
    """Fetch and read. Large feeds are asked one at a time, so that not even many of them fill the memory."""
    if feed.name not in world.large_feeds:
        try:
            return await _ask(world, feed, row, LARGE)
        except TooLarge:
            world.large_feeds.add(feed.name)
    async with world.one_large:
        return await _ask(world, feed, row, LARGEST)


async def _ask(world: World, feed: Feed, row: Row, limit: int) -> tuple[Fetched, Document | None]:
    memory, private = remembered(feed, row), feed.wishes.allow_private
    fetched = await fetch(world.client, feed.url, memory, now=world.now(), allow_private=private, limit=limit)
    points.reached("fetched")
    document = await read(fetched)
    return replace(fetched, body=None), document  # What was read is not kept while it waits to be saved.


async def read(fetched: Fetched) -> Document | None:
    """The items of what was fetched, parsed off the event loop; None when it is unchanged."""
    if fetched.body is None:
        return None
    try:
        work = partial(parse, fetched.body, content_type=fetched.content_type, address=fetched.address)
        return await asyncio.get_running_loop().run_in_executor(PARSER, work)
    except FeedProblem as problem:
        found = candidates(fetched.body, fetched.address)
        if not found:
            raise
        raise FeedProblem(problem.why, remedy=f"Its feed is at {shown(found[0].url)}: put that into URL") from None


async def _succeeded(
    world: World, feed: Feed, row: Row, fetched: Fetched, document: Document | None, *, dry: bool
) -> Polled:
    now = world.now()
    values = {
        "target": target_of(feed), "memory": memory_of(feed, fetched if document is None else proven(fetched)),
        "polled_at": now, "ok_at": now, "failures": 0, "problem": "", "gone": False, "doubt": "",
        "poll_due_at": next_poll(feed, world, now, asked=fetched.next_after),
    }  # fmt: skip
    if document is None:
        if not dry:
            await world.store.write(polls.save_feed, feed.name, values)
            await compare_with_site(world, feed, row, fetched, document)
        world.tell(Event("unchanged", feed=feed.name))
        return Polled(ok=True)
    values |= {"title": document.title, "language": document.language}
    make_plan = _planner(world, feed, document)
    if dry:
        planned = await world.store.read(_plan_only, feed, row, document, make_plan, now)
    else:
        planned = await world.store.write(_save_poll, world, feed, row, document, make_plan, values)
        points.reached("saved")
        await compare_with_site(world, feed, row, fetched, document)
    world.tell(told(feed, planned))
    return Polled(ok=True, plan=planned)


def _plan_only(
    connection: Connection, feed: Feed, row: Row, document: Document, make_plan: MakePlan, now: datetime
) -> Plan:
    return make_plan(polls.past_of(connection, feed.name, document, _watched(feed, row), now))


async def compare_with_site(world: World, feed: Feed, row: Row, fetched: Fetched, document: Document | None) -> None:
    """Find out what the site has published and its feed doesn't show. It is told to people, and never posted."""
    now, kept = world.now(), site.read(row.get("site")) if row.get("target") == target_of(feed) else site.Kept()
    kept = await site.look(world.client, feed, fetched.address, document, kept, now)
    await world.store.write(_keep_site, feed, kept, now)


def _keep_site(connection: Connection, feed: Feed, kept: site.Kept, now: datetime) -> None:
    known = polls.known_keys(connection, feed.name, kept.keys)
    judged = site.judged(kept, now, feed.wishes.max_age, known)
    polls.save_feed(connection, feed.name, {"site": site.written(judged)})


def _save_poll(
    connection: Connection, world: World, feed: Feed, row: Row, document: Document, make_plan: MakePlan, values: Row
) -> Plan:
    """The plan and its rows in one transaction."""
    return polls.save_poll(connection, feed, document, _watched(feed, row), make_plan, values, world.now())


def _planner(world: World, feed: Feed, document: Document) -> MakePlan:
    """The plan as a function of the past, with everything else of this poll filled in."""
    config = world.config

    def make_plan(past: Past) -> Plan:
        now = world.now()  # That of the transaction, for it is what puts articles in their order.

        def compose(channel: Channel, item: Item) -> Post:
            return draft_of(channel, config, item, document.title, now)

        return plan(document, past, feed, tuple(config.channels.values()), now=now, compose=compose, same=same_post)

    return make_plan


def told(feed: Feed, planned: Plan) -> Event:
    """A poll that found something, in an event."""
    held = sum(any(owed.state == State.HELD for owed in new.owed) for new in planned.new)
    why = ""
    if planned.baseline:
        shared = sum(bool(new.owed) for new in planned.new)
        known = "1 article is" if len(planned.new) == 1 else f"{len(planned.new)} articles are"
        why = f"first poll, {known} known from now on, {shared} to share"
        return Event("baseline", feed=feed.name, why=why)
    if held:
        why = f"{held} held: {next(o.why for n in planned.new for o in n.owed if o.state == State.HELD)}"
    return Event("polled", feed=feed.name, count=len(planned.new), why=why, ok=not held)


async def _failed(world: World, feed: Feed, row: Row, problem: FeedProblem, *, dry: bool) -> None:
    """Write down why a feed can't be read and when it is tried again; what was known of it stays."""
    now = world.now()
    hush_feed(problem, feed.url)
    why = ". ".join(filter(None, (problem.why, problem.remedy)))
    failures = (row.get("failures") or 0) + 1
    wait = problem.after or min(feed.wishes.every * 2 ** min(failures - 1, 8), max(feed.wishes.every, LONGEST_BACK_OFF))
    values = {
        "target": target_of(feed), "polled_at": now, "failures": failures, "problem": why,
        "gone": problem.gone, "poll_due_at": now + wait,
    }  # fmt: skip
    if row and row.get("target") != target_of(feed):
        values |= {"memory": {}, "ok_at": None}
    if not dry:
        await world.store.write(polls.save_feed, feed.name, values)
    world.tell(Event("feed failed", feed=feed.name, why=why, ok=False))


# --- Memory --------------------------------------------------------------------------------------------------------


def target_of(feed: Feed) -> str:
    """A fingerprint of the configured address, which may hold a password."""
    return sha256(feed.url.encode()).hexdigest()[:16]


ADDRESSES = ("url", "address", "answered", "moved_to")
TOLD_BY_SITES = (*ADDRESSES, "etag", "last_modified")
QUERY = "{QUERY}"


def remembered(feed: Feed, row: Row) -> Memory:
    """What the last poll left behind, if it was of the same address."""
    if row.get("target") != target_of(feed) or not row.get("memory"):
        return Memory()
    query = urlsplit(feed.url).query
    kept = {name: value.replace(QUERY, query) for name, value in row["memory"].items() if name in ADDRESSES}
    return MEMORY.validate_python({**row["memory"], **kept})


def proven(fetched: Fetched) -> Fetched:
    """The answer held a feed, so a permanent redirect on the way to it counts."""
    return replace(fetched, memory=proved(fetched.memory))


def memory_of(feed: Feed, fetched: Fetched) -> Row:
    """The memory as it is stored: without what follows the ? of the configured address, which may be a secret."""
    memory: Row = MEMORY.dump_python(fetched.memory, mode="json")
    query, secrets = urlsplit(feed.url).query, secrets_of_address(feed.url)
    memory |= {name: memory[name].replace(query, QUERY) for name in ADDRESSES if query}
    # What a site repeats of a secret elsewhere is forgotten: the next poll then asks for everything, at the beginning.
    return memory | {name: "" for name in TOLD_BY_SITES if without(memory[name], secrets) != memory[name]}


def _watched(feed: Feed, row: Row) -> datetime | None:
    """Since when this very address was watched; None makes a baseline unless the document is one we know."""
    return row.get("ok_at") if row.get("target") == target_of(feed) else None


def next_poll(feed: Feed, world: World, now: datetime, asked: timedelta | None = None) -> datetime:
    """When the feed is polled next: by CRON, or after EVERY and what the site asks for within reason."""
    if feed.wishes.cron:
        from apscheduler.triggers.cron import CronTrigger

        trigger = CronTrigger.from_crontab(feed.wishes.cron, timezone=world.config.bot.timezone)
        at: datetime | None = trigger.get_next_fire_time(None, now)
        return at or now + feed.wishes.every
    return now + max(feed.wishes.every, min(asked or timedelta(0), POLITENESS))
