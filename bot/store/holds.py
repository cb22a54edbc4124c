"""Which run is at what, where several work on one state: a poll, a drain, and one of the few places at a host."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, delete, or_, select

from bot.store.dialects import insert
from bot.store.schema import feeds, holds

Took = Literal["held", "busy", "not due"]
HOST = "host"


def take(
    connection: Connection,
    job: str,
    name: str,
    run: str,
    now: datetime,
    *,
    one_of: Sequence[str] = (),
    if_due: bool = False,
) -> Took:
    """Take a lane, and one of these places at its host, unless others have them.

    What a dead run held is given free together with what it left undone, and by nobody else before.
    """
    if not _take(connection, job, name, run, now):
        return "busy"
    # Only now it is certain that nobody polls it meanwhile.
    if if_due and not _is_due(connection, name, now):
        let_go(connection, job, name, run)
        return "not due"
    if one_of and not any(_take(connection, HOST, place, run, now, name) for place in one_of):
        let_go(connection, job, name, run)
        return "busy"
    return "held"


def _take(connection: Connection, job: str, name: str, run: str, now: datetime, about: str = "") -> bool:
    statement = insert(connection, holds).values(job=job, name=name, run=run, since=now, about=about)
    mine = and_(holds.c.run == run, holds.c.about == about)
    again = statement.on_conflict_do_update(index_elements=["job", "name"], set_={"since": now}, where=mine)
    return connection.execute(again.returning(holds.c.name)).first() is not None


def _is_due(connection: Connection, feed: str, now: datetime) -> bool:
    row = connection.execute(select(feeds.c.poll_due_at).where(feeds.c.name == feed)).first()
    return row is None or row.poll_due_at is None or row.poll_due_at <= now


def let_go(connection: Connection, job: str, name: str, run: str) -> None:
    """Give a lane free, with the place at a host that was taken for it."""
    lane = and_(holds.c.job == job, holds.c.name == name)
    place = and_(holds.c.job == HOST, holds.c.about == name) if job == "poll" else lane
    connection.execute(delete(holds).where(or_(lane, place), holds.c.run == run))


def held(connection: Connection) -> set[tuple[str, str]]:
    """The lanes that somebody is at."""
    return {(row.job, row.name) for row in connection.execute(select(holds.c.job, holds.c.name))}


def is_held(connection: Connection, job: str, name: str, run: str) -> bool:
    """Whether this run is still at it, which nobody changes before this transaction has ended."""
    mine = and_(holds.c.job == job, holds.c.name == name, holds.c.run == run)
    return connection.execute(select(holds.c.since).where(mine).with_for_update()).first() is not None


def free(connection: Connection, alive: Collection[str]) -> set[tuple[str, str]]:
    """Give free what runs held that live no more; what that was."""
    freed = delete(holds).where(holds.c.run.not_in(alive)).returning(holds.c.job, holds.c.name)
    return {(row.job, row.name) for row in connection.execute(freed)}


def free_of(connection: Connection, run: str) -> None:
    """Give free all that a run holds."""
    connection.execute(delete(holds).where(holds.c.run == run))
