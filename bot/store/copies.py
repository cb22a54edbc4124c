"""Copies of the state: whole, private, on the disk before they count, and no more of them than are needed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from bot.model import Mistake
from bot.store.files import COMPANIONS, RESTORE, check, looked_at, told

FULL = ("database or disk is full", "disk I/O error")


def copy(source: Path, target: Path) -> None:
    """A whole and consistent copy, also beside a running daemon; readable by its owner only."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with told(source):
            _copy_pages(source, partial)
        check_copy(partial, source)
        partial.replace(target)
        to_disk(target.parent)
    except OSError as error:
        raise _unwritable(target, error.strerror) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _copy_pages(source: Path, target: Path) -> None:
    with closing(looked_at(source)) as origin, closing(sqlite3.connect(target)) as copied:
        try:
            origin.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if str(error) not in FULL:
                raise
            raise _unwritable(target, "the disk is full, or gave an error") from None


def _unwritable(target: Path, why: str | None) -> Mistake:
    remedy = "Free some space there, or choose another place"
    return Mistake(f"the copy can't be written: {why}", where=str(target.parent), remedy=remedy, code=1)


def to_disk(directory: Path) -> None:
    """See to it that the names in a directory survive a power cut, as far as the system can."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_copy(path: Path, known_as: Path | None = None) -> None:
    """Refuse what is no whole Delebot state of this version or an older one."""
    named = known_as or path
    if not path.is_file():
        raise Mistake("there is no such file", where=str(named), code=1)
    check(path)
    with told(named), closing(looked_at(path)) as connection:
        whole = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
    if not whole:
        what, remedy = ("the database", RESTORE.capitalize()) if known_as else ("this copy", "Choose another one")
        raise Mistake(f"{what} is damaged", where=str(named), remedy=remedy, code=1)


def let_go(newest: Path, pattern: str, others: int) -> None:
    """Keep only so many other copies of such a name beside the newest, or they would fill the disk one day."""
    older = sorted((path for path in newest.parent.glob(pattern) if path != newest), reverse=True)
    for path in older[others:]:
        for each in (path, *(path.with_name(path.name + end) for end in COMPANIONS)):
            with suppress(OSError):
                each.unlink(missing_ok=True)
