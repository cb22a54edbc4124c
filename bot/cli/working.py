"""Working: one round now, or the daemon."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.terminal import Channels, Json, When, Where, configuration, go, run_errand


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


def run() -> None:
    """Work in the background: poll, share, correct, until SIGTERM. SIGHUP reads the configuration again."""
    from bot import log
    from bot.daemon import run as work

    config = configuration()
    log.set_up(config.bot.log_format)
    go(work(config, Where.state, log.tell, configuration, When.now))
