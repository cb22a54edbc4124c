"""Keeping: copies of the state, and its move to another database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from bot.cli.terminal import Json, Where, database, show


def backup(target: Annotated[Path, typer.Argument(help="The file to write, or a directory for a dated one.")]) -> None:
    """Copy the state into one file, also beside a running daemon."""
    from bot.commands.keep import backup as work

    print(f"The state is copied to {work(Where.state, target, database())}")


def restore(
    source: Annotated[Path, typer.Argument(help="A file that backup has written.")],
) -> None:
    """Bring back a copy of the state; the present one is kept beside it. The daemon must not run."""
    from bot.commands.keep import restore as work

    print(work(Where.state, source, database()))


def migrate(
    to: Annotated[str, typer.Option("--to", help="The empty PostgreSQL database; default: DATABASE_URL.")] = "",
    as_json: Json = False,
) -> None:
    """Move the state from SQLite to PostgreSQL, for replicas to share it. The file stays as it is."""
    from bot.commands.migrate import migrate as work
    from bot.commands.migrate import text
    from bot.model import Mistake

    target = to or database()
    if not target:
        raise Mistake("nobody said where to", remedy="Set DATABASE_URL in bot.env, or give the address with --to")
    if to and _holds_password(to):
        said = "the password in --to can be seen by others on this machine; DATABASE_URL in bot.env keeps it hidden"
        print(f"warning: {said}", file=sys.stderr)
    moved = work(Where.state, target, progress)
    show(moved.as_json(), text(moved), as_json)


def _holds_password(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.password) or "password=" in parts.query


def progress(table: str, number: int, all_of_them: int) -> None:
    """How far it is, where a person looks on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{table}: {number} of {all_of_them}", end="", flush=True, file=sys.stderr)
        if number == all_of_them:
            print("\r\033[K", end="", flush=True, file=sys.stderr)
