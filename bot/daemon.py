"""The daemon: polls and sends until it is told to stop, looks after itself, and ends itself when it hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from filelock import Timeout

from bot import __version__, kinds, life
from bot.commands.trigger import Ask, trigger
from bot.config.fingerprint import fingerprint
from bot.jobs import Jobs
from bot.model import Mistake, Mistakes
from bot.net.client import NetProblem, host_of
from bot.run import Tell, adopt, at_its_place, at_work
from bot.settings import Config
from bot.store import desk, runs
from bot.store.database import Store, open_store
from bot.store.files import prepare_directory
from bot.store.runs import REPLICA
from bot.story import Event
from bot.wake import SWEEP_EVERY, Wake
from bot.wake.local import Local
from bot.watch import PATIENCE as PATIENCE_WITH_TROUBLE
from bot.watch import listen, overdue, watch
from bot.watchdog import Watchdog, follow_clock, scheduler
from bot.world import World, clock

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

HEARTBEAT_EVERY = timedelta(minutes=5)
LIFE_SIGN_EVERY = timedelta(seconds=5)
WATCH_EVERY = timedelta(seconds=5)
LOOK_AROUND_EVERY = timedelta(hours=1)
PRUNE_EVERY = timedelta(hours=1)  # Often, for a daemon that is restarted every day would else never do it.
PATIENCE = 14.0  # Seconds that what is in flight gets to end; with what follows, the process is gone within 20.

Work = Callable[[], Awaitable[None]]


async def run(
    config: Config, state: Path, tell: Tell, load: Callable[[], Config], now: Callable[[], datetime] = clock
) -> None:
    """Poll and send until SIGTERM or SIGINT; read the configuration again on SIGHUP."""
    # What is asked of us while we start is done by the start itself.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    prepare_directory(state)
    store = open_store(state, config.bot.database)
    try:
        with at_its_place(store):
            for warning in config.warnings:
                tell(Event("trouble", why=f"warning: {warning}", ok=False))
            async with at_work(config, store, tell, REPLICA, now) as jobs:
                await Daemon(jobs, wake_of(jobs), state, load).live()
    except Timeout:
        raise already_running(store, state) from None
    finally:
        store.close()


def wake_of(jobs: Jobs) -> Wake:
    """How jobs are woken: in this process, or on all replicas where there may be several."""
    if jobs.world.lease is None:
        return Local(jobs)
    from bot.wake.replicated import Replicated

    return Replicated(jobs, jobs.world.lease)


def already_running(store: Store, state: Path) -> Mistake:
    row = store.read_now(runs.current_run)
    who = f" (process {row['pid']})" if row else ""
    remedy = "End it first, or give this one a state of its own with DELEBOT_STATE"
    return Mistake(f"another Delebot{who} sends from this state", where=str(state), remedy=remedy, code=1)


class Daemon:
    """The recurring work of one run, and how it begins and ends."""

    def __init__(self, jobs: Jobs, wake: Wake, state: Path, load: Callable[[], Config]) -> None:
        self.jobs, self.wake, self.world, self.load = jobs, wake, jobs.world, load
        self.state = state
        self.watchdog = Watchdog()
        self.stop = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()
        self._trouble = ""
        self._listened = False

    @property
    def leads(self) -> bool:
        """Whether we do what only one of all replicas does."""
        return self.world.lease is None or self.world.lease.leads

    async def live(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._serve(self.reload()))
        jobs: dict[str, tuple[Work, timedelta]] = {
            "sweep": (self.sweep, SWEEP_EVERY),
            "life sign": (self.give_life_sign, LIFE_SIGN_EVERY),
            "heartbeat": (self.heartbeat, HEARTBEAT_EVERY),
            "prune": (self.prune, PRUNE_EVERY),
            "watch": (self.watch, WATCH_EVERY),
            "look around": (self.look_around, LOOK_AROUND_EVERY),
        }
        clockwork = scheduler(jobs)
        clockwork.start()
        following = asyncio.create_task(follow_clock(clockwork))
        self.watchdog.start()
        await self.wake.begin()
        await self.sweep()
        await self.give_life_sign()
        notify("READY=1")
        feeds, channels = len(self.world.config.feeds), len(self.world.config.channels)
        self.world.tell(Event("idle", why=f"Delebot {__version__} runs: feeds: {feeds}, channels: {channels}"))
        await self.look_around()
        await self.heartbeat()
        await self.stop.wait()
        following.cancel()
        await self.end(clockwork)

    async def end(self, clockwork: Any) -> None:
        """Begin nothing new, let what is in flight end, and only then shut the scheduler, which cancels what runs."""
        notify("STOPPING=1")
        self.world.tell(Event("idle", why="stopping: what is in flight is finished first"))
        clockwork.pause()
        for task in self._serving:
            task.cancel()
        await self.wake.end(PATIENCE)
        self.watchdog.rest()
        clockwork.shutdown(wait=False)
        with suppress(OSError):
            life.take_back(self.state)

    # --- Recurring work --------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        try:
            if self.leads and await self.world.store.read(desk.has_request, self.world.run):
                row = await self.world.store.write(desk.take_request, self.world.run)
                if row:
                    self._serve(serve(self.jobs, row))
            await self.wake.sweep()
            self._trouble = ""
        except Mistake as mistake:
            if str(mistake) != self._trouble:  # Once, and not every second.
                self.world.tell(Event("trouble", why=str(mistake), ok=False))
            self._trouble = str(mistake)

    def _serve(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def give_life_sign(self) -> None:
        """Tell systemd, our own watchdog, and whoever looks at the file, that the daemon lives."""
        if self.jobs.alive():
            self.watchdog.life_sign()
            notify("WATCHDOG=1")
            with suppress(OSError):
                life.give_sign(self.state)

    async def heartbeat(self) -> None:
        """Ask the address of an outside monitor, which notices when we no longer do: while we live and are ready."""
        secret = self.world.config.bot.heartbeat_url
        if secret is None or not self.leads or not self.jobs.alive() or await self.unready():
            return
        url = secret.get_secret_value()
        try:
            # The operator typed this host, so it may be a private one.
            await self.world.client.send(httpx.Request("GET", url), private_host=host_of(url), timeout=10)
        except NetProblem as problem:
            self.world.tell(Event("trouble", why=f"HEARTBEAT_URL: {problem.why}", ok=False))

    async def prune(self) -> None:
        before = self.world.now() - self.world.config.bot.keep
        with suppress(Mistake):
            if self.leads:
                await self.world.store.write(desk.prune, before)
                # The last one that had another configuration may have ended meanwhile.
                await self.world.store.write(adopt, self.world.config, self._now_among_replicas())
        await asyncio.to_thread(self.world.shelf.prune, self.world.now())

    def _now_among_replicas(self) -> datetime | None:
        return self.world.now() if self.world.lease else None

    async def unready(self) -> str:
        """Why we are not ready: nothing can be written down, or work that may be done is not; empty when we are."""
        try:
            await self.world.store.write(runs.sign, self.world.run)
            return await self.world.store.read(overdue, self.world.rules, self.world.now())
        except Mistake as mistake:
            return str(mistake)

    async def watch(self) -> None:
        # A database that can't be used is told by the sweep, and by the heartbeat that is missing.
        with suppress(Mistake):
            if self.leads:
                await self._listen()
                await watch(self.world, PATIENCE_WITH_TROUBLE)
            else:
                self._listened = False

    async def _listen(self, *, anew: bool = False) -> None:
        """Listen for unusual silence, also as soon as we lead."""
        if anew or not self._listened:
            await listen(self.world)
            self._listened = True

    async def look_around(self) -> None:
        """Listen for unusual silence, and have each lane look after its session and credentials."""
        if not self.leads:
            return
        with suppress(Mistake):
            await self._listen(anew=True)
        for channel in self.world.config.channels.values():
            kind = kinds.load(channel.kind)
            if kind.renew or kind.verify:
                self.wake.kick("drain", channel.name)

    async def reload(self) -> None:
        """Read the configuration again; what has mistakes leaves the last good one running."""
        notify("RELOADING=1")
        try:
            config = self.load()
            await self.world.store.write(runs.follow_config, self.world.run, fingerprint(config))
            await self.world.store.write(adopt, config, self._now_among_replicas())
            self.world.config = config
            self.world.looked_after.clear()
            self.world.tell(Event("idle", why="the configuration was read again and is in force"))
        except (Mistake, Mistakes) as wrong:
            lines = str(wrong).replace("\n", " | ")
            self.world.tell(Event("trouble", why=f"the configuration stays as it was: {lines}", ok=False))
        notify("READY=1")


async def serve(jobs: Jobs, row: RowMapping) -> None:
    """Do what another process asked for, and tell it the story line by line."""
    world, told = jobs.world, list[Event]()
    with world.tell.heard_by(told.append):
        work = asyncio.create_task(_attempted(jobs, row))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=0.1)
                await _pass_on(world, row["id"], told)
            await world.store.write(desk.end_request, row["id"], ok=work.result(), now=world.now())
        finally:
            work.cancel()


async def _attempted(jobs: Jobs, row: RowMapping) -> bool:
    try:
        return await trigger(jobs, Ask.of(dict(row["what"])), row["id"])
    except Mistake as mistake:
        jobs.world.tell(Event("trouble", why=str(mistake), ok=False))
        return False


async def _pass_on(world: World, request: int, told: list[Event]) -> None:
    while told:
        await world.store.write(desk.tell, request, told[0].as_json())
        told.pop(0)


def notify(message: str) -> None:
    """Tell systemd how we are, when it started us: https://www.freedesktop.org/software/systemd/man/sd_notify.html"""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        channel.sendall(message.encode())
