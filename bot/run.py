"""The daemon: one process that polls and sends until it is told to stop, and the working state that others share."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from filelock import FileLock, Timeout

from bot import __version__, kinds
from bot.commands.trigger import Ask, trigger
from bot.model import Mistake, Mistakes
from bot.net.client import Client, NetProblem, host_of
from bot.poll import target_of
from bot.sessions import Sessions
from bot.settings import Config
from bot.shelf import Shelf
from bot.store import desk, recovery
from bot.store.database import Store, open_store
from bot.story import Event, Listeners
from bot.wake import SWEEP_EVERY, Wake, scheduler
from bot.world import World, clock

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

HEARTBEAT_EVERY = timedelta(minutes=5)
LIFE_SIGN_EVERY = timedelta(seconds=5)
PATIENCE = 14.0  # Seconds that what is in flight gets to end; with what follows, the process is gone within 20.
LIFE_SIGN = "alive"

Tell = Callable[[Event], None]
Work = Callable[[], Awaitable[None]]


def lock_of(state: Path) -> FileLock:
    """The lock that one process at a time holds to send from this state."""
    return FileLock(state / "lock")


@asynccontextmanager
async def at_work(
    config: Config, store: Store, tell: Tell, what: str, now: Callable[[], datetime] = clock
) -> AsyncIterator[Wake]:
    """A run on this state. The caller holds the lock, so whatever is `sending` was left by somebody who is dead."""
    bot = config.bot
    proxy = bot.proxy.get_secret_value() if bot.proxy else None
    async with Client(user_agent=user_agent(bot.contact), proxy=proxy) as client:
        state = store.path.parent
        world = World(config, store, client, Listeners(tell), Sessions(state), Shelf(state), now)
        await store.write(desk.open_run, world.run, os.getpid(), what, world.now())
        recovered = await store.write(start, world)
        if recovered:
            tell(Event("recovered", count=recovered))
        yield Wake(world)
        with suppress(Mistake):
            await store.write(desk.close_run, world.run, world.now())


def start(connection: Connection, world: World) -> int:
    """Settle what earlier runs left behind and follow the configuration; how much was settled."""
    recovered = recovery.recover(connection, world.run, world.rules, world.now())
    adopt(connection, world)
    return recovered


def adopt(connection: Connection, world: World) -> None:
    """Make the rows follow the configuration in force."""
    channels = world.config.channels.values()
    targets = {c.name: kinds.load(c.kind).target_of(c.settings) for c in channels}
    desk.adopt(connection, targets, {f.name: target_of(f) for f in world.config.feeds.values()})


def user_agent(contact: str) -> str:
    """Who we say we are, with where the site's owner can reach a person."""
    return f"Delebot/{__version__}" + (f" (+{contact})" if contact else "")


# --- The daemon ----------------------------------------------------------------------------------------------------


async def run(
    config: Config, state: Path, tell: Tell, load: Callable[[], Config], now: Callable[[], datetime] = clock
) -> None:
    """Poll and send until SIGTERM or SIGINT; read the configuration again on SIGHUP."""
    store = open_store(state)
    try:
        with lock_of(state).acquire(timeout=0):
            for warning in config.warnings:
                tell(Event("trouble", why=f"warning: {warning}", ok=False))
            async with at_work(config, store, tell, "run", now) as wake:
                await Daemon(wake, state, load).live()
    except Timeout:
        raise already_running(store, state) from None
    finally:
        store.close()


def already_running(store: Store, state: Path) -> Mistake:
    row = store.read_now(desk.current_run)
    who = f" (process {row['pid']})" if row else ""
    remedy = "End it first, or give this one a state of its own with DELEBOT_STATE"
    return Mistake(f"another Delebot{who} sends from this state", where=str(state), remedy=remedy, code=1)


class Daemon:
    """The recurring work of one run, and how it begins and ends."""

    def __init__(self, wake: Wake, state: Path, load: Callable[[], Config]) -> None:
        self.wake, self.world, self.load = wake, wake.world, load
        self.life_sign = state / LIFE_SIGN
        self.stop = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()

    async def live(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        jobs: dict[str, tuple[Work, timedelta]] = {
            "sweep": (self.sweep, SWEEP_EVERY),
            "life sign": (self.give_life_sign, LIFE_SIGN_EVERY),
            "heartbeat": (self.heartbeat, HEARTBEAT_EVERY),
            "prune": (self.prune, timedelta(days=1)),
            "sessions": (self.keep_sessions, timedelta(days=1)),
        }
        clockwork = scheduler(jobs)
        clockwork.start()
        await self.sweep()
        await self.give_life_sign()
        notify("READY=1")
        feeds, channels = len(self.world.config.feeds), len(self.world.config.channels)
        self.world.tell(Event("idle", why=f"Delebot {__version__} runs: feeds: {feeds}, channels: {channels}"))
        await self.heartbeat()
        await self.stop.wait()
        await self.end(clockwork)

    async def end(self, clockwork: Any) -> None:
        """Begin nothing new, let what is in flight end, and only then shut the scheduler, which cancels what runs."""
        notify("STOPPING=1")
        self.world.tell(Event("idle", why="stopping: what is in flight is finished first"))
        clockwork.pause()
        for task in self._serving:
            task.cancel()
        await self.wake.finish(PATIENCE)
        clockwork.shutdown(wait=False)
        self.life_sign.unlink(missing_ok=True)

    # --- Recurring work --------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        try:
            if await self.world.store.read(desk.has_request, self.world.run):
                row = await self.world.store.write(desk.take_request, self.world.run)
                if row:
                    task = asyncio.create_task(serve(self.wake, row))
                    self._serving.add(task)
                    task.add_done_callback(self._serving.discard)
            await self.wake.sweep()
        except Mistake as mistake:
            self.world.tell(Event("trouble", why=str(mistake), ok=False))

    async def give_life_sign(self) -> None:
        """Tell systemd, and whoever looks at the file, that the daemon lives."""
        if self.wake.alive():
            notify("WATCHDOG=1")
            with suppress(OSError):
                self.life_sign.touch(mode=0o600)

    async def heartbeat(self) -> None:
        """Ask the address of an outside monitor, which notices when we no longer do."""
        secret = self.world.config.bot.heartbeat_url
        if secret is None or not self.wake.alive():
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
            await self.world.store.write(desk.prune, before)
        await asyncio.to_thread(self.world.shelf.prune, self.world.now())

    async def keep_sessions(self) -> None:
        """Have the lane of every channel with a session look after it, also when there is nothing to post."""
        for channel in self.world.config.channels.values():
            if kinds.load(channel.kind).renew:
                self.wake.kick("drain", channel.name)

    def reload(self) -> None:
        """Read the configuration again; what has mistakes leaves the last good one running."""
        notify("RELOADING=1")
        try:
            self.world.config = self.load()
            self.world.store.write_now(adopt, self.world)
            self.world.tell(Event("idle", why="the configuration was read again and is in force"))
        except (Mistake, Mistakes) as wrong:
            lines = str(wrong).replace("\n", " | ")
            self.world.tell(Event("trouble", why=f"the configuration stays as it was: {lines}", ok=False))
        notify("READY=1")


async def serve(wake: Wake, row: RowMapping) -> None:
    """Do what another process asked for, and tell it the story line by line."""
    world, told = wake.world, list[Event]()
    with world.tell.heard_by(told.append):
        work = asyncio.create_task(_attempted(wake, row))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=0.1)
                await _pass_on(world, row["id"], told)
            await world.store.write(desk.end_request, row["id"], ok=work.result(), now=world.now())
        finally:
            work.cancel()


async def _attempted(wake: Wake, row: RowMapping) -> bool:
    try:
        return await trigger(wake, Ask.of(dict(row["what"])), row["id"])
    except Mistake as mistake:
        wake.world.tell(Event("trouble", why=str(mistake), ok=False))
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
