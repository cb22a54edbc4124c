"""One piece of work for a person: done here when nobody sends from this state, else asked for and followed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Connection, RowMapping

from bot.commands.trigger import Ask, check_names, trigger
from bot.run import at_work, lock_of
from bot.settings import Config
from bot.store import desk, runs
from bot.store.database import Store, open_store
from bot.story import Event
from bot.world import clock

LOOK_EVERY = 0.1
Tell = Callable[[Event], None]


async def errand(config: Config, state: Path, ask: Ask, tell: Tell, now: Callable[[], datetime] = clock) -> bool:
    """Have it done, and tell how it goes; whether all went well."""
    check_names(ask, config)
    store = open_store(state, config.bot.database)
    request: int | None = None
    last = 0
    try:
        while True:
            # Whoever was at work may have died, also in the middle of our errand: then it is ours.
            with _nobody_else(store, now) as it_is_ours:
                if it_is_ours:
                    return await _do(config, store, ask, tell, request, now)
            if request is None:
                request = await store.write(desk.ask, ask.as_json(), now())
            rows, row = await store.read(desk.told_since, request, last)
            for telling in rows:
                last = telling["id"]
                tell(Event(**telling["event"]))
            if row and row["ended_at"] and not rows:
                return bool(row["ok"])
            await asyncio.sleep(LOOK_EVERY)
    finally:
        store.close()


@contextmanager
def _nobody_else(store: Store, now: Callable[[], datetime]) -> Iterator[bool]:
    """Whether nobody sends from this state; where one works alone, nobody else does as long as this lasts."""
    if store.shared:
        yield not runs.leader(store.read_now(_alive, now))
        return
    try:
        lock = lock_of(store.directory).acquire(timeout=0)
    except Timeout:
        yield False
        return
    with lock:
        yield True


def _alive(connection: Connection, now: Callable[[], datetime]) -> Sequence[RowMapping]:
    return runs.alive(connection, runs.clock(connection) or now())


async def _do(
    config: Config, store: Store, ask: Ask, tell: Tell, request: int | None, now: Callable[[], datetime]
) -> bool:
    async with at_work(config, store, tell, "trigger", now) as jobs:
        if request is not None:
            rest = await store.write(desk.take_back, request, jobs.world.run)
            ask = Ask.of(dict(rest["what"]))
        ok = await trigger(jobs, ask, request)
        await jobs.finish(10)
        if request is not None:
            await store.write(desk.end_request, request, ok=ok, now=now())
        return ok
