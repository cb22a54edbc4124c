"""The rows follow the configuration: renamed feeds, removed channels, and channels that lead elsewhere now."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, and_, select, update

from bot.outcome import State
from bot.store.dialects import alone
from bot.store.lanes import save_channel
from bot.store.schema import channels, deliveries, feeds, guids, items


def adopt(connection: Connection, channel_targets: Mapping[str, str], feed_targets: Mapping[str, str]) -> None:
    """Follow the configuration: renamed feeds keep their past, removed channels owe nothing, mended ones go on."""
    alone(connection, "adoption")
    _rename_feeds(connection, feed_targets)
    gone = and_(deliveries.c.state.in_((State.DUE, State.HELD)), deliveries.c.channel.not_in(channel_targets))
    connection.execute(
        update(deliveries).where(gone).values(state=State.SKIPPED, why="its channel is no longer configured")
    )
    rows = {row["name"]: row for row in connection.execute(select(channels)).mappings()}
    for name, target in channel_targets.items():
        known = rows.get(name)
        if known is None or known["target"] != target:
            # A channel that leads elsewhere now, say with a new webhook, is no longer the one that was stopped.
            mended = {"target": target, "stopped_at": None, "stopped_why": "", "blocked_until": None, "blocked_why": ""}
            save_channel(connection, name, mended)
            # What was uploaded to one account is nothing that another can show.
            connection.execute(update(deliveries).where(deliveries.c.channel == name).values(prepared=None))


def _rename_feeds(connection: Connection, targets: Mapping[str, str]) -> None:
    rows = {row["name"]: row["target"] for row in connection.execute(select(feeds)).mappings()}
    lost = {target: name for name, target in rows.items() if name not in targets and target}
    for name, target in targets.items():
        old = lost.pop(target, None) if name not in rows else None
        if old:
            for table, column in (
                (feeds, feeds.c.name),
                (items, items.c.feed),
                (guids, guids.c.feed),
                (deliveries, deliveries.c.feed),
            ):
                connection.execute(update(table).where(column == old).values({column.name: name}))
