"""One database, whichever it is: functions of a connection run in one transaction each, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bot.store.files import FILE, HEAD
from bot.store.schema import metadata

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5  # How often a transaction is tried that the database gives up because of others.
COLLISIONS = ("40001", "40P01")  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class Store:
    """One database. `write` and `read` run a function of a connection in one transaction, in a thread.

    `directory` is where this process keeps what it may lose. `told` turns what the database says into what a person
    can act on. `shared` is that other processes work on it too; then a function may be run once more, for a
    transaction that meets those of others may have to begin anew.
    """

    def __init__(
        self,
        engine: Engine,
        directory: Path,
        told: Callable[[], AbstractContextManager[None]],
        *,
        writers: int,
        shared: bool = False,
    ) -> None:
        self.directory, self.shared = directory, shared
        self._engine, self._told = engine, told
        self._writers = ThreadPoolExecutor(writers, "writer")

    async def write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, …)` in a writing transaction, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, lambda: self.write_now(work, *args, **kwargs))

    async def read(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, …)` in a reading transaction, off the event loop."""
        return await asyncio.to_thread(lambda: self.read_now(work, *args, **kwargs))

    def write_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self._told():
            for _ in range(TRIES - 1):
                try:
                    return self._write(work, *args, **kwargs)
                except DBAPIError as error:
                    if getattr(error.orig, "sqlstate", None) not in COLLISIONS:
                        raise
            return self._write(work, *args, **kwargs)

    def _write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self._engine.begin() as connection:
            return work(connection, *args, **kwargs)

    def read_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self._told(), self._engine.execution_options(reading=True).begin() as connection:
            return work(connection, *args, **kwargs)

    def close(self) -> None:
        self._writers.shutdown()
        self._engine.dispose()


def open_store(directory: Path, url: str = "") -> Store:
    """Open the state: the database at this address, or else the one in the directory.

    It is made when it is missing, and brought to the newest schema when it is older than this version.
    """
    if url:
        from bot.store import postgres

        return postgres.open_store(directory, url)
    from bot.store import sqlite

    return sqlite.open_store(directory)


def known_store(directory: Path, url: str = "") -> Store | None:
    """Open the state if there is one; looking for one leaves no trace."""
    if url:
        from bot.store import postgres

        return open_store(directory, url) if postgres.exists(directory, url) else None
    return open_store(directory) if (directory / FILE).exists() else None


# --- Schema --------------------------------------------------------------------------------------------------------


def create(connection: Connection) -> None:
    """Make the newest schema. It is what the migrations lead to, without loading their library for it."""
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def schema_version(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest version, in the transaction of this connection: all of it, or nothing."""
    from bot.store import migrations

    migrations.upgrade(connection)
