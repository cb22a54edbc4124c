"""Deciding: what a person says about deliveries and channels."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.terminal import Ids, Json, One, Where, configuration, database, run_errand, show


def approve(ids: Ids, as_json: Json = False) -> None:
    """Let held deliveries go, now."""
    decide("approve", ids, as_json)


def retry(ids: Ids, as_json: Json = False) -> None:
    """Try deliveries again, now: those that wait, were refused, or may not have arrived."""
    decide("retry", ids, as_json)


def skip(ids: Ids, as_json: Json = False) -> None:
    """Let deliveries be: they will not be sent."""
    decide("skip", ids, as_json)


def retract(ids: Ids, as_json: Json = False) -> None:
    """Take posts back: they are deleted where they were shown, as far as the platform can."""
    decide("retract", ids, as_json)


def decide(what: str, ids: list[str], as_json: bool) -> None:
    from bot.commands.decide import decide as work
    from bot.commands.decide import named, text

    config = configuration() if what == "retract" else None
    decided = work(Where.state, what, [named(one) for one in ids], config, database())
    if decided.ask is None:
        show({"skipped": decided.ids}, text(what, decided.ids), as_json)
        return
    if not as_json and len(decided.ids) > 1:
        print(text(what, decided.ids))
    run_errand(decided.ask, as_json)


def pause(
    channel: One = None,
    duration: Annotated[str, typer.Option("--for", help="For how long, such as 2h; default: until resume.")] = "",
    as_json: Json = False,
) -> None:
    """Send nothing more until resume: everything, or one channel. What comes meanwhile waits."""
    from bot.commands.decide import pause as work

    said = work(configuration(), Where.state, channel, duration)
    show({"paused": channel or "*"}, said, as_json)


def resume(
    channel: One = None,
    as_json: Json = False,
) -> None:
    """End a pause, or go on with a channel that was stopped, and deliver what waits."""
    from bot.commands.decide import resume as work

    run_errand(work(configuration(), Where.state, channel), as_json)
