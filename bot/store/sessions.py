"""The sessions of channels, as rows that replicas share.

The driver is asked without SQLAlchemy, whose log at its most talkative tells every row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection


def session_of(connection: Connection, channel: str) -> dict[str, Any] | None:
    """The session that is kept of a channel, with what it was made from."""
    asked = "SELECT made_from, kept::text FROM sessions WHERE channel = %s"
    row = _driver(connection).execute(asked, (channel,)).fetchone()
    return {"made_from": row[0], "kept": json.loads(row[1])} if row else None


def keep_sessions(connection: Connection, entries: Mapping[str, Any]) -> None:
    """Keep the sessions of these channels."""
    put = (
        "INSERT INTO sessions (channel, made_from, kept) VALUES (%s, %s, %s::json) "
        "ON CONFLICT (channel) DO UPDATE SET made_from = excluded.made_from, kept = excluded.kept"
    )
    for channel, entry in entries.items():
        _driver(connection).execute(put, (channel, entry["made_from"], json.dumps(entry["kept"])))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
