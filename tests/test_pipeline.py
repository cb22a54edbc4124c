"""From a real site to a real receiver on loopback: what a trigger does with what it meets on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot import kinds
from bot.commands.decide import Decided, Named, decide
from bot.commands.trigger import Ask, trigger
from bot.outcome import State
from bot.run import at_work, lock_of
from bot.settings import BotSettings, Channel, Config
from bot.store import desk
from bot.store.database import Store, open_store
from bot.story import Event, words
from bot.world import clock
from tests.servers import Answer, Receiver, Site, rss
from tests.values import a_channel, a_config, a_feed

ONE, TWO, THREE = (1, "Første sak"), (2, "Andre sak"), (3, "Tredje sak")


class Bench:
    """A site, two receivers, a configuration for them, and a clock that can be moved.

    The state is in the directory, or else in the `database` of that address.
    """

    def __init__(self, state: Path, database: str = "") -> None:
        self.state, self.database = state, database
        self.site, self.slack, self.hook = Site(rss(ONE)), Receiver(), Receiver()
        self.ahead = timedelta(0)
        self.told: list[Event] = []
        feed = a_feed(url=SecretStr(self.site.feed), allow_private=True)
        self.config: Config = a_config(
            [feed], [self.channel("room", "slack", self.slack), self.channel("hook", "webhook", self.hook)]
        )

    def channel(self, name: str, kind: str, receiver: Receiver, **wishes: Any) -> Channel:
        settings = kinds.load(kind).settings(url=SecretStr(receiver.hook))
        return a_channel(name, kind, settings, allow_private=True, images=False, **wishes)

    def wish(self, name: str, **wishes: Any) -> None:
        """Change what one channel wishes."""
        channel = self.config.channels[name]
        changed = channel.model_copy(update={"wishes": channel.wishes.model_copy(update=wishes)})
        self.config = self.config.model_copy(update={"channels": {**self.config.channels, name: changed}})

    def now(self) -> datetime:
        return clock() + self.ahead

    async def trigger(self, **ask: Any) -> bool:
        """One trigger, as a process of its own would do it."""
        self.told.clear()
        with closing(self.store()) as store, self.alone():
            async with at_work(self.config, store, self.told.append, "trigger", self.now) as wake:
                ok = await trigger(wake, Ask(**ask))
                await wake.finish(5)
                return ok

    async def days(self, number: float) -> bool:
        """Let time pass, and trigger."""
        self.ahead += timedelta(days=number)
        return await self.trigger()

    def store(self) -> Store:
        return open_store(self.state, self.database)

    def alone(self) -> AbstractContextManager[Any]:
        """What a run holds that works alone."""
        return nullcontext() if self.database else lock_of(self.state)

    def decide(self, what: str, which: Sequence[Named]) -> Decided:
        """What a person decides."""
        return decide(self.state, what, which, self.config if what == "retract" else None, self.database)

    def rows(self) -> list[Any]:
        with closing(self.store()) as store:
            return list(reversed(store.read_now(desk.of_states, tuple(State), 1000)))

    def states(self, channel: str) -> list[str]:
        return [row["state"] for row in self.rows() if row["channel"] == channel]

    def write(self, work: Any, *args: Any) -> Any:
        with closing(self.store()) as store:
            return store.write_now(work, *args)

    def end(self) -> None:
        for server in (self.site, self.slack, self.hook):
            server.end()

    @property
    def posts(self) -> list[int]:
        return [len(self.slack.taken), len(self.hook.taken)]


def titles(receiver: Receiver) -> list[str]:
    """What a webhook's receiver was told, in order."""
    return [f"{taken.json['type']} {taken.json['data']['title']}" for taken in receiver.taken]


@pytest.fixture
def bench(tmp_path: Path, database: str) -> Iterator[Bench]:
    made = Bench(tmp_path / "state", database)
    yield made
    made.end()


async def test_a_new_article_reaches_every_channel_once(bench: Bench) -> None:
    counts = []
    for feed in (rss(ONE), rss(TWO, ONE), rss(TWO, ONE), rss(THREE, TWO, ONE)):
        bench.site.body = feed
        for _ in range(2):
            assert await bench.trigger()
            counts.append(bench.posts)
    assert counts == [[0, 0], [0, 0], [1, 1], [1, 1], [1, 1], [1, 1], [2, 2], [2, 2]]
    assert titles(bench.hook) == ["item.published Andre sak", "item.published Tredje sak"]


async def test_a_moved_site_posts_nothing(bench: Bench) -> None:
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.site.body = rss(TWO, ONE, host="www.klynge.example").replace(b"?p=", b"?post_type=post&#038;p=9")
    await bench.trigger()
    assert bench.posts == [0, 0]


async def test_a_correction_is_told_where_it_can_be(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.site.body = rss((2, "Andre sak, rettet"), ONE)
    assert await bench.trigger()
    assert titles(bench.hook) == ["item.published Andre sak", "item.updated Andre sak, rettet"]
    ids = [taken.headers["webhook-id"] for taken in bench.hook.taken]
    assert ids[0] != ids[1] and bench.hook.taken[0].json["data"]["id"] == bench.hook.taken[1].json["data"]["id"]
    assert len(bench.slack.taken) == 1


async def test_corrections_are_not_told_where_they_are_not_wished(bench: Bench) -> None:
    bench.wish("hook", edits=False)
    await bench.trigger()
    for feed in (rss(TWO, ONE), rss((2, "Andre sak, rettet"), ONE)):
        bench.site.body = feed
        await bench.trigger()
    assert len(bench.hook.taken) == 1


async def test_a_lost_answer_is_unknown_on_slack_and_repeated_under_its_id_on_a_webhook(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    for receiver in (bench.slack, bench.hook):
        receiver.answers.append(Answer(drop=True))
    assert not await bench.trigger()
    assert bench.states("room") == ["unknown"] and bench.states("hook") == ["due"]
    await bench.trigger()
    assert bench.posts == [1, 2] and bench.states("hook") == ["sent"]
    assert len({taken.headers["webhook-id"] for taken in bench.hook.taken}) == 1


@pytest.mark.parametrize("status", [500, 502, 504, 520])
async def test_a_proxy_that_gives_up_after_the_post_was_taken_makes_no_second_post(bench: Bench, status: int) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    bench.slack.answers.append(Answer(status, b"upstream gave up"))
    await bench.trigger()
    await bench.days(1)
    assert len(bench.slack.taken) == 1 and bench.states("room") == ["unknown"]


async def test_a_person_can_retry_or_skip_what_may_have_arrived(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(THREE, TWO, ONE)
    bench.slack.answers.extend([Answer(drop=True), Answer(drop=True)])
    await bench.trigger()
    first, second = [row["id"] for row in bench.rows() if row["channel"] == "room"]
    bench.write(desk.release, first, bench.now())
    bench.write(desk.skip, second, "seen there")
    await bench.trigger(poll=False)
    assert bench.states("room") == ["sent", "skipped"] and len(bench.slack.taken) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_dead_channel_stops_keeps_its_rows_and_goes_on_after_resume(bench: Bench, status: int) -> None:
    await bench.trigger()
    bench.hook.always = Answer(status, b"gone")
    for feed in (rss(TWO, ONE), rss(THREE, TWO, ONE)):
        bench.site.body = feed
        assert not await bench.trigger()
    assert bench.states("hook") == ["due", "due"] and len(bench.hook.taken) == 1
    assert any("delebot resume hook" in event.why for event in bench.told)
    bench.hook.always = None
    bench.write(desk.resume, "hook")
    assert await bench.trigger(poll=False)
    assert titles(bench.hook)[1:] == ["item.published Andre sak", "item.published Tredje sak"]
    assert len(bench.slack.taken) == 2


async def down_for(bench: Bench, days: int) -> None:
    """Both receivers are down for so many days with an article each, and are then asked again."""
    await bench.trigger()
    bench.slack.end()
    bench.hook.end()
    entries = [ONE]
    for day in range(days):
        entries.insert(0, (10 + day, f"Sak fra dag {day}"))
        bench.site.body = rss(*entries)
        await bench.days(1)
    bench.slack.begin()
    bench.hook.begin()
    assert bench.posts == [0, 0]
    assert await bench.days(1)


async def test_a_receiver_that_was_down_for_days_gets_everything_in_order(bench: Bench) -> None:
    await down_for(bench, 5)
    assert titles(bench.hook) == [f"item.published Sak fra dag {day}" for day in range(5)]
    assert len(bench.slack.taken) == 5 and set(bench.states("room")) == {"sent"}


async def test_what_is_too_much_after_a_receiver_was_down_waits_for_a_person_and_then_goes_in_order(
    bench: Bench,
) -> None:
    await down_for(bench, 8)
    held = [row["id"] for row in bench.rows() if row["channel"] == "hook" and row["state"] == "held"]
    assert len(held) == 6 and len(bench.hook.taken) == 2
    bench.hook.taken.clear()
    decided = bench.decide("approve", held)
    assert decided.ask and await bench.trigger(channels=decided.ask.channels, poll=False)
    assert titles(bench.hook) == [f"item.published Sak fra dag {day}" for day in range(6)]


async def test_a_resume_says_what_it_does_not_send(bench: Bench) -> None:
    await bench.trigger()
    bench.write(desk.pause, "hook", None, bench.now())
    entries = [ONE]
    for number in range(20, 27):
        entries.insert(0, (number, f"Sak {number}"))
        bench.site.body = rss(*entries)
        await bench.days(0.5)
    bench.write(desk.resume, "hook")
    assert await bench.trigger(poll=False)
    assert titles(bench.hook) == ["item.published Sak 26"] and len(bench.slack.taken) == 7
    (said,) = [words(event) for event in bench.told if "held" in event.why]
    assert said.startswith("hook: waits: 6 held: more articles waited for the channel than FLOOD=5")
    assert "delebot approve 2 4 6 8 10 12 or delebot skip" in said


async def test_one_dead_channel_delays_no_other(bench: Bench) -> None:
    await bench.trigger()
    bench.slack.end()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.slack.begin()
    assert bench.posts == [0, 1]


async def test_a_busy_receiver_is_asked_again_when_it_said(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    bench.slack.answers.append(Answer(429, headers={"Retry-After": "3600"}))
    await bench.trigger()
    await bench.trigger()
    assert len(bench.slack.taken) == 1 and bench.states("room") == ["due"]
    await bench.days(1 / 24 + 0.001)
    assert bench.states("room") == ["sent"]


async def test_a_refused_post_does_not_hold_up_the_next(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(THREE, TWO, ONE)
    bench.hook.answers.append(Answer(422, b"no"))
    await bench.trigger()
    assert bench.states("hook") == ["refused", "sent"]


async def test_a_feed_that_breaks_forgets_nothing(bench: Bench) -> None:
    await bench.trigger()
    for broken in (
        Answer(200, b"<html><body>Just a moment</body></html>"),
        Answer(500),
        Answer(200, b""),
        Answer(drop=True),
    ):
        bench.site.answer = broken
        assert not await bench.trigger()
    bench.site.answer = None
    bench.site.body = rss(TWO, ONE)
    assert await bench.trigger()
    assert bench.posts == [1, 1]


async def test_a_flood_is_held_and_tomorrows_article_passes(bench: Bench) -> None:
    await bench.trigger()
    flood = [(n, f"Gammel sak {n}") for n in range(30, 20, -1)]
    bench.site.body = rss(*flood, ONE)
    assert await bench.trigger()
    assert bench.posts == [0, 0] and bench.states("hook") == ["held"] * 10
    bench.site.body = rss(TWO, *flood, ONE)
    await bench.days(1)
    assert titles(bench.hook) == ["item.published Andre sak"]


async def test_one_item_can_be_shared_and_knowingly_repeated(bench: Bench) -> None:
    await bench.trigger()
    assert await bench.trigger(item="latest")
    assert await bench.trigger(item="https://klynge.example/sak-1/")
    assert bench.posts == [1, 1] and any("--again" in event.why for event in bench.told)
    assert await bench.trigger(item="1", again=True, channels=("hook",))
    assert bench.posts == [1, 2]
    assert len({taken.headers["webhook-id"] for taken in bench.hook.taken}) == 2


async def test_an_article_that_is_not_known_is_said_to_be_so(bench: Bench) -> None:
    assert not await bench.trigger(item="https://klynge.example/finnes-ikke/")
    assert any("finnes-ikke" in event.why for event in bench.told)


async def test_a_dry_run_saves_and_sends_nothing(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    assert await bench.trigger(dry_run=True)
    assert [e.title for e in bench.told if e.what == "would share"] == ["Andre sak", "Andre sak"]
    assert bench.posts == [0, 0] and not bench.rows()
    await bench.trigger()
    assert bench.posts == [1, 1]


async def test_a_paused_bot_sends_nothing_and_loses_nothing(bench: Bench) -> None:
    await bench.trigger()
    bench.write(desk.pause, None, None, bench.now())
    bench.site.body = rss(TWO, ONE)
    assert not await bench.trigger()
    assert bench.posts == [0, 0]
    bench.write(desk.resume, None)
    assert await bench.trigger()
    assert bench.posts == [1, 1]


async def test_a_channel_added_later_owes_only_what_is_seen_later(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    with Receiver() as late:
        added = bench.channel("late", "webhook", late)
        bench.config = bench.config.model_copy(update={"channels": {**bench.config.channels, "late": added}})
        await bench.trigger()
        assert not late.taken
        bench.site.body = rss(THREE, TWO, ONE)
        await bench.trigger()
        assert titles(late) == ["item.published Tredje sak"]


async def test_a_removed_channel_owes_nothing(bench: Bench) -> None:
    await bench.trigger()
    bench.hook.always = Answer(404)
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    rest = {name: c for name, c in bench.config.channels.items() if name != "hook"}
    bench.config = bench.config.model_copy(update={"channels": rest})
    assert await bench.trigger()
    assert bench.states("hook") == ["skipped"]


async def test_a_channel_with_a_new_address_is_no_longer_stopped(bench: Bench) -> None:
    await bench.trigger()
    bench.hook.always = Answer(404)
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    with Receiver() as other:
        mended = bench.channel("hook", "webhook", other)
        bench.config = bench.config.model_copy(update={"channels": {**bench.config.channels, "hook": mended}})
        assert await bench.trigger()
        assert titles(other) == ["item.published Andre sak"]


async def test_a_renamed_feed_keeps_its_past(bench: Bench) -> None:
    await bench.trigger()
    renamed = replace_feed(bench.config, "nytt-navn")
    bench.config = renamed
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    assert titles(bench.hook) == ["item.published Andre sak"]


def replace_feed(config: Config, name: str) -> Config:
    (feed,) = config.feeds.values()
    return config.model_copy(update={"feeds": {name: feed.model_copy(update={"name": name})}})


async def test_a_new_address_with_the_same_articles_is_no_new_beginning(bench: Bench) -> None:
    await bench.trigger()
    (feed,) = bench.config.feeds.values()
    moved = a_feed(url=SecretStr(f"{bench.site.address}/ny/feed/"), allow_private=True)
    bench.config = bench.config.model_copy(update={"feeds": {feed.name: moved}})
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    assert titles(bench.hook) == ["item.published Andre sak"]


async def test_a_new_address_with_other_articles_is_a_new_beginning(bench: Bench) -> None:
    await bench.trigger()
    (feed,) = bench.config.feeds.values()
    moved = a_feed(url=SecretStr(f"{bench.site.address}/annet/feed/"), allow_private=True)
    bench.config = bench.config.model_copy(update={"feeds": {feed.name: moved}})
    bench.site.body = rss(TWO, THREE, host="annen.example")
    await bench.trigger()
    assert bench.posts == [0, 0]


async def test_approval_lets_a_held_post_go(bench: Bench) -> None:
    bench.wish("hook", approve=True)
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    assert bench.posts == [1, 0] and bench.states("hook") == ["held"]
    (held,) = [row["id"] for row in bench.rows() if row["state"] == "held"]
    bench.write(desk.release, held, bench.now())
    await bench.trigger(poll=False)
    assert bench.posts == [1, 1]


async def test_words_that_changed_after_their_approval_are_asked_again(bench: Bench) -> None:
    bench.wish("hook", approve=True)
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    (held,) = [row["id"] for row in bench.rows() if row["state"] == "held"]
    bench.write(desk.pause, "hook", None, bench.now())
    bench.write(desk.release, held, bench.now())
    bench.site.body = rss((2, "Andre sak, men skrevet om"), ONE)
    await bench.trigger()
    bench.write(desk.resume, "hook")
    await bench.trigger()
    assert bench.states("hook") == ["held"] and len(bench.hook.taken) == 0
    bench.write(desk.release, held, bench.now())
    await bench.trigger(poll=False)
    assert titles(bench.hook) == ["item.published Andre sak, men skrevet om"]


async def test_what_a_killed_run_left_behind_is_settled_by_what_the_platform_remembers(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    for receiver in (bench.slack, bench.hook):
        receiver.always = Answer(503, headers={"Retry-After": "60"})
    await bench.trigger()
    bench.write(kill_while_sending, bench.now())
    for receiver in (bench.slack, bench.hook):
        receiver.taken.clear()
        receiver.always = None
    await bench.days(0.01)
    assert bench.states("room") == ["unknown"] and bench.states("hook") == ["sent"]
    assert bench.posts == [0, 1]


def kill_while_sending(connection: Any, now: datetime) -> None:
    """The rows as a process leaves them that is killed after its attempt began."""
    from sqlalchemy import update

    from bot.store.schema import deliveries

    connection.execute(update(deliveries).values(state="sending", run="dead", begun_at=now, doubted_at=now))


async def test_whoever_is_to_be_told_hears_once_and_not_through_the_channel_it_is_about(bench: Bench) -> None:
    bench.config = bench.config.model_copy(update={"bot": BotSettings(alerts=("hook", "room"))})
    await bench.trigger()
    bench.slack.always = Answer(404, b"no_service")
    bench.site.body = rss(TWO, ONE)
    for _ in range(3):
        await bench.trigger()
    alerts = [taken.json["data"]["words"] for taken in bench.hook.taken if taken.json["type"] == "alert"]
    assert len(alerts) == 1 and "delebot resume room" in alerts[0]
    assert len(bench.slack.taken) == 1


async def test_a_feed_that_stays_broken_is_told_once_and_told_again_when_it_is_well(bench: Bench) -> None:
    bench.config = bench.config.model_copy(update={"bot": BotSettings(alerts=("hook",))})
    await bench.trigger()
    bench.site.answer = Answer(500)
    for _ in range(5):
        await bench.trigger()
    bench.site.answer = None
    await bench.trigger()
    words = [taken.json["data"]["words"] for taken in bench.hook.taken]
    assert len(words) == 2 and "could not be read 3 times" in words[0] and "read again" in words[1]


async def test_a_flood_is_told_in_one_alert(bench: Bench) -> None:
    bench.config = bench.config.model_copy(update={"bot": BotSettings(alerts=("hook",))})
    await bench.trigger()
    bench.site.body = rss(*((n, f"Gammel sak {n}") for n in range(30, 20, -1)), ONE)
    await bench.trigger()
    words = [taken.json["data"]["words"] for taken in bench.hook.taken]
    assert len(words) == 1 and "10 articles held" in words[0]


async def test_the_text_that_is_sent_is_right(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss((2, "Blåbær &amp; «ærlig» øl &#8211; slik"), ONE)
    await bench.trigger()
    data = bench.hook.taken[0].json["data"]
    assert data["title"] == "Blåbær & «ærlig» øl – slik" and data["link"] == "https://klynge.example/sak-2/"
    assert "«sitat» og blåbær" in data["text"] and "dele" not in data["text"]


async def test_pruning_forgets_the_history_and_keeps_the_identities(bench: Bench) -> None:
    await bench.trigger()
    bench.site.body = rss(TWO, ONE)
    await bench.trigger()
    bench.write(desk.prune, bench.now() + timedelta(days=1))
    assert all(row["post"] is None for row in bench.rows())
    await bench.days(400)
    assert bench.posts == [1, 1]


def test_events_can_be_told_again_from_json() -> None:
    event = Event("delivered", channel="room", id=3, title="Sak", state="due", why="later", ok=False)
    assert Event(**event.as_json()) == event
    assert replace(event, ok=True).ok


async def test_a_trigger_lets_no_later_article_slip_past_an_earlier_one_where_a_receiver_is_down(bench: Bench) -> None:
    """Each would be attempted in turn, and the one that comes as the receiver comes back would overtake the others."""
    await bench.trigger()
    bench.slack.end()
    bench.site.body = rss(THREE, TWO, ONE)
    for times in (1, 2):
        await bench.trigger()
        assert [row["tries"] for row in bench.rows() if row["channel"] == "room"] == [times, 0]
    bench.slack.begin()
    await bench.trigger()
    assert [taken.json["text"].partition("|")[2][:5] for taken in bench.slack.taken] == ["Andre", "Tredj"]
