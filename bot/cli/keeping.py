"""Keeping: copies of the state."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.terminal import Where


def backup(target: Annotated[Path, typer.Argument(help="The file to write, or a directory for a dated one.")]) -> None:
    """Copy the state into one file, also beside a running daemon."""
    from bot.commands.keep import backup as work

    print(f"The state is copied to {work(Where.state, target)}")


def restore(
    source: Annotated[Path, typer.Argument(help="A file that backup has written.")],
) -> None:
    """Bring back a copy of the state; the present one is kept beside it. The daemon must not run."""
    from bot.commands.keep import restore as work

    print(work(Where.state, source))
