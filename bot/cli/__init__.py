"""The commands: parse the arguments, call one function, print. What a command needs is imported when it runs."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from bot import __version__
from bot.cli import deciding, keeping, looking, setting_up, working
from bot.cli.terminal import Where, default_state

app = typer.Typer(
    name="delebot",
    help="Share every new article of your feeds on your channels. Begin with: delebot init",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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


# They are listed in this order.
for command in (
    setting_up.init,
    setting_up.add,
    looking.check,
    looking.preview,
    looking.status,
    looking.doctor,
    looking.demo,
    working.trigger,
    working.run,
    deciding.approve,
    deciding.retry,
    deciding.skip,
    deciding.retract,
    deciding.pause,
    deciding.resume,
    keeping.backup,
    keeping.restore,
    keeping.migrate,
):
    app.command()(command)


def main() -> None:
    """The command `delebot`. Mistakes are one line each, never a traceback."""
    from bot.model import Mistake, Mistakes

    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal or a log that knows fewer signs than we use gets a ? for the others.
        sys.stdout.reconfigure(errors="replace")
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
        sys.exit(0)  # Whoever read our output has left; nothing is wrong.
    except OSError as error:
        print(": ".join(map(str, filter(None, (error.filename, error.strerror)))), file=sys.stderr)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody can read a stack trace
        from bot.cli.fault import tell

        print(tell(error), file=sys.stderr)
        sys.exit(1)
    finally:
        flush()


def flush() -> None:
    """Say what is still to be said; Python would complain at its end where nobody reads, or the disk is full."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
