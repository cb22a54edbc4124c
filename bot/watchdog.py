"""Ends a process that hangs, and keeps its recurring work going when the clock is set back."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIMIT = 120.0  # Seconds without a sign of life.
LOOK_EVERY = 5.0
SURE_AFTER = 3  # Looks in a row. A process that was stopped for hours gets time to give its sign when it goes on.
HANGS = 70  # The exit code; whatever starts us again does so, and the rows tell the next run what to do.
SET_BACK = 2.0  # Seconds.


class Watchdog:
    """A thread of its own, for a loop that hangs can't end itself."""

    def __init__(
        self, end: Callable[[], None] | None = None, *, limit: float = LIMIT, every: float = LOOK_EVERY
    ) -> None:
        self._end, self._limit, self._every = end or end_process, limit, every
        self._last, self._late = time.monotonic(), 0
        self._over = threading.Event()

    def start(self) -> None:
        self.life_sign()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def life_sign(self) -> None:
        self._last = time.monotonic()

    def rest(self) -> None:
        """The process ends as it should; nobody watches any more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self._late = self._late + 1 if time.monotonic() - self._last > self._limit else 0
            if self._late >= SURE_AFTER:
                self._end()
                return


def end_process() -> None:
    """Say where every thread hangs, and end without waiting for any of them."""
    # Neither print nor the log, for the thread that hangs may hold their locks.
    os.write(2, b"Delebot hangs and ends itself, to be started again. It hangs here:\n")
    faulthandler.dump_traceback(2)
    os._exit(HANGS)


def scheduler(every: dict[str, tuple[Callable[[], Awaitable[None]], timedelta]]) -> AsyncIOScheduler:
    """A scheduler of a few recurring jobs, each run once at a time and never skipped for being late."""
    made = AsyncIOScheduler(timezone="UTC")
    for name, (work, interval) in every.items():
        made.add_job(
            work, "interval", seconds=interval.total_seconds(), id=name,
            coalesce=True, max_instances=1, misfire_grace_time=None,
        )  # fmt: skip
    return made


async def follow_clock(clockwork: Any) -> None:
    """Wake the scheduler's jobs when the clock was set back, for it would wait until the old time comes again."""
    while True:
        ahead = time.time() - time.monotonic()
        await asyncio.sleep(LOOK_EVERY)
        if time.time() - time.monotonic() < ahead - SET_BACK:
            wake_up(clockwork)


def wake_up(clockwork: Any) -> None:
    """Have all recurring work run now, and go on from there."""
    for job in clockwork.get_jobs():
        job.modify(next_run_time=datetime.now(UTC))
