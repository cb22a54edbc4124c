"""A run's lease, where replicas share a database: who renews it lives, and what the others are at is left to them.

Whoever can't renew, for it was stopped or cut off, finds out by its own clock that its lease is over, before it shows
anybody anything. The clock of all replicas is the database's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.store import runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Store
    from bot.store.runs import Run

LENGTH = timedelta(seconds=12)
RENEW_EVERY = 3.0  # Seconds.
GRACE = timedelta(seconds=6)  # Time for all to renew after the database was away, before anybody is thought dead.


class SharedClock:
    """The database's clock, as far as it was last measured; a step of this machine's clock since then is left out."""

    def __init__(self, local: Callable[[], datetime]) -> None:
        self._local = local
        self._ahead, self._stepped = timedelta(0), steps()

    def __call__(self) -> datetime:
        return self._local() + self._ahead - (steps() - self._stepped)

    def measure(self, told: datetime | None) -> None:
        if told is not None:
            self._ahead, self._stepped = told - datetime.now(UTC), steps()


def steps() -> timedelta:
    """A measure of this machine's clock that changes only when somebody sets it."""
    return timedelta(seconds=time.time() - time.monotonic())


class Lease:
    """The lease of one run. It is good until `until`; `leads` is that this run does what only one shall do."""

    def __init__(self, store: Store, run: Run, clock: SharedClock) -> None:
        self.store, self.run, self.clock = store, run, clock
        self.until = self.patient_until = datetime.min.replace(tzinfo=UTC)
        self.leads = False
        self._renewed = asyncio.Event()

    async def begin(self) -> None:
        self.clock.measure(await self.store.read(runs.clock))
        now = self.clock()
        await self.store.write(runs.open_run, self.run, now, now + LENGTH)
        self._is_good(now)
        await self.renew()

    async def keep(self) -> None:
        """Renew it again and again; while the database is away it runs out."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await self.renew()
            except Exception:  # noqa: BLE001 - whatever it is, without a lease nothing is shown to anybody
                self.leads = self.leads and self.is_good()

    async def renew(self) -> None:
        now = self.clock()
        told, leader = await self.store.write(_renew, self.run.id, now)
        self._is_good(now)
        self.clock.measure(told)
        self.leads = leader == self.run.id

    def _is_good(self, now: datetime) -> None:
        if now >= self.until:
            # Others may have lost theirs in the same way, so nobody is judged yet.
            self.patient_until = now + GRACE
        self.until = now + LENGTH
        self._renewed.set()

    def is_good(self) -> bool:
        return self.clock() < self.until

    def judges(self) -> bool:
        """Whether this run says who is dead."""
        return self.leads and self.is_good() and self.clock() >= self.patient_until

    async def good(self) -> None:
        """Wait until the lease is good: whoever lost it shows nobody anything."""
        while not self.is_good():
            self._renewed.clear()
            await self._renewed.wait()


def _renew(connection: Connection, run: str, now: datetime) -> tuple[datetime | None, str]:
    told = runs.renew(connection, run, now + LENGTH)
    return told, runs.leader(runs.alive(connection, now))
