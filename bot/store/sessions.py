"""The sessions of channels, as rows that replicas share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from bot.store.dialects import insert
from bot.store.schema import sessions


def session_of(connection: Connection, channel: str) -> dict[str, Any] | None:
    """The session that is kept of a channel, with what it was made from."""
    row = connection.execute(select(sessions).where(sessions.c.channel == channel)).mappings().first()
    return {"made_from": row["made_from"], "kept": row["kept"]} if row else None


def keep_sessions(connection: Connection, entries: Mapping[str, Any]) -> None:
    """Keep the sessions of these channels."""
    for channel, entry in entries.items():
        statement = insert(connection, sessions).values(channel=channel, **entry)
        connection.execute(statement.on_conflict_do_update(index_elements=["channel"], set_=dict(entry)))
