"""Moves the state from SQLite to PostgreSQL: into an empty database, all of it or nothing, and away from no file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import Timeout
from sqlalchemy import Connection

from bot.model import Mistake
from bot.run import lock_of
from bot.sessions import SessionFile
from bot.store import pour
from bot.store.copies import copy
from bot.store.database import Store, open_store, upgrade
from bot.store.dialects import alone
from bot.store.files import FILE, HEAD, check
from bot.store.postgres import address, refuse_newer, shown
from bot.store.sessions import keep_sessions
from bot.store.sqlite import store_at


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved and where to: how many rows of each table there are, here and there, and how many sessions."""

    source: Path
    target: str
    counted: dict[str, tuple[int, int]]
    sessions: int

    def as_json(self) -> dict[str, Any]:
        rows = {name: {"source": there, "target": here} for name, (there, here) in self.counted.items()}
        return {"source": str(self.source), "target": self.target, "rows": rows, "sessions": self.sessions}


def migrate(state: Path, url: str, told: Callable[[str, int, int], None]) -> Moved:
    """Copy the state of the directory into the database at this address, and compare what is there then."""
    source = state / FILE
    if not source.exists():
        remedy = "Name its directory with DELEBOT_STATE; without a state there is nothing to move: just start"
        raise Mistake("there is no state to move", where=str(state), remedy=remedy, code=1)
    where = shown(address(url))
    try:
        with lock_of(state).acquire(timeout=0), TemporaryDirectory(dir=state, prefix=".moving-") as folder:
            # Not the file itself: it may have an older form, and is left as it is.
            moving = Path(folder) / FILE
            check(source)
            copy(source, moving)
            sessions = SessionFile(state).all()
            with closing(_brought_up(moving)) as here, closing(open_store(state, url)) as there:
                counted = here.read_now(_into, there, sessions, told)
    except Timeout:
        raise Mistake("Delebot is running on this state", where=str(state), remedy="End it first", code=1) from None
    return Moved(source, where, counted, len(sessions))


def _brought_up(path: Path) -> Store:
    store = store_at(path)
    if check(path) != HEAD:
        store.write_now(upgrade)
    return store


def _into(
    source: Connection, there: Store, sessions: dict[str, Any], told: Callable[[str, int, int], None]
) -> dict[str, tuple[int, int]]:
    return there.write_now(_poured, source, sessions, told)


def _poured(
    target: Connection, source: Connection, sessions: dict[str, Any], told: Callable[[str, int, int], None]
) -> dict[str, tuple[int, int]]:
    refuse_newer(target)
    alone(target, "schema")
    if not pour.is_empty(target):
        remedy = "Name an empty database; one that holds a state already may be sent from"
        raise Mistake("this database holds a state already", where="--to", remedy=remedy, code=1)
    pour.empty(target)
    counted = pour.pour(source, target, told)
    keep_sessions(target, sessions)
    return counted


def text(moved: Moved) -> str:
    """What was moved, and what is to be done now."""
    rows = [f"  {name}: {there} rows, {here} there" for name, (there, here) in moved.counted.items() if there]
    kept = [f"  sessions of channels: {moved.sessions}"] if moved.sessions else []
    return "\n".join(
        (
            f"Everything in {moved.source} is in {moved.target} now:", *rows, *kept,
            "Next: set DATABASE_URL in bot.env on every machine, and start delebot run.",
            f"{moved.source} is left as it was. Run nothing on it any more, or articles are posted twice.",
        )
    )  # fmt: skip
