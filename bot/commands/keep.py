"""Copies of the state: made beside a running daemon, brought back without a flood and without a double."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Connection, update

from bot.model import Mistake
from bot.outcome import State
from bot.run import lock_of
from bot.store.database import FILE, check_copy, copy, open_store, prepare_directory
from bot.store.schema import deliveries, feeds


def backup(state: Path, target: Path) -> Path:
    """Copy the state to a file, or into a directory under a dated name; where it went."""
    source = state / FILE
    if not source.exists():
        raise Mistake(
            "there is no state to copy yet", where=str(state), remedy="It is made by the first delebot trigger", code=1
        )
    if target.is_dir():
        target = target / f"delebot-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite3"
    if target.exists():
        raise Mistake("there is a file of that name already", where=str(target), remedy="Choose another name", code=1)
    if not target.parent.is_dir():
        raise Mistake("there is no such directory", where=str(target.parent), remedy="Make it first", code=1)
    copy(source, target)
    return target


def restore(state: Path, source: Path) -> str:
    """Put a copy in the place of the state, and doubt what it does not know: it may have been sent since."""
    check_copy(source)
    prepare_directory(state)
    lock = lock_of(state)
    try:
        with lock.acquire(timeout=0):
            kept = _replace(state, source)
            store = open_store(state)
            try:
                held = store.write_now(doubt_what_is_open, made_at(source))
            finally:
                store.close()
    except Timeout:
        raise Mistake("Delebot is running on this state", where=str(state), remedy="End it first", code=1) from None
    was = f" The state before is kept as {kept.name}." if kept else ""
    waits = f" {held} deliveries wait for a person, for they may have been sent since." if held else ""
    return f"The state of {made_at(source)} is back.{was}{waits}"


def made_at(source: Path) -> str:
    """When a copy was made, as far as it tells itself: its last poll. The date of a file changes when it is moved."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as connection:
        (last,) = connection.execute("SELECT max(polled_at) FROM feeds").fetchone()
    return f"{last[:16]} UTC" if last else "before the first poll"


def _replace(state: Path, source: Path) -> Path | None:
    """Keep the present state under a dated name and put the copy in its place."""
    present, kept = state / FILE, state / f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite3"
    had = present.exists()
    arriving = state / f".{FILE}.arriving"
    copy(source, arriving)
    if had:
        present.replace(kept)
        for suffix in ("-wal", "-shm"):
            beside = state / f"{FILE}{suffix}"
            if beside.exists():
                beside.replace(kept.with_name(kept.name + suffix))
    arriving.replace(present)
    return kept if had else None


def doubt_what_is_open(connection: Connection, when: str) -> int:
    """Hold what the copy thinks is due, and at the next poll what it thinks is new."""
    why = f"the state was brought back from a copy of {when}; it may have been sent since"
    open_states = deliveries.c.state.in_((State.DUE, State.SENDING))
    unsent = open_states & deliveries.c.shown.is_(None)
    held = connection.execute(update(deliveries).where(unsent).values(state=State.HELD, why=why, run=""))
    connection.execute(update(feeds).values(doubt=why))
    return held.rowcount
