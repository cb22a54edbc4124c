"""Opening the database: how it is set up, brought to the newest schema, backed up and refused when it is newer."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from bot.model import Mistake
from bot.store.schema import metadata

P = ParamSpec("P")
R = TypeVar("R")

FILE = "delebot.sqlite3"
HEAD = "0002"


class Store:
    """One database. `write` and `read` run a function of a connection in one transaction, in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)

    async def write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, …)` in a writing transaction, off the event loop."""
        return await asyncio.to_thread(lambda: self.write_now(work, *args, **kwargs))

    async def read(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, …)` in a reading transaction, off the event loop."""
        return await asyncio.to_thread(lambda: self.read_now(work, *args, **kwargs))

    def write_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with _told(self.path), self._engine.begin() as connection:
            return work(connection, *args, **kwargs)

    def read_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with _told(self.path), self._engine.execution_options(reading=True).begin() as connection:
            return work(connection, *args, **kwargs)

    def close(self) -> None:
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    """SQLite as a durable queue wants it: WAL, every commit on the disk, writers that queue up instead of failing."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 15, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # The driver shall not begin transactions behind our back.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what a database says into what a person can act on."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        said = str(getattr(error, "orig", error))
        for sign, what, remedy in TROUBLES:
            if sign in said:
                raise StoreTrouble(what, where=str(path), remedy=remedy, code=1) from error
        raise


class StoreTrouble(Mistake):
    """The database can't be used just now; nothing was changed."""


TROUBLES = (
    ("disk is full", "the disk is full, so nothing can be remembered and nothing is sent", "Free some space"),
    ("disk I/O error", "the disk gave an error", "Look at the disk; the last backup is made with delebot backup"),
    ("readonly database", "the state can't be written", "Give the user that runs Delebot write access to it"),
    ("unable to open", "the state can't be opened", "Give the user that runs Delebot write access to its directory"),
    ("database is locked", "another program holds the database", "End it, or wait, and try again"),
    ("not a database", "this file is no Delebot state", "Move it away, or bring back a copy with delebot restore"),
    ("malformed", "the database is damaged", "Bring back a copy with delebot restore"),
)

# --- Directory and schema ------------------------------------------------------------------------------------------


def open_store(directory: Path) -> Store:
    """Open the state in this directory, made when it is missing and migrated when it is older than this version."""
    prepare_directory(directory)
    path = directory / FILE
    fresh = not path.exists()
    if fresh:
        with _told(path), suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    store = Store(path)
    try:
        version = store.read_now(schema_version)
        if version != HEAD:
            _upgrade(store, version)
    except BaseException:
        store.close()
        raise
    return store


def prepare_directory(directory: Path) -> None:
    """Make the state directory, for its owner only."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError):
        raise Mistake(
            "this is no directory", where=str(directory), remedy="Set DELEBOT_STATE to a directory", code=1
        ) from None
    except OSError as error:
        raise _unwritable(directory, error) from None
    if not os.access(directory, os.W_OK | os.X_OK) or _on_read_only_disk(directory):
        raise _unwritable(directory, None)


def _on_read_only_disk(directory: Path) -> bool:
    return bool(os.statvfs(directory).f_flag & os.ST_RDONLY)


def _unwritable(directory: Path, error: OSError | None) -> Mistake:
    why = f": {error.strerror}" if error and error.strerror else ""
    remedy = "Give the user that runs Delebot write access to it, or set DELEBOT_STATE to another directory"
    return Mistake(f"the state directory can't be written{why}", where=str(directory), remedy=remedy, code=1)


def schema_version(connection: Connection) -> str:
    """The version of the schema, empty for a new database."""
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").all()
    if not rows:
        return ""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")


def create(connection: Connection) -> None:
    """Make the newest schema at once. It is what the migrations lead to, without loading their library for it."""
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))


def _upgrade(store: Store, version: str) -> None:
    """Bring the schema to the newest version, after a copy; refuse a database that is newer than this program."""
    if not version:
        store.write_now(create)
        return
    from bot.store.migrations import KNOWN, upgrade

    if version not in KNOWN:
        raise Mistake(
            f"this state was written by a newer Delebot (schema {version}; this one knows {HEAD})",
            where=str(store.path),
            remedy="Install the newer version again, or bring back the copy from before it with delebot restore",
            code=1,
        )
    copy(store.path, store.path.with_name(f"before-{HEAD}-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite3"))
    store.write_now(upgrade)


# --- Copies --------------------------------------------------------------------------------------------------------


def copy(source: Path, target: Path) -> None:
    """A whole and consistent copy, also beside a running daemon; readable by its owner only."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with _told(source):
            _copy_pages(source, partial)
        partial.replace(target)
    except OSError as error:
        raise Mistake(f"the copy can't be written: {error.strerror}", where=str(target), code=1) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _copy_pages(source: Path, target: Path) -> None:
    origin, copied = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        origin.backup(copied)
        copied.execute("PRAGMA journal_mode=DELETE")
    finally:
        origin.close()
        copied.close()


def check_copy(path: Path) -> None:
    """Refuse what is no whole Delebot state of this version or an older one."""
    if not path.is_file():
        raise Mistake("there is no such file", where=str(path), code=1)
    with _told(path):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            whole = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    if not whole or not {"deliveries", "items", "alembic_version"} <= tables:
        raise Mistake("this is no whole Delebot backup", where=str(path), remedy="Choose another file", code=1)
