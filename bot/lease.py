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
INEXACT = timedelta(seconds=1)  # More than by this much, no two measurements of the database's clock differ.
GRACE = timedelta(seconds=6)  # Time for all to renew after the database was away, before anybody is thought dead.


def steps() -> timedelta:
    """A measure of this machine's clock that changes only when somebody sets it, and not while the machine sleeps."""
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    return timedelta(seconds=time.time() - since_boot)


class SharedClock:
    """The database's clock, as far as it was last measured; a step of this machine's clock since then is left out."""

    def __init__(self, local: Callable[[], datetime], steps: Callable[[], timedelta] = steps) -> None:
        self._local, self._steps = local, steps
        self._ahead, self._stepped = timedelta(0), steps()
        self._last = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        now = self._local() + self._ahead - (self._steps() - self._stepped)
        # No measurement is exact, and what was just written down as due shall be due.
        if timedelta(0) < self._last - now < INEXACT:
            return self._last
        self._last = now
        return now

    def measure(self, ahead: timedelta) -> None:
        """Go by the database, which is so far ahead of this machine."""
        self._ahead, self._stepped = ahead, self._steps()


def ahead(connection: Connection) -> timedelta:
    """How far the database's clock is ahead of this machine's, as exactly as it can be asked."""
    began = datetime.now(UTC)
    told = runs.clock(connection)
    ended = datetime.now(UTC)
    return (told or ended) - (began + (ended - began) / 2)


class Lease:
    """The lease of one run. It is good until `until`; `leads` is that this run does what only one shall do."""

    def __init__(self, store: Store, run: Run, clock: SharedClock) -> None:
        self.store, self.run, self.clock = store, run, clock
        self.until = self.patient_until = datetime.min.replace(tzinfo=UTC)
        self.leads = False
        self._renewed = asyncio.Event()

    async def begin(self) -> None:
        self.clock.measure(await self.store.read(ahead))
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
        measured, leader = await self.store.write(_renew, self.run.id, now)
        self._is_good(now)
        self.clock.measure(measured)
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


def _renew(connection: Connection, run: str, now: datetime) -> tuple[timedelta, str]:
    runs.renew(connection, run, now + LENGTH)
    return ahead(connection), runs.leader(runs.alive(connection, now))
