"""What is kept for a feed and a year: rows and bytes, as they are filled by the functions that Delebot itself uses.

    python -m benchmarks.rows [--feeds 20] [--weeks 52] [--json]

A year goes by on a clock of its own: each feed lists the articles of loopback.py, two new ones a week, each of which
is shared on five channels, and all arrive at the first try. Then everything grows older than KEEP and is pruned.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from sqlalchemy import Connection, func, make_url, select, text

from benchmarks.loopback import LISTED, document
from benchmarks.machine import say, table, this_machine
from bot import kinds
from bot.feeds.fetch import Fetched, Memory
from bot.feeds.parse import parse
from bot.model import Document, Post, Receipt
from bot.plan import Past, Plan, plan
from bot.poll import memory_of, target_of
from bot.posts.compose import same_post
from bot.settings import BotSettings, Channel, ChannelSettings, Config, Feed, FeedSettings
from bot.store import desk, lanes, polls
from bot.store.database import Store, open_store
from bot.store.files import FILE
from bot.store.lanes import Claim, Owing
from bot.store.schema import metadata
from bot.world import draft_of, post_of, rules_of
from tests.postgres import Own

A_WEEK = 2  # A newsroom of a cluster publishes about so many articles.
BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
ADDRESSES = {
    "webhook": {"url": "https://intranet.example/hooks/news"},
    "slack": {"url": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"},
    "discord": {"url": "https://discord.com/api/webhooks/1098765432109876543/XXXXXXXXXXXXXXXXXXXXXXXX"},
    "mastodon": {"server": "https://snabelen.no", "token": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"},
    "telegram": {"token": "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "chat": "@klyngen"},
}
RECEIPT = Receipt(id="1234567890123456789", url="https://platform.example/klyngen/posts/1234567890123456789")


@dataclass(frozen=True)
class Kept:
    """One table: its rows, and its bytes with its indexes."""

    table: str
    rows: int
    data: int
    indexes: int


# --- A year --------------------------------------------------------------------------------------------------------


def configuration(feeds: int) -> Config:
    wishes = [FeedSettings(url=SecretStr(f"https://klynge-{n}.example/feed/")) for n in range(feeds)]
    made = [Feed(name=f"klynge-{n}", wishes=wish) for n, wish in enumerate(wishes)]
    channels = [
        Channel(name=kind, kind=kind, settings=kinds.load(kind).settings(**given), wishes=ChannelSettings(kind=kind))
        for kind, given in ADDRESSES.items()
    ]
    return Config(bot=BotSettings(), feeds={f.name: f for f in made}, channels={c.name: c for c in channels})


def listed(number: int, newest: int) -> Document:
    """What a feed lists when it has published so many articles."""
    body = document(number, newest, BEGAN - LISTED * WEEK / A_WEEK, WEEK / A_WEEK)
    return parse(body, content_type="application/rss+xml", address=f"https://klynge-{number}.example/feed/")


def save(connection: Connection, config: Config, feed: Feed, read: Document, now: datetime) -> Plan:
    """What a poll saves that found something."""
    memory = Memory(feed.url, feed.url, feed.url, '"3f5c-a4"', "Mon, 05 Jan 2026 09:00:00 GMT", 0, "0" * 64, now)
    fetched = Fetched(memory, None, feed.url, "", None)
    values = {
        "target": target_of(feed), "memory": memory_of(feed, fetched), "polled_at": now, "ok_at": now,
        "title": read.title, "language": read.language, "poll_due_at": now + feed.wishes.every,
    }  # fmt: skip

    def make_plan(past: Past) -> Plan:
        return plan(
            read, past, feed, tuple(config.channels.values()), now=now, same=same_post,
            compose=lambda channel, item: draft_of(channel, config, item, read.title, now),
        )  # fmt: skip

    watched_at = polls.feed_row(connection, feed.name).get("ok_at")
    return polls.save_poll(connection, feed, read, watched_at, make_plan, values, now)


def deliver(store: Store, config: Config, channel: Channel, now: datetime) -> int:
    """Send all that a channel owes, each with the three transactions of an attempt; how many were sent."""
    rules = rules_of(channel, config)

    def compose(owing: Owing, key: str) -> Post:
        return post_of(channel, config, owing, key, now)

    for sent in range(1_000_000):
        now += rules.spacing
        taken = store.write_now(lanes.claim, channel.name, "run", rules, compose, now)
        if not isinstance(taken, Claim):
            return sent
        store.write_now(lanes.begin, taken, now)
        store.write_now(lanes.settle_sent, taken, RECEIPT, rules.target, now)
    return 0


def live_through(store: Store, config: Config, weeks: int) -> int:
    """One week after another; how many deliveries there were."""
    sent, began = 0, time.monotonic()
    for week in range(weeks):
        now = BEGAN + week * WEEK
        for number, feed in enumerate(config.feeds.values()):
            store.write_now(save, config, feed, listed(number, LISTED + A_WEEK * week), now)
        for channel in config.channels.values():
            sent += deliver(store, config, channel, now)
        if week % 10 == 9:
            say(f"week {week + 1}: {sent} deliveries, {time.monotonic() - began:.0f} s")
    return sent


# --- What it takes -------------------------------------------------------------------------------------------------


def kept_in(connection: Connection) -> list[Kept]:
    """Every table that has rows."""
    found = []
    for name, rows in metadata.tables.items():
        count = connection.execute(select(func.count()).select_from(rows)).scalar_one()
        if count:
            found.append(Kept(name, count, *_bytes(connection, name)))
    return found


def _bytes(connection: Connection, name: str) -> tuple[int, int]:
    """The bytes of a table's rows, and those of its indexes."""
    if connection.dialect.name == "postgresql":
        asked = "SELECT pg_table_size(:name), pg_indexes_size(:name)"
        data, indexes = connection.execute(text(asked), {"name": name}).one()
        return int(data), int(indexes)
    asked = (
        "SELECT coalesce(sum(pgsize) FILTER (WHERE d.name = :name), 0), coalesce(sum(pgsize), 0)"
        " FROM dbstat d JOIN sqlite_schema s ON s.name = d.name WHERE s.tbl_name = :name"
    )
    data, both = connection.execute(text(asked), {"name": name}).one()
    return int(data), int(both - data)


def wal_of(connection: Connection) -> float:
    """The bytes that PostgreSQL has written to its log so far."""
    return float(connection.execute(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).scalar_one())


def compacted(store: Store, server: Own | None, url: str) -> None:
    """Give back the room of what is no more, which neither database does by itself."""
    if server:
        with server.connect(str(make_url(url).database)) as connection:
            connection.execute("VACUUM FULL")
        return
    with closing(sqlite3.connect(store.directory / FILE)) as plain:
        plain.execute("VACUUM")


def prune_all(store: Store, weeks: int) -> None:
    """All of it grows older than KEEP. A pruning forgets a week, and comes every hour."""
    for week in range(weeks + 2):
        store.write_now(desk.prune, BEGAN + (week + 1) * WEEK)


def vacuumed(server: Own | None, url: str) -> None:
    """What PostgreSQL does by itself, now."""
    if server:
        with server.connect(str(make_url(url).database)) as connection:
            connection.execute("VACUUM ANALYZE")


@dataclass(frozen=True)
class Found:
    """What a year of some feeds left in a database."""

    database: str
    feeds: int
    weeks: int
    deliveries: int
    wal: float
    year: list[Kept]
    pruned: list[Kept]

    def a_feed(self, figure: float) -> float:
        """What a figure of all is for one feed and a year of 52 weeks."""
        return figure / self.feeds / self.weeks * 52


def fill(folder: Path, server: Own | None, feeds: int, weeks: int) -> Found:
    url, config = server.create() if server else "", configuration(feeds)
    store = open_store(folder, url)
    try:
        before = store.read_now(wal_of) if server else 0
        sent = live_through(store, config, weeks)
        wal = store.read_now(wal_of) - before if server else 0
        vacuumed(server, url)
        year = store.read_now(kept_in)
        prune_all(store, weeks)
        compacted(store, server, url)
        return Found("PostgreSQL" if server else "SQLite", feeds, weeks, sent, wal, year, store.read_now(kept_in))
    finally:
        store.close()


def as_text(found: Sequence[Found]) -> str:
    return "\n\n".join([this_machine("sqlalchemy", "psycopg"), *map(told, found)])


def told(found: Found) -> str:
    """One database: its tables, for one feed and a year."""
    pruned = {kept.table: (kept.rows, (kept.data + kept.indexes) / 1000) for kept in found.pruned}
    year = [[k.rows, k.data / 1000, k.indexes / 1000, *pruned.get(k.table, (0, 0))] for k in found.year]
    names = [*(kept.table for kept in found.year), "together"]
    heads = [
        f"{found.database}: a feed and a year",
        "rows",
        "kB",
        "kB of indexes",
        "rows after KEEP",
        "kB after KEEP, compacted",
    ]
    figures = [*year, [sum(column) for column in zip(*year, strict=True)]]
    rows = [[name, *map(found.a_feed, line)] for name, line in zip(names, figures, strict=True)]
    wal = f", {found.wal / found.deliveries / 1000:.1f} kB of WAL each, with the polls" if found.wal else ""
    return f"{found.deliveries} deliveries{wal}\n\n{table(heads, rows)}"


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.rows", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--feeds", type=int, default=20)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked, found = arguments(words), []
    server = Own.begun()
    try:
        for each in (None, server):
            with TemporaryDirectory(prefix="delebot-rows-") as made:
                found.append(fill(Path(made), each, asked.feeds, asked.weeks))
    finally:
        server.end()
    sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) if asked.json else as_text(found))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
