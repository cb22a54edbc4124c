"""What a person decides: approve, retry, skip, retract, pause, resume. It is written as rows, which a daemon sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.trigger import Ask, check_names
from bot.config.times import duration as read_duration
from bot.config.wrong import printable
from bot.model import Mistake
from bot.outcome import State
from bot.settings import Config
from bot.store import desk, lanes
from bot.store.database import open_store
from bot.troubles import numbers
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
# What a decision changes of the numbers from one to another; what is due among them, say, goes on by itself.
OF_MANY = {
    "approve": (State.HELD,),
    "retry": (State.HELD, State.UNKNOWN, State.REFUSED),
    "skip": (State.HELD, State.UNKNOWN, State.REFUSED),
    "retract": (State.SENT,),
}
DONE = {"approve": "approved", "retry": "tried again", "skip": "skipped", "retract": "to be taken back"}
SPAN = re.compile("#?([0-9]{1,18})(?:-#?([0-9]{1,18}))?")
Named = int | range


@dataclass(frozen=True, slots=True)
class Decided:
    """The deliveries that were changed, and the work that follows from it, None when nothing does."""

    ids: tuple[int, ...]
    ask: Ask | None = None


def named(text: str) -> Named:
    """A number of a delivery, or all from one to another, as people write them: 14, #14 or 12-42."""
    match = SPAN.fullmatch(text.strip())
    if not match:
        remedy = "Write numbers as delebot status shows them, such as 14 or 12-42"
        raise Mistake(f"«{printable(text)}» is no number of a delivery", remedy=remedy)
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise Mistake(f"{text} ends before it begins", remedy=f"Write {last}-{first}")
    return range(first, last + 1) if match[2] else first


def decide(state: Path, what: str, which: Sequence[Named], config: Config | None = None, database: str = "") -> Decided:
    """Change some deliveries, all or none.

    `config` is needed to take something back, for not every platform lets us.
    """
    store = open_store(state, database)
    try:
        return store.write_now(_decide, what, which, config)
    finally:
        store.close()


def text(what: str, ids: Sequence[int]) -> str:
    """What was decided, in words."""
    number = f"#{ids[0]} is" if len(ids) == 1 else f"{len(ids)} deliveries are"
    all_of_them = "" if len(ids) == 1 else f": {numbers(ids)}"
    return f"{number} {DONE[what]}{all_of_them}"


def _decide(connection: Connection, what: str, which: Sequence[Named], config: Config | None) -> Decided:
    found = [id for one in which for id in ([one] if isinstance(one, int) else _among(connection, what, one))]
    ids = tuple(dict.fromkeys([*desk.in_order(connection, found), *found]))
    channels = [_decide_one(connection, what, id, place, config) for place, id in enumerate(ids)]
    return Decided(ids, None if what == "skip" else Ask(channels=tuple(dict.fromkeys(channels)), poll=False))


def _among(connection: Connection, what: str, numbers: range) -> list[int]:
    """The deliveries among these numbers that wait for this decision."""
    if ids := desk.numbered(connection, numbers, OF_MANY[what]):
        return ids
    states = " or ".join(OF_MANY[what])
    none = f"no delivery from #{numbers.start} to #{numbers.stop - 1} is {states}"
    raise Mistake(none, remedy="delebot status shows their numbers", code=1)


def _decide_one(connection: Connection, what: str, id: int, place: int, config: Config | None) -> str:
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
    if not _changed(connection, what, id, place):
        raise Mistake(f"#{id} stays as it is: {ALREADY.get(row['state'], row['state'])}", code=1)
    return str(row["channel"])


def _changed(connection: Connection, what: str, id: int, place: int) -> bool:
    match what:
        case "skip":
            return desk.skip(connection, id, LET_BE)
        case "retract":
            return desk.retract(connection, id, clock())
        case _:
            return desk.release(connection, id, clock(), place)


def pause(config: Config, state: Path, channel: str | None, lasting: str) -> str:
    """Pause one channel or everything; what is said of it."""
    _check(config, channel)
    length = _length(lasting)
    store = open_store(state, config.bot.database)
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
    store = open_store(state, config.bot.database)
    try:
        store.write_now(desk.resume, channel)
    finally:
        store.close()
    return Ask(channels=(channel,) if channel else (), poll=False)


def _check(config: Config, channel: str | None) -> None:
    if channel is not None:
        check_names(Ask(channels=(channel,)), config)
