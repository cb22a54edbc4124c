"""SQLite: how it is set up, made, brought to the newest schema, and refused when it can't be used."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event

from bot.model import Mistake
from bot.store.copies import copy, let_go, to_disk
from bot.store.database import Store, create, upgrade
from bot.store.files import FILE, HEAD, RESTORE, check, companions, prepare_directory, told, unwritable

LOCK = "lock"
PATIENCE = 10.0  # Seconds that another process gets to make the state, or to bring it to the newest schema.


def store_at(path: Path) -> Store:
    """The database in this file, as it is.

    All writes of a process go through one thread: SQLite lets only one write at a time, and so those that wait for
    a slow disk or for another program keep no thread from the reads.
    """
    return Store(_engine(path), path.parent, partial(told, path), writers=1)


def _engine(path: Path) -> Engine:
    """SQLite as a durable queue wants it: WAL, every commit on the disk, writers that queue up instead of failing."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False})

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


# --- Directory and schema ------------------------------------------------------------------------------------------


def open_store(directory: Path, patience: float = PATIENCE) -> Store:
    """Open the state in this directory, made when it is missing and migrated when it is older than this version."""
    prepare_directory(directory)
    path = directory / FILE
    if not path.exists():
        with _alone(
            directory, path.exists, "another Delebot works here, but its state is gone", patience
        ) as it_is_ours:
            if it_is_ours:
                _make(path)
    store = store_at(path)
    try:
        if check(path) != HEAD:
            older = "a Delebot of an older version works on this state"
            with _alone(directory, lambda: check(path) == HEAD, older, patience) as it_is_ours:
                if it_is_ours:
                    _upgrade(store, path)
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def _alone(directory: Path, is_done: Callable[[], bool], otherwise: str, patience: float) -> Iterator[bool]:
    """Hold the lock of the one that sends, so that nobody works on the state; False when another did it meanwhile."""
    lock, end = FileLock(directory / LOCK), time.monotonic() + patience
    while True:
        if is_done():
            yield False
            return
        try:
            with lock.acquire(timeout=0):
                yield not is_done()
                return
        except Timeout:
            if time.monotonic() > end:
                raise Mistake(otherwise, where=str(directory), remedy="End it first", code=1) from None
        except OSError as error:
            raise unwritable(directory, error) from None
        time.sleep(0.05)


def _make(path: Path) -> None:
    """Make a new state with the newest schema. It appears whole, so that one without a schema is never taken for new.

    It is what the migrations lead to, without loading their library for it.
    """
    if left := companions(path):
        raise Mistake(
            "a part of a state is here, but not the state itself",
            where=str(left[0]),
            remedy=f"Put {path.name} back beside it, or {RESTORE}",
            code=1,
        )
    arriving = clean_place(path)
    os.close(os.open(arriving, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(store_at(arriving)) as store:
        store.write_now(create)
    put_in_place(arriving, path)


def clean_place(path: Path) -> Path:
    """Where what will become the state is made ready; nothing is left there of an earlier try that was cut short."""
    arriving = path.with_name(f".{path.name}.arriving")
    for rest in (arriving, *companions(arriving)):
        rest.unlink(missing_ok=True)
    return arriving


def put_in_place(arriving: Path, path: Path) -> None:
    """Let it become the state, at once and as a whole. Its last connection is closed, so it is a file alone."""
    arriving.replace(path)
    to_disk(path.parent)


def _upgrade(store: Store, path: Path) -> None:
    """Bring the schema to the newest version, after a copy; the one from the upgrade before is kept too."""
    directory = path.parent
    for rest in directory.glob(".before-*.partial*"):
        with suppress(OSError):
            rest.unlink()
    before = directory / f"before-{HEAD}-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite3"
    copy(path, before)
    let_go(before, "before-[0-9]*.sqlite3", others=1)
    store.write_now(upgrade)
