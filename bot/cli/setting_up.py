"""Setting up: the files that make Delebot read a feed and post on a channel."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bot.cli.terminal import Json, Private, Where, ask, at_terminal, finish, go, show, teller


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
