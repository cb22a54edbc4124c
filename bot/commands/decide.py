"""What a person decides: approve, retry, skip, retract, pause, resume. It is written as rows, which a daemon sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.trigger import Ask
from bot.config.times import duration as read_duration
from bot.model import Mistake
from bot.outcome import State
from bot.settings import Config
from bot.store import desk, lanes
from bot.store.database import open_store
from bot.world import clock, rules_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

LET_BE = "a person let it be"
ALREADY = {
    State.SENT: "it is sent already; delebot trigger --item … --again repeats an article",
    State.SENDING: "it is being sent at this moment",
    State.RETRACTED: "it was taken back",
    State.SKIPPED: "it is skipped already",
}


def decide(state: Path, what: str, ids: Sequence[int], config: Config | None = None) -> Ask | None:
    """Change some deliveries, all or none; the work that follows from it, None when nothing does.

    `config` is needed to take something back, for not every platform lets us.
    """
    store = open_store(state)
    try:
        return store.write_now(_decide, what, ids, config)
    finally:
        store.close()


def _decide(connection: Connection, what: str, ids: Sequence[int], config: Config | None) -> Ask | None:
    channels = [_decide_one(connection, what, id, config) for id in ids]
    return None if what == "skip" else Ask(channels=tuple(dict.fromkeys(channels)), poll=False)


def _decide_one(connection: Connection, what: str, id: int, config: Config | None) -> str:
    """Change one delivery; the channel that it belongs to."""
    row = desk.delivery(connection, id)
    if row is None:
        raise Mistake(f"there is no delivery #{id}", remedy="delebot status shows their numbers")
    if what == "approve" and row["state"] != State.HELD:
        remedy = f"delebot retry {id} tries it again"
        raise Mistake(f"#{id} is not held, it is {row['state']}", remedy=remedy, code=1)
    if what == "retract" and row["state"] != State.SENT:
        remedy = f"delebot skip {id} keeps it from being sent" if row["state"] in desk.CAN_SKIP else ""
        raise Mistake(f"#{id} can't be taken back, it is {row['state']}", remedy=remedy, code=1)
    channel = config.channels.get(row["channel"]) if config else None
    if channel and config and (why := lanes.kept_up(row, rules_of(channel, config))):
        raise Mistake(f"#{id} can't be taken back: {why}", code=1)
    if not _decided(connection, what, id):
        raise Mistake(f"#{id} stays as it is: {ALREADY.get(row['state'], row['state'])}", code=1)
    return str(row["channel"])


def _decided(connection: Connection, what: str, id: int) -> bool:
    match what:
        case "skip":
            return desk.skip(connection, id, LET_BE)
        case "retract":
            return desk.retract(connection, id, clock())
        case _:
            return desk.release(connection, id, clock())


def pause(config: Config, state: Path, channel: str | None, lasting: str) -> str:
    """Pause one channel or everything; what is said of it."""
    _check(config, channel)
    length = _length(lasting)
    store = open_store(state)
    try:
        until = clock() + length if length else None
        store.write_now(desk.pause, channel, until, clock())
    finally:
        store.close()
    end = f"until {until.astimezone(config.bot.timezone):%Y-%m-%d %H:%M}" if until else "until delebot resume"
    return f"{channel or 'Everything'} is paused {end}; what comes meanwhile waits"


def _length(lasting: str) -> timedelta | None:
    try:
        return read_duration(lasting) if lasting else None
    except ValueError as error:
        raise Mistake(f"--for {lasting}: {error}") from None


def resume(config: Config, state: Path, channel: str | None) -> Ask:
    """End pauses and stops; what waits is delivered now."""
    _check(config, channel)
    store = open_store(state)
    try:
        store.write_now(desk.resume, channel)
    finally:
        store.close()
    return Ask(channels=(channel,) if channel else (), poll=False)


def _check(config: Config, channel: str | None) -> None:
    if channel is not None and channel not in config.channels:
        known = ", ".join(config.channels) or "none yet"
        raise Mistake(f"there is no channel «{channel}»", remedy=f"There is: {known}")
