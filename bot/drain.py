"""Works one channel's rows in order, one attempt at a time, until nothing may go now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, repeat

from sqlalchemy import Connection

from bot import kinds, points
from bot.feeds.pictures import look
from bot.model import Attempt, Busy, Credentials, Post, Problem, Receipt, Stopped, Unknown
from bot.outcome import Doing, Verdict, may_repeat, not_there, verdict
from bot.pace import Step
from bot.send import perform, sender
from bot.sessions import with_session
from bot.settings import Channel
from bot.shelf import anybody_uploads, images_of
from bot.store import holds, lanes
from bot.store.backlog import Held
from bot.store.files import StoreTrouble
from bot.store.lanes import Claim, Owing
from bot.story import Event
from bot.troubles import numbers
from bot.world import World, post_of, rules_of

PATIENCE_WITH_THE_DISK = 5.0
CLOCK_OFF = timedelta(minutes=10)
LOOK_AFTER_EVERY = timedelta(days=1)


async def drain(world: World, name: str, step: Callable[[], None] = lambda: None) -> datetime | None:
    """Make `shown` equal `wanted` for one channel, as far as its pace lets it; when to look again, if there is work.

    `step` is called before each thing that has a time limit of its own, so that a hang can be told from much work.
    """
    if channel := world.config.channels.get(name):
        with suppress(TimeoutError):
            async with asyncio.timeout(world.patience.attempt):
                await look_after(world, channel)
    while channel := world.config.channels.get(name):
        step()
        if channel.wishes.images:
            with suppress(TimeoutError):
                async with asyncio.timeout(world.patience.pictures):
                    await look_at_pictures(world, name)
        taken = await world.store.write(_claim, channel, world)
        if isinstance(taken, Held):
            tell_held(world, name, taken)
            continue
        if not isinstance(taken, Claim):
            return taken.at
        points.reached("claimed")
        step()
        await deliver(world, channel, taken, step)
    return None


async def look_after(world: World, channel: Channel) -> None:
    """Once a day: renew the session, for one that lapses can't be renewed; and ask when the credentials end."""
    kind, now = kinds.load(channel.kind), world.now()
    last = world.looked_after.get(channel.name)
    if last is not None and abs(now - last) < LOOK_AFTER_EVERY:  # The clock may have been set back since.
        return
    world.looked_after[channel.name] = now
    due = kind.verify is not None and await world.store.read(lanes.verify_is_due, channel.name, now - LOOK_AFTER_EVERY)
    if not (kind.renew or due):
        return
    try:
        send = sender(world.client, channel)
        attempt = await with_session(Attempt(now), channel, world.sessions, send, world.now)
        if kind.verify and due:
            said: Credentials = await perform(kind.verify(attempt, channel.settings), send, doing="ask", now=world.now)
            await world.store.write(lanes.keep_verified, channel.name, now, "", said.until)
    except Stopped as stopped:
        if stopped.response is not None and stopped.response.status_code == 403:
            return  # A token may be allowed to post, and not to ask whose it is.
        await world.store.write(lanes.keep_verified, channel.name, now, stopped.why, None)
    except Problem as problem:
        world.tell(Event("trouble", channel=channel.name, why=f"{channel.name}: {problem.why}", ok=False))


async def look_at_pictures(world: World, name: str) -> None:
    """Look at the pictures of what is posted next, once an item, whichever channel comes first."""
    async with world.looking:
        keep = world.shelf.put if anybody_uploads(world.config) else None
        for id, item in await world.store.read(lanes.unseen_pictures, name):
            found = await look(world.client, item, keep)
            await world.store.write(lanes.keep_picture, id, found)


def tell_held(world: World, name: str, held: Held) -> None:
    """Say what a lane that goes on after a long time does not send by itself."""
    for reason, ids in held.ids.items():
        do = f"Do: delebot approve {numbers(ids)} or delebot skip {numbers(ids)}"
        world.tell(Event("waits", channel=name, why=f"{len(ids)} held: {reason}. {do}", ok=False))


def _claim(connection: Connection, channel: Channel, world: World) -> Claim | Held | Step:
    now, config = world.now(), world.config
    if world.lease and not holds.is_held(connection, "drain", channel.name, world.run):
        return Step()  # We were thought dead, and another replica is at it.

    def compose(owing: Owing, key: str) -> Post:
        return post_of(channel, config, owing, key, now)

    return lanes.claim(connection, channel.name, world.run, rules_of(channel, config), compose, now)


async def deliver(world: World, channel: Channel, taken: Claim, step: Callable[[], None] = lambda: None) -> None:
    """One attempt, and whatever comes of it is written down: also when we are told to stop in the middle of it."""
    begun: Attempt | None = None
    became: Verdict
    try:
        async with asyncio.timeout(world.patience.attempt):
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
    except TimeoutError:
        why = f"it took longer than {world.patience.attempt:g} seconds"
        became = verdict(_doubt(why, begun), taken.standing, world.now())
    except Exception as error:  # noqa: BLE001 - a kind that stumbles over a changed answer must not post three times.
        why = f"the answer was not understood ({type(error).__name__})"
        became = verdict(_doubt(why, begun), taken.standing, world.now())
    else:
        points.reached("answered")
        await settle(world, taken, ended, step)
        return
    await settle(world, taken, became, step)


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
        if taken.doing == "publish" and not may_repeat(taken.standing, attempt.at):
            # The machine slept, or preparing took long: what was a repeat when it was claimed would be a double now.
            raise Busy("the platform may have forgotten the attempt before", of_channel=False)
        if world.lease:
            await world.lease.good()
        if not await world.store.write(lanes.begin, taken, attempt.at):
            raise Busy("another run has taken it", of_channel=False)
        points.reached("begun")
        if world.lease and not world.lease.is_good():
            # We were stopped just now, and others may be at it.
            raise Busy("this replica was stopped in between", of_channel=False)
    return attempt


async def prepare(world: World, channel: Channel, taken: Claim, attempt: Attempt) -> Attempt:
    """Prepare the post; what is ready is kept with its row, also when it is not all yet."""
    kind, send = kinds.load(channel.kind), sender(world.client, channel, attempt.kept)
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
    kind, to, send = kinds.load(channel.kind), channel.settings, sender(world.client, channel, attempt.kept)
    asked: tuple[object, ...] = (taken.post, attempt, to)
    if taken.doing == "revise":
        asked = (taken.post, taken.receipt, attempt, to)
    elif taken.doing == "retract":
        asked = (taken.receipt, attempt, to)
    doing: Doing = "ask" if taken.doing == "look_up" else "publish"
    shown: Receipt | None = await perform(getattr(kind, taken.doing)(*asked), send, doing=doing, now=world.now)
    if taken.doing != "look_up" or shown is not None:
        return shown
    if clock_was_wrong(world, taken.post):
        raise Unknown("the clock of this machine is or was wrong, so what the platform names can't be told apart")
    return not_there(world.now())


def clock_was_wrong(world: World, post: Post) -> bool:
    """Whether what was posted since the post was made can't be known by its time on the platform's own clock."""
    ahead = world.client.clocks.nearest or timedelta(0)
    return post.made_at > world.now() or abs(ahead) > CLOCK_OFF


async def settle(
    world: World, taken: Claim, became: Receipt | Verdict | None, step: Callable[[], None] = lambda: None
) -> None:
    """Write down how it ended. A full disk is waited out, for what is not written down would be in doubt."""
    points.reached("before settle")
    said = ""
    for pause in chain((0.1, 1.0), repeat(PATIENCE_WITH_THE_DISK)):
        step()
        try:
            await world.store.write(_settle, world, taken, became)
            break
        except StoreTrouble as trouble:
            if str(trouble) != said:  # Once, for the log may be on the same disk.
                said = str(trouble)
                world.tell(Event("trouble", channel=taken.channel, why=said, ok=False))
            await asyncio.sleep(pause)
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


def event_of(taken: Claim, became: Receipt | Verdict | None) -> Event:
    """The end of an attempt, as it is told."""
    title = taken.post.entries[0].title if taken.post.entries else taken.post.words
    if not isinstance(became, Verdict):
        state = {"revise": "corrected", "retract": "retracted"}.get(taken.doing, "sent")
        return Event("delivered", channel=taken.channel, id=taken.id, title=title, state=state)
    state = "stopped" if became.stop else str(became.state)
    return Event("delivered", channel=taken.channel, id=taken.id, title=title, state=state, why=became.why, ok=False)
