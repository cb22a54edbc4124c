"""The manual trigger: poll now and deliver now, in this process or, at another one's request, in the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from bot.config.wrong import is_secret_like
from bot.jobs import Elsewhere, Jobs
from bot.model import Mistake
from bot.outcome import State
from bot.pace import Step
from bot.plan import Owed
from bot.poll import poll
from bot.settings import Config
from bot.store import desk, lanes
from bot.store.polls import ITEM, owe
from bot.store.schema import EVERYTHING
from bot.story import Event
from bot.watch import listen, watch
from bot.world import World

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

PATIENCE = timedelta(
    seconds=60
)  # How long a trigger waits for a lane's spacing before it says that the rest comes later.


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person wants done now. Empty names mean all; `item` is `latest`, an address or a number."""

    feeds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    item: str = ""
    again: bool = False
    dry_run: bool = False
    poll: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        lists = {"feeds": tuple(values["feeds"]), "channels": tuple(values["channels"])}
        return cls(**{**values, **lists})


async def trigger(jobs: Jobs, ask: Ask, request: int | None = None) -> bool:
    """Do what was asked, by the request of that number if another process asked; whether all of it went well."""
    world = jobs.world
    check_names(ask, world.config)
    feeds = ask.feeds or tuple(world.config.feeds)
    channels = ask.channels or tuple(world.config.channels)
    if ask.dry_run:
        return await dry_run(world, feeds, channels)
    before = await world.store.read(desk.counts)
    # Every poll begins now: one that is under way already may have asked the site too early.
    well = list(await asyncio.gather(*(_poll(jobs, name) for name in feeds))) if ask.poll else []
    if ask.item:
        well.append(await world.store.write(share, world, feeds, channels, ask, request))
    else:
        await world.store.write(desk.hurry, channels, feeds, world.now())
    well += await asyncio.gather(*(deliver_now(jobs, name) for name in channels))
    await listen(world)
    for name in await watch(world):
        await jobs.run("drain", name)
    after = await world.store.read(desk.counts)
    return all(well) and all(_failures(after, name) <= _failures(before, name) for name in channels)


async def _poll(jobs: Jobs, name: str) -> bool:
    polled = await jobs.run("poll", name)
    while isinstance(polled, Elsewhere):
        await until(polled.at, jobs.world)
        polled = await jobs.run("poll", name)
    return bool(polled and polled.ok)


async def deliver_now(jobs: Jobs, name: str) -> bool:
    """Drain a lane until nothing of it may go within our patience; whether nothing is left that should have gone."""
    world, began = jobs.world, jobs.world.now()
    while later := await jobs.run("drain", name):
        at = later.at if isinstance(later, Elsewhere) else later
        if at - began > PATIENCE or at - world.now() > timedelta(seconds=5):
            break
        await until(at, world)
    left = await world.store.read(_left, world, name)
    for event in left:
        world.tell(event)
    return not left


async def until(at: datetime, world: World) -> None:
    await asyncio.sleep(max((at - world.now()).total_seconds(), 0.01))


def _failures(numbers: Mapping[tuple[str, str], int], name: str) -> int:
    """How many deliveries of a channel did not arrive, as far as is known."""
    return sum(numbers.get((name, state), 0) for state in (State.UNKNOWN, State.REFUSED))


def _left(connection: Connection, world: World, name: str) -> list[Event]:
    """Why a lane still owes something, in words that name the way out."""
    waiting = desk.counts(connection).get((name, State.DUE), 0)
    if not waiting:
        return []
    rows = desk.channel_rows(connection)
    mine, everything, now = rows.get(name), rows.get(EVERYTHING), world.now()
    number = f"{waiting} waiting"
    if everything and lanes.paused(everything, now):
        return [
            Event("waits", channel=name, why=f"everything is paused, {number}. Go on with delebot resume", ok=False)
        ]
    if mine and mine["stopped_at"]:
        why = f"stopped ({mine['stopped_why']}), {number}. Mend it, then delebot resume {name}"
        return [Event("waits", channel=name, why=why, ok=False)]
    if mine and lanes.paused(mine, now):
        return [Event("waits", channel=name, why=f"paused, {number}. Go on with delebot resume {name}", ok=False)]
    rules = world.rules(name)
    step = lanes.next_of(connection, name, rules, now) if rules else Step()
    why = f"{mine['blocked_why']}, " if mine and mine["blocked_until"] and mine["blocked_until"] > now else ""
    when = f"next try {local(step.at, world)}" if step.at else "next try soon"
    return [Event("waits", channel=name, why=f"{why}{number}, {when} by delebot run or the next trigger", ok=not why)]


def local(moment: datetime, world: World) -> str:
    """A moment as people read it, in their time zone."""
    return f"{moment.astimezone(world.config.bot.timezone):%Y-%m-%d %H:%M:%S}"


# --- One item ------------------------------------------------------------------------------------------------------


def share(
    connection: Connection, world: World, feeds: Sequence[str], channels: Sequence[str], ask: Ask, request: int | None
) -> bool:
    """Owe one item to the channels, whatever the plan thought of it; `again` knowingly repeats it."""
    if request is not None:
        desk.item_is_shared(connection, request)
    row = desk.find_item(connection, feeds, ask.item)
    if row is None:
        world.tell(Event("trouble", why=f"no article is known as «{ask.item}»: take one from delebot status", ok=False))
        return False
    feed = world.config.feeds[row["feed"]]
    taking = [name for name in channels if world.config.channels[name].takes(feed)]
    desk.unblock(connection, taking)
    went = [_share_on(connection, world, name, row, ask) for name in taking]
    return all(went)


def _share_on(connection: Connection, world: World, name: str, row: RowMapping, ask: Ask) -> bool:
    shares, now = desk.turns(connection, name, row["id"]), world.now()
    title = ITEM.validate_python(row["data"]).title
    newest = shares[0] if shares else None
    if newest is None or ask.again:
        turn = newest["turn"] + 1 if newest else 1
        subject = newest["subject"] if newest else _subject(connection, row)
        owed = Owed(name, subject, State.DUE, now)
        owe(connection, owed, [row["id"]], feed=row["feed"], turn=turn, now=now, urgent=True)
        return True
    if newest["state"] in (State.SENT, State.SENDING):
        told = Event("trouble", channel=name, why=f"{name}: already sent «{title}»; --again repeats it")
    elif newest["state"] == State.UNKNOWN:
        do = f"delebot retry {newest['id']} or delebot skip {newest['id']}"
        why = f"{name}: «{title}» may have arrived: look there, then {do}"
        told = Event("trouble", channel=name, why=why, ok=False)
    else:
        desk.release(connection, newest["id"], now)
        return True
    world.tell(told)
    return told.ok


def _subject(connection: Connection, row: RowMapping) -> str:
    link = f"link {row['link_key']}"
    taken = desk.subject_taken(connection, link) if row["link_key"] else True
    return f"item {row['feed']} {desk.guid_of(connection, row['id'])}" if taken else link


# --- Dry run -------------------------------------------------------------------------------------------------------


async def dry_run(world: World, feeds: Sequence[str], channels: Sequence[str]) -> bool:
    """Say what a trigger would do, and do nothing."""
    polled = [await poll(world, name, dry=True) for name in feeds]
    for planned in (p.plan for p in polled if p.plan):
        for new in planned.new:
            for owed in (o for o in new.owed if o.channel in channels):
                why = "" if owed.state == State.DUE else f"{owed.state}: {owed.why}"
                world.tell(Event("would share", channel=owed.channel, title=new.item.title, why=why))
    return all(p.ok for p in polled)


def check_names(ask: Ask, config: Config) -> None:
    """Refuse names that are not configured, before anything is done."""
    for given, known, what in (
        (ask.feeds, config.feeds, "feed"),
        (ask.channels, config.channels, "channel"),
    ):
        for name in given:
            if name not in known:
                # What was pasted here may be an address, which is no name and a secret.
                called = "of that name" if is_secret_like(name) else f"«{name}»"
                raise Mistake(f"there is no {what} {called}", remedy=f"There is: {', '.join(known) or 'none yet'}")
