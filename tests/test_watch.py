"""Never silent: what goes wrong reaches whoever is to be told, and what hangs is cut off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pydantic import SecretStr

from bot import kinds
from bot.alerts import Alarm
from bot.commands.trigger import Ask, trigger
from bot.drain import drain
from bot.jobs import LONGEST_STEP, LONGEST_WITHOUT_SWEEP, POLLS_AT_ONCE, Jobs
from bot.net.clocks import Clocks, offset
from bot.poll import poll
from bot.run import at_work
from bot.settings import BotSettings, Channel, Config
from bot.store import holds
from bot.store.standing import save_alarms
from bot.wake.local import Local
from bot.watch import listen, overdue
from bot.watchdog import HANGS, Watchdog
from bot.world import Patience
from tests.installation import ROOT
from tests.servers import Answer, Receiver, Server, Taken, rss
from tests.test_pipeline import ONE, THREE, TWO, Bench
from tests.values import NOW, a_channel


@pytest.fixture
def bench(tmp_path: Path, database: str) -> Iterator[Bench]:
    made = Bench(tmp_path / "state", database)
    made.config = made.config.model_copy(update={"bot": BotSettings(alerts=("hook", "room"))})
    yield made
    made.end()


works_alone = pytest.mark.parametrize("database", [""], ids=["sqlite"])


@asynccontextmanager
async def working(bench: Bench, ticks: Callable[[], float] | None = None) -> AsyncIterator[Local]:
    """A run on the bench's state, to look into."""
    with closing(bench.store()) as store, bench.alone():
        async with at_work(bench.config, store, bench.told.append, "test", bench.now) as jobs:
            yield Local(Jobs(jobs.world, ticks) if ticks else jobs)


def heard(receiver: Receiver) -> list[str]:
    """What a webhook's receiver was told as alerts."""
    return [taken.json["data"]["words"] for taken in receiver.taken if taken.json["type"] == "alert"]


def posts_and_alerts(slack: Receiver) -> list[str]:
    return [taken.json["text"] for taken in slack.taken]


# --- Telling -------------------------------------------------------------------------------------------------------


async def test_alerts_that_could_not_be_sent_become_one_message(bench: Bench) -> None:
    """The channel of alerts is away while three things go wrong; when it is back, it hears of them together."""
    await bench.trigger()
    bench.hook.end()
    bench.site.body = rss(*((n, f"Sak {n}") for n in range(30, 20, -1)), ONE)
    await bench.trigger()
    bench.ahead += timedelta(hours=1)
    bench.slack.always = Answer(404, b"no_service")
    bench.site.body = rss((31, "Sak 31"), *((n, f"Sak {n}") for n in range(30, 20, -1)), ONE)
    await bench.trigger()
    bench.hook.begin()
    await bench.trigger()
    (words,) = heard(bench.hook)
    assert "10 articles held" in words and "room is stopped" in words


async def test_a_channel_that_stopped_is_told_through_another_and_so_is_its_return(bench: Bench) -> None:
    from bot.store import desk

    await bench.trigger()
    bench.slack.always = Answer(404, b"no_service")
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.slack.always = None
    bench.write(desk.resume, "room")
    bench.ahead += timedelta(minutes=11)
    await bench.trigger()
    assert [words.split(":")[0] for words in heard(bench.hook)] == ["room is stopped", "room goes on"]
    assert len(bench.slack.taken) == 2


async def test_posts_that_wait_for_an_hour_are_told_and_so_is_that_they_got_through(bench: Bench) -> None:
    await bench.trigger()
    bench.slack.always = Answer(503)
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    assert heard(bench.hook) == []
    bench.ahead += timedelta(hours=1, minutes=1)
    await bench.trigger()
    bench.slack.always = None
    bench.ahead += timedelta(minutes=11)
    await bench.trigger()
    first, second = heard(bench.hook)
    assert "room: 1 post waits since" in first and second == "room takes posts again"


@works_alone  # Where replicas share a database, the disk of one is no fact about the state.
async def test_that_the_disk_has_space_again_is_told_through_every_channel_of_alerts(bench: Bench) -> None:
    await bench.trigger()
    began = bench.now() - timedelta(hours=1)
    full = Alarm("disk", "", "The disk has space again", began, told_at=began, times=1)
    bench.write(save_alarms, [full], bench.now())
    await bench.trigger()
    assert heard(bench.hook) == [full.well] and len(posts_and_alerts(bench.slack)) == 1


async def test_what_nobody_has_looked_at_again_is_not_said_to_be_well(bench: Bench) -> None:
    """One site alone does not tell whether the clock is right, and a feed that is gone is not read again."""
    await bench.trigger()
    began = bench.now() - timedelta(hours=1)
    for key in ("clock", "feed gone broken"):
        bench.write(save_alarms, [Alarm(key, "", "It is well", began, told_at=began, times=1)], bench.now())
    await bench.trigger()
    assert heard(bench.hook) == []


async def test_unusual_silence_is_told_once(bench: Bench) -> None:
    """Two articles a week for a year, and then nothing."""
    days = [datetime.now(UTC) - timedelta(days=40 + 3.5 * n) for n in range(100)]
    bench.site.body = _dated(days)
    await bench.trigger()
    await bench.trigger()
    (words,) = heard(bench.hook)
    assert "klyngen: usually 2 articles a week, none for" in words


def _dated(days: list[datetime]) -> bytes:
    entries = "".join(
        f"<item><title>Sak {n}</title><link>https://klynge.example/{n}/</link><guid>{n}</guid>"
        f"<pubDate>{format_datetime(day)}</pubDate></item>"
        for n, day in enumerate(days)
    )
    return f"<rss version='2.0'><channel><title>K</title><link>https://klynge.example</link>{entries}</channel></rss>".encode()


# --- Credentials ---------------------------------------------------------------------------------------------------


def mastodon(server: Server) -> Channel:
    settings = kinds.load("mastodon").settings(server=server.address, token=SecretStr("t" * 43))
    return a_channel("fedi", "mastodon", settings, allow_private=True, images=False)


async def test_credentials_that_are_not_accepted_are_told_though_there_is_nothing_to_post(bench: Bench) -> None:
    answers = [Answer(401, b'{"error":"The access token is invalid"}')]

    def say(taken: Taken) -> Answer:
        return answers[0] if "verify_credentials" in taken.path else Answer(404, b"{}")

    with Server(say) as server:
        channels = {**bench.config.channels, "fedi": mastodon(server)}
        bench.config = bench.config.model_copy(update={"channels": channels})
        await bench.trigger()
        await bench.trigger()
        answers[0] = Answer(200, b'{"acct":"klyngen","source":{}}', {"Content-Type": "application/json"})
        bench.ahead += timedelta(days=1)
        await bench.trigger()
    first, second = heard(bench.hook)
    assert "fedi: its credentials are not accepted" in first and second == "fedi: its credentials are accepted"


# --- Clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"date": format_datetime(NOW - timedelta(minutes=5))}, timedelta(minutes=5)),
        ({"date": format_datetime(NOW - timedelta(minutes=5)), "age": "300"}, timedelta(0)),
        ({"date": "yesterday"}, None),
        ({"date": format_datetime(NOW), "age": "x"}, None),
        ({}, None),
    ],
)
def test_an_answer_tells_how_far_the_clock_is_ahead(headers: dict[str, str], expected: timedelta | None) -> None:
    assert offset(httpx.Headers(headers), NOW) == expected


async def test_the_clock_is_off_when_no_server_agrees_with_it() -> None:
    clocks = Clocks(lambda: NOW)
    said = []
    for host, minutes in (("a.example", 9), ("b.example", 7), ("c.example", 0)):
        headers = {"date": format_datetime(NOW - timedelta(minutes=minutes))}
        await clocks.hear(httpx.Response(200, headers=headers, request=httpx.Request("GET", f"https://{host}/")))
        said.append(clocks.ahead)
    assert said == [None, timedelta(minutes=7), timedelta(0)]


# --- What hangs ----------------------------------------------------------------------------------------------------


async def test_a_poll_that_hangs_is_cut_off_and_counts_as_a_failure(bench: Bench) -> None:
    free = threading.Event()

    def stall(_: Taken) -> Answer:
        free.wait(20)
        return Answer()

    with Server(stall) as server:
        bench.config = aimed_at(bench, server)
        async with working(bench) as wake:
            wake.world.patience = Patience(poll=0.05)
            assert not (await poll(wake.world, "klyngen")).ok
        free.set()
    assert "it took longer than 0.05 seconds" in bench.told[-1].why


async def test_an_attempt_that_hangs_is_cut_off_and_nobody_knows_whether_it_arrived(bench: Bench) -> None:
    await bench.trigger()
    free = threading.Event()

    def stall(_: Taken) -> Answer:
        free.wait(20)
        return Answer()

    bench.site.body = rss(TWO, ONE)
    with Server(stall) as server:
        settings = kinds.load("slack").settings(url=SecretStr(f"{server.address}/services/T/B/x"))
        bench.config = bench.config.model_copy(
            update={"channels": {"room": a_channel("room", "slack", settings, allow_private=True, images=False)}}
        )
        async with working(bench) as wake:
            wake.world.patience = Patience(attempt=0.3)
            await trigger(wake.jobs, Ask())
        free.set()
    assert bench.states("room") == ["unknown"]


async def test_a_step_that_hangs_ends_the_sign_of_life(bench: Bench) -> None:
    free, asked = threading.Event(), threading.Event()

    def stall(_: Taken) -> Answer:
        asked.set()
        free.wait(20)
        return Answer(500)

    time = [0.0]
    with Server(stall) as server:
        bench.config = aimed_at(bench, server)
        async with working(bench, lambda: time[0]) as wake:
            assert not wake.jobs.alive()
            await wake.sweep()
            await asyncio.to_thread(asked.wait, 10)
            time[0] += LONGEST_STEP - 1
            await wake.sweep()
            assert wake.jobs.alive()
            time[0] += 2
            await wake.sweep()
            assert not wake.jobs.alive()
            free.set()
            await wake.end(10)
            assert wake.jobs.alive()
            time[0] += LONGEST_WITHOUT_SWEEP + 1
            assert not wake.jobs.alive()


@works_alone  # Replicas ask one host for a few feeds at a time.
async def test_waiting_for_ones_turn_is_no_hang(bench: Bench) -> None:
    """Two times as many polls as run at once, and one more, on a site that lets each of them wait."""
    first, second, asked = threading.Event(), threading.Event(), threading.Semaphore(0)
    paths: list[str] = []

    def stall(taken: Taken) -> Answer:
        paths.append(taken.path)
        gate = first if len(paths) <= POLLS_AT_ONCE else second
        asked.release()
        gate.wait(20)
        return Answer(500)

    def all_asked() -> None:
        for _ in range(POLLS_AT_ONCE):
            assert asked.acquire(timeout=20)

    time = [0.0]
    with Server(stall) as server:
        (feed,) = aimed_at(bench, server).feeds.values()
        names = [f"feed{n}" for n in range(2 * POLLS_AT_ONCE + 1)]
        feeds = {name: feed.model_copy(update={"name": name}) for name in names}
        bench.config = bench.config.model_copy(update={"feeds": feeds})
        async with working(bench, lambda: time[0]) as wake:
            await wake.sweep()
            await asyncio.to_thread(all_asked)
            time[0] += LONGEST_STEP - 10
            first.set()
            await asyncio.to_thread(all_asked)
            time[0] += 20
            await wake.sweep()
            assert wake.jobs.alive()
            second.set()
            await wake.end(20)


async def test_much_work_is_no_hang(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(THREE, TWO, ONE)
    steps: list[int] = []
    async with working(bench) as wake:
        await poll(wake.world, "klyngen")
        wake.world.store.write_now(holds.take, "drain", "hook", wake.world.run, bench.now())
        await drain(wake.world, "hook", lambda: steps.append(len(bench.hook.taken)))
    assert {0, 1, 2} <= set(steps)


def aimed_at(bench: Bench, server: Server) -> Config:
    """The bench's configuration with its feed on another server."""
    (feed,) = bench.config.feeds.values()
    wishes = feed.wishes.model_copy(update={"url": SecretStr(f"{server.address}/feed/")})
    return bench.config.model_copy(update={"feeds": {feed.name: feed.model_copy(update={"wishes": wishes})}})


def test_a_watchdog_ends_what_gives_no_sign_of_life() -> None:
    ended = threading.Event()
    dog = Watchdog(ended.set, limit=0, every=0.001)
    dog.start()
    assert ended.wait(10)


def test_a_process_that_hangs_ends_and_says_where() -> None:
    code = (
        "import threading\nfrom bot.watchdog import Watchdog\n"
        "Watchdog(limit=0, every=0.01).start()\n"
        "def hang():\n    threading.Event().wait(30)\nhang()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == HANGS and "hangs and ends itself" in done.stderr and "in hang" in done.stderr


async def test_the_recurring_work_goes_on_when_the_clock_is_set_back() -> None:
    from bot.watchdog import wake_up

    done = asyncio.Event()

    async def work() -> None:
        done.set()

    clockwork = AsyncIOScheduler(timezone="UTC")
    clockwork.add_job(work, "interval", hours=1, next_run_time=datetime.now(UTC) + timedelta(days=365))
    clockwork.start()
    wake_up(clockwork)
    await asyncio.wait_for(done.wait(), 10)
    clockwork.shutdown(wait=False)


# --- Readiness -----------------------------------------------------------------------------------------------------


async def test_work_that_could_be_done_and_lies_there_makes_it_unready(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(THREE, TWO, ONE)
    async with working(bench) as wake:
        await poll(wake.world, "klyngen")
        rules = wake.world.rules
        soon, late = bench.now() + timedelta(minutes=1), bench.now() + timedelta(minutes=11)
        assert wake.world.store.read_now(overdue, rules, soon) == ""
        assert "could post" in wake.world.store.read_now(overdue, rules, late)
        await listen(wake.world)


async def test_a_platform_that_is_down_is_no_reason_to_restart(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    bench.slack.always = Answer(503, headers={"Retry-After": "3600"})
    await bench.trigger()
    async with working(bench) as wake:
        later = bench.now() + timedelta(minutes=30)
        assert wake.world.store.read_now(overdue, wake.world.rules, later) == ""


# --- Memory --------------------------------------------------------------------------------------------------------


async def test_large_feeds_are_read_one_at_a_time(bench: Bench) -> None:
    """So that not even many of them fill the memory."""
    bench.site.body = rss(TWO, ONE).replace(b"Innledning", b"Innledning, som er lang" * 50_000)
    async with working(bench) as wake:
        polls = [await poll(wake.world, "klyngen") for _ in range(2)]
        asked = [taken.path for taken in bench.site.asked].count("/feed/")
        assert all(polled.ok for polled in polls) and asked == 3, "Its size is found out once, and then known."
        wake.world.patience = Patience(poll=0.1)
        async with wake.world.one_large:
            assert not (await poll(wake.world, "klyngen")).ok
