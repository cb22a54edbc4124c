"""What the engine of the replicas takes by itself: kicks a second, and what a deep queue costs. On PostgreSQL.

    python -m benchmarks.engine [--depths 100 1000 10000] [--connections 1 4 16] [--json]

Each kick is a commit that notifies the workers, and PostgreSQL lets only one such commit at a time wait for the disk.
So the same is measured without the notification, and with it but without waiting for the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

from benchmarks.machine import say, table, this_machine
from bot.store.database import open_store
from bot.store.postgres import SCHEMA
from bot.wake import engine
from tests.postgres import Own

SECONDS = 3.0
TIMES = 9
NOTIFIES = "procrastinate_jobs_notify_queue_job_inserted_v1"
KICK = "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock) VALUES ('poll', 'poll', %s, %s)"
FILL = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
SELECT 'poll', 'poll', 'poll:' || n, 'poll:' || n, jsonb_build_object('name', 'klynge-' || n)
FROM generate_series(%s::int, %s::int) n
"""


@dataclass(frozen=True)
class Kicks:
    """How many kicks a second so many connections get through."""

    connections: int
    notified: float
    silent: float
    unwaited: float


@dataclass(frozen=True)
class Depth:
    """What one job takes when so many wait, in milliseconds: to fetch it, and to list all that wait."""

    waiting: int
    fetch: float
    listing: float


class Database:
    """A database with the engine's tables."""

    def __init__(self, server: Own, folder: Path) -> None:
        self.server, url = server, server.create()
        self.name = str(make_url(url).database)
        store = open_store(folder, url)
        store.write_now(engine.bring_up)
        store.close()
        self.address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.address, autocommit=True, options=f"-csearch_path={SCHEMA}")


# --- Kicks ---------------------------------------------------------------------------------------------------------


def kicks(database: Database, connections: int, *, silent: bool = False, waited: bool = True) -> float:
    """How many kicks a second so many connections get through, each of a lane of its own."""
    with database.connect() as connection:
        connection.execute(f"ALTER TABLE procrastinate_jobs {'DISABLE' if silent else 'ENABLE'} TRIGGER {NOTIFIES}")
        connection.execute("TRUNCATE procrastinate_jobs CASCADE")
    end = time.monotonic() + SECONDS

    def kick(number: int) -> int:
        with database.connect() as connection:
            connection.execute(f"SET synchronous_commit = {'on' if waited else 'off'}")
            count = 0
            while time.monotonic() < end:
                connection.execute(KICK, (f"poll:{number}-{count}", f"poll:{number}-{count}"))
                count += 1
            return count

    with ThreadPoolExecutor(connections) as threads:
        return sum(threads.map(kick, range(connections))) / SECONDS


# --- Depth ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[App]:
    async def set_up(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(f"SET search_path = {SCHEMA}".encode())
        await connection.commit()

    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(database.address, open=False, min_size=1, configure=set_up)
    app = App(connector=PsycopgConnector())
    async with pool, app.open_async(pool):
        yield app


async def depths(database: Database, sizes: Sequence[int]) -> list[Depth]:
    """What it takes at each depth of the queue."""
    found, filled = [], 0
    async with working(database) as app:
        worker = await app.job_manager.register_worker()
        for size in sizes:
            with database.connect() as connection:
                connection.execute(FILL, (filled + 1, size))
                connection.execute("VACUUM ANALYZE procrastinate_jobs")
            filled = size
            found.append(Depth(size, await fetching(app, worker), await listing(app)))
            say(f"{size} jobs wait")
    return found


async def fetching(app: App, worker: int) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        job = await app.job_manager.fetch_job(["poll"], worker)
        taken.append(time.perf_counter() - began)
        assert job
        await app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=True)
    return 1000 * median(taken)


async def listing(app: App) -> float:
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        await app.job_manager.list_jobs_async(status="todo")
        taken.append(time.perf_counter() - began)
    return 1000 * median(taken)


# --- The whole -----------------------------------------------------------------------------------------------------


def measure(server: Own, sizes: Sequence[int], connections: Sequence[int]) -> tuple[list[Kicks], list[Depth]]:
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    with TemporaryDirectory(prefix="delebot-engine-") as made:
        found = asyncio.run(depths(Database(server, Path(made)), sizes))
        database = Database(server, Path(made))
        each = [
            Kicks(n, kicks(database, n), kicks(database, n, silent=True), kicks(database, n, waited=False))
            for n in connections
        ]
    return each, found


def as_text(each: Sequence[Kicks], found: Sequence[Depth]) -> str:
    kicked = [[k.connections, k.notified, k.silent, k.unwaited] for k in each]
    depth = [[d.waiting, d.fetch, d.listing] for d in found]
    return "\n\n".join(
        (
            this_machine("procrastinate", "psycopg"),
            table(["connections", "kicks a second", "without notification", "without waiting for the disk"], kicked),
            table(["jobs that wait", "fetch one, ms", "list them, ms"], depth),
        )
    )


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.engine", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--depths", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked, server = arguments(words), Own.begun()
    try:
        each, found = measure(server, asked.depths, asked.connections)
    finally:
        server.end()
    plain = {"kicks": [asdict(k) for k in each], "depths": [asdict(d) for d in found]}
    sys.stdout.write(json.dumps(plain, indent=2) if asked.json else as_text(each, found))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
