"""Jobs spread over replicas: a kick is done once and never early, what is lost is found, and an end leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.store.files import StoreTrouble
from bot.wake.replicated import MEND_EVERY, Replicated
from tests.installation import until
from tests.postgres import Own
from tests.postgres import Server as Database
from tests.servers import Answer, Server, Taken
from tests.several import Several, Stalling, claimed, lease_of
from tests.test_leases import LONG_ENOUGH, PATIENT, slack_at, states
from tests.test_pipeline import THREE, TWO, titles
from tests.values import a_feed

PATIENCE = 20.0


class Pair:
    """Two replicas with their engines; the first is the older one, which leads."""

    def __init__(self, several: Several, database: Database) -> None:
        self.several, self.database = several, database
        self.wakes: list[Replicated] = []

    async def begin(self) -> Replicated:
        jobs = await self.several.begin(renews=True)
        wake = Replicated(jobs, lease_of(jobs))
        await wake.begin()
        self.wakes.append(wake)
        await happens(lambda: wake._app is not None)
        return wake

    async def end(self) -> None:
        for wake in self.wakes:
            await wake.end(PATIENCE)
        await self.several.end_all()

    async def kicked(self) -> None:
        """Wait until what was kicked is written down."""
        for wake in self.wakes:
            await asyncio.gather(*wake._kicks)

    async def publish(self, *articles: tuple[int, str]) -> None:
        """Articles that nobody has been woken for."""
        jobs = self.wakes[0].jobs
        jobs.kick, kick = None, jobs.kick
        await self.several.publish(jobs, *articles)
        jobs.kick = kick

    def jobs(self) -> list[tuple[str, str, str, bool]]:
        """What the engine knows of: the task, whose, how it stands, and whether it is for later."""
        asked = (
            "SELECT task_name, args->>'name', status::text, scheduled_at IS NOT NULL FROM delebot.procrastinate_jobs"
            " ORDER BY 1, 2, 3, 4"
        )
        with self.database.connect(self.several.database) as connection:
            return connection.execute(asked).fetchall()

    def say(self, statement: str) -> None:
        with self.database.connect(self.several.database) as connection:
            connection.execute(statement.encode())


async def happens(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, condition)


@pytest.fixture
async def pair(tmp_path: Path, ready_url: str, postgres: Database) -> AsyncIterator[Pair]:
    made = Pair(Several(tmp_path, ready_url, flows=True), postgres)
    await made.begin()
    await made.begin()
    yield made
    await made.end()


async def test_what_both_kick_is_done_once(pair: Pair) -> None:
    bench = pair.several.bench
    await pair.publish(TWO)
    await pair.several.after(*(wake.jobs for wake in pair.wakes), minutes=16)
    asked = len([taken for taken in bench.site.asked if taken.path == "/feed/"])
    for wake in (*pair.wakes, *pair.wakes):
        wake.kick("poll", "klyngen")
        wake.kick("drain", "hook")
    await pair.kicked()
    await happens(lambda: len(bench.hook.taken) > 0 and pair.jobs() == [])
    assert titles(bench.hook) == ["item.published Andre sak"]
    assert len([taken for taken in bench.site.asked if taken.path == "/feed/"]) == asked + 1


async def test_one_kick_waits_for_a_lane_that_is_busy_and_one_for_later(pair: Pair) -> None:
    platform = Stalling()
    with Server(platform) as server:
        for wake in pair.wakes:
            channels = {**wake.world.config.channels, "room": slack_at(server)}
            wake.world.config = wake.world.config.model_copy(update={"channels": channels})
        await pair.publish(TWO)
        first, second = pair.wakes
        first.kick("drain", "room")
        await platform.is_reached()
        for n in range(3):
            for wake in (first, second):
                wake.kick("drain", "room")
                wake.kick("drain", "room", wake.world.now() + timedelta(hours=1 + n))
        await pair.kicked()
        assert pair.jobs() == [
            ("drain", "room", "doing", False),
            ("drain", "room", "todo", False),
            ("drain", "room", "todo", True),
        ]
        platform.free.set()
        await happens(lambda: pair.jobs() == [("drain", "room", "todo", True)])
    assert len(platform.taken) == 1


async def test_a_kick_for_later_is_done_then_and_never_before(pair: Pair) -> None:
    asked: list[datetime] = []
    first, second = pair.wakes

    def answer(_: Taken) -> Answer:
        asked.append(second.world.now())
        return Answer(500)

    with Server(answer) as site:
        slow = a_feed("slow", url=SecretStr(f"{site.address}/feed/"), allow_private=True)
        for wake in pair.wakes:
            wake.world.config = wake.world.config.model_copy(update={"feeds": {"slow": slow}})
        at = first.world.now() + timedelta(seconds=0.7)
        first.kick("poll", "slow", at)
        await happens(lambda: len(asked) > 0)
    assert asked[0] >= at - timedelta(milliseconds=300)


async def test_a_post_that_keeps_its_distance_comes_by_itself(pair: Pair) -> None:
    """Slack wants a second between two; whoever ends a drain has the rest kicked for then."""
    await pair.publish(THREE, TWO)
    pair.wakes[1].kick("drain", "room")
    await happens(lambda: len(pair.several.bench.slack.taken) == 2)


async def test_the_sweep_of_the_one_that_leads_finds_what_nobody_kicked(pair: Pair) -> None:
    first, second = pair.wakes
    await pair.publish(TWO)
    await second.sweep()
    await pair.kicked()
    assert pair.jobs() == [] and pair.several.bench.posts == [0, 0]
    await first.sweep()
    await happens(lambda: pair.several.bench.posts == [1, 1])
    await happens(lambda: pair.jobs() == [])


# --- What is lost --------------------------------------------------------------------------------------------------

ORPHAN = """
INSERT INTO delebot.procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, status)
VALUES ('drain', 'drain', 0, 'drain:hook', 'drain:hook', '{"name": "hook"}', 'doing')
"""


async def test_a_job_that_nobody_works_on_is_done_away_with_and_its_lane_goes_on(pair: Pair) -> None:
    first, second = pair.wakes
    both = (first.jobs, second.jobs)
    await pair.publish(TWO)
    pair.say(ORPHAN)
    first.kick("drain", "hook")  # It waits behind the one that nobody does.
    await pair.kicked()
    await pair.several.after(*both, seconds=PATIENT)
    for _ in range(3):
        await second.sweep()
        await pair.several.after(*both, seconds=MEND_EVERY.total_seconds())
    assert ("drain", "hook", "doing", False) in pair.jobs(), "That is for the one that leads."
    for _ in range(2):
        await first.sweep()
        await pair.several.after(*both, seconds=MEND_EVERY.total_seconds())
    await happens(lambda: len(pair.several.bench.hook.taken) == 1)
    await happens(lambda: ("drain", "hook", "doing", False) not in pair.jobs())


async def test_what_a_dead_replica_was_at_is_taken_up_by_the_one_that_leads_after_its_grace(pair: Pair) -> None:
    several = pair.several
    first, second = pair.wakes
    both = (first.jobs, second.jobs)
    third = await several.begin()
    await pair.publish(TWO)
    claimed(third, "hook")
    claimed(third, "room")
    pair.say(ORPHAN)
    await several.kill(third)
    await several.after(*both, seconds=LONG_ENOUGH)
    await first.sweep()
    assert states(several, "hook", "room") == ["sending", "sending"], "All may have lost their leases alike."
    await several.after(*both, seconds=PATIENT)
    await second.sweep()
    assert states(several, "hook", "room") == ["sending", "sending"]
    await first.sweep()
    await happens(lambda: states(several, "hook", "room") == ["sent", "unknown"])
    assert [event.count for event in several.bench.told if event.what == "recovered"] == [2]
    assert len(several.bench.hook.taken) == 1 and not several.bench.slack.taken


# --- An end --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def sending(pair: Pair) -> AsyncIterator[Stalling]:
    """The second replica shows a post to a platform that takes its time."""
    platform = Stalling()
    with Server(platform) as server:
        (second,) = pair.wakes[1:]
        channels = {**second.world.config.channels, "room": slack_at(server)}
        second.world.config = second.world.config.model_copy(update={"channels": channels})
        await pair.publish(TWO)
        await pair.wakes[0].end(PATIENCE)
        second.kick("drain", "room")
        await platform.is_reached()
        yield platform
        platform.free.set()


async def test_an_end_waits_for_what_is_under_way_and_leaves_no_job(pair: Pair) -> None:
    second = pair.wakes[1]
    async with sending(pair) as platform:
        ending = asyncio.create_task(second.end(PATIENCE))
        assert not (await asyncio.wait({ending}, timeout=0.2))[0]
        platform.free.set()
        await ending
    await pair.several.end(second.jobs)
    assert pair.jobs() == [] and not pair.several.held()
    assert states(pair.several, "room") == ["sent"]


async def test_what_takes_too_long_at_an_end_is_left_in_doubt_and_no_job_aborted(pair: Pair) -> None:
    second = pair.wakes[1]
    async with sending(pair):
        await second.end(0)
    await pair.several.end(second.jobs)
    assert pair.jobs() == [] and not pair.several.held()
    assert states(pair.several, "room") == ["unknown"]


# --- The database goes, and comes back -----------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[Own]:
    server = Own.begun(fleeting=True)
    yield server
    server.end()


async def test_a_replica_goes_on_when_its_database_is_back(tmp_path: Path, own: Own) -> None:
    several = Several(tmp_path, own.create(), flows=True)
    pair = Pair(several, own)
    wake = await pair.begin()
    await pair.publish(TWO)
    own.stop()
    with pytest.raises(StoreTrouble):
        await wake.sweep()
    wake.kick("drain", "hook")
    await happens(lambda: any("begins anew" in event.why for event in several.bench.told))
    assert wake.jobs.alive(), "To start anew would not bring the database back."
    own.start()
    await happens(lambda: wake._app is not None)
    await lease_of(wake.jobs).renew()
    await wake.sweep()
    await happens(lambda: several.bench.posts == [1, 1])
    assert sum("begins anew" in event.why for event in several.bench.told) == 1
    await pair.end()
