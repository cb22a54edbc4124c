"""What people ask and decide: how things stand, what to hold, release, repeat, pause and forget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, delete, func, insert, or_, select, update

from bot.outcome import State
from bot.store.backlog import LET_GO
from bot.store.dialects import without_keys
from bot.store.lanes import paused, save_channel
from bot.store.schema import (
    EVERYTHING,
    attempts,
    channels,
    deliveries,
    delivery_items,
    feeds,
    guids,
    items,
    requests,
    runs,
    tellings,
    working,
)

FINAL = (State.SENT, State.REFUSED, State.SKIPPED, State.RETRACTED)
CAN_RETRY = (State.DUE, State.HELD, State.UNKNOWN, State.REFUSED, State.SKIPPED)
CAN_SKIP = (State.DUE, State.HELD, State.UNKNOWN, State.REFUSED)
FORGOTTEN_AT_ONCE = timedelta(days=7)

# --- Requests ------------------------------------------------------------------------------------------------------


def ask(connection: Connection, what: Mapping[str, Any], now: datetime) -> int:
    """Ask the process that sends for some work."""
    statement = insert(requests).values(asked_at=now, what=dict(what)).returning(requests.c.id)
    return int(connection.execute(statement).scalar_one())


def take_request(connection: Connection, run: str) -> RowMapping | None:
    """The oldest request that nobody works on, now ours; those of another run are ours too, for it is dead.

    Among replicas only the one that leads takes requests.
    """
    waiting = _waiting(run).order_by(requests.c.id).with_for_update()
    row = connection.execute(waiting).mappings().first()
    if row:
        connection.execute(update(requests).where(requests.c.id == row["id"]).values(run=run))
    return row


def _waiting(run: str) -> Select[Any]:
    return select(requests).where(requests.c.ended_at.is_(None), requests.c.run != run)


def take_back(connection: Connection, request: int, run: str) -> RowMapping:
    """A request whose worker died before it ended, ours now: what is left of it."""
    connection.execute(update(requests).where(requests.c.id == request).values(run=run))
    return connection.execute(select(requests).where(requests.c.id == request)).mappings().one()


def has_request(connection: Connection, run: str) -> bool:
    return connection.execute(_waiting(run).limit(1)).first() is not None


def item_is_shared(connection: Connection, request: int) -> None:
    """The item of this request is owed now; whoever takes the request over shall not owe it once more."""
    row = connection.execute(select(requests.c.what).where(requests.c.id == request)).scalar_one()
    connection.execute(update(requests).where(requests.c.id == request).values(what={**row, "item": ""}))


def tell(connection: Connection, request: int, event: Mapping[str, Any]) -> None:
    connection.execute(insert(tellings).values(request_id=request, event=dict(event)))


def end_request(connection: Connection, request: int, *, ok: bool, now: datetime) -> None:
    connection.execute(update(requests).where(requests.c.id == request).values(ended_at=now, ok=ok))


def told_since(connection: Connection, request: int, last: int) -> tuple[Sequence[RowMapping], RowMapping | None]:
    """What was told of a request after the telling `last`, and the request itself."""
    row = connection.execute(select(requests).where(requests.c.id == request)).mappings().first()
    since = select(tellings).where(tellings.c.request_id == request, tellings.c.id > last).order_by(tellings.c.id)
    return connection.execute(since).mappings().all(), row


# --- Decisions -----------------------------------------------------------------------------------------------------


def pause(connection: Connection, name: str | None, until: datetime | None, now: datetime) -> None:
    """Pause one channel, or everything."""
    save_channel(connection, name or EVERYTHING, {"paused_at": now, "paused_until": until})


def resume(connection: Connection, name: str | None) -> None:
    """End a pause and a stop: of one channel, or of all of them."""
    free = {
        "paused_at": None, "paused_until": None, "stopped_at": None, "stopped_why": "",
        "blocked_until": None, "blocked_why": "", "block_is_firm": False,
    }  # fmt: skip
    which = channels.c.name == name if name else channels.c.name.is_not(None)
    connection.execute(update(channels).where(which).values(free))


def delivery(connection: Connection, id: int) -> RowMapping | None:
    return connection.execute(select(deliveries).where(deliveries.c.id == id)).mappings().first()


def numbered(connection: Connection, numbers: range, states: Collection[State]) -> list[int]:
    """The deliveries among these numbers that are in one of these states."""
    among = deliveries.c.id.between(numbers.start, numbers.stop - 1)
    return list(connection.execute(select(deliveries.c.id).where(among, deliveries.c.state.in_(states))).scalars())


def in_order(connection: Connection, ids: Collection[int]) -> list[int]:
    """Deliveries in the order in which their articles were published."""
    moment = func.min(func.coalesce(items.c.published, items.c.first_seen))
    asked = select(deliveries.c.id).outerjoin(delivery_items).outerjoin(items).where(deliveries.c.id.in_(ids))
    return list(connection.execute(asked.group_by(deliveries.c.id).order_by(moment, deliveries.c.id)).scalars())


def release(connection: Connection, id: int, now: datetime, place: int = 0) -> bool:
    """Make a delivery due now: a held one is approved, an unknown or refused one is tried again.

    `place` is its place among those that are let go together.
    """
    row = and_(deliveries.c.id == id, deliveries.c.state.in_(CAN_RETRY))
    values = {
        "state": State.DUE, "why": "", "due_at": now, "order_at": now + timedelta(microseconds=place),
        "urgent": True, "tries": 0, "doubted_at": None,
    }  # fmt: skip
    if connection.execute(update(deliveries).where(row).values(values)).rowcount == 0:
        return False
    connection.execute(insert(attempts).values(delivery_id=id, at=now, doing=LET_GO, state=State.DUE))
    return True


def skip(connection: Connection, id: int, why: str) -> bool:
    """Let a delivery be: it is not sent, and no longer waits for anybody."""
    row = and_(deliveries.c.id == id, deliveries.c.state.in_(CAN_SKIP))
    values = {"state": State.SKIPPED, "why": why}
    return connection.execute(update(deliveries).where(row).values(values)).rowcount == 1


def retract(connection: Connection, id: int, now: datetime) -> bool:
    """Want nothing shown any more of what was sent; the channel's lane makes it so."""
    row = and_(deliveries.c.id == id, deliveries.c.state == State.SENT)
    values = {"wanted": None, "due_at": now, "order_at": now, "tries": 0, "why": ""}
    return connection.execute(update(deliveries).where(row).values(values)).rowcount == 1


def hurry(connection: Connection, names: Collection[str], feed_names: Collection[str], now: datetime) -> None:
    """A person wants what is due now: it waits for no hours, and not for the back-off of before.

    What meets trouble now blocks its lane anew, for all: a later post may not slip past an earlier one.
    """
    due = and_(deliveries.c.state == State.DUE, deliveries.c.channel.in_(names))
    of_feeds = or_(deliveries.c.feed.in_(feed_names), deliveries.c.feed == "")
    connection.execute(update(deliveries).where(due, of_feeds).values(urgent=True, due_at=now))
    unblock(connection, names)


def unblock(connection: Connection, names: Collection[str]) -> None:
    """Lift our own back-off from these lanes, but not what the platform asked for."""
    ours = and_(channels.c.name.in_(names), channels.c.block_is_firm.is_(False))
    connection.execute(update(channels).where(ours).values(blocked_until=None, blocked_why=""))


def turns(connection: Connection, channel: str, item: int) -> Sequence[RowMapping]:
    """The shares of an item on a channel, the newest turn first."""
    asked = (
        select(deliveries)
        .join(delivery_items)
        .where(deliveries.c.channel == channel, delivery_items.c.item_id == item, deliveries.c.occasion == "share")
        .order_by(deliveries.c.turn.desc())
    )
    return connection.execute(asked).mappings().all()


def find_item(connection: Connection, feed_names: Collection[str], wanted: str) -> RowMapping | None:
    """An item by `latest`, its address or its number."""
    from bot.keys import link_key

    asked = select(items).where(items.c.feed.in_(feed_names))
    if wanted.isdigit():
        asked = asked.where(items.c.id == int(wanted))
    elif wanted != "latest":
        asked = asked.where(items.c.link_key == link_key(wanted))
    newest = asked.order_by(func.coalesce(items.c.published, items.c.first_seen).desc(), items.c.id.desc())
    return connection.execute(newest).mappings().first()


def subject_taken(connection: Connection, subject: str) -> bool:
    """Whether a share of this subject exists on any channel."""
    return (
        connection.execute(select(deliveries.c.id).where(deliveries.c.subject == subject).limit(1)).first() is not None
    )


def title_of(connection: Connection, id: int) -> str:
    """The title of what a delivery is about, or the first words of an alert."""
    asked = select(items.c.data).join(delivery_items).where(delivery_items.c.delivery_id == id)
    data = connection.execute(asked).scalar()
    return str(
        data["title"] if data else connection.execute(select(deliveries.c.words).where(deliveries.c.id == id)).scalar()
    )


def guid_of(connection: Connection, item: int) -> str:
    return str(connection.execute(select(guids.c.guid).where(guids.c.item_id == item)).scalar() or item)


# --- How things stand ----------------------------------------------------------------------------------------------


def due_feeds(connection: Connection, names: Collection[str], now: datetime) -> list[str]:
    """The configured feeds whose poll is due; one that was never polled is due at once."""
    everything = connection.execute(select(channels).where(channels.c.name == EVERYTHING)).mappings().first()
    if everything and paused(everything, now):
        return []
    rows = connection.execute(select(feeds.c.name, feeds.c.gone, feeds.c.poll_due_at)).all()
    later = {row.name for row in rows if row.gone or (row.poll_due_at is not None and row.poll_due_at > now)}
    return [name for name in names if name not in later]


def busy_channels(connection: Connection) -> list[str]:
    """The channels that owe something. Each is asked for by itself, so that what was sent long ago costs nothing."""
    owing = select(deliveries.c.id).where(deliveries.c.channel == channels.c.name, working).exists()
    return list(connection.execute(select(channels.c.name).where(owing)).scalars())


def channel_rows(connection: Connection) -> dict[str, RowMapping]:
    return {row["name"]: row for row in connection.execute(select(channels)).mappings()}


def feed_rows(connection: Connection) -> dict[str, RowMapping]:
    return {row["name"]: row for row in connection.execute(select(feeds)).mappings()}


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many deliveries each channel has in each state."""
    asked = select(deliveries.c.channel, deliveries.c.state, func.count()).group_by(
        deliveries.c.channel, deliveries.c.state
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(asked)}


def of_states(connection: Connection, states: Collection[State], limit: int | None = 20) -> Sequence[RowMapping]:
    """The latest deliveries in these states."""
    asked = select(deliveries).where(deliveries.c.state.in_(states)).order_by(deliveries.c.id.desc()).limit(limit)
    return connection.execute(asked).mappings().all()


def latest_items(connection: Connection, limit: int = 3) -> Sequence[RowMapping]:
    """The articles that were shared or wait, the newest first, each with its deliveries' channels and states."""
    newest = (
        select(items.c.id, items.c.feed, items.c.data, items.c.first_seen, items.c.published)
        .where(items.c.id.in_(select(delivery_items.c.item_id)))
        .order_by(items.c.id.desc())
        .limit(limit)
    )
    return connection.execute(newest).mappings().all()


def deliveries_of(connection: Connection, item_ids: Collection[int]) -> Sequence[RowMapping]:
    asked = (
        select(deliveries, delivery_items.c.item_id)
        .join(delivery_items)
        .where(delivery_items.c.item_id.in_(item_ids))
        .order_by(deliveries.c.channel, deliveries.c.turn)
    )
    return connection.execute(asked).mappings().all()


def prune(connection: Connection, before: datetime) -> None:
    """Forget the history before this moment. Identities stay, so that what comes back is not new.

    A week of it is the most for one time: a clock that is wrong by years must not cost everything at once.
    """
    remembered = and_(deliveries.c.state.in_(FINAL), deliveries.c.id.in_(select(attempts.c.delivery_id)))
    oldest = connection.execute(select(func.min(deliveries.c.made_at)).where(remembered)).scalar()
    before = min(before, oldest + FORGOTTEN_AT_ONCE) if oldest else before
    old = select(deliveries.c.id).where(deliveries.c.state.in_(FINAL), deliveries.c.made_at < before)
    connection.execute(delete(attempts).where(attempts.c.delivery_id.in_(old)))
    forgotten = {"post": None, "prepared": None, "receipt": None}
    connection.execute(update(deliveries).where(deliveries.c.id.in_(old)).values(forgotten))
    connection.execute(delete(requests).where(requests.c.ended_at < before))
    connection.execute(delete(runs).where(runs.c.ended_at < before))
    open_items = select(delivery_items.c.item_id).join(deliveries).where(deliveries.c.state.not_in(FINAL))
    told = items.c.data["html"].as_string().is_not(None)
    stale = and_(items.c.last_seen < before, told, items.c.id.not_in(open_items))
    bare = without_keys(connection, items.c.data, "html", "summary")
    connection.execute(update(items).where(stale).values(data=bare))
