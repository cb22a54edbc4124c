"""After a crash: what earlier runs left `sending` is settled by what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, RowMapping, select, update

from bot.outcome import LOOK_AFTER, Standing, State, may_repeat
from bot.store.lanes import standing_of
from bot.store.schema import deliveries

if TYPE_CHECKING:
    from bot.store.lanes import Rules


def recover(connection: Connection, run: str, rules_of: Callable[[str], Rules | None], now: datetime) -> int:
    """Settle what earlier runs left `sending`, whatever the clock says: they are dead, for we hold the lock."""
    rows = (
        connection.execute(select(deliveries).where(deliveries.c.state == State.SENDING, deliveries.c.run != run))
        .mappings()
        .all()
    )
    for row in rows:
        connection.execute(
            update(deliveries).where(deliveries.c.id == row["id"]).values(_recovered(row, rules_of, now))
        )
    return len(rows)


def _recovered(row: RowMapping, rules_of: Callable[[str], Rules | None], now: datetime) -> dict[str, Any]:
    free = {"run": "", "begun_at": None, "due_at": now}
    if row["shown"] is not None:
        return {**free, "state": State.SENT}
    if row["begun_at"] is None:
        return {**free, "state": State.DUE, "tries": row["tries"] - 1}
    rules = rules_of(row["channel"])
    standing = standing_of(row, rules, now) if rules else Standing("publish", row["tries"], row["doubted_at"])
    if standing.doing == "look_up":
        return {**free, "state": State.DUE, "due_at": now + LOOK_AFTER}
    if may_repeat(standing, now):
        return {**free, "state": State.DUE}
    return {**free, "state": State.UNKNOWN, "why": "Delebot was stopped while it was being sent"}
