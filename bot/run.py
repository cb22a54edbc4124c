"""A run: one process at work on a state. It holds the lock, settles what others left, follows the configuration."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from bot import __version__, kinds
from bot.config.fingerprint import fingerprint
from bot.jobs import Jobs
from bot.model import Mistake
from bot.net.client import Client
from bot.poll import target_of
from bot.sessions import sessions_of
from bot.settings import Config
from bot.shelf import Shelf
from bot.store import adoption, recovery, runs
from bot.store.database import Store
from bot.store.runs import Run
from bot.story import Event, Listeners
from bot.world import World, clock

if TYPE_CHECKING:
    from sqlalchemy import Connection


Tell = Callable[[Event], None]


def lock_of(state: Path) -> FileLock:
    """The lock that one process at a time holds to send from this state."""
    return FileLock(state / "lock")


@contextmanager
def at_its_place(store: Store) -> Iterator[None]:
    """The place of a daemon on a state: Timeout when there is one already, and Mistake when the state is too new.

    Replicas find their places by their leases.
    """
    if store.shared:
        from bot.store.postgres import refuse_newer

        store.read_now(refuse_newer)
        yield
        return
    with lock_of(store.directory).acquire(timeout=0):
        yield


@asynccontextmanager
async def at_work(
    config: Config, store: Store, tell: Tell, what: str, now: Callable[[], datetime] = clock
) -> AsyncIterator[Jobs]:
    """A run on this state.

    Whoever works alone holds the lock, so that whatever is `sending` was left by somebody who is dead. Who may have
    company has a lease instead, as the others have.
    """
    bot = config.bot
    proxy = bot.proxy.get_secret_value() if bot.proxy else None
    async with Client(user_agent=user_agent(bot.contact), proxy=proxy) as client:
        world = World(config, store, client, Listeners(tell), sessions_of(store), Shelf(store.directory), now)
        run = Run(world.run, os.getpid(), what, socket.gethostname(), __version__, fingerprint(config))
        async with _leased(world, run) if store.shared else _alone(world, run):
            recovered = await store.write(start, world)
            if recovered:
                tell(Event("recovered", count=recovered))
            yield Jobs(world)
            with suppress(Mistake):
                await store.write(close, world)


@asynccontextmanager
async def _alone(world: World, run: Run) -> AsyncIterator[None]:
    await world.store.write(runs.open_run, run, world.now())
    yield


@asynccontextmanager
async def _leased(world: World, run: Run) -> AsyncIterator[None]:
    from bot.lease import Lease, SharedClock

    world.now = clock = SharedClock(world.now)
    world.lease = Lease(world.store, run, clock)
    await world.lease.begin()
    keeping = asyncio.create_task(world.lease.keep())
    try:
        yield
    finally:
        keeping.cancel()


def start(connection: Connection, world: World) -> int:
    """Settle what earlier runs left behind and follow the configuration; how much was settled."""
    now, alive = world.now(), {world.run}
    if world.lease:
        alive |= {row["id"] for row in runs.alive(connection, now)}
    # Where others live, the one that leads finds out who is dead.
    recovered = recovery.recover(connection, alive, world.rules, now)[0] if len(alive) == 1 else 0
    recovery.follow_clock(connection, world.rules, now)
    adopt(connection, world.config, now if world.lease else None)
    return recovered


def close(connection: Connection, world: World) -> None:
    """Write down that this run ended, and leave nothing behind."""
    now = world.now()
    if world.lease:
        recovery.recover_run(connection, world.run, world.rules, now)
    runs.close_run(connection, world.run, now)


def adopt(connection: Connection, config: Config, now: datetime | None = None) -> None:
    """Make the rows follow the configuration in force; where replicas are at work, once all of them have the same.

    Until then nobody knows which of them is the newer one, and what one doesn't know may be another's work.
    """
    if now is not None and {fingerprint(config)} != {row["config"] for row in runs.alive(connection, now)}:
        return
    channels = config.channels.values()
    targets = {c.name: kinds.load(c.kind).target_of(c.settings) for c in channels}
    adoption.adopt(connection, targets, {f.name: target_of(f) for f in config.feeds.values()})


def user_agent(contact: str) -> str:
    """Who we say we are, with where the site's owner can reach a person."""
    return f"Delebot/{__version__}" + (f" (+{contact})" if contact else "")
