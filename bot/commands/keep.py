"""Copies of the state: made beside a running daemon, brought back without a flood and without a double."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Connection

from bot.model import Mistake
from bot.run import lock_of
from bot.store import pour, runs
from bot.store.copies import check_copy, copy, let_go
from bot.store.database import Store, create, open_store, upgrade
from bot.store.dialects import alone
from bot.store.files import FILE, HEAD, check, companions, looked_at, prepare_directory
from bot.store.recovery import doubt_what_is_open
from bot.store.sqlite import clean_place, put_in_place, store_at


def backup(state: Path, target: Path, database: str = "") -> Path:
    """Copy the state to a file, or into a directory under a dated name; where it went."""
    source = state / FILE
    if not (source.exists() or database):
        raise Mistake(
            "there is no state to copy yet", where=str(state), remedy="It is made by the first delebot trigger", code=1
        )
    if target.is_dir():
        target = target / f"delebot-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite3"
    if target.exists():
        raise Mistake("there is a file of that name already", where=str(target), remedy="Choose another name", code=1)
    if not target.parent.is_dir():
        raise Mistake("there is no such directory", where=str(target.parent), remedy="Make it first", code=1)
    if database:
        with closing(open_store(state, database)) as store:
            _copy_rows(store, target)
        return target
    check(source)
    copy(source, target)
    return target


def _copy_rows(store: Store, target: Path) -> None:
    """A copy of a database that is no file, as the file that it would be; without the sessions, as ever."""
    arriving = clean_place(target)
    try:
        os.close(os.open(arriving, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(store_at(arriving)) as copied:
            copied.write_now(create)
            store.read_now(lambda source: copied.write_now(_filled, source))
        put_in_place(arriving, target)
    except OSError as error:
        what, remedy = f"the copy can't be written: {error.strerror}", "Free some space there, or choose another place"
        raise Mistake(what, where=str(target.parent), remedy=remedy, code=1) from None
    finally:
        with suppress(OSError):
            arriving.unlink(missing_ok=True)


def _filled(copied: Connection, source: Connection) -> None:
    pour.hold_still(source)
    pour.pour(source, copied, silently, but=(*pour.PASSING, *pour.SECRET))


def silently(_: str, __: int, ___: int) -> None:
    """Nobody is told how far it is."""


def restore(state: Path, source: Path, database: str = "") -> str:
    """Put a copy in the place of the state, and doubt what it does not know: it may have been sent since."""
    check_copy(source)
    when = made_at(source)
    prepare_directory(state)
    held, kept = _restore_rows(state, source, when, database) if database else _restore_file(state, source, when)
    was = f" The state before is kept as {kept.name}." if kept else ""
    waits = f" {held} deliveries wait for a person, for they may have been sent since." if held else ""
    return f"The state of {when} is back.{was}{waits}"


def _restore_file(state: Path, source: Path, when: str) -> tuple[int, Path | None]:
    try:
        with lock_of(state).acquire(timeout=0):
            arriving = clean_place(state / FILE)
            held = _make_ready(source, arriving, when)
            kept = _set_aside(state / FILE)
            put_in_place(arriving, state / FILE)
    except Timeout:
        raise Mistake("Delebot is running on this state", where=str(state), remedy="End it first", code=1) from None
    except OSError as error:
        raise Mistake(f"the copy can't be brought back: {error.strerror}", where=str(state), code=1) from None
    return held, kept


def _restore_rows(state: Path, source: Path, when: str, database: str) -> tuple[int, Path | None]:
    """Bring a copy into a database that replicas share, while none of them works; what was there is copied first."""
    arriving = clean_place(state / FILE)
    kept = _free_name(state)
    with closing(open_store(state, database)) as store:
        store.read_now(_refuse_under_replicas)
        _copy_rows(store, kept)
        try:
            held = _make_ready(source, arriving, when)
            with closing(store_at(arriving)) as copied:
                copied.read_now(lambda ready: store.write_now(_replaced, ready))
        finally:
            for rest in (arriving, *companions(arriving)):
                rest.unlink(missing_ok=True)
    let_go(kept, "before-restore-*.sqlite3", others=2)
    return held, kept


def _refuse_under_replicas(connection: Connection) -> None:
    now = runs.clock(connection) or datetime.now(UTC)
    if living := runs.alive(connection, now):
        where = ", ".join(dict.fromkeys(row["host"] for row in living))
        remedy = "End all of them first; one that was killed counts as running for 12 seconds more"
        raise Mistake("Delebot is running on this state", where=where, remedy=remedy, code=1)


def _replaced(connection: Connection, source: Connection) -> None:
    from bot.store.postgres import refuse_newer

    refuse_newer(connection)
    alone(connection, "schema")
    _refuse_under_replicas(connection)
    pour.empty(connection, but=pour.SECRET)
    pour.pour(source, connection, silently, but=(*pour.PASSING, *pour.SECRET))


def made_at(source: Path) -> str:
    """When a copy was made, as far as it tells itself: its last poll. The date of a file changes when it is moved."""
    with closing(looked_at(source)) as connection:
        (last,) = connection.execute("SELECT max(polled_at) FROM feeds").fetchone()
    return f"{last[:16]} UTC" if last else "before the first poll"


def _make_ready(source: Path, arriving: Path, when: str) -> int:
    """Bring a copy to this version and doubt it before it becomes the state, so that nothing can be sent from it."""
    copy(source, arriving)
    with closing(store_at(arriving)) as store:
        if check(arriving) != HEAD:
            store.write_now(upgrade)
        return store.write_now(doubt_what_is_open, when, datetime.now(UTC))


def _set_aside(present: Path) -> Path | None:
    """Keep the present state under a dated name too, whatever it is worth; there is no moment without a state."""
    folded = _folded(present)
    kept = _free_name(present.parent)
    for beside in companions(present):
        # What is folded in is empty. What can't be is kept with what it belongs to, and never meets another database.
        if folded:
            beside.unlink()
        else:
            beside.replace(kept.with_name(beside.name.replace(present.name, kept.name)))
    if not present.exists():
        return None
    try:
        os.link(present, kept)
    except OSError:
        present.replace(kept)  # On a disk that knows no second names, and for what is no file at all.
    let_go(kept, "before-restore-*.sqlite3", others=2)
    return kept


def _folded(present: Path) -> bool:
    """Bring what lies beside the database into it; whether nothing is left there."""
    if not present.is_file() or not present.stat().st_size:
        return False
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(present)) as connection:
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise Mistake("another program holds the database", where=str(present), remedy="End it first", code=1)
        return True
    return False


def _free_name(directory: Path) -> Path:
    stem = f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (directory / f"{stem}{f'-{n}' if n else ''}.sqlite3" for n in count())
    return next(path for path in names if not path.exists())
