"""Copies of the state: made beside a running daemon, brought back without a flood and without a double."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from filelock import Timeout

from bot.model import Mistake
from bot.run import lock_of
from bot.store.copies import check_copy, copy, let_go
from bot.store.database import upgrade
from bot.store.files import FILE, HEAD, check, companions, looked_at, prepare_directory
from bot.store.recovery import doubt_what_is_open
from bot.store.sqlite import clean_place, put_in_place, store_at


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
    check(source)
    copy(source, target)
    return target


def restore(state: Path, source: Path) -> str:
    """Put a copy in the place of the state, and doubt what it does not know: it may have been sent since."""
    check_copy(source)
    when = made_at(source)
    prepare_directory(state)
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
    was = f" The state before is kept as {kept.name}." if kept else ""
    waits = f" {held} deliveries wait for a person, for they may have been sent since." if held else ""
    return f"The state of {when} is back.{was}{waits}"


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
