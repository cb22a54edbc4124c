"""Runs polls and drains in this process: at most one job a lane, and what hangs or stumbles is noticed."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar

from bot.drain import drain
from bot.model import Mistake
from bot.net.client import host_of
from bot.poll import Polled, poll
from bot.store import holds, recovery
from bot.story import Event
from bot.world import World

Job = Literal["poll", "drain"]
Lane = tuple[Job, str]
T = TypeVar("T")
Kick = Callable[[Job, str, "datetime | None"], None]

POLLS_AT_ONCE = 20
POLLS_AT_ONE_HOST = 4  # By all replicas together.
LONGEST_STEP = 300.0  # Seconds. A poll or an attempt that takes longer hangs, and liveness says so.
LONGEST_WITHOUT_SWEEP = 30.0
REST = 15.0  # Seconds until a lane that stumbled is tried again by itself.
LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The job was not done, for a replica is at it, or the site is busy with others; when to look again."""

    at: datetime


class Jobs:
    """One poll a feed, one drain a channel. Who wants a job that runs already has it run once more."""

    def __init__(self, world: World, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks` tells how long something takes, in seconds: the clock of the world may be set meanwhile.

        `kick` is told what is to be done once a job has ended; without one it is left to whoever runs the jobs.
        """
        self.world, self.ticks = world, ticks
        self.kick: Kick | None = None
        self._busy: dict[Lane, asyncio.Task[Any]] = {}
        self._step_began: dict[Lane, float] = {}
        self._again: set[Lane] = set()
        self._resting: dict[Lane, tuple[float, str]] = {}
        self._polls = asyncio.Semaphore(POLLS_AT_ONCE)
        self._swept_at: float | None = None

    # --- Running ---------------------------------------------------------------------------------------------------

    def run(self, job: Job, name: str, *, if_due: bool = False) -> asyncio.Task[Any]:
        """Start a job, or have the one that runs run once more; the task ends when both are done.

        `if_due` polls only a feed whose time has come, for another replica may have polled it meanwhile.
        """
        lane: Lane = (job, name)
        if lane in self._busy:
            if not if_due:
                self._again.add(lane)
            return self._busy[lane]
        task = asyncio.create_task(self._run(lane, if_due), name=f"{job} {name}")
        self._busy[lane] = task
        return task

    async def _run(self, lane: Lane, if_due: bool) -> Any:
        """Run a lane's job until nobody has asked for it meanwhile; what the last one came to, None if it failed."""
        try:
            while True:
                self._again.discard(lane)
                self._step_began[lane] = self.ticks()
                result = await self._once(lane, if_due)
                if lane not in self._again:
                    return result
                if_due = False
        finally:
            # Without a pause after the look at `_again`, or a kick in between would be lost.
            self._step_began.pop(lane, None)
            self._busy.pop(lane, None)

    async def _once(self, lane: Lane, if_due: bool) -> Any:
        try:
            result = await (self._poll(lane, if_due) if lane[0] == "poll" else self._drain(lane))
        except Mistake as mistake:
            self._let_rest(lane, str(mistake))
        except Exception as error:  # noqa: BLE001 - see below
            # One lane that stumbles must not stop the others, nor say more than what kind of thing happened.
            where = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{lane[0]} of {lane[1]} failed: {type(error).__name__} in {where.name}, line {where.lineno}"
            self._let_rest(lane, why)
        else:
            self._resting.pop(lane, None)
            for job, name, at in what_follows(lane, result):
                if self.kick:
                    self.kick(job, name, at)
            return result
        return None

    def _let_rest(self, lane: Lane, why: str) -> None:
        """What fails without a row that says when to try again, as on a full disk, is not tried each second."""
        said = {words for _, words in self._resting.values()}  # Once for all that rest for one reason.
        self._resting[lane] = (self.ticks() + REST, why)
        if why not in said:
            self.world.tell(Event("trouble", why=why, ok=False))

    def is_free(self, lane: Lane) -> bool:
        """Whether nobody is at it, nor has stumbled over it just now."""
        return lane not in self._busy and (lane not in self._resting or self._resting[lane][0] <= self.ticks())

    def rested(self) -> Iterator[Lane]:
        """The lanes that stumbled here and may be tried again."""
        yield from [lane for lane in self._resting if self.is_free(lane)]

    async def _poll(self, lane: Lane, if_due: bool) -> Polled | Elsewhere:
        self._step_began.pop(lane, None)  # Waiting for one's turn is no hang, however long the others take.
        async with self._polls:
            self._step_began[lane] = self.ticks()
            feed = self.world.config.feeds.get(lane[1])
            if feed is None:
                return Polled(ok=True)  # It is configured no more, or not here yet.
            work = partial(poll, self.world, lane[1])
            done = await self._holding(lane, work, host=host_of(feed.url), if_due=if_due)
            return done or Polled(ok=True)

    async def _drain(self, lane: Lane) -> datetime | Elsewhere | None:
        def step() -> None:
            self._step_began[lane] = self.ticks()

        if lane in self._resting:
            # Whether what was to be written down then was written is not known, so what is there counts.
            world = self.world
            await world.store.write(recovery.recover_lane, lane[1], world.run, world.rules, world.now())
        return await self._holding(lane, partial(drain, self.world, lane[1], step))

    async def _holding(
        self, lane: Lane, work: Callable[[], Awaitable[T]], *, host: str = "", if_due: bool = False
    ) -> T | Elsewhere | None:
        """Do this while no other replica does it; None when it need not be done any more."""
        world = self.world
        if not world.store.shared:
            return await work()
        places = [f"{host} {number}" for number in range(POLLS_AT_ONE_HOST)] if host else []
        took = await world.store.write(holds.take, *lane, world.run, world.now(), one_of=places, if_due=if_due)
        if took == "not due":
            return None
        if took == "busy":
            return Elsewhere(world.now() + LOOK_AGAIN)
        try:
            return await work()
        finally:
            await asyncio.shield(world.store.write(holds.let_go, *lane, world.run))

    # --- How it goes -----------------------------------------------------------------------------------------------

    def swept(self) -> None:
        """Note that somebody has looked for work."""
        self._swept_at = self.ticks()

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


def what_follows(lane: Lane, result: Polled | Elsewhere | datetime | None) -> list[tuple[Job, str, datetime | None]]:
    """What is to be done after a job: the drains of what a poll found, and the same lane again at its time."""
    if isinstance(result, Polled):
        return [("drain", channel, None) for channel in result.owes]
    at = result.at if isinstance(result, Elsewhere) else result
    return [(*lane, at)] if at else []
