"""One piece of work for a person: done here when nobody sends from this state, else asked for and followed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from filelock import Timeout

from bot.commands.trigger import Ask, check_names, trigger
from bot.run import at_work, lock_of
from bot.settings import Config
from bot.store import desk
from bot.store.database import Store, open_store
from bot.story import Event
from bot.world import clock

LOOK_EVERY = 0.1
Tell = Callable[[Event], None]


async def errand(config: Config, state: Path, ask: Ask, tell: Tell, now: Callable[[], datetime] = clock) -> bool:
    """Have it done, and tell how it goes; whether all went well."""
    check_names(ask, config)
    store, lock = open_store(state), lock_of(state)
    request: int | None = None
    last = 0
    try:
        while True:
            try:
                # Whoever held the lock may have died, also in the middle of our errand: then it is ours.
                with lock.acquire(timeout=0):
                    return await _do(config, store, ask, tell, request, now)
            except Timeout:
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


async def _do(
    config: Config, store: Store, ask: Ask, tell: Tell, request: int | None, now: Callable[[], datetime]
) -> bool:
    async with at_work(config, store, tell, "trigger", now) as wake:
        if request is not None:
            rest = await store.write(desk.take_back, request, wake.world.run)
            ask = Ask.of(dict(rest["what"]))
        ok = await trigger(wake, ask, request)
        await wake.finish(10)
        if request is not None:
            await store.write(desk.end_request, request, ok=ok, now=now())
        return ok
