"""Looking: what is configured, how a post would look, how things stand. Nothing of it posts unasked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.terminal import Channels, Json, Where, configuration, default_state, finish, go, leave, show, teller


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


def status(
    alive: Annotated[
        bool, typer.Option("--alive", help="Only say whether the daemon lives, by the exit code.")
    ] = False,
    ready: Annotated[
        bool, typer.Option("--ready", help="Only say whether it lives and does its work, by the exit code.")
    ] = False,
    as_json: Json = False,
) -> None:
    """How things stand: the last articles and where they went, what waits, what is wrong, what comes next."""
    from bot.life import is_alive

    if alive:
        finish(is_alive(Where.state))
    from bot.commands.status import not_ready, report, text

    if ready:
        why = not_ready(configuration(), Where.state)
        show({"ready": not why, "why": why}, f"not ready: {why}" if why else "ready", as_json)
        finish(not why)
    standing = report(configuration(), Where.state)
    show(standing, text(standing), as_json)


def doctor(as_json: Json = False) -> None:
    """Say what is wrong with this installation, and what to do about it. Posts nothing and changes nothing."""
    from bot.commands.doctor import at, examine, is_well, report, text

    findings = go(examine(at(Where.config, Where.state, os.environ, default_state())))
    show(report(findings), text(findings), as_json)
    leave(is_well(findings))


def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port of the inbox; default: a free one.")] = 0,
    once: Annotated[bool, typer.Option("--once", help="End after the show instead of keeping the inbox open.")] = False,
    pace: Annotated[float, typer.Option(min=0, max=10, hidden=True)] = 1.0,
    as_json: Json = False,
) -> None:
    """See it work in a minute: a sample site, an inbox in your browser, and what happens when things go wrong."""
    from bot.commands.demo import demo as work

    finish(go(work(port=port, once=once, pace=pace, as_json=as_json)))
