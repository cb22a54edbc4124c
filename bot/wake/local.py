"""Wakes jobs in this process, which works alone."""

from __future__ import annotations

from datetime import datetime

from bot.jobs import Job, Jobs
from bot.outcome import SET_BACK
from bot.store import recovery
from bot.story import Event
from bot.wake import due


class Local:
    """A kick runs the job at once. What is for later is left to the sweep, which looks every second."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs, self.world = jobs, jobs.world
        self._latest: datetime | None = None
        jobs.kick = self.kick

    def kick(self, job: Job, name: str, at: datetime | None = None) -> None:
        if at is None or at <= self.world.now():
            self.jobs.run(job, name)

    async def begin(self) -> None:
        """Nothing is to be begun: who kicks does it."""

    async def sweep(self) -> None:
        await self._follow_clock()
        for lane in await self.world.store.read(due, self.world):
            if self.jobs.is_free(lane):
                self.kick(*lane)
        self.jobs.swept()

    async def _follow_clock(self) -> None:
        """When the clock was set back, what is to come moves with it: it would wait for the old time otherwise."""
        now, latest = self.world.now(), self._latest
        if latest is not None and latest - now >= SET_BACK:
            await self.world.store.write(recovery.follow_clock, self.world.rules, now, latest)
            self.world.tell(Event("trouble", why="the clock of this machine was set back", ok=False))
        self._latest = now

    async def end(self, patience: float) -> None:
        await self.jobs.finish(patience)
