"""What all commands share: their common options and directories, and how they print and ask."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import asyncio

    from bot.settings import Config
    from bot.story import Event

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one value a line.")]
Private = Annotated[bool, typer.Option("--allow-private", help="Admit a private address.")]
Channels = Annotated[list[str] | None, typer.Option(help="Only this channel; can be repeated.")]
One = Annotated[str | None, typer.Argument(help="Only this channel; default: everything.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Numbers as status shows them, such as 14 or 12-42.")]


class Where:
    """The directories of this call."""

    config = Path("config")
    state = Path()


class When:
    """The time of this call: its clock, and how its event loop is made. The fault bench has them run faster."""

    loop: Callable[[], asyncio.AbstractEventLoop] | None = None

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


def default_state() -> Path:
    """Where the state is kept unless somebody says otherwise."""
    from platformdirs import user_state_path

    return user_state_path("delebot")


def configuration() -> Config:
    """The configuration, or all that is wrong with it."""
    from bot.config.load import load

    return load(Where.config, os.environ)


def database() -> str:
    """The address of the database, also when something else in the configuration is wrong; empty for SQLite."""
    from bot.config.load import look

    return look(Where.config, os.environ)[0].bot.database


def go(work: Coroutine[Any, Any, Any]) -> Any:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from bot.cli.fault import in_background

    async def on_few_threads() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(in_background)
        # The store and the parser wait for each other anyway, and every thread costs memory for good.
        loop.set_default_executor(ThreadPoolExecutor(3))
        return await work

    with asyncio.Runner(loop_factory=When.loop) as runner:
        return runner.run(on_few_threads())


def run_errand(ask: Any, as_json: bool) -> None:
    from bot.commands.errand import errand

    finish(go(errand(configuration(), Where.state, ask, teller(as_json), When.now)))


def finish(ok: bool) -> None:
    raise typer.Exit(0 if ok else 1)


def leave(ok: bool) -> None:
    """End, also when a thread hangs that Python would wait for, such as one that asks a name server."""
    if len(threading.enumerate()) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if ok else 1)
    finish(ok)


def teller(as_json: bool) -> Callable[[Event], None]:
    """How events reach the terminal: what went well on standard output, the rest on standard error."""
    from bot.story import words

    def tell(event: Event) -> None:
        if as_json:
            print(json.dumps(event.as_json(), ensure_ascii=False), flush=True)
        else:
            print(words(event), flush=True, file=sys.stdout if event.ok else sys.stderr)

    return tell


def show(value: Any, text: str, as_json: bool) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


def at_terminal() -> bool:
    """Whether a person sits there who can be asked."""
    return sys.stdin.isatty()


def ask(question: str, hidden: bool = False) -> str:
    """The answer to a question; where nobody sits, the next line of what is piped in."""
    if not at_terminal():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(question, default="", show_default=False, hide_input=hidden, err=True))
