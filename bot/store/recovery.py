"""After a crash, from a copy, and when the clock was set back: what is unfinished is settled by what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, and_, func, select, update

from bot.model import Occasion
from bot.outcome import LOOK_AFTER, SET_BACK, Standing, State, may_repeat
from bot.store import holds
from bot.store.lanes import standing_of
from bot.store.schema import Moment, channels, deliveries, feeds, metadata, requests

if TYPE_CHECKING:
    from bot.store.lanes import Rules


def recover(
    connection: Connection, alive: Collection[str], rules_of: Callable[[str], Rules | None], now: datetime
) -> tuple[int, set[tuple[str, str]]]:
    """Settle what all runs but these have left `sending`, and give free what they held: how much, and which lanes."""
    return _settle(connection, deliveries.c.run.not_in(alive), rules_of, now), holds.free(connection, alive)


def recover_run(connection: Connection, run: str, rules_of: Callable[[str], Rules | None], now: datetime) -> None:
    """Settle what this run leaves `sending` at its end, and give free what it held."""
    _settle(connection, deliveries.c.run == run, rules_of, now)
    holds.free_of(connection, run)


def recover_lane(
    connection: Connection, channel: str, run: str, rules_of: Callable[[str], Rules | None], now: datetime
) -> None:
    """Settle what a lane of this very run has left, which stumbled over the database and began anew."""
    _settle(connection, and_(deliveries.c.channel == channel, deliveries.c.run == run), rules_of, now)


def _settle(
    connection: Connection, which: ColumnElement[bool], rules_of: Callable[[str], Rules | None], now: datetime
) -> int:
    left = select(deliveries).where(deliveries.c.state == State.SENDING, which).with_for_update()
    rows = connection.execute(left).mappings().all()
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


def doubt_what_is_open(connection: Connection, when: str, now: datetime) -> int:
    """Of a copy of `when`: hold what it thinks is due or held, and at the next poll what it thinks is new.

    What was asked for when the copy was made was done then. What is to be told of troubles is still told, for a
    repeated word is better than silence.
    """
    why = f"the state was brought back from a copy of {when}; it may have been sent since"
    open_states = deliveries.c.state.in_((State.DUE, State.SENDING, State.HELD))
    unsent = open_states & deliveries.c.shown.is_(None)
    news = deliveries.c.occasion.not_in((Occasion.ALERT, Occasion.TEST))
    values = {"state": State.HELD, "why": why, "run": "", "tries": 0}
    held = connection.execute(update(deliveries).where(unsent, news).values(values))
    connection.execute(update(feeds).values(doubt=why))
    connection.execute(update(requests).where(requests.c.ended_at.is_(None)).values(ended_at=now, ok=False))
    return held.rowcount


# --- When the clock is set back ------------------------------------------------------------------------------------

FOR_GOOD = timedelta(days=365)
# Moments that may lie ahead. All others were the present when they were written down.
AHEAD = {
    "feeds.poll_due_at", "deliveries.due_at", "deliveries.order_at", "channels.blocked_until", "runs.alive_until",
}  # fmt: skip
# Moments that somebody else has told, so that our clock has no part in them.
TOLD = {"items.published", "channels.good_until"}
PAUSES = {"channels.paused_at", "channels.paused_until"}


def moments() -> Iterator[Column[datetime]]:
    """Every column that holds a moment of our own clock."""
    for table in metadata.tables.values():
        yield from (c for c in table.columns if isinstance(c.type, Moment) and str(c) not in TOLD)


def follow_clock(
    connection: Connection, rules_of: Callable[[str], Rules | None], now: datetime, latest: datetime | None = None
) -> bool:
    """Bring what was written by a clock that is set back since to the clock of now; whether there was any such thing.

    Without this everything would stand still until the clock has caught up, which may take a year. `latest` is the
    last moment that the caller remembers. What is ahead moves by as much as the clock did.
    """
    told = [connection.execute(select(func.max(c))).scalar() for c in moments() if str(c) not in AHEAD | PAUSES]
    told.append(connection.execute(select(func.max(channels.c.paused_at))).scalar())
    by = max((moment for moment in (*told, latest) if moment), default=now) - now
    if by < SET_BACK:
        return False
    _doubt_what_may_be_forgotten(connection, rules_of)
    for column in moments():
        if str(column) not in PAUSES:
            _move(connection, column, column > now, by)
    # A pause that a person gave a length is shortened only if it began in what is the future now.
    wrong = channels.c.paused_at > now
    _move(connection, channels.c.paused_until, wrong, by)
    _move(connection, channels.c.paused_at, wrong, by)
    return True


def _move(connection: Connection, column: Column[datetime], which: ColumnElement[bool], by: timedelta) -> None:
    keys = list(column.table.primary_key.columns)
    for *values, moment in connection.execute(select(*keys, column).where(which, column.is_not(None))).all():
        mine = and_(*(key == value for key, value in zip(keys, values, strict=True)))
        connection.execute(update(column.table).where(mine).values({column.name: moment - by}))


def _doubt_what_may_be_forgotten(connection: Connection, rules_of: Callable[[str], Rules | None]) -> None:
    """How long ago a post was tried is not known any more, so the platform may have forgotten its key."""
    in_doubt = and_(deliveries.c.state == State.DUE, deliveries.c.doubted_at.is_not(None), deliveries.c.shown.is_(None))
    why = "it may have arrived, and the clock of this machine was set back since"
    for row in connection.execute(select(deliveries.c.id, deliveries.c.channel).where(in_doubt)).all():
        rules = rules_of(row.channel)
        if rules and (rules.on_unknown == "repeat" or (rules.repeatable or timedelta(0)) > FOR_GOOD):
            continue
        connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(state=State.UNKNOWN, why=why))
