"""Watches over the whole: looks at what is wrong, and owes it to whoever is to be told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.alerts import Telling, telling
from bot.store import desk, lanes, standing
from bot.store.dialects import alone
from bot.troubles import Facts, can_tell, what_is_wrong

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.lanes import Rules
    from bot.world import World

OVERDUE = timedelta(minutes=10)
PATIENCE = timedelta(seconds=15)  # What goes wrong together is told together.


async def watch(world: World, patience: timedelta = timedelta(0)) -> list[str]:
    """Tell what is wrong and was not told; the channels that owe a message for it. Writes only when there is news."""
    disk = None if world.store.shared else free(world.store.directory)
    facts = replace(world.facts, disk_free=disk, clock_ahead=world.client.clocks.ahead)
    if not await world.store.read(_look, world, facts, patience):
        return []
    return await world.store.write(_tell, world, facts, patience)


async def listen(world: World) -> None:
    """Find out which feeds are unusually quiet. The dates of all articles are read for it, so it is done rarely."""
    silences = await world.store.read(standing.silences, world.config, world.now())
    world.facts = replace(world.facts, silences=silences)


def free(state: Path) -> int | None:
    """The bytes that are free where the state is."""
    try:
        return shutil.disk_usage(state).free
    except OSError:
        return None


def _look(connection: Connection, world: World, facts: Facts, patience: timedelta) -> bool:
    return bool(_telling(connection, world, facts, patience).alarms)


def _tell(connection: Connection, world: World, facts: Facts, patience: timedelta) -> list[str]:
    """The alarms and the messages in one transaction: what is told is told once."""
    alone(connection, "alarms")
    told, now = _telling(connection, world, facts, patience), world.now()
    for name, lines in told.messages.items():
        standing.owe_alert(connection, name, lines, now)
    standing.save_alarms(connection, told.alarms, now)
    return list(told.messages)


def _telling(connection: Connection, world: World, facts: Facts, patience: timedelta) -> Telling:
    stands, now = standing.standing(connection), world.now()
    open_ones = [n for n in world.config.bot.alerts if not stands.channels.get(n, {}).get("stopped_at")]
    wrong = what_is_wrong(stands, facts, world.config, now)
    known = {k: a for k, a in standing.known_alarms(connection).items() if can_tell(k, facts, world.config)}
    return telling(wrong, known, open_ones, now, patience)


def overdue(connection: Connection, rules: Callable[[str], Rules | None], now: datetime) -> str:
    """Which lane could work and does not, though its work is due for long; empty when there is none.

    A platform that is down blocks its lane, which is no trouble of ours.
    """
    for name in desk.busy_channels(connection):
        mine = rules(name)
        id = lanes.next_of(connection, name, mine, now).id if mine else None
        row = desk.delivery(connection, id) if id is not None else None
        if row and now - row["due_at"] > OVERDUE:
            return f"{name} could post, and has not done so since {row['due_at']:%Y-%m-%d %H:%M} UTC"
    return ""
