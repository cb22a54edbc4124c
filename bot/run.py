"""A run: one process at work on a state. It holds the lock, settles what others left, follows the configuration."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from bot import __version__, kinds
from bot.model import Mistake
from bot.net.client import Client
from bot.poll import target_of
from bot.sessions import Sessions
from bot.settings import Config
from bot.shelf import Shelf
from bot.store import adoption, desk, recovery
from bot.store.database import Store
from bot.story import Event, Listeners
from bot.wake import Wake
from bot.world import World, clock

if TYPE_CHECKING:
    from sqlalchemy import Connection


Tell = Callable[[Event], None]


def lock_of(state: Path) -> FileLock:
    """The lock that one process at a time holds to send from this state."""
    return FileLock(state / "lock")


@asynccontextmanager
async def at_work(
    config: Config, store: Store, tell: Tell, what: str, now: Callable[[], datetime] = clock
) -> AsyncIterator[Wake]:
    """A run on this state. The caller holds the lock, so whatever is `sending` was left by somebody who is dead."""
    bot = config.bot
    proxy = bot.proxy.get_secret_value() if bot.proxy else None
    async with Client(user_agent=user_agent(bot.contact), proxy=proxy) as client:
        state = store.path.parent
        world = World(config, store, client, Listeners(tell), Sessions(state), Shelf(state), now)
        await store.write(desk.open_run, world.run, os.getpid(), what, world.now())
        recovered = await store.write(start, world)
        if recovered:
            tell(Event("recovered", count=recovered))
        yield Wake(world)
        with suppress(Mistake):
            await store.write(desk.close_run, world.run, world.now())


def start(connection: Connection, world: World) -> int:
    """Settle what earlier runs left behind and follow the configuration; how much was settled."""
    recovered = recovery.recover(connection, world.run, world.rules, world.now())
    adopt(connection, world.config)
    return recovered


def adopt(connection: Connection, config: Config) -> None:
    """Make the rows follow the configuration in force."""
    channels = config.channels.values()
    targets = {c.name: kinds.load(c.kind).target_of(c.settings) for c in channels}
    adoption.adopt(connection, targets, {f.name: target_of(f) for f in config.feeds.values()})


def user_agent(contact: str) -> str:
    """Who we say we are, with where the site's owner can reach a person."""
    return f"Delebot/{__version__}" + (f" (+{contact})" if contact else "")
