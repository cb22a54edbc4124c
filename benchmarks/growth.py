"""What grows with the number of feeds, and with the history that is kept: CPU time and memory of each part.

    python -m benchmarks.growth [--feeds 1000 10000] [--deliveries 10000 100000] [--json]

Nothing runs here but the functions that Delebot itself uses, on rows that are there in bulk. Milliseconds are of the
wall clock where a database works, medians of five; other programs on the machine make them longer.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from benchmarks import rows
from benchmarks.loopback import LISTED
from benchmarks.machine import say, table, this_machine
from bot.config.fingerprint import fingerprint
from bot.config.load import load
from bot.poll import target_of
from bot.run import adopt
from bot.settings import Config
from bot.store import desk, lanes, polls, standing
from bot.store.database import Store, open_store
from bot.store.schema import deliveries, feeds
from bot.world import clock, rules_of
from tests.postgres import Own

TIMES = 5
CHANNELS = 5
MEMORY = {
    "url": "https://klynge.example/feed/", "address": "https://klynge.example/feed/", "etag": '"3f5c-a4"',
    "answered": "https://klynge.example/feed/", "last_modified": "Mon, 05 Jan 2026 09:00:00 GMT", "body_hash": "0" * 64,
    "doubts": 0, "full_at": None, "moved_to": "", "moved_seen": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What one part takes at a size: in milliseconds, or in MB."""

    part: str
    where: str
    size: int
    figure: float
    unit: str = "ms"
    of: str = "feeds"


def took(work: Callable[[], Any], times: int = TIMES) -> float:
    """How many milliseconds it takes."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return 1000 * median(found)


# --- Feeds ---------------------------------------------------------------------------------------------------------


def write_files(folder: Path, size: int) -> None:
    files = {"bot": "TIMEZONE=Europe/Oslo\nALERTS=channel-0\n"}
    files |= {f"feeds/klynge-{n}": f"URL=https://klynge-{n}.example/feed/\n" for n in range(size)}
    files |= {f"channels/channel-{n}": f"KIND=webhook\nURL=https://intranet.example/{n}\n" for n in range(CHANNELS)}
    for name, words in files.items():
        path = folder / f"{name}.env"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, "utf-8")
        path.chmod(0o600)


def of_configuration(folder: Path, size: int) -> Iterator[Part]:
    """Reading the files, and what they take in memory."""
    write_files(folder, size)
    load(folder, {})  # What is imported for it shall not count.
    yield Part("read the configuration", "files", size, took(lambda: load(folder, {}), 1))
    tracemalloc.start()
    config = load(folder, {})
    yield Part("the configuration in memory", "files", size, tracemalloc.get_traced_memory()[0] / 1e6, "MB")
    tracemalloc.stop()
    yield Part("fingerprint of the configuration", "files", size, took(lambda: fingerprint(config), 1))
    channel = config.channels["channel-0"]
    yield Part("rules of a channel (each claim and settling)", "files", size, took(lambda: rules_of(channel, config)))


def fill_feeds(connection: Connection, config: Config) -> None:
    """A row for each feed, as a poll leaves it."""
    now = clock()
    later = now + timedelta(hours=9)
    same = {"memory": MEMORY, "polled_at": now, "ok_at": now, "poll_due_at": later, "title": "Klynge"}
    lines = [{"name": feed.name, "target": target_of(feed), **same} for feed in config.feeds.values()]
    for start in range(0, len(lines), 1000):
        connection.execute(insert(feeds), lines[start : start + 1000])


def of_feeds(store: Store, where: str, config: Config) -> Iterator[Part]:
    """What looks at the rows of all feeds."""
    size, now = len(config.feeds), clock()
    store.write_now(fill_feeds, config)
    asked: Mapping[str, Callable[[], Any]] = {
        "which feeds are due (each second)": lambda: store.read_now(desk.due_feeds, config.feeds, now),
        "how things stand (each 5 s)": lambda: store.read_now(standing.standing),
        "unusual silence (each hour)": lambda: store.read_now(standing.silences, config, now),
        "rows follow the configuration (start, reload)": lambda: store.write_now(adopt, config),
    }
    for part, work in asked.items():
        yield Part(part, where, size, took(work, 3))


# --- History -------------------------------------------------------------------------------------------------------


def multiply(connection: Connection, size: int) -> None:
    """More of the same deliveries, each of another article, until there are so many."""
    columns = [column for column in deliveries.c if column.name not in ("id", "subject")]
    while (count := connection.execute(select(func.count()).select_from(deliveries)).scalar_one()) < size:
        subject = deliveries.c.subject + literal(f" and {count}")
        more = select(subject, *columns).order_by(deliveries.c.id).limit(size - count)
        connection.execute(insert(deliveries).from_select(["subject", *(c.name for c in columns)], more))


def of_history(store: Store, where: str, config: Config, size: int) -> Iterator[Part]:
    """What looks for work among all that was ever sent; nothing is owed."""
    now = rows.BEGAN + 9 * rows.WEEK
    channel, read = config.channels["slack"], rows.listed(0, LISTED + 8)
    rules = rules_of(channel, config)
    asked: Mapping[str, Callable[[], Any]] = {
        "which channels owe something (each second)": lambda: store.read_now(desk.busy_channels),
        "what goes next (each claim)": lambda: store.read_now(lanes.next_of, "slack", rules, now),
        "what is known (each changed poll)": lambda: store.read_now(polls.past_of, "klynge-0", read, now, now),
        "counts (status)": lambda: store.read_now(desk.counts),
        "prune, nothing to do (each hour)": lambda: store.write_now(desk.prune, rows.BEGAN - rows.WEEK),
    }
    for part, work in asked.items():
        yield Part(part, where, size, took(work), of="deliveries kept")


# --- The whole -----------------------------------------------------------------------------------------------------


@contextmanager
def opened(server: Own | None) -> Iterator[tuple[Store, Callable[[], None]]]:
    """A new database, and what brings it in order as autovacuum does."""
    url = server.create() if server else ""
    with TemporaryDirectory(prefix="delebot-growth-") as made:
        store = open_store(Path(made), url)
        try:
            yield store, lambda: rows.vacuumed(server, url)
        finally:
            store.close()


def measure(server: Own, sizes: Sequence[int], histories: Sequence[int]) -> Iterator[Part]:
    for size in sizes:
        say(f"{size} feeds")
        with TemporaryDirectory(prefix="delebot-growth-") as made:
            yield from of_configuration(Path(made), size)
            config = load(Path(made), {})
        for where, each in (("SQLite", None), ("PostgreSQL", server)):
            with opened(each) as (store, _):
                yield from of_feeds(store, where, config)
    config = rows.configuration(2)
    for where, each in (("SQLite", None), ("PostgreSQL", server)):
        with opened(each) as (store, in_order):
            rows.live_through(store, config, 5)
            for size in histories:
                say(f"{where}: {size} deliveries")
                store.write_now(multiply, size)
                in_order()
                yield from of_history(store, where, config, size)


def as_text(found: Sequence[Part]) -> str:
    """A table for what grows with feeds, and one for history: a line for each part, a column for each size."""
    lines = [this_machine("sqlalchemy", "psycopg")]
    for of in dict.fromkeys(part.of for part in found):
        mine = [part for part in found if part.of == of]
        figures = {(part.part, part.where, part.size): part.figure for part in mine}
        sizes = sorted({part.size for part in mine})
        names = dict.fromkeys((part.part, part.where, part.unit) for part in mine)
        rows = [
            [f"{part}, {unit}", where, *(figures.get((part, where, size), "") for size in sizes)]
            for part, where, unit in names
        ]
        lines += ["", table([f"{of}:", "", *(f"{size:,}" for size in sizes)], rows)]
    return "\n".join(lines)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.growth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--feeds", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--deliveries", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    server = Own.begun()
    try:
        found = list(measure(server, asked.feeds, asked.deliveries))
    finally:
        server.end()
    sys.stdout.write(json.dumps([asdict(part) for part in found], indent=2) if asked.json else as_text(found))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
