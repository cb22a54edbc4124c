"""The commands: parse the arguments, call one function, print. What a command needs is imported when it runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import __version__

if TYPE_CHECKING:
    from bot.settings import Config
    from bot.story import Event

app = typer.Typer(
    name="delebot",
    help="Share every new article of your feeds on your channels. Begin with: delebot check",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one value a line.")]
Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="The numbers of deliveries, as status shows them.")]


class Where:
    """The directories of this call."""

    config = Path("config")
    state = Path()


def print_version(asked: bool) -> None:
    if asked:
        print(f"delebot {__version__}")
        raise typer.Exit


@app.callback()
def directories(
    config: Annotated[Path, typer.Option(envvar="DELEBOT_CONFIG", help="The directory of the env files.")] = Path(
        "config"
    ),
    state: Annotated[Path | None, typer.Option(envvar="DELEBOT_STATE", help="The directory of the state.")] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    Where.config, Where.state = config, state or default_state()


def default_state() -> Path:
    from platformdirs import user_state_path

    return user_state_path("delebot")


def main() -> None:
    """The command `delebot`. Mistakes are one line each, never a traceback."""
    from bot.model import Mistake, Mistakes

    try:
        app()
    except Mistakes as wrong:
        for mistake in wrong.mistakes:
            print(mistake, file=sys.stderr)
        sys.exit(max(mistake.code for mistake in wrong.mistakes))
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(mistake.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has left; nothing is wrong, but Python would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def configuration() -> Config:
    """The configuration, or all that is wrong with it."""
    from bot.config.load import load

    return load(Where.config, os.environ)


def go(work: Coroutine[Any, Any, Any]) -> Any:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    async def on_few_threads() -> Any:
        # The store and the parser wait for each other anyway, and every thread costs memory for good.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(3))
        return await work

    return asyncio.run(on_few_threads())


def finish(ok: bool) -> None:
    raise typer.Exit(0 if ok else 1)


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


# --- Looking -------------------------------------------------------------------------------------------------------


@app.command()
def check(
    offline: Annotated[bool, typer.Option("--offline", help="Read the files only; ask no site.")] = False,
    as_json: Json = False,
) -> None:
    """Read the configuration, ask each feed once, and say all that is wrong. Posts nothing."""
    from bot.commands.check import check as work

    finish(go(work(configuration(), teller(as_json), offline=offline)))


@app.command()
def status(
    alive: Annotated[
        bool, typer.Option("--alive", help="Only say whether the daemon lives, by the exit code.")
    ] = False,
    as_json: Json = False,
) -> None:
    """How things stand: the last articles and where they went, what waits, what is wrong, what comes next."""
    from bot.commands.status import is_alive, report, text

    if alive:
        finish(is_alive(Where.state))
    standing = report(configuration(), Where.state)
    show(standing, text(standing), as_json)


@app.command()
def demo(as_json: Json = False) -> None:
    """See it work, with a sample site on this machine and this terminal as the channel."""
    from bot.commands.demo import demo as work

    finish(go(work(teller(as_json))))


# --- Working -------------------------------------------------------------------------------------------------------


@app.command()
def trigger(
    feed: Annotated[list[str] | None, typer.Option(help="Only this feed; can be repeated.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel; can be repeated.")] = None,
    item: Annotated[str, typer.Option(help="Share this article: latest, its address or its number.")] = "",
    again: Annotated[bool, typer.Option("--again", help="With --item: share it once more, knowingly.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be shared; save and send nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Poll now and deliver now, also beside a running daemon."""
    from bot.commands.trigger import Ask
    from bot.model import Mistake

    if again and not item:
        raise Mistake("--again repeats one article", remedy="Name it with --item latest, its address or its number")
    ask = Ask(tuple(feed or ()), tuple(channel or ()), item, again, dry_run)
    run_errand(ask, as_json)


def run_errand(ask: Any, as_json: bool) -> None:
    from bot.commands.errand import errand

    finish(go(errand(configuration(), Where.state, ask, teller(as_json))))


@app.command()
def run() -> None:
    """Work in the background: poll, share, correct, until SIGTERM. SIGHUP reads the configuration again."""
    from bot import log
    from bot.run import run as work

    config = configuration()
    log.set_up(config.bot.log_format)
    go(work(config, Where.state, log.tell, configuration))


# --- Deciding ------------------------------------------------------------------------------------------------------


@app.command()
def approve(ids: Ids, as_json: Json = False) -> None:
    """Let a held delivery go, now."""
    decide("approve", ids, as_json)


@app.command()
def retry(ids: Ids, as_json: Json = False) -> None:
    """Try a delivery again, now: one that waits, was refused, or may not have arrived."""
    decide("retry", ids, as_json)


@app.command()
def skip(ids: Ids, as_json: Json = False) -> None:
    """Let a delivery be: it will not be sent."""
    decide("skip", ids, as_json)


def decide(what: str, ids: list[int], as_json: bool) -> None:
    from bot.commands.decide import decide as work

    ask = work(Where.state, what, ids)
    if ask is None:
        show({"skipped": ids}, "\n".join(f"#{id} is skipped" for id in ids), as_json)
    else:
        run_errand(ask, as_json)


@app.command()
def pause(
    channel: Annotated[str | None, typer.Argument(help="Only this channel; default: everything.")] = None,
    duration: Annotated[str, typer.Option("--for", help="For how long, such as 2h; default: until resume.")] = "",
    as_json: Json = False,
) -> None:
    """Send nothing more until resume: everything, or one channel. What comes meanwhile waits."""
    from bot.commands.decide import pause as work

    said = work(configuration(), Where.state, channel, duration)
    show({"paused": channel or "*"}, said, as_json)


@app.command()
def resume(
    channel: Annotated[str | None, typer.Argument(help="Only this channel; default: everything.")] = None,
    as_json: Json = False,
) -> None:
    """End a pause, or go on with a channel that was stopped, and deliver what waits."""
    from bot.commands.decide import resume as work

    run_errand(work(configuration(), Where.state, channel), as_json)


# --- Keeping -------------------------------------------------------------------------------------------------------


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="The file to write, or a directory for a dated one.")]) -> None:
    """Copy the state into one file, also beside a running daemon."""
    from bot.commands.keep import backup as work

    print(f"The state is copied to {work(Where.state, target)}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that backup has written.")],
) -> None:
    """Bring back a copy of the state; the present one is kept beside it. The daemon must not run."""
    from bot.commands.keep import restore as work

    print(work(Where.state, source))
