"""Works one channel's rows in order, one attempt at a time, until nothing may go now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import alerts, kinds, points
from bot.feeds.pictures import look
from bot.model import Attempt, Busy, Post, Problem, Receipt, Unknown
from bot.outcome import Doing, Verdict, not_there, verdict
from bot.pace import Step
from bot.send import perform, sender
from bot.sessions import with_session
from bot.settings import Channel
from bot.shelf import anybody_uploads, images_of
from bot.store import lanes
from bot.store.database import StoreTrouble
from bot.store.lanes import Claim, Owing
from bot.story import Event
from bot.world import World, post_of, rules_of

PATIENCE_WITH_THE_DISK = 5.0


async def drain(world: World, name: str) -> datetime | None:
    """Make `shown` equal `wanted` for one channel, as far as its pace lets it; when to look again, if there is work."""
    if channel := world.config.channels.get(name):
        await keep_session(world, channel)
    while channel := world.config.channels.get(name):
        if channel.wishes.images:
            await look_at_pictures(world, name)
        step = await world.store.write(_claim, channel, world)
        if not isinstance(step, Claim):
            return step.at
        points.reached("claimed")
        await deliver(world, channel, step)
    return None


async def keep_session(world: World, channel: Channel) -> None:
    """Renew a session in time though there is nothing to post, for a token that lapses can't be renewed any more."""
    last = world.renewed.get(channel.name)
    if kinds.load(channel.kind).renew is None or (last and world.now() - last < timedelta(days=1)):
        return
    world.renewed[channel.name] = world.now()
    try:
        await with_session(Attempt(world.now()), channel, world.sessions, sender(world.client, channel), world.now)
    except Problem as problem:
        world.tell(Event("trouble", channel=channel.name, why=f"{channel.name}: {problem.why}", ok=False))


async def look_at_pictures(world: World, name: str) -> None:
    """Look at the pictures of what is posted next, once an item, whichever channel comes first."""
    async with world.looking:
        keep = world.shelf.put if anybody_uploads(world.config) else None
        for id, item in await world.store.read(lanes.unseen_pictures, name):
            found = await look(world.client, item, keep)
            await world.store.write(lanes.keep_picture, id, found)


def _claim(connection: Connection, channel: Channel, world: World) -> Claim | Step:
    now, config = world.now(), world.config

    def compose(owing: Owing, key: str) -> Post:
        return post_of(channel, config, owing, key, now)

    return lanes.claim(connection, channel.name, world.run, rules_of(channel, config), compose, now)


async def deliver(world: World, channel: Channel, taken: Claim) -> None:
    """One attempt, and whatever comes of it is written down: also when we are told to stop in the middle of it."""
    begun: Attempt | None = None
    became: Verdict
    try:
        ready = await get_ready(world, channel, taken)
        begun = ready if taken.doing != "look_up" else None
        ended = await show(world, channel, taken, ready)
    except Problem as problem:
        if isinstance(problem, Busy) and problem.session_ended:
            await asyncio.to_thread(world.sessions.end, channel)
        became = verdict(problem, taken.standing, world.now())
    except asyncio.CancelledError:
        became = verdict(_doubt("Delebot was stopped while it was being sent", begun), taken.standing, world.now())
        await asyncio.shield(settle(world, taken, became))
        raise
    except StoreTrouble as trouble:
        became = verdict(Busy(trouble.what), taken.standing, world.now())
    except Exception as error:  # noqa: BLE001 - a kind that stumbles over a changed answer must not post three times.
        why = f"the answer was not understood ({type(error).__name__})"
        became = verdict(_doubt(why, begun), taken.standing, world.now())
    else:
        points.reached("answered")
        await settle(world, taken, ended)
        return
    await settle(world, taken, became)


def _doubt(why: str, begun: Attempt | None) -> Problem:
    """What an end without an answer means: once it had begun nobody knows, before that nothing was sent."""
    return Unknown(why) if begun else Busy(why, of_channel=False)


async def get_ready(world: World, channel: Channel, taken: Claim) -> Attempt:
    """Have a session, prepare what may be prepared, and write down that the attempt begins."""
    send = sender(world.client, channel)
    attempt = Attempt(at=world.now(), prepared=taken.prepared or {})
    attempt = await with_session(attempt, channel, world.sessions, send, world.now)
    if taken.doing in ("publish", "revise"):
        attempt = await prepare(world, channel, taken, attempt)
    attempt = replace(attempt, at=world.now())
    if taken.doing != "look_up":
        if not await world.store.write(lanes.begin, taken, attempt.at):
            raise Busy("another run has taken it", of_channel=False)
        points.reached("begun")
    return attempt


async def prepare(world: World, channel: Channel, taken: Claim, attempt: Attempt) -> Attempt:
    """Prepare the post; what is ready is kept with its row, also when it is not all yet."""
    kind, send = kinds.load(channel.kind), sender(world.client, channel)
    if kind.prepare is None:
        return attempt
    images = await images_of(taken.post, kind, world.shelf, world.client)
    try:
        flow = kind.prepare(taken.post, replace(attempt, images=images), channel.settings)
        prepared: Mapping[str, str] = await perform(flow, send, doing="prepare", now=world.now)
    except Busy as busy:
        if busy.so_far:
            await world.store.write(lanes.keep_prepared, taken, busy.so_far)
        raise
    if dict(prepared) != dict(attempt.prepared):
        await world.store.write(lanes.keep_prepared, taken, prepared)
    return replace(attempt, prepared=prepared)


async def show(world: World, channel: Channel, taken: Claim, attempt: Attempt) -> Receipt | Verdict | None:
    """Do what the delivery was taken for. None is that the post is taken back; a verdict, that it was never there."""
    kind, to, send = kinds.load(channel.kind), channel.settings, sender(world.client, channel)
    asked: tuple[object, ...] = (taken.post, attempt, to)
    if taken.doing == "revise":
        asked = (taken.post, taken.receipt, attempt, to)
    elif taken.doing == "retract":
        asked = (taken.receipt, attempt, to)
    doing: Doing = "ask" if taken.doing == "look_up" else "publish"
    shown: Receipt | None = await perform(getattr(kind, taken.doing)(*asked), send, doing=doing, now=world.now)
    return not_there(world.now()) if taken.doing == "look_up" and shown is None else shown


async def settle(world: World, taken: Claim, became: Receipt | Verdict | None) -> None:
    """Write down how it ended. A full disk is waited out, for what is not written down would be in doubt."""
    points.reached("before settle")
    while True:
        try:
            await world.store.write(_settle, world, taken, became)
            break
        except StoreTrouble as trouble:
            world.tell(Event("trouble", channel=taken.channel, why=str(trouble), ok=False))
            await asyncio.sleep(PATIENCE_WITH_THE_DISK)
    points.reached("after settle")
    world.tell(event_of(taken, became))


def _settle(connection: Connection, world: World, taken: Claim, became: Receipt | Verdict | None) -> None:
    now, rules = world.now(), world.rules(taken.channel)
    if became is None:
        lanes.settle_retracted(connection, taken, now)
    elif isinstance(became, Receipt):
        lanes.settle_sent(connection, taken, became, rules.target if rules else "", now)
    else:
        lanes.settle(connection, taken, became, now)
        alerts.about_settled(connection, world.config, taken, became, now)


def event_of(taken: Claim, became: Receipt | Verdict | None) -> Event:
    """The end of an attempt, as it is told."""
    title = taken.post.entries[0].title if taken.post.entries else taken.post.words
    if not isinstance(became, Verdict):
        state = {"revise": "corrected", "retract": "retracted"}.get(taken.doing, "sent")
        return Event("delivered", channel=taken.channel, id=taken.id, title=title, state=state)
    state = "stopped" if became.stop else str(became.state)
    return Event("delivered", channel=taken.channel, id=taken.id, title=title, state=state, why=became.why, ok=False)
