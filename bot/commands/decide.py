"""What a person decides: approve, retry, skip, pause, resume. It is written as rows, which a daemon sees at once."""

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
from bot.store import desk
from bot.store.database import open_store
from bot.world import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

LET_BE = "a person let it be"
ALREADY = {
    State.SENT: "it is sent already; delebot trigger --item … --again repeats an article",
    State.SENDING: "it is being sent at this moment",
    State.RETRACTED: "it was taken back",
    State.SKIPPED: "it is skipped already",
}


def decide(state: Path, what: str, ids: Sequence[int]) -> Ask | None:
    """Change some deliveries, all or none; the work that follows from it, None when nothing does."""
    store = open_store(state)
    try:
        return store.write_now(_decide, what, ids)
    finally:
        store.close()


def _decide(connection: Connection, what: str, ids: Sequence[int]) -> Ask | None:
    channels = [_decide_one(connection, what, id) for id in ids]
    return None if what == "skip" else Ask(channels=tuple(dict.fromkeys(channels)), poll=False)


def _decide_one(connection: Connection, what: str, id: int) -> str:
    """Change one delivery; the channel that it belongs to."""
    row = desk.delivery(connection, id)
    if row is None:
        raise Mistake(f"there is no delivery #{id}", remedy="delebot status shows their numbers")
    if what == "approve" and row["state"] != State.HELD:
        remedy = f"delebot retry {id} tries it again"
        raise Mistake(f"#{id} is not held, it is {row['state']}", remedy=remedy, code=1)
    skipping = what == "skip"
    if not (desk.skip(connection, id, LET_BE) if skipping else desk.release(connection, id, clock())):
        raise Mistake(f"#{id} stays as it is: {ALREADY.get(row['state'], row['state'])}", code=1)
    return str(row["channel"])


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
