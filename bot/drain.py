"""Works one channel's rows in order, one attempt at a time, until nothing may go now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot import alerts, kinds, points
from bot.feeds.pictures import look
from bot.model import Attempt, Busy, Post, Problem, Receipt, Unknown
from bot.outcome import Verdict, verdict
from bot.pace import Step
from bot.send import perform, sender
from bot.settings import Channel
from bot.store import lanes
from bot.store.database import StoreTrouble
from bot.store.lanes import Claim, Owing
from bot.story import Event
from bot.world import World, post_of, rules_of

PATIENCE_WITH_THE_DISK = 5.0


async def drain(world: World, name: str) -> datetime | None:
    """Make `shown` equal `wanted` for one channel, as far as its pace lets it; when to look again, if there is work."""
    while channel := world.config.channels.get(name):
        if channel.wishes.images:
            await look_at_pictures(world, name)
        step = await world.store.write(_claim, channel, world)
        if not isinstance(step, Claim):
            return step.at
        points.reached("claimed")
        await deliver(world, channel, step)
    return None


async def look_at_pictures(world: World, name: str) -> None:
    """Look at the pictures of what is posted next, once an item, whichever channel comes first."""
    async with world.looking:
        for id, item in await world.store.read(lanes.unseen_pictures, name):
            found = await look(world.client, item)
            await world.store.write(lanes.keep_picture, id, found)


def _claim(connection: Connection, channel: Channel, world: World) -> Claim | Step:
    now, config = world.now(), world.config

    def compose(owing: Owing, key: str) -> Post:
        return post_of(channel, config, owing, key, now)

    return lanes.claim(connection, channel.name, world.run, rules_of(channel, config), compose, now)


async def deliver(world: World, channel: Channel, taken: Claim) -> None:
    """One attempt, and whatever comes of it is written down: also when we are told to stop in the middle of it."""
    begun: Attempt | None = None
    try:
        begun = await get_ready(world, channel, taken)
        receipt = await show(world, channel, taken, begun)
    except Problem as problem:
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
        await settle(world, taken, receipt)
        return
    await settle(world, taken, became)


def _doubt(why: str, begun: Attempt | None) -> Problem:
    """What an end without an answer means: once it had begun nobody knows, before that nothing was sent."""
    return Unknown(why) if begun else Busy(why, of_channel=False)


async def get_ready(world: World, channel: Channel, taken: Claim) -> Attempt:
    """Prepare what may be prepared, and write down that the attempt begins."""
    kind = kinds.load(channel.kind)
    prepared: Mapping[str, str] = taken.prepared or {}
    if kind.prepare and not prepared:
        flow = kind.prepare(taken.post, channel.settings)
        prepared = await perform(flow, sender(world.client, channel), publishing=False, now=world.now)
        await world.store.write(lanes.keep_prepared, taken, prepared)
    attempt = Attempt(at=world.now(), prepared=prepared)
    if not await world.store.write(lanes.begin, taken, attempt.at):
        raise Busy("another run has taken it", of_channel=False)
    points.reached("begun")
    return attempt


async def show(world: World, channel: Channel, taken: Claim, attempt: Attempt) -> Receipt:
    """Send what can be seen: the post, or its correction."""
    kind = kinds.load(channel.kind)
    if taken.doing == "revise" and kind.revise:
        flow = kind.revise(taken.post, taken.receipt, attempt, channel.settings)
    else:
        flow = kind.publish(taken.post, attempt, channel.settings)
    receipt: Receipt = await perform(flow, sender(world.client, channel), publishing=True, now=world.now)
    return receipt


async def settle(world: World, taken: Claim, became: Receipt | Verdict) -> None:
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


def _settle(connection: Connection, world: World, taken: Claim, became: Receipt | Verdict) -> None:
    now, rules = world.now(), world.rules(taken.channel)
    if isinstance(became, Receipt):
        lanes.settle_sent(connection, taken, became, rules.target if rules else "", now)
    else:
        lanes.settle(connection, taken, became, now)
        alerts.about_settled(connection, world.config, taken, became, now)


def event_of(taken: Claim, became: Receipt | Verdict) -> Event:
    """The end of an attempt, as it is told."""
    title = taken.post.entries[0].title if taken.post.entries else taken.post.words
    if isinstance(became, Receipt):
        state = "sent" if taken.doing == "publish" else "corrected"
        return Event("delivered", channel=taken.channel, id=taken.id, title=title, state=state)
    state = "stopped" if became.stop else str(became.state)
    return Event("delivered", channel=taken.channel, id=taken.id, title=title, state=state, why=became.why, ok=False)
