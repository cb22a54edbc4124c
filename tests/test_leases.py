"""Replicas on one database: who lives, who leads, and what becomes of what the dead were at. In one process here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot import kinds, points
from bot.drain import settle
from bot.jobs import Jobs
from bot.lease import GRACE, LENGTH, SharedClock
from bot.model import Receipt, Refused
from bot.outcome import verdict
from bot.settings import Channel
from bot.store import holds
from bot.store.runs import alive, clock
from bot.store.schema import runs
from tests.servers import Receiver, Server
from tests.several import Several, Stalling, claimed, lease_of
from tests.test_in_doubt import Zulip
from tests.test_pipeline import THREE, TWO
from tests.values import NOW, a_channel

LONG_ENOUGH, PATIENT = LENGTH.total_seconds() + 1, GRACE.total_seconds() + 1


@pytest.fixture
async def several(tmp_path: Path, ready_url: str) -> AsyncIterator[Several]:
    made = Several(tmp_path, ready_url)
    yield made
    await made.end_all()


@contextmanager
def at(point: points.Point, happens: Callable[[], None]) -> Iterator[None]:
    """Let something happen whenever the work comes to this point."""

    def listen(reached: points.Point) -> None:
        if reached == point:
            happens()

    points.listeners.append(listen)
    try:
        yield
    finally:
        points.listeners.remove(listen)


def slack_at(server: Server) -> Channel:
    settings = kinds.load("slack").settings(url=SecretStr(f"{server.address}/services/T/B/x"))
    return a_channel("room", "slack", settings, allow_private=True, images=False)


def states(several: Several, *names: str) -> list[str]:
    return [row["state"] for name in names for row in several.rows(name)]


# --- What the dead were at -----------------------------------------------------------------------------------------


async def test_what_a_dead_run_was_at_is_settled_by_what_its_platform_remembers(several: Several) -> None:
    with Server(Zulip()) as server, Receiver() as late:
        to = {"server": server.address, "email": "bot@x.example", "key": SecretStr("hemmelig"), "stream": "nytt"}
        several.configure(a_channel("tulip", "zulip", kinds.load("zulip").settings(**to), allow_private=True))
        several.configure(several.bench.channel("late", "slack", late))
        first = await several.begin()
        await several.publish(first, TWO)
        for name in ("room", "hook", "tulip"):
            claimed(first, name)
        claimed(first, "late", begun=False)
        await several.kill(first)
        await several.after(seconds=LONG_ENOUGH)
        second = await several.begin()
        assert states(several, "room", "hook", "tulip", "late") == ["unknown", "due", "due", "due"]
        assert [event.count for event in several.bench.told if event.what == "recovered"] == [4]
        looked_up, repeated = several.rows("tulip")[0], several.rows("hook")[0]
        assert looked_up["due_at"] > second.world.now() and repeated["due_at"] <= second.world.now()
        assert several.rows("late")[0]["tries"] == 0
        assert not several.held()


async def test_a_run_that_lives_keeps_what_it_is_at(several: Several) -> None:
    first = await several.begin()
    await several.publish(first, TWO)
    claimed(first, "room")
    await several.after(first, seconds=LONG_ENOUGH)
    await several.begin()
    assert states(several, "room") == ["sending"]
    assert several.held() == {(first.world.run, "drain", "room")}


async def test_a_run_that_died_a_moment_ago_may_live_still(several: Several) -> None:
    first = await several.begin()
    await several.publish(first, TWO)
    claimed(first, "room")
    await several.kill(first)
    await several.after(seconds=LENGTH.total_seconds() - 4)
    await several.begin()
    assert states(several, "room") == ["sending"]


async def test_a_receipt_that_comes_after_the_lease_still_wins(several: Several) -> None:
    platform = Stalling()
    with Server(platform) as server:
        several.configure(slack_at(server))
        first = await several.begin()
        await several.publish(first, TWO)
        showing = first.run("drain", "room")
        await platform.is_reached()
        await several.after(seconds=LONG_ENOUGH)
        second = await several.begin()
        assert states(several, "room") == ["unknown"]
        await second.run("drain", "room")
        platform.free.set()
        await showing
    assert states(several, "room") == ["sent"] and len(platform.taken) == 1
    (row,) = several.rows("room")
    assert row["shown"] == 1 and row["why"] == "" and row["doubted_at"] is None


async def test_a_problem_that_comes_after_the_lease_changes_nothing_that_was_settled(several: Several) -> None:
    first = await several.begin()
    await several.publish(first, TWO)
    claim = claimed(first, "room")
    await several.after(seconds=LONG_ENOUGH)
    await several.begin()
    await settle(first.world, claim, verdict(Refused("no"), claim.standing, first.world.now()))
    assert states(several, "room") == ["unknown"]
    await settle(first.world, claim, Receipt("1"))
    assert states(several, "room") == ["sent"]


async def test_whoever_was_thought_dead_shows_nothing_that_it_has_not_begun(several: Several) -> None:
    first = await several.begin()
    await several.publish(first, TWO)
    meanwhile: list[asyncio.Task[Jobs]] = []

    async def another_begins() -> Jobs:
        second = await several.begin()
        await lease_of(first).renew()
        return second

    def sleep() -> None:
        several.bench.ahead += timedelta(seconds=LONG_ENOUGH)
        meanwhile.append(asyncio.create_task(another_begins()))

    with at("claimed", sleep):
        await first.run("drain", "room")
    second = await meanwhile[0]
    assert not several.bench.slack.taken
    (row,) = several.rows("room")
    assert (row["state"], row["doubted_at"], row["why"]) == ("due", None, "")
    await several.after(second, seconds=11)
    await second.run("drain", "room")
    assert len(several.bench.slack.taken) == 1


async def test_whoever_was_stopped_just_as_it_began_shows_nothing(several: Several) -> None:
    first = await several.begin()
    await several.publish(first, TWO)

    def sleep() -> None:
        several.bench.ahead += timedelta(seconds=LONG_ENOUGH)

    with at("begun", sleep):
        await first.run("drain", "room")
    assert not several.bench.slack.taken
    assert states(several, "room") == ["due"] and "stopped in between" in several.rows("room")[0]["why"]


async def test_whoever_was_thought_dead_takes_no_more_of_a_lane_that_another_works_on(several: Several) -> None:
    platform = Stalling()
    with Server(platform) as server:
        settings = kinds.load("webhook").settings(url=SecretStr(server.address))
        several.configure(a_channel("hook", "webhook", settings, allow_private=True, images=False))
        first = await several.begin()
        await several.publish(first, THREE, TWO)
        showing = first.run("drain", "hook")
        await platform.is_reached()
        await several.after(seconds=LONG_ENOUGH)
        second = await several.begin()
        claimed(second, "hook", begun=False)
        platform.free.set()
        await showing
    assert states(several, "hook") == ["sent", "due"] and len(platform.taken) == 1


async def test_a_run_that_ends_leaves_nothing_behind(several: Several) -> None:
    first, second = await several.begin(), await several.begin()
    await several.publish(first, TWO)
    claimed(first, "room")
    claimed(first, "hook", begun=False)
    claimed_by_other = {(second.world.run, "poll", "klyngen")}
    second.world.store.write_now(holds.take, "poll", "klyngen", second.world.run, second.world.now())
    await several.end(first)
    assert states(several, "room", "hook") == ["unknown", "due"]
    assert several.held() == claimed_by_other
    ended = second.world.store.read_now(lambda c: c.execute(select(runs.c.id).where(runs.c.ended_at.is_not(None))))
    assert [row.id for row in ended] == [first.world.run]


# --- Who leads -----------------------------------------------------------------------------------------------------


async def test_the_oldest_leads_and_then_the_next(several: Several) -> None:
    command = await several.begin("trigger")
    replicas = [await several.begin() for _ in range(3)]

    async def leading(*living: Jobs) -> list[bool]:
        await several.after(*living, seconds=1)
        return [lease_of(jobs).leads for jobs in living]

    assert await leading(command, *replicas) == [False, True, False, False]
    await several.end(replicas[0])
    assert await leading(command, *replicas[1:]) == [False, True, False]
    await several.kill(replicas[1])
    assert await leading(command, replicas[2]) == [False, False]
    await several.after(seconds=LONG_ENOUGH)
    assert await leading(command, replicas[2]) == [False, True]


async def test_nobody_is_thought_dead_before_all_had_time_to_renew(several: Several) -> None:
    """The database may have been away, so that all have lost their leases alike."""
    first, second = await several.begin(), await several.begin()
    await several.after(first, second, seconds=PATIENT)
    assert [lease_of(jobs).judges() for jobs in (first, second)] == [True, False]
    await several.after(first, seconds=LONG_ENOUGH)
    assert lease_of(first).leads and not lease_of(first).judges()
    await several.after(second, seconds=0)
    assert {row["id"] for row in first.world.store.read_now(alive, first.world.now())} == {
        first.world.run,
        second.world.run,
    }
    await several.after(first, seconds=PATIENT)
    assert lease_of(first).judges()
    await several.after(seconds=LONG_ENOUGH)
    assert not lease_of(first).judges()


async def test_a_lease_is_renewed_again_and_again_by_itself(several: Several) -> None:
    first = await several.begin(renews=True)
    await several.after(seconds=LONG_ENOUGH)
    assert not lease_of(first).is_good()
    await asyncio.wait_for(lease_of(first).good(), 30)
    (row,) = first.world.store.read_now(alive, first.world.now())
    assert row["alive_until"] == lease_of(first).until


# --- The clock -----------------------------------------------------------------------------------------------------


class Machine:
    """A machine's clock: its time, and how often and by how much somebody has set it."""

    def __init__(self) -> None:
        self.time, self.set_by = NOW, timedelta(0)
        self.clock = SharedClock(lambda: self.time, lambda: self.set_by)

    def set(self, by: timedelta) -> None:
        self.time += by
        self.set_by += by


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=-400)])
def test_a_clock_that_somebody_sets_changes_nothing_for_replicas(by: timedelta) -> None:
    machine = Machine()
    machine.clock.measure(timedelta(seconds=5))
    assert machine.clock() == NOW + timedelta(seconds=5)
    machine.set(by)
    assert machine.clock() == NOW + timedelta(seconds=5)
    machine.time += timedelta(seconds=2)
    assert machine.clock() == NOW + timedelta(seconds=7)


def test_after_a_step_the_next_measurement_counts() -> None:
    machine = Machine()
    machine.set(timedelta(hours=1))
    machine.clock.measure(timedelta(hours=-1))
    assert machine.clock() == NOW


def test_a_clock_does_not_go_back_by_what_measurements_differ() -> None:
    machine = Machine()
    told = []
    for ahead in (0.2, 0.1, 0.3):
        machine.clock.measure(timedelta(seconds=ahead))
        told.append((machine.clock() - NOW).total_seconds())
    assert told == [0.2, 0.2, 0.3]


async def test_all_go_by_the_clock_of_the_database(tmp_path: Path, ready_url: str) -> None:
    several, little = Several(tmp_path, ready_url, flows=True), timedelta(seconds=1)
    try:
        for jobs in (await several.begin(), await several.begin()):
            before = jobs.world.now()
            told = jobs.world.store.read_now(clock)
            assert told and before - little < told < jobs.world.now() + little
    finally:
        await several.end_all()
