"""The directory and the file of the state: made ready, looked at without a change, and what is wrong, in words."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from json import JSONDecodeError
from pathlib import Path

from sqlalchemy.exc import DatabaseError, OperationalError

from bot.model import Mistake

FILE = "delebot.sqlite3"
KNOWN = ("0001", "0002", "0003")
HEAD = KNOWN[-1]
COMPANIONS = ("-wal", "-shm")
IO_ERROR = "disk I/O error"
LEAST_ROOM = 100_000  # Bytes, so that a database can be opened.
NO_TIME = "Invalid isoformat string"
RESTORE = "bring back a copy with delebot restore"


class StoreTrouble(Mistake):
    """The database can't be used just now; nothing was changed."""


TROUBLES = (
    ("disk is full", "the disk is full, so nothing can be remembered and nothing is sent", "Free some space"),
    (IO_ERROR, "the disk gave an error, or is full", f"Look at the disk, then {RESTORE} if need be"),
    ("readonly database", "the state can't be written", "Give the user that runs Delebot write access to it"),
    ("unable to open", "the state can't be opened", "Give the user that runs Delebot write access to its directory"),
    ("database is locked", "another program holds the database", "End it, or wait, and try again"),
    ("not a database", "this file is no Delebot state", f"Move it away, or {RESTORE}"),
    ("malformed", "the database is damaged", RESTORE.capitalize()),
    ("Could not decode", "the database is damaged", RESTORE.capitalize()),
    ("unsupported file format", "this file is no Delebot state", f"Move it away, or {RESTORE}"),
)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what a database says into what a person can act on; a damaged page may also look like senseless values."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        said = str(getattr(error, "orig", error))
        if IO_ERROR in said and is_full(path.parent):
            said = "disk is full"
        for sign, what, remedy in TROUBLES:
            if sign in said:
                raise StoreTrouble(what, where=str(path), remedy=remedy, code=1) from error
        if isinstance(error, OperationalError | sqlite3.OperationalError):
            remedy = f"Try again, then {RESTORE} if need be"
            raise StoreTrouble(
                f"the database gave an error ({said})", where=str(path), remedy=remedy, code=1
            ) from error
        raise
    except ValueError as error:
        if not isinstance(error, JSONDecodeError | UnicodeDecodeError) and NO_TIME not in str(error):
            raise
        raise StoreTrouble("the database is damaged", where=str(path), remedy=RESTORE.capitalize(), code=1) from error


def is_full(directory: Path) -> bool:
    try:
        return shutil.disk_usage(directory).free < LEAST_ROOM
    except OSError:
        return False


def looked_at(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=15)


def version_of(path: Path) -> str:
    """The version of the schema in a file; empty when it holds no state."""
    with told(path), closing(looked_at(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""


def check(path: Path) -> str:
    """Refuse, untouched, what is no state that this version can work with; the version of its schema."""
    # An empty file is looked at by its size, for SQLite would take it for a new database and drop what is beside it.
    version = version_of(path) if path.is_file() and path.stat().st_size else ""
    if not version:
        raise Mistake("this is no Delebot state", where=str(path), remedy=f"Move it away, or {RESTORE}", code=1)
    if version not in KNOWN:
        raise Mistake(
            f"this state was written by a newer Delebot (schema {version}; this one knows {HEAD})",
            where=str(path),
            remedy=f"Install the newer version again, or {RESTORE}: the one from before it",
            code=1,
        )
    return version


def companions(path: Path) -> list[Path]:
    """What SQLite keeps beside a database and is there now: it belongs to this database and to no other."""
    return [beside for end in COMPANIONS if (beside := path.with_name(path.name + end)).exists()]


# --- The directory -------------------------------------------------------------------------------------------------


def prepare_directory(directory: Path) -> None:
    """Make the state directory, for its owner only."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError):
        raise Mistake(
            "this is no directory", where=str(directory), remedy="Set DELEBOT_STATE to a directory", code=1
        ) from None
    except OSError as error:
        raise unwritable(directory, error) from None
    if not os.access(directory, os.W_OK | os.X_OK) or _on_read_only_disk(directory):
        raise unwritable(directory, None)


def _on_read_only_disk(directory: Path) -> bool:
    return bool(os.statvfs(directory).f_flag & os.ST_RDONLY)


def unwritable(directory: Path, error: OSError | None) -> Mistake:
    why = f": {error.strerror}" if error and error.strerror else ""
    remedy = "Give the user that runs Delebot write access to it, or set DELEBOT_STATE to another directory"
    return Mistake(f"the state directory can't be written{why}", where=str(directory), remedy=remedy, code=1)
