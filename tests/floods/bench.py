"""A site, a feed and a channel in memory: the real plan, rows and claims, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, NestedTransaction, create_engine, event, select

from bot import kinds
from bot.model import Item, Post, Problem, Receipt
from bot.outcome import State, verdict
from bot.plan import Past, Plan, plan
from bot.poll import target_of
from bot.posts.compose import same_post
from bot.settings import Channel, Config, Feed
from bot.store import desk, lanes, polls
from bot.store.backlog import Held
from bot.store.lanes import Claim, Owing
from bot.store.recovery import doubt_what_is_open
from bot.store.schema import deliveries, items, metadata
from bot.world import draft_of, post_of, rules_of
from tests.values import HOME, NOW, a_channel, a_config, a_feed, article, document

RUN = "bench"
HOOK = "hook"


class Wishes(NamedTuple):
    """The three keys that decide about floods; MAX_AGE in days."""

    first_run: int = 0
    max_age: int = 7
    flood: int = 5


class Shared(NamedTuple):
    """A post that the channel was given: when, what, and how long it had waited for the channel."""

    at: datetime
    title: str
    waited: timedelta


def in_memory() -> Engine:
    """A database that forgets all when a transaction is rolled back."""
    engine = create_engine("sqlite://")

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with engine.begin() as connection:
        metadata.create_all(connection)
    return engine


@contextmanager
def rolled_back(engine: Engine) -> Iterator[Connection]:
    """A whole life of Delebot in one transaction, of which nothing is left."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@dataclass
class Bench:
    """`site` is what the feed lists, the newest first; `trouble` is what each attempt meets.

    `given` is what the channel was given, and `baseline` how many articles owed nothing from the start.
    """

    connection: Connection
    feed: Feed
    channel: Channel
    now: datetime = NOW
    site: list[Item] = field(default_factory=list)
    written: int = 0
    trouble: Problem | None = None
    given: list[Shared] = field(default_factory=list)
    edits: int = 0
    baseline: int = 0

    @classmethod
    def of(cls, connection: Connection, wishes: Wishes, **channel: Any) -> Bench:
        max_age = timedelta(days=wishes.max_age)
        feed = a_feed(first_run=wishes.first_run, max_age=max_age, flood=wishes.flood)
        settings = kinds.load("webhook").settings(url=SecretStr("https://hook.example/"))
        return cls(connection, feed, a_channel(HOOK, "webhook", settings, images=False, **channel))

    @property
    def config(self) -> Config:
        return a_config([self.feed], [self.channel])

    # --- The site --------------------------------------------------------------------------------------------------

    def write(self, count: int = 1, age: float = 0, apart: float = 0.01) -> None:
        """The site lists so many articles more, the last of them so many days old, each so many days apart."""
        for number in range(count):
            self.written += 1
            published = self.now - timedelta(days=age + apart * (count - 1 - number))
            self.site.insert(0, article(self.written, published=published))
        self.site.sort(key=lambda item: item.published or self.now, reverse=True)

    def change(self, **changes: Any) -> None:
        """The site changes all its articles alike."""
        self.site = [replace(item, **{k: change(item) for k, change in changes.items()}) for item in self.site]

    # --- Delebot ---------------------------------------------------------------------------------------------------

    def poll(self) -> Plan:
        """What `bot.poll` does with a document that was read."""
        row = polls.feed_row(self.connection, self.feed.name)
        target = target_of(self.feed)
        watched = row.get("ok_at") if row.get("target") == target else None
        values = {"target": target, "ok_at": self.now, "polled_at": self.now, "title": "Klyngen", "doubt": ""}
        read = document(*self.site, link=HOME)
        channels = tuple(self.config.channels.values())

        def compose(channel: Channel, item: Item) -> Post:
            return draft_of(channel, self.config, item, "Klyngen", self.now)

        def make_plan(past: Past) -> Plan:
            return plan(read, past, self.feed, channels, now=self.now, compose=compose, same=same_post)

        planned = polls.save_poll(self.connection, self.feed, read, watched, make_plan, values, self.now)
        self.baseline += sum(not new.owed for new in planned.new)
        return planned

    def drain(self) -> None:
        """What `bot.drain` does, with the answers of this bench."""
        rules = rules_of(self.channel, self.config)

        def compose(owing: Owing, key: str) -> Post:
            return post_of(self.channel, self.config, owing, key, self.now)

        while True:
            taken = lanes.claim(self.connection, HOOK, RUN, rules, compose, self.now)
            if isinstance(taken, Claim):
                self._attempt(taken, rules.target)
            elif not isinstance(taken, Held):
                return

    def _attempt(self, taken: Claim, target: str) -> None:
        lanes.begin(self.connection, taken, self.now)
        if self.trouble:
            became = verdict(self.trouble, taken.standing, self.now)
            lanes.settle(self.connection, taken, became, self.now)
            return
        lanes.settle_sent(self.connection, taken, Receipt("1"), target, self.now)
        if taken.doing == "publish" and taken.post.entries:
            row = desk.delivery(self.connection, taken.id)
            assert row
            self.given.append(Shared(self.now, taken.post.entries[0].title, self.now - row["order_at"]))
        self.edits += taken.doing == "revise"

    def work(self, days: float = 0) -> None:
        """Time passes while Delebot is off; then it polls and delivers."""
        self.now += timedelta(days=days)
        self.poll()
        self.drain()

    def trigger(self) -> None:
        """A person, or cron, has all that is due delivered now."""
        desk.hurry(self.connection, [HOOK], [self.feed.name], self.now)
        self.drain()

    def resume(self) -> None:
        desk.resume(self.connection, None)
        self.trigger()

    def backup(self) -> NestedTransaction:
        return self.connection.begin_nested()

    def restore(self, copy: NestedTransaction) -> None:
        copy.rollback()
        doubt_what_is_open(self.connection, f"{self.now:%Y-%m-%d}", self.now)

    # --- What came of it -------------------------------------------------------------------------------------------

    def held(self) -> list[tuple[int, str]]:
        """The numbers of what waits for a person, and why."""
        asked = select(deliveries.c.id, deliveries.c.why).where(deliveries.c.state == State.HELD)
        return [(row.id, row.why) for row in self.connection.execute(asked)]

    def states(self) -> dict[str, int]:
        return {state: number for (_, state), number in desk.counts(self.connection).items()}

    def known(self) -> int:
        return len(self.connection.execute(select(items.c.id)).all())
