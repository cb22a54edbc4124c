"""Wakes polls and drains: a sweep finds what is due in the rows, so that a lost wake-up costs a second and no more."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.drain import drain
from bot.model import Mistake
from bot.poll import Polled, poll
from bot.store import desk, lanes
from bot.story import Event
from bot.world import World

if TYPE_CHECKING:
    from sqlalchemy import Connection

Job = Literal["poll", "drain"]
Lane = tuple[Job, str]

SWEEP_EVERY = timedelta(seconds=1)
POLLS_AT_ONCE = 20
LONGEST_JOB = timedelta(minutes=5)  # A poll or an attempt that takes longer hangs, and liveness says so.


class Wake:
    """Runs at most one job a lane: one poll a feed, one drain a channel. A kick during a job makes it run once more."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._busy: dict[Lane, asyncio.Task[Any]] = {}
        self._began: dict[Lane, datetime] = {}
        self._again: set[Lane] = set()
        self._polls = asyncio.Semaphore(POLLS_AT_ONCE)
        self.swept_at: datetime | None = None

    # --- Jobs ------------------------------------------------------------------------------------------------------

    def kick(self, job: Job, name: str) -> asyncio.Task[Any]:
        """Start a job, or have the one that runs run once more; the task ends when both are done."""
        lane: Lane = (job, name)
        if lane in self._busy:
            self._again.add(lane)
            return self._busy[lane]
        task = asyncio.create_task(self._run(lane), name=f"{job} {name}")
        self._busy[lane] = task
        return task

    async def _run(self, lane: Lane) -> Any:
        """Run a lane's job until nobody has asked for it meanwhile; what the last one came to, None if it failed."""
        try:
            while True:
                self._again.discard(lane)
                self._began[lane] = self.world.now()
                result = await self._once(lane)
                if lane not in self._again:
                    return result
        finally:
            # Without a pause after the look at `_again`, or a kick in between would be lost.
            self._began.pop(lane, None)
            self._busy.pop(lane, None)

    async def _once(self, lane: Lane) -> Any:
        job: Callable[[World, str], Awaitable[Any]] = self._poll if lane[0] == "poll" else drain
        try:
            return await job(self.world, lane[1])
        except Mistake as mistake:
            self.world.tell(Event("trouble", why=str(mistake), ok=False))
        except Exception as error:  # noqa: BLE001 - see below
            # One lane that stumbles must not stop the others, nor say more than what kind of thing happened.
            where = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{lane[0]} of {lane[1]} failed: {type(error).__name__} in {where.name}, line {where.lineno}"
            self.world.tell(Event("trouble", why=why, ok=False))
        return None

    async def _poll(self, world: World, name: str) -> Polled:
        async with self._polls:
            return await poll(world, name)

    # --- The sweep -------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Kick every poll that is due and every lane in which something may go now."""
        for name in await self.world.store.read(_due_feeds, self.world):
            if ("poll", name) not in self._busy:
                self.kick("poll", name)
        for name in await self.world.store.read(_ready_channels, self.world):
            if ("drain", name) not in self._busy:
                self.kick("drain", name)
        self.swept_at = self.world.now()

    def alive(self) -> bool:
        """Whether the sweep ran lately and no job is past its limit. Trouble outside is no reason to restart."""
        now = self.world.now()
        swept = self.swept_at is not None and now - self.swept_at < timedelta(seconds=30)
        return swept and all(now - began < LONGEST_JOB for began in self._began.values())

    async def finish(self, patience: float) -> None:
        """Let what is in flight end, and cancel what does not within the patience, in seconds."""
        tasks = set(self._busy.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=3)


def _due_feeds(connection: Connection, world: World) -> list[str]:
    return desk.due_feeds(connection, world.config.feeds, world.now())


def _ready_channels(connection: Connection, world: World) -> list[str]:
    now = world.now()
    owing = [(name, world.rules(name)) for name in desk.busy_channels(connection)]
    return [name for name, rules in owing if rules and lanes.next_of(connection, name, rules, now).id is not None]


def scheduler(every: dict[str, tuple[Callable[[], Awaitable[None]], timedelta]]) -> AsyncIOScheduler:
    """A scheduler of a few recurring jobs, each run once at a time and never skipped for being late."""
    made = AsyncIOScheduler(timezone="UTC")
    for name, (work, interval) in every.items():
        made.add_job(
            work, "interval", seconds=interval.total_seconds(), id=name,
            coalesce=True, max_instances=1, misfire_grace_time=None,
        )  # fmt: skip
    return made
