"""What becomes of an article on a channel: whether it goes by itself, why or why not, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.model import Item
from bot.outcome import State
from bot.pace import Lane, Waiting, ready_at
from bot.plan import Owed, filtered_out
from bot.settings import Channel, Config, Feed
from bot.store import desk, lanes
from bot.store.schema import EVERYTHING
from bot.world import rules_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping


@dataclass(frozen=True, slots=True)
class Subject:
    """The article that is previewed; `id` is its number in the state, None while it is only in the feed.

    `owed` is what the next poll would owe for it, by channel, when it is not in the state;
    `first_poll` tells that it would be the feed's first.
    """

    feed: Feed
    item: Item
    source: str
    id: int | None = None
    owed: Mapping[str, Owed] = field(default_factory=dict)
    first_poll: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether a post goes by itself, why or why not, and when."""

    goes: bool
    why: str
    at: datetime | None = None
    row: RowMapping | None = None


def fate_of(connection: Connection | None, config: Config, channel: Channel, subject: Subject, now: datetime) -> Fate:
    """What becomes of the article on a channel."""
    if not channel.takes(subject.feed):
        return Fate(False, f"articles of {subject.feed.name} don't go here (CHANNELS in its file, FEEDS in this one)")
    if connection and subject.id is not None:
        shares = desk.turns(connection, channel.name, subject.id)
        fate = _of_row(shares[0], config) if shares else _unowed(channel, subject)
    else:
        fate = _of_owed(channel, subject, now)
    return _in_lane(connection, config, channel, fate, now) if fate.goes else fate


def _of_row(row: RowMapping, config: Config) -> Fate:
    """By the delivery that the state holds."""
    number, why = row["id"], f": {row['why']}" if row["why"] else ""
    match State(row["state"]):
        case State.DUE:
            return Fate(True, "it waits to be sent", row["due_at"], row)
        case State.SENT | State.SENDING:
            day = f" on {local(row['sent_at'], config)}" if row["sent_at"] else ""
            return Fate(False, f"it was sent already{day}", row=row)
        case State.HELD:
            return Fate(False, f"it is held{why}. Do: delebot approve {number} or delebot skip {number}", row=row)
        case State.UNKNOWN | State.REFUSED as state:
            words = "nobody knows whether it arrived" if state == State.UNKNOWN else "it was refused"
            return Fate(False, f"{words}{why}. Do: delebot retry {number} or delebot skip {number}", row=row)
        case state:
            return Fate(False, f"it was {state}{why}", row=row)


def _unowed(channel: Channel, subject: Subject) -> Fate:
    """An article that the state knows, and that owes this channel nothing: only a person can share it here."""
    if filtered := filtered_out(subject.item, channel):
        return Fate(False, filtered)
    do = f"Do: delebot trigger --item {subject.id} --channel {channel.name}"
    return Fate(False, f"it was known before it could be shared here. {do}")


def _of_owed(channel: Channel, subject: Subject, now: datetime) -> Fate:
    """By what the next poll would owe."""
    owed = subject.owed.get(channel.name)
    if owed is None and subject.first_poll:
        why = "the first poll only remembers what is there already. FIRST_RUN in the feed's file changes that"
        return Fate(False, filtered_out(subject.item, channel) or why)
    if owed is None:
        return Fate(False, "it is known already, or another feed has shared it here")
    if owed.state == State.DUE:
        return Fate(True, "it goes after the next poll", max(owed.due_at, now))
    return Fate(False, f"the next poll leaves it {owed.state}: {owed.why}")


def _in_lane(connection: Connection | None, config: Config, channel: Channel, fate: Fate, now: datetime) -> Fate:
    """With what holds up the channel as a whole, its hours and its distance between posts."""
    rules = rules_of(channel, config)
    rows: Mapping[str, Any] = desk.channel_rows(connection) if connection else {}
    if held_up := _held_up(rows, channel.name, now):
        return replace(fate, goes=False, why=held_up, at=None)
    lane = Lane(spacing=rules.spacing, hours=rules.hours)
    if connection:
        lane = lanes.lane_of(connection, channel.name, rules, now)
    urgent = bool(fate.row and fate.row["urgent"])
    at = max(now, ready_at(Waiting(0, now, fate.at or now, urgent), lane, now, rules.zone))
    reasons = [fate.why, *_reasons(lane, fate, at, now, urgent=urgent)]
    return replace(fate, why=", ".join(reasons), at=at)


def _held_up(rows: Mapping[str, Any], name: str, now: datetime) -> str:
    """Why the channel sends nothing, or empty."""
    everything, mine = rows.get(EVERYTHING), rows.get(name)
    if everything and lanes.paused(everything, now):
        return "everything is paused. Do: delebot resume"
    if mine and mine["stopped_at"]:
        return f"the channel is stopped: {mine['stopped_why']}. Do: mend it, then delebot resume {name}"
    return f"the channel is paused. Do: delebot resume {name}" if mine and lanes.paused(mine, now) else ""


def _reasons(lane: Lane, fate: Fate, at: datetime, now: datetime, *, urgent: bool) -> list[str]:
    """What makes it wait."""
    moments = {
        "SETTLE or a later try": fate.at,
        "the last try": lane.blocked_until,
        "SPACING": lane.last_sent_at + lane.spacing if lane.last_sent_at else None,
    }
    waits = [name for name, moment in moments.items() if moment and moment > now]
    earliest = max([now, *(moment for moment in moments.values() if moment)])
    if lane.hours and not urgent and at > earliest:
        waits.append("HOURS")
    return [f"not before {', '.join(waits)} let it"] if waits else []


def local(moment: datetime, config: Config) -> str:
    return f"{moment.astimezone(config.bot.timezone):%Y-%m-%d %H:%M}"
