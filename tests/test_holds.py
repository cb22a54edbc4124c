"""Replicas share their work: one at a lane, few at a host, in order and at its pace, and no connection is kept busy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.jobs import POLLS_AT_ONE_HOST, Elsewhere, Jobs
from bot.store import holds
from tests.postgres import Server as Database
from tests.servers import Receiver, Server
from tests.several import Several, Stalling, claimed
from tests.test_leases import slack_at
from tests.test_pipeline import THREE, TWO, titles
from tests.values import a_feed


@pytest.fixture
async def several(tmp_path: Path, ready_url: str) -> AsyncIterator[Several]:
    made = Several(tmp_path, ready_url)
    yield made
    await made.end_all()


async def two(several: Several) -> tuple[Jobs, Jobs]:
    return await several.begin(), await several.begin()


# --- Lanes ---------------------------------------------------------------------------------------------------------


async def test_a_channel_is_drained_by_one_and_the_other_looks_again_soon(several: Several) -> None:
    first, second = await two(several)
    await several.publish(first, TWO)
    claimed(first, "hook", begun=False)
    came = await second.run("drain", "hook")
    assert isinstance(came, Elsewhere) and came.at > second.world.now()
    assert not several.bench.hook.taken
    first.world.store.write_now(holds.let_go, "drain", "hook", first.world.run)
    assert not isinstance(await second.run("drain", "hook"), Elsewhere)


async def test_whoever_is_done_holds_nothing_whether_it_went_well_or_not(several: Several) -> None:
    first, second = await two(several)
    await several.publish(first, TWO)
    assert not several.held()
    await first.run("drain", "hook")
    several.bench.slack.end()
    await second.run("drain", "room")
    assert not several.held()
    several.bench.slack.begin()


async def test_a_feed_that_another_has_polled_meanwhile_is_not_polled_again(several: Several) -> None:
    first, second = await two(several)
    await first.run("poll", "klyngen", if_due=True)
    asked = len(several.bench.site.asked)
    await second.run("poll", "klyngen", if_due=True)
    assert asked and len(several.bench.site.asked) == asked
    await several.after(first, second, minutes=16)
    await second.run("poll", "klyngen", if_due=True)
    assert len(several.bench.site.asked) > asked
    assert not several.held()


async def test_one_host_is_asked_for_few_feeds_at_once_whoever_asks(several: Several) -> None:
    site = Stalling()
    with Server(site) as server:
        url = SecretStr(f"{server.address}/feed/")
        names = [f"feed{n}" for n in range(POLLS_AT_ONE_HOST + 3)]
        feeds = {name: a_feed(name, url=url, allow_private=True) for name in names}
        elsewhere = a_feed("elsewhere", url=SecretStr(several.bench.site.feed.replace("127.0.0.1", "127.0.0.2")))
        several.configure(feeds={**feeds, "elsewhere": elsewhere})
        both = await two(several)
        polls = [both[n % 2].run("poll", name) for n, name in enumerate(names)]
        refused = [task async for task in as_they_come(polls, 3)]
        assert all(isinstance(came, Elsewhere) for came in refused)
        lanes = {name for _, job, name in several.held() if job == "poll"}
        assert len(lanes) == POLLS_AT_ONE_HOST, "Whoever finds no place holds no lane either."
        assert not isinstance(await both[0].run("poll", "elsewhere"), Elsewhere)
        site.free.set()
        await asyncio.gather(*polls)
    assert len({taken.port for taken in site.taken}) == POLLS_AT_ONE_HOST
    assert not several.held()


async def as_they_come(tasks: list[asyncio.Task[object]], number: int) -> AsyncIterator[object]:
    """What so many of these tasks came to, the first to end first."""
    for task in asyncio.as_completed(tasks):
        yield await task
        number -= 1
        if not number:
            return


@pytest.mark.parametrize("seed", range(2))
async def test_two_that_drain_one_channel_at_once_keep_the_order_and_double_nothing(
    several: Several, seed: int
) -> None:
    """In each round somebody works on each lane until it is empty, so that three are more than enough."""
    chance = random.Random(seed)
    numbers = range(9, 1, -1)
    with Receiver() as another:
        several.configure(several.bench.channel("another", "webhook", another))
        both = await two(several)
        for newest in (5, 2):
            await several.publish(both[0], *((n, f"Sak {n}") for n in numbers if n >= newest))
            await several.after(*both, seconds=1)  # By no clock of the two anything is due only in a moment.
            for _ in range(3):
                wanted = [(jobs, name) for jobs in both for name in ("hook", "another")] * 2
                chance.shuffle(wanted)
                await asyncio.gather(*(jobs.run("drain", name) for jobs, name in wanted))
        expected = [f"item.published Sak {n}" for n in (*range(5, 10), *range(2, 5))]
        assert titles(several.bench.hook) == titles(another) == expected


async def test_the_distance_between_two_posts_is_kept_by_all_together(several: Several) -> None:
    several.bench.wish("hook", spacing=timedelta(minutes=1))
    first, second = await two(several)
    await several.publish(first, THREE, TWO)
    later = await first.run("drain", "hook")
    assert await second.run("drain", "hook") == later
    assert titles(several.bench.hook) == ["item.published Andre sak"]
    await several.after(first, second, seconds=61)
    await second.run("drain", "hook")
    assert titles(several.bench.hook) == ["item.published Andre sak", "item.published Tredje sak"]


# --- Connections ---------------------------------------------------------------------------------------------------


async def test_no_connection_is_busy_while_a_site_or_a_platform_takes_its_time(
    several: Several, postgres: Database
) -> None:
    platform, site = Stalling(), Stalling()
    with Server(platform) as one, Server(site) as other:
        slow = a_feed("slow", url=SecretStr(f"{other.address}/feed/"), allow_private=True)
        several.configure(slack_at(one), feeds={**several.bench.config.feeds, "slow": slow})
        jobs = await several.begin()
        await several.publish(jobs, TWO)
        under_way = [jobs.run("drain", "room"), jobs.run("poll", "slow")]
        await platform.is_reached()
        await site.is_reached()
        with postgres.connect(several.database) as connection:
            asked = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            states = [state for (state,) in connection.execute(asked)]
        platform.free.set()
        site.free.set()
        await asyncio.gather(*under_way)
    assert states and set(states) == {"idle"}
