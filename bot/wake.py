"""Wakes polls and drains: a sweep finds what is due in the rows, so that a lost wake-up costs a second and no more."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.drain import drain
from bot.model import Mistake
from bot.outcome import SET_BACK
from bot.poll import Polled, poll
from bot.store import desk, lanes, recovery
from bot.story import Event
from bot.world import World

if TYPE_CHECKING:
    from sqlalchemy import Connection

Job = Literal["poll", "drain"]
Lane = tuple[Job, str]

SWEEP_EVERY = timedelta(seconds=1)
POLLS_AT_ONCE = 20
LONGEST_STEP = 300.0  # Seconds. A poll or an attempt that takes longer hangs, and liveness says so.
LONGEST_WITHOUT_SWEEP = 30.0
REST = 15.0  # Seconds until a lane that stumbled is tried again by itself.


class Wake:
    """Runs at most one job a lane: one poll a feed, one drain a channel. A kick during a job makes it run once more."""

    def __init__(self, world: World, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks` tells how long something takes, in seconds: the clock of the world may be set meanwhile."""
        self.world, self.ticks = world, ticks
        self._busy: dict[Lane, asyncio.Task[Any]] = {}
        self._step_began: dict[Lane, float] = {}
        self._again: set[Lane] = set()
        self._resting: dict[Lane, tuple[float, str]] = {}
        self._polls = asyncio.Semaphore(POLLS_AT_ONCE)
        self._swept_at: float | None = None
        self._latest: datetime | None = None

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
                self._step_began[lane] = self.ticks()
                result = await self._once(lane)
                if lane not in self._again:
                    return result
        finally:
            # Without a pause after the look at `_again`, or a kick in between would be lost.
            self._step_began.pop(lane, None)
            self._busy.pop(lane, None)

    async def _once(self, lane: Lane) -> Any:
        try:
            result = await (self._poll(lane) if lane[0] == "poll" else self._drain(lane))
        except Mistake as mistake:
            self._let_rest(lane, str(mistake))
        except Exception as error:  # noqa: BLE001 - see below
            # One lane that stumbles must not stop the others, nor say more than what kind of thing happened.
            where = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{lane[0]} of {lane[1]} failed: {type(error).__name__} in {where.name}, line {where.lineno}"
            self._let_rest(lane, why)
        else:
            self._resting.pop(lane, None)
            return result
        return None

    def _let_rest(self, lane: Lane, why: str) -> None:
        """What fails without a row that says when to try again, as on a full disk, is not tried each second."""
        said = self._resting[lane][1] if lane in self._resting else ""
        self._resting[lane] = (self.ticks() + REST, why)
        if why != said:
            self.world.tell(Event("trouble", why=why, ok=False))

    def _is_free(self, lane: Lane) -> bool:
        return lane not in self._busy and (lane not in self._resting or self._resting[lane][0] <= self.ticks())

    async def _poll(self, lane: Lane) -> Polled:
        self._step_began.pop(lane, None)  # Waiting for one's turn is no hang, however long the others take.
        async with self._polls:
            self._step_began[lane] = self.ticks()
            return await poll(self.world, lane[1])

    async def _drain(self, lane: Lane) -> datetime | None:
        def step() -> None:
            self._step_began[lane] = self.ticks()

        return await drain(self.world, lane[1], step)

    # --- The sweep -------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Kick every poll that is due and every lane in which something may go now."""
        await self._follow_clock()
        for name in await self.world.store.read(_due_feeds, self.world):
            if self._is_free(("poll", name)):
                self.kick("poll", name)
        for name in await self.world.store.read(_ready_channels, self.world):
            if self._is_free(("drain", name)):
                self.kick("drain", name)
        self._swept_at = self.ticks()

    async def _follow_clock(self) -> None:
        """When the clock was set back, what is to come moves with it: it would wait for the old time otherwise."""
        now, latest = self.world.now(), self._latest
        if latest is not None and latest - now >= SET_BACK:
            await self.world.store.write(recovery.follow_clock, self.world.rules, now, latest)
            self.world.tell(Event("trouble", why="the clock of this machine was set back", ok=False))
        self._latest = now

    def alive(self) -> bool:
        """Whether the sweep ran lately and no step is past its limit. Trouble outside is no reason to restart."""
        now = self.ticks()
        swept = self._swept_at is not None and now - self._swept_at < LONGEST_WITHOUT_SWEEP
        return swept and all(now - began < LONGEST_STEP for began in self._step_began.values())

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
