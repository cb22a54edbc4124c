"""The clock of the machine is set back or forward, or stands still in its sleep: nothing is doubled, nothing stuck."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from bot import kinds, points
from bot.drain import clock_was_wrong, show
from bot.jobs import Jobs
from bot.life import LIFE_SIGN, is_alive
from bot.model import Attempt, Occasion, Post, Receipt, Unknown
from bot.outcome import Standing, State, Verdict, may_repeat
from bot.run import at_work
from bot.store import desk
from bot.store.lanes import Claim
from bot.store.recovery import AHEAD, PAUSES, moments
from bot.store.schema import channels, deliveries, feeds
from bot.wake.local import Local
from tests.servers import Answer, Server, rss
from tests.test_in_doubt import Zulip
from tests.test_pipeline import ONE, THREE, TWO, Bench, titles
from tests.values import NOW, a_channel

MINUTE, HOUR, DAY, YEAR = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=365)
FOUR = (4, "Fjerde sak")


def polls(bench: Bench) -> int:
    """How often the feed was asked for, and not the site about what it has published."""
    return sum(taken.path == "/feed/" for taken in bench.site.asked)


@pytest.fixture
async def bench(tmp_path: Path, database: str) -> AsyncIterator[Bench]:
    """Where replicas share a database, it is its clock that is moved."""
    made = Bench(tmp_path / "state", database)
    await made.trigger()
    yield made
    made.end()


# A replica that is at work doesn't believe that its clock was moved; see `tests/test_leases.py`.
works_alone = pytest.mark.parametrize("database", [""], ids=["sqlite"])


@asynccontextmanager
async def running(bench: Bench, ticks: list[float]) -> AsyncIterator[Local]:
    """A run that goes on while the clock is moved, with a clock of its own for how long things take."""
    with closing(bench.store()) as store, bench.alone():
        async with at_work(bench.config, store, bench.told.append, "run", bench.now) as made:
            yield Local(Jobs(made.world, lambda: ticks[0]))


async def swept(wake: Local) -> None:
    """A few sweeps, and all that they lead to."""
    for _ in range(3):
        await wake.sweep()
        await wake.end(5)


def value(bench: Bench, column: Any, name: str) -> Any:
    """What a row of the feeds or channels holds."""
    where = column.table.c.name == name
    return bench.write(lambda connection: connection.execute(select(column).where(where)).scalar())


# --- Set back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [2 * MINUTE, YEAR])
async def test_after_the_clock_is_set_back_news_is_shared_once_and_at_once(by: timedelta, bench: Bench) -> None:
    bench.wish("hook", spacing=MINUTE)
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.ahead -= by
    bench.site.body = rss(THREE, TWO, ONE)
    await bench.trigger()
    bench.ahead += 2 * MINUTE
    await bench.trigger()
    assert titles(bench.hook) == ["item.published Andre sak", "item.published Tredje sak"]
    assert len(bench.slack.taken) == 2


@works_alone
@pytest.mark.parametrize("by", [2 * MINUTE, YEAR])
async def test_a_run_goes_on_when_the_clock_is_set_back_under_it(by: timedelta, bench: Bench) -> None:
    every = 15 * MINUTE
    async with running(bench, [0.0]) as wake:
        bench.ahead += every
        await swept(wake)
        asked = polls(bench)
        bench.ahead -= by
        bench.site.body = rss(TWO, ONE)
        bench.told.clear()
        await swept(wake)
        assert polls(bench) == asked, "It was asked a moment ago, whatever the clock says."
        assert [told.why for told in bench.told] == ["the clock of this machine was set back"]
        bench.ahead += every + MINUTE
        await swept(wake)
    assert polls(bench) == asked + 1 and bench.posts == [1, 1]


async def test_a_clock_that_was_a_year_ahead_leaves_nothing_stuck_for_a_year(bench: Bench) -> None:
    bench.ahead += YEAR
    bench.site.body = rss(TWO, ONE)
    bench.hook.answers.append(Answer(503, headers={"Retry-After": "3600"}))
    await bench.trigger()
    bench.write(desk.pause, "room", bench.now() + 2 * HOUR, bench.now())
    bench.site.body = rss(THREE, TWO, ONE)
    await bench.trigger()
    assert bench.posts == [1, 1]
    bench.ahead -= YEAR
    await bench.trigger()
    assert bench.posts == [1, 1], "What the platform and the person asked for lasts as long as they asked."
    assert value(bench, channels.c.blocked_until, "hook") <= bench.now() + HOUR
    assert value(bench, channels.c.paused_until, "room") <= bench.now() + 2 * HOUR
    assert value(bench, feeds.c.poll_due_at, "klyngen") <= bench.now() + HOUR
    bench.ahead += HOUR
    bench.site.body = rss(FOUR, THREE, TWO, ONE)
    await bench.trigger()
    assert titles(bench.hook)[1:] == [
        "item.published Andre sak",
        "item.published Tredje sak",
        "item.published Fjerde sak",
    ]
    bench.ahead += HOUR
    await bench.trigger()
    assert len(bench.slack.taken) == 3


async def test_a_pause_that_began_under_the_right_clock_is_not_ended_by_a_wrong_one(bench: Bench) -> None:
    until = bench.now() + 3 * DAY
    bench.write(desk.pause, "hook", until, bench.now())
    bench.ahead += DAY
    await bench.trigger()
    bench.ahead -= DAY - HOUR
    await bench.trigger()
    assert value(bench, channels.c.paused_until, "hook") == until


async def test_a_post_in_doubt_is_not_repeated_when_nobody_knows_how_long_ago_it_was(bench: Bench) -> None:
    """The webhook's receiver knows a repeat for three days; after that it would be a second post."""
    bench.site.body = rss(TWO, ONE)
    bench.hook.answers.append(Answer(drop=True))
    await bench.trigger()
    assert bench.states("hook") == ["due"]
    bench.ahead -= HOUR
    await bench.trigger()
    assert bench.states("hook") == ["unknown"] and len(bench.hook.taken) == 1
    assert "the clock of this machine was set back" in bench.rows()[-1]["why"]


async def test_a_post_in_doubt_is_repeated_where_its_owner_wants_that_whatever_the_clock(bench: Bench) -> None:
    bench.wish("hook", on_unknown="repeat")
    bench.site.body = rss(TWO, ONE)
    bench.hook.answers.append(Answer(drop=True))
    await bench.trigger()
    bench.ahead -= HOUR
    await bench.trigger()
    assert bench.states("hook") == ["sent"]


async def test_a_clock_that_is_put_right_by_seconds_changes_nothing(bench: Bench) -> None:
    bench.site.body = rss(TWO, ONE)
    bench.hook.answers.append(Answer(drop=True))
    await bench.trigger()
    bench.ahead -= timedelta(seconds=3)
    before = value(bench, feeds.c.poll_due_at, "klyngen")
    await bench.trigger(poll=False)
    assert bench.states("hook") == ["sent"] and value(bench, feeds.c.poll_due_at, "klyngen") == before


def test_what_is_remembered_for_a_while_is_not_repeated_since_a_moment_that_lies_ahead() -> None:
    standing = Standing("publish", 2, doubted_at=NOW, repeatable=HOUR)
    assert may_repeat(standing, NOW) and may_repeat(standing, NOW + HOUR / 2)
    assert not may_repeat(standing, NOW - MINUTE) and not may_repeat(standing, NOW + HOUR)


@works_alone
async def test_what_is_looked_up_by_a_clock_that_is_wrong_is_not_taken_for_missing(bench: Bench) -> None:
    """By its own clock the platform has nothing that was posted since, and it would be posted again."""
    with Server(Zulip()) as server:
        to = {"server": server.address, "email": "bot@x.example", "key": "hemmelig", "stream": "nytt"}
        tulip = a_channel("tulip", "zulip", kinds.load("zulip").settings(**to), allow_private=True)
        async with running(bench, [0.0]) as wake:
            post = Post("k", Occasion.SHARE, bench.now(), words="Hei")
            taken = Claim(1, "run", "tulip", "look_up", post, 1, Standing("look_up", 2, bench.now()), Receipt())
            assert isinstance(await show(wake.world, tulip, taken, Attempt(bench.now())), Verdict)
            bench.ahead -= 3 * HOUR
            with pytest.raises(Unknown, match="the clock of this machine is or was wrong"):
                await show(wake.world, tulip, taken, Attempt(bench.now()))


@works_alone
async def test_a_clock_is_wrong_when_the_servers_say_so(bench: Bench) -> None:
    async with running(bench, [0.0]) as wake:
        post = Post("k", Occasion.SHARE, bench.now())
        assert not clock_was_wrong(wake.world, post)
        date = datetime.now(UTC) - 3 * HOUR
        answer = httpx.Response(200, headers={"Date": f"{date:%a, %d %b %Y %H:%M:%S GMT}"})
        answer.request = httpx.Request("GET", "https://zulip.example")
        await wake.world.client.clocks.hear(answer)
        assert clock_was_wrong(wake.world, post)


def test_a_token_is_refreshed_though_it_was_last_refreshed_under_a_clock_that_was_ahead() -> None:
    to = kinds.load("threads").settings(user_id="1", token="TH-x")
    renew = kinds.load("threads").renew
    assert renew
    for ahead, asks in ((2 * DAY, False), (YEAR, True), (-DAY, True)):
        kept = {"token": "TH-y", "until": (NOW + 60 * DAY).isoformat(), "next": (NOW + ahead).isoformat()}
        flow = renew(Attempt(NOW, kept=kept), to)
        try:
            asked = next(flow).url.path.endswith("refresh_access_token")
        except StopIteration:
            asked = False
        assert asked == asks


def test_a_sign_of_life_from_before_the_clock_was_set_back_is_none(tmp_path: Path) -> None:
    sign = tmp_path / LIFE_SIGN
    sign.touch()
    assert is_alive(tmp_path)
    os.utime(sign, (time.time() + 3600,) * 2)
    assert not is_alive(tmp_path)


# --- Forward, and asleep -------------------------------------------------------------------------------------------


@works_alone
async def test_after_hours_of_sleep_each_feed_is_asked_once_and_what_is_due_goes_once(bench: Bench) -> None:
    ticks = [0.0]
    async with running(bench, ticks) as wake:
        await swept(wake)
        asked = polls(bench)
        bench.site.body = rss(THREE, TWO, ONE)
        bench.ahead += 9 * HOUR  # The ticks stand still meanwhile, as the monotonic clock does.
        ticks[0] += 1
        assert wake.jobs.alive(), "Whoever slept does not hang."
        await swept(wake)
        assert wake.jobs.alive()
        bench.ahead += MINUTE  # For the distance that one of the platforms wants between two posts.
        await swept(wake)
    assert polls(bench) == asked + 1 and bench.posts == [2, 2]


@works_alone
async def test_a_job_that_the_sleep_interrupts_is_not_taken_for_one_that_hangs(bench: Bench) -> None:
    ticks = [0.0]
    async with running(bench, ticks) as wake:
        bench.ahead += HOUR
        await wake.sweep()
        bench.ahead += 9 * HOUR
        assert wake.jobs.alive()
        ticks[0] += 1000
        assert not wake.jobs.alive()
        await wake.end(5)


async def test_a_clock_that_is_two_years_ahead_for_days_does_not_cost_the_history(bench: Bench) -> None:
    entries = [ONE]
    for article in (TWO, THREE, FOUR):
        bench.ahead += 10 * DAY
        entries.insert(0, article)
        bench.site.body = rss(*entries)
        await bench.trigger()
    for day in range(2):
        bench.write(desk.prune, bench.now() + 2 * YEAR + day * DAY - YEAR)
    kept = {row["subject"]: row["post"] is not None for row in bench.rows()}
    assert list(kept.values()) == [False, False, True]


async def test_news_that_comes_while_the_clock_is_wrong_is_shared_or_held_and_never_lost(bench: Bench) -> None:
    for by in (YEAR, -2 * YEAR, YEAR):
        bench.ahead += by
        await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.ahead -= YEAR
    await bench.trigger()
    assert bench.posts == [1, 1] and {*bench.states("room"), *bench.states("hook")} <= {State.SENT}


# --- What may lie ahead --------------------------------------------------------------------------------------------


def test_every_moment_in_the_rows_is_known_as_one_of_the_past_or_one_that_may_lie_ahead() -> None:
    """A new column has to be thought of: for `follow_clock` one that lies ahead proves that the clock was wrong."""
    past = {str(column) for column in moments()} - AHEAD - PAUSES
    assert past == {
        "alarms.began_at", "alarms.ended_at", "alarms.told_at", "attempts.at", "channels.last_sent_at",
        "channels.stopped_at", "channels.verified_at", "deliveries.begun_at", "deliveries.doubted_at",
        "deliveries.made_at", "deliveries.sent_at", "feeds.ok_at", "feeds.polled_at", "items.first_seen",
        "items.last_seen", "requests.asked_at", "requests.ended_at", "runs.began_at", "holds.since", "runs.ended_at",
    }  # fmt: skip


async def test_no_moment_of_the_past_lies_ahead_any_more_and_their_order_stays(bench: Bench) -> None:
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.ahead += YEAR
    bench.site.body = rss(FOUR, THREE, TWO, ONE)
    await bench.trigger()
    bench.write(lambda c: c.execute(update(deliveries).values(begun_at=bench.now(), doubted_at=bench.now())))
    before = [row["id"] for row in sorted(bench.rows(), key=lambda row: (row["order_at"], row["id"]))]
    bench.ahead -= YEAR
    await bench.trigger(poll=False)
    after = sorted(bench.rows(), key=lambda row: (row["order_at"], row["id"]))
    assert [row["id"] for row in after] == before
    for column in moments():
        if str(column) not in AHEAD:
            rows = bench.write(
                lambda c, column=column: c.execute(select(column).where(column.is_not(None))).scalars().all()
            )
            assert all(moment <= bench.now() for moment in rows), column


async def test_a_machine_that_slept_between_claim_and_attempt_repeats_nothing(bench: Bench) -> None:
    """What was a repeat under a remembered key when it was claimed would be a double four days later."""
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    bench.hook.answers.append(Answer(drop=True))
    await bench.trigger()
    taken = len(bench.hook.taken)

    def sleep(point: points.Point) -> None:
        bench.ahead += timedelta(days=4) if point == "claimed" else timedelta(0)

    points.listeners.append(sleep)
    try:
        await bench.trigger(poll=False)
    finally:
        points.listeners.remove(sleep)
    await bench.trigger(poll=False)
    assert len(bench.hook.taken) == taken and bench.states("hook") == ["unknown"]
