"""Several runs in this process on one PostgreSQL, with one clock for all of them that is moved by hand."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, make_url, select

from bot.jobs import Jobs
from bot.lease import Lease
from bot.model import Post
from bot.run import at_work
from bot.settings import BotSettings, Channel
from bot.store import holds, lanes
from bot.store.lanes import Claim, Owing
from bot.store.schema import holds as held_lanes
from bot.world import World, clock, post_of, rules_of
from tests.servers import Answer, Taken, rss
from tests.test_pipeline import ONE, Bench


class Killed(Exception):
    """What ends a run as SIGKILL would: it writes down nothing more."""


class Several:
    """Replicas on the bench's database.

    Time stands still unless it is moved or `flows`, and no lease is renewed by itself unless its run `renews`, so that
    a test alone says who lives, however slow its machine is.
    """

    def __init__(self, folder: Path, url: str, *, flows: bool = False) -> None:
        self.bench = Bench(folder / "state", url)
        bot = BotSettings(database_url=SecretStr(url))
        self.bench.config = self.bench.config.model_copy(update={"bot": bot})
        self._at_work: dict[str, AsyncExitStack] = {}
        self._began = None if flows else clock()

    @property
    def database(self) -> str:
        """What the database is called."""
        return str(make_url(self.bench.database).database)

    def now(self) -> datetime:
        return (self._began or clock()) + self.bench.ahead

    async def begin(self, what: str = "run", *, renews: bool = False) -> Jobs:
        """A run begins, as a process of its own would."""
        stack, bench, others = AsyncExitStack(), self.bench, asyncio.all_tasks()
        store = stack.enter_context(closing(bench.store()))
        if self._began:
            # Their clocks are not so exact that it would be clear otherwise which is the older one.
            bench.ahead += timedelta(seconds=1)
        jobs = await stack.enter_async_context(at_work(bench.config, store, bench.told.append, what, self.now))
        for task in asyncio.all_tasks() - others:
            if not renews and getattr(task.get_coro(), "__qualname__", "") == Lease.keep.__qualname__:
                task.cancel()
        self._at_work[jobs.world.run] = stack
        return jobs

    async def kill(self, jobs: Jobs) -> None:
        await self._at_work.pop(jobs.world.run).__aexit__(Killed, Killed(), None)

    async def end(self, jobs: Jobs) -> None:
        """A run ends as it should."""
        await self._at_work.pop(jobs.world.run).aclose()

    async def end_all(self) -> None:
        for stack in self._at_work.values():
            await stack.aclose()
        self.bench.end()

    async def after(self, *living: Jobs, **time: float) -> None:
        """Time passes, and these renew their leases then."""
        self.bench.ahead += timedelta(**time)
        for jobs in living:
            await lease_of(jobs).renew()

    async def publish(self, jobs: Jobs, *articles: tuple[int, str]) -> None:
        """The feed had one article when it was first read, and has these above it now; nobody has shown them yet."""
        for entries in ((ONE,), (*articles, ONE)):
            self.bench.site.body = rss(*entries)
            assert (await jobs.run("poll", "klyngen")).ok

    def configure(self, *channels: Channel, **others: Any) -> None:
        """Runs that begin from now on know these channels too, and have these parts of the configuration."""
        config = self.bench.config
        known = {**config.channels, **{channel.name: channel for channel in channels}}
        self.bench.config = config.model_copy(update={"channels": known, **others})

    def rows(self, channel: str) -> list[Any]:
        return [row for row in self.bench.rows() if row["channel"] == channel]

    def held(self) -> set[tuple[str, str, str]]:
        """Who holds what: the run, the job and the name."""
        with closing(self.bench.store()) as store:
            asked = select(held_lanes.c.run, held_lanes.c.job, held_lanes.c.name)
            return {tuple(row) for row in store.read_now(lambda c: c.execute(asked).all())}


class Stalling:
    """A platform that takes a post, says so, and answers when it is let."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.reached, self.free = threading.Event(), threading.Event()

    def __call__(self, taken: Taken) -> Answer:
        self.taken.append(taken)
        self.reached.set()
        self.free.wait(20)
        return Answer()

    async def is_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, 20)


def lease_of(jobs: Jobs) -> Lease:
    assert jobs.world.lease
    return jobs.world.lease


def claimed(jobs: Jobs, channel: str, *, begun: bool = True) -> Claim:
    """The rows as they are while a run shows a post, or is about to: it holds the lane and has a claim."""
    return jobs.world.store.write_now(_claimed, jobs.world, channel, begun)


def _claimed(connection: Connection, world: World, channel: str, begun: bool) -> Claim:
    now = world.now()
    assert holds.take(connection, "drain", channel, world.run, now) == "held"
    configured = world.config.channels[channel]
    rules = rules_of(configured, world.config)
    compose = partial(_composed, world, now)
    claim = lanes.claim(connection, channel, world.run, rules, compose, now)
    assert isinstance(claim, Claim)
    assert not begun or lanes.begin(connection, claim, now)
    return claim


def _composed(world: World, now: datetime, owing: Owing, key: str) -> Post:
    return post_of(world.config.channels[owing.row["channel"]], world.config, owing, key, now)
