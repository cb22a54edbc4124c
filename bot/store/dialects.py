"""What the databases say each in its own way: an insert that may meet a row, JSON with less in it, and being alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import JSON, Column, Connection, Table, func, select
from sqlalchemy import cast as as_type
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement


def is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def insert(connection: Connection, table: Table) -> sqlite.Insert:
    """An insert that can be told what to do when the row is there already, in the words of this database."""
    if not is_postgres(connection):
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return cast(sqlite.Insert, postgresql.insert(table))


def without_keys(connection: Connection, column: Column[Any], *keys: str) -> ColumnElement[Any]:
    """A JSON object without some of its keys."""
    if not is_postgres(connection):
        return func.json_remove(column, *(f"$.{key}" for key in keys))
    from sqlalchemy.dialects.postgresql import JSONB

    rest: ColumnElement[Any] = as_type(column, JSONB)
    for key in keys:
        rest = rest.op("-")(key)
    return as_type(rest, JSON)


def alone(connection: Connection, what: str, name: str = "") -> None:
    """Be the only writer of this thing until the transaction ends.

    SQLite has one writer at a time anyway. On PostgreSQL others wait here, and see then what we have written.
    """
    if is_postgres(connection):
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"delebot {what} {name}", 0))))
