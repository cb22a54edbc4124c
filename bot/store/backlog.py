"""What waited too long in a channel's lane is held for a person, in the transaction that would have sent it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from bot.model import Occasion
from bot.outcome import State
from bot.pace import AT_ONCE, Lane, Limit, Unsent, overdue
from bot.store.schema import attempts, deliveries

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LET_GO = "let go"  # What a person's yes is called in the history of a delivery.


@dataclass(frozen=True, slots=True)
class Held:
    """Deliveries that wait for a person from now on, by the reason why."""

    ids: Mapping[str, tuple[int, ...]]


def hold_overdue(
    connection: Connection, channel: str, lane: Lane, limits: Mapping[str, Limit], now: datetime, zone: ZoneInfo
) -> Held | None:
    """Hold what a lane that was shut may not pour out; None when there is nothing of that kind."""
    why = overdue(_unsent(connection, channel, now), lane, limits, now, zone)
    if not why:
        return None
    by_reason = groupby(sorted(why, key=lambda id: (why[id], id)), key=lambda id: why[id])
    held = Held({reason: tuple(ids) for reason, ids in by_reason})
    for reason, ids in held.ids.items():
        # Tries that were the channel's trouble tell nothing about the post.
        values = {"state": State.HELD, "why": reason, "tries": 0, "urgent": False}
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(ids), deliveries.c.state == State.DUE).values(values)
        )
    return held


def _unsent(connection: Connection, channel: str, now: datetime) -> Sequence[Unsent]:
    """The shares of a lane that nobody has seen and whose turn may have passed. A repeat is a person's wish."""
    approved = select(attempts.c.delivery_id).where(attempts.c.doing == LET_GO)
    asked = (
        select(deliveries.c.id, deliveries.c.feed, deliveries.c.order_at, deliveries.c.id.in_(approved))
        .where(
            deliveries.c.channel == channel,
            deliveries.c.state == State.DUE,
            deliveries.c.occasion == Occasion.SHARE,
            deliveries.c.turn == 1,
            deliveries.c.shown.is_(None),
            deliveries.c.doubted_at.is_(None),
            deliveries.c.order_at < now - AT_ONCE,
        )
        .order_by(deliveries.c.order_at, deliveries.c.id)
    )
    return [Unsent(*row) for row in connection.execute(asked)]
