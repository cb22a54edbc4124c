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
    help="Share every new article of your feeds on your channels. Begin with: delebot init",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one value a line.")]
Private = Annotated[bool, typer.Option("--allow-private", help="Admit a private address.")]
Channels = Annotated[list[str] | None, typer.Option(help="Only this channel; can be repeated.")]
One = Annotated[str | None, typer.Argument(help="Only this channel; default: everything.")]
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


def at_terminal() -> bool:
    """Whether a person sits there who can be asked."""
    return sys.stdin.isatty()


def ask(question: str, hidden: bool = False) -> str:
    """The answer to a question; where nobody sits, the next line of what is piped in."""
    if not at_terminal():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(question, default="", show_default=False, hide_input=hidden, err=True))


# --- Setting up ----------------------------------------------------------------------------------------------------


@app.command()
def init(
    address: Annotated[str, typer.Argument(help="The address of the site, or of its feed; asked for without.")] = "",
    name: Annotated[str, typer.Option(help="What the feed is called; default: after its title.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Take the first feed without asking.")] = False,
    allow_private: Private = False,
    as_json: Json = False,
) -> None:
    """Find the feed of a site, and write the files that make Delebot read it."""
    from bot.commands.init import Typed, chooser, refuse_passwords, text
    from bot.commands.init import init as work

    refuse_passwords(address)
    typed = Typed(address or ask("The address of your site"), allow_private)
    choose = chooser(lambda line: print(line, file=sys.stderr), ask if at_terminal() else None, first=yes)
    came = go(work(Where.config, os.environ, typed, choose, name))
    show(came, text(came), as_json)


@app.command()
def add(
    arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    kind: Annotated[str, typer.Option(help="The kind of channel, where the address doesn't tell it.")] = "",
    name: Annotated[str, typer.Option(help="What the channel is called; default: after its kind.")] = "",
    test: Annotated[bool, typer.Option("--test", help="Send one test post there.")] = False,
    allow_private: Private = False,
    as_json: Json = False,
) -> None:
    """Make a channel: asks for the webhook's address, which is not shown, or for what else the kind needs."""
    from bot.commands.add import Wish, refuse_secrets, send_test, text
    from bot.commands.add import add as work

    refuse_secrets(arguments or [], kind, name)
    added = work(Where.config, os.environ, Wish(kind, name, allow_private), ask)
    show(added.as_json(), text(added), as_json)
    if test or (at_terminal() and not as_json and typer.confirm("Send one test post there now?", err=True)):
        event = go(send_test(added, Where.state))
        teller(as_json)(event)
        finish(event.ok)


# --- Looking -------------------------------------------------------------------------------------------------------


@app.command()
def check(
    offline: Annotated[bool, typer.Option("--offline", help="Read the files only; ask no site.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Then send one test post to each channel.")] = False,
    as_json: Json = False,
) -> None:
    """Read the configuration, ask each feed once, and say all that is wrong. Posts nothing without --send."""
    from bot.commands.check import check as work
    from bot.model import Mistake

    if offline and send:
        raise Mistake("--offline asks nobody, and --send posts", remedy="Leave one of them out")
    finish(go(work(configuration(), Where.state, teller(as_json), offline=offline, send=send)))


@app.command()
def preview(
    channel: Channels = None,
    item: Annotated[str, typer.Option(help="This article: latest, its address or its number.")] = "latest",
    html: Annotated[Path | None, typer.Option(help="Also write a web page with each post as it will look.")] = None,
    as_json: Json = False,
) -> None:
    """Show an article's posts: which go, why or why not, when, and how they look. Saves and sends nothing."""
    from bot.commands.preview import preview as work
    from bot.commands.preview import report, text, write_page

    config = configuration()
    subject, looks = go(work(config, Where.state, channel or [], item))
    show(report(subject, looks), text(subject, looks, config), as_json)
    if html:
        write_page(html, subject, looks, config)


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
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port of the inbox; default: a free one.")] = 0,
    once: Annotated[bool, typer.Option("--once", help="End after the show instead of keeping the inbox open.")] = False,
    pace: Annotated[float, typer.Option(min=0, max=10, hidden=True)] = 1.0,
    as_json: Json = False,
) -> None:
    """See it work in a minute: a sample site, an inbox in your browser, and what happens when things go wrong."""
    from bot.commands.demo import demo as work

    finish(go(work(port=port, once=once, pace=pace, as_json=as_json)))


# --- Working -------------------------------------------------------------------------------------------------------


@app.command()
def trigger(
    feed: Annotated[list[str] | None, typer.Option(help="Only this feed; can be repeated.")] = None,
    channel: Channels = None,
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


@app.command()
def retract(ids: Ids, as_json: Json = False) -> None:
    """Take a post back: it is deleted where it was shown, as far as the platform can."""
    decide("retract", ids, as_json)


def decide(what: str, ids: list[int], as_json: bool) -> None:
    from bot.commands.decide import decide as work

    ask = work(Where.state, what, ids, configuration() if what == "retract" else None)
    if ask is None:
        show({"skipped": ids}, "\n".join(f"#{id} is skipped" for id in ids), as_json)
    else:
        run_errand(ask, as_json)


@app.command()
def pause(
    channel: One = None,
    duration: Annotated[str, typer.Option("--for", help="For how long, such as 2h; default: until resume.")] = "",
    as_json: Json = False,
) -> None:
    """Send nothing more until resume: everything, or one channel. What comes meanwhile waits."""
    from bot.commands.decide import pause as work

    said = work(configuration(), Where.state, channel, duration)
    show({"paused": channel or "*"}, said, as_json)


@app.command()
def resume(
    channel: One = None,
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
