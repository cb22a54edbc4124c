"""Pours all rows of one database into another, whichever they are, and counts them on both sides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from bot.model import Mistake
from bot.store.dialects import is_postgres
from bot.store.schema import alarms, deliveries, feeds, holds, items, metadata, runs, sessions

AT_ONCE = 500
PASSING = (holds,)  # What belongs to processes that are at work, and to no state.
SECRET = (sessions,)

Progress = Callable[[str, int, int], None]


def is_empty(connection: Connection) -> bool:
    """Whether nothing is remembered here yet."""
    told = (feeds, items, deliveries, alarms)
    return not any(connection.execute(select(table).limit(1)).first() for table in told)


def empty(connection: Connection, but: Collection[Table] = ()) -> None:
    """Forget everything."""
    for table in reversed(metadata.sorted_tables):
        if table not in but:
            connection.execute(delete(table))


def hold_still(connection: Connection) -> None:
    """See all that is read from here on as it is now, whoever writes meanwhile; the first thing of a transaction."""
    if is_postgres(connection):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def pour(
    source: Connection, target: Connection, told: Progress, but: Collection[Table] = PASSING
) -> dict[str, tuple[int, int]]:
    """Copy every row; how many there are then on both sides, by the table. Mistake when these differ."""
    counted = {}
    for table in metadata.sorted_tables:
        if table in but:
            continue
        there = _count(source, table)
        for number, rows in _in_portions(source, table):
            target.execute(insert(table), rows)
            told(table.name, number, there)
        _go_on_counting(target, table)
        counted[table.name] = (there, _count(target, table))
    # Whoever worked there works here no more.
    target.execute(update(runs).where(runs.c.ended_at.is_(None)).values(ended_at=runs.c.began_at))
    wrong = [name for name, (there, here) in counted.items() if there != here]
    if wrong:
        what = f"not every row arrived: {', '.join(wrong)}"
        raise Mistake(what, remedy="Nothing was changed: see that nothing else writes there, and try again", code=1)
    return counted


def _in_portions(connection: Connection, table: Table) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    rows = connection.execution_options(yield_per=AT_ONCE).execute(select(table).order_by(*table.primary_key.columns))
    number = 0
    for portion in rows.mappings().partitions():
        number += len(portion)
        yield number, [dict(row) for row in portion]


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Number new rows from where the poured ones end, which SQLite does by itself."""
    if is_postgres(connection) and table.autoincrement_column is not None:
        name = table.autoincrement_column.name
        last = select(func.coalesce(func.max(table.c[name]), 0) + 1).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, name), last, False)))
