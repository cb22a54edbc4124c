"""How things stand, read in one go, and what somebody was told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, delete, func, select, update

from bot.alerts import Alarm, message
from bot.feeds.rhythm import calendar_of, unusual_silence, words
from bot.model import Occasion
from bot.outcome import State
from bot.plan import Owed
from bot.store import desk, runs
from bot.store.dialects import insert
from bot.store.polls import owe
from bot.store.schema import alarms, deliveries, delivery_items, items
from bot.troubles import Row, Standing, Stuck, Waiting

if TYPE_CHECKING:
    from bot.settings import Config

FORGET_AFTER = timedelta(days=7)
WORDS = (Occasion.ALERT, Occasion.TEST)


def standing(connection: Connection) -> Standing:
    """What the judgement of troubles needs of the rows."""
    return Standing(
        feeds={name: dict(row) for name, row in desk.feed_rows(connection).items()},
        channels={name: dict(row) for name, row in desk.channel_rows(connection).items()},
        waiting=waiting(connection),
        stuck=stuck(connection),
        replicas=[dict(row) for row in runs.replicas(connection)],
    )


def waiting(connection: Connection) -> list[Waiting]:
    """What waits for a person, grouped by reason; what the plan holds is one group for all channels."""
    asked = (
        select(
            deliveries.c.id, deliveries.c.channel, deliveries.c.feed, deliveries.c.state, deliveries.c.why,
            deliveries.c.tries, func.min(delivery_items.c.item_id).label("item"),
        )
        .outerjoin(delivery_items)
        .where(
            deliveries.c.state.in_((State.HELD, State.UNKNOWN, State.REFUSED)), deliveries.c.occasion.not_in(WORDS)
        )
        .group_by(deliveries.c.id)
    )  # fmt: skip
    found: list[Row] = [dict(row) for row in connection.execute(asked).mappings()]
    rows = sorted(found, key=lambda row: (_reason(row), row["id"]))
    return [_group(connection, list(group)) for _, group in groupby(rows, key=_reason)]


def _reason(row: Row) -> tuple[Any, ...]:
    held = row["state"] == State.HELD and not row["tries"]
    return (row["state"], row["why"], row["feed"] if held else "", "" if held else row["channel"], not held)


def _group(connection: Connection, rows: Sequence[Row]) -> Waiting:
    first = rows[0]
    return Waiting(
        State(first["state"]),
        first["why"],
        first["feed"],
        channels=tuple(dict.fromkeys(row["channel"] for row in rows)),
        ids=tuple(row["id"] for row in rows),
        items=len({row["item"] for row in rows}),
        title=desk.title_of(connection, first["id"]),
        tried=bool(first["tries"]) or first["state"] != State.HELD,
    )


def stuck(connection: Connection) -> dict[str, Stuck]:
    """The lanes whose posts were tried and do not get through."""
    due = and_(deliveries.c.state == State.DUE, deliveries.c.occasion.not_in(WORDS))
    columns = (deliveries.c.channel, func.count(), func.min(deliveries.c.made_at))
    number = {row[0]: row[1] for row in connection.execute(select(*columns).where(due).group_by(deliveries.c.channel))}
    tried = (
        select(deliveries.c.channel, deliveries.c.order_at, deliveries.c.why)
        .where(due, deliveries.c.tries > 0, deliveries.c.why != "")
        .order_by(deliveries.c.order_at.desc())
    )
    return {row.channel: Stuck(number[row.channel], row.order_at, row.why) for row in connection.execute(tried)}


# --- Alarms --------------------------------------------------------------------------------------------------------


def known_alarms(connection: Connection) -> dict[str, Alarm]:
    names = [alarms.c[field.name] for field in fields(Alarm)]
    return {row["key"]: Alarm(**row) for row in connection.execute(select(*names)).mappings()}


def save_alarms(connection: Connection, changed: Iterable[Alarm], now: datetime) -> None:
    """Write down what is wrong and what was told of it; forget what has long been well."""
    for alarm in changed:
        values = asdict(alarm)
        statement = insert(connection, alarms).values(values)
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    connection.execute(delete(alarms).where(alarms.c.ended_at < now - FORGET_AFTER))


def owe_alert(connection: Connection, channel: str, lines: Sequence[str], now: datetime) -> None:
    """Owe these lines to a channel, in one message with those that wait there already."""
    waits = and_(
        deliveries.c.channel == channel, deliveries.c.occasion == Occasion.ALERT, deliveries.c.state == State.DUE,
        deliveries.c.doubted_at.is_(None),
    )  # fmt: skip
    waiting = select(deliveries.c.id, deliveries.c.words).where(waits).limit(1).with_for_update()
    row = connection.execute(waiting).first()
    if row:
        values = {"words": message(lines, row.words), "post": None}
        connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(values))
        return
    owed = Owed(channel, f"alert {now.isoformat()}", State.DUE, now)
    owe(connection, owed, [], occasion=Occasion.ALERT, words=message(lines), now=now, urgent=True)


# --- Silence -------------------------------------------------------------------------------------------------------


def silences(connection: Connection, config: Config, now: datetime) -> dict[str, tuple[datetime, str]]:
    """The feeds that are quiet for longer than their newsrooms' rhythm explains: since when, and in words."""
    found = {}
    for name in config.feeds:
        asked = select(items.c.published, items.c.first_seen).where(items.c.feed == name)
        silence = unusual_silence(
            _appeared(connection.execute(asked).all()),
            now,
            config.bot.timezone,
            partial(calendar_of, config.bot.holidays),
        )
        if silence:
            found[name] = (silence.since, words(silence))
    return found


def _appeared(rows: Sequence[Any]) -> list[datetime]:
    """When articles appeared: at their dates, but not before we saw them in a feed that we were watching."""
    began = min((row.first_seen for row in rows), default=None)
    watched = ((row.published or row.first_seen, row.first_seen) for row in rows)
    return [published if seen == began else max(published, seen) for published, seen in watched]
