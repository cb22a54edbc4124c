"""The processes that work on a state: where several may, each has a lease, and the oldest of those that live leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, or_, select, update

from bot.store.dialects import is_postgres
from bot.store.schema import runs

REPLICA = "run"  # What the daemon's work is called; a command that does its work itself never leads.
MISSED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """Who works: a process on a machine, with its version and the fingerprint of its configuration."""

    id: str
    pid: int
    what: str
    host: str = ""
    version: str = ""
    config: str = ""


def open_run(connection: Connection, run: Run, now: datetime, alive_until: datetime | None = None) -> None:
    """Write down that a process works on this state; without a lease, that all others have ended."""
    if alive_until is None:
        connection.execute(update(runs).where(runs.c.ended_at.is_(None)).values(ended_at=now))
    values = {
        "id": run.id, "pid": run.pid, "what": run.what, "host": run.host, "version": run.version,
        "config": run.config, "began_at": now, "alive_until": alive_until,
    }  # fmt: skip
    connection.execute(insert(runs).values(values))


def close_run(connection: Connection, run: str, now: datetime) -> None:
    connection.execute(update(runs).where(runs.c.id == run).values(ended_at=now))


def sign(connection: Connection, run: str) -> None:
    """Write what is there already, to know that something can be written down."""
    connection.execute(update(runs).where(runs.c.id == run).values(id=run))


def follow_config(connection: Connection, run: str, config: str) -> None:
    """Write down which configuration a run has now."""
    connection.execute(update(runs).where(runs.c.id == run).values(config=config))


# --- Leases --------------------------------------------------------------------------------------------------------


def clock(connection: Connection) -> datetime | None:
    """What time it is to the database, whose clock is that of all replicas; None where there is no such clock."""
    if not is_postgres(connection):
        return None
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told


def renew(connection: Connection, run: str, until: datetime) -> None:
    """Let a run count as alive until then."""
    connection.execute(update(runs).where(runs.c.id == run).values(alive_until=until, ended_at=None))


def lives(now: datetime) -> ColumnElement[bool]:
    """Whether a run counts as alive."""
    return and_(runs.c.ended_at.is_(None), runs.c.alive_until > now)


def alive(connection: Connection, now: datetime) -> Sequence[RowMapping]:
    """The runs that live, the oldest first."""
    return connection.execute(select(runs).where(lives(now)).order_by(runs.c.began_at, runs.c.id)).mappings().all()


def leader(living: Sequence[Mapping[Any, Any]]) -> str:
    """The run that does what only one shall do; empty when there is none."""
    return next((str(row["id"]) for row in living if row["what"] == REPLICA), "")


def current_run(connection: Connection) -> RowMapping | None:
    """The process that works on this state alone, as far as the rows tell."""
    newest = select(runs).where(runs.c.ended_at.is_(None)).order_by(runs.c.began_at.desc())
    return connection.execute(newest).mappings().first()


def forget_lost(connection: Connection, now: datetime) -> None:
    """Let lost runs count as ended: commands, and replicas that were replaced or are missed for long enough."""
    newest = connection.execute(select(func.max(runs.c.began_at)).where(runs.c.what == REPLICA)).scalar()
    lost = and_(runs.c.ended_at.is_(None), runs.c.alive_until <= now)
    gone = or_(runs.c.what != REPLICA, runs.c.alive_until < (newest or now), runs.c.alive_until < now - MISSED_FOR)
    connection.execute(update(runs).where(lost, gone).values(ended_at=runs.c.alive_until))


def replicas(connection: Connection) -> Sequence[RowMapping]:
    """The replicas that have not said that they ended, the oldest first: those that live, and those that were lost."""
    asked = select(runs).where(runs.c.what == REPLICA, runs.c.ended_at.is_(None), runs.c.alive_until.is_not(None))
    return connection.execute(asked.order_by(runs.c.began_at, runs.c.id)).mappings().all()
