"""What a poll asks the store and leaves there: the memory of a feed, what is known of its items, and the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, func, or_, select, update

from bot.identity import Known, keys_to_look_up, unmatched
from bot.keys import content_hash, link_key, title_key
from bot.model import Document, Item, Occasion
from bot.outcome import State
from bot.plan import CLOCK_SKEW, LATELY, WAITS_FOR_APPROVAL, New, Owed, Past, Plan, Raised, Seen, Shown, delivery_key
from bot.store.dialects import alone, insert
from bot.store.schema import channels, deliveries, delivery_items, feeds, guids, items

if TYPE_CHECKING:
    from bot.settings import Feed

ITEM: TypeAdapter[Item] = TypeAdapter(Item)
OPEN_TO_CHANGE = (State.DUE, State.HELD, State.SENDING, State.SENT, State.UNKNOWN)
Row = Mapping[str, Any]
READINGS = 5  # Hashes of its last readings that an item keeps, to know an old one again.
NAMES = 50  # Keys that are remembered of an item. One whose guid is new at each poll is known by other signs anyway.
NEARBY = 50  # Known items with one link, title or date that are looked at for an entry whose guid is new.


def feed_row(connection: Connection, name: str) -> dict[str, Any]:
    """How a feed stands; empty when it was never polled."""
    row = connection.execute(select(feeds).where(feeds.c.name == name)).mappings().first()
    return dict(row) if row else {}


def save_feed(connection: Connection, name: str, values: Mapping[str, Any]) -> None:
    """Write down how a feed stands."""
    statement = insert(connection, feeds).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=dict(values)))


# --- What is known -------------------------------------------------------------------------------------------------


def past_of(connection: Connection, feed: str, document: Document, watched_at: datetime | None, now: datetime) -> Past:
    """All that is remembered of what this document speaks of."""
    known = known_items(connection, feed, document)
    ids = [k.id for k in known]
    columns = (deliveries.c.id, delivery_items.c.item_id, deliveries.c.channel, deliveries.c.shown.is_not(None))
    ours_shared = and_(delivery_items.c.item_id.in_(ids), deliveries.c.occasion == Occasion.SHARE)
    rows = connection.execute(select(*columns, deliveries.c.state).join(delivery_items).where(ours_shared))
    # Asked for by its state too, SQLite would look at all that were ever sent.
    shown = [Shown(*row[:4]) for row in rows if row.state in OPEN_TO_CHANGE]
    ours = items.c.feed == feed
    believable = items.c.published <= now + CLOCK_SKEW
    owing = items.c.id.in_(select(delivery_items.c.item_id))
    lately = select(items.c.first_seen).where(ours, items.c.first_seen > now - LATELY, owing)
    return Past(
        known,
        shown,
        _subjects(connection, document),
        newest=connection.execute(select(func.max(items.c.published)).where(ours, believable)).scalar(),
        watched_at=watched_at,
        familiar=connection.execute(select(items.c.id).where(ours).limit(1)).first() is not None,
        arrivals=connection.execute(lately).scalars().all(),
        doubt=connection.execute(select(feeds.c.doubt).where(feeds.c.name == feed)).scalar() or "",
    )


def known_items(connection: Connection, feed: str, document: Document) -> list[Known]:
    """The known items that may be entries of this document: by a key, or else by their link, title or date."""
    named = select(guids.c.item_id).where(guids.c.feed == feed)
    keys = keys_to_look_up(document.items, document.link)
    by_key = _known(connection, {row.item_id for row in _in(connection, named, guids.c.guid, keys)})
    strangers = unmatched(document.items, by_key, document.link)
    wanted = (
        (items.c.link_key, {link_key(item.link) for item in strangers if item.link}),
        (items.c.title_key, {title_key(item.title) for item in strangers if item.title}),
        (items.c.published, {item.published for item in strangers if item.published}),
    )
    nearby: dict[object, list[int]] = defaultdict(list)
    for column, signs in wanted:
        asked = select(items.c.id, column).where(items.c.feed == feed).order_by(items.c.id)
        for id, sign in _in(connection, asked, column, signs):
            nearby[sign].append(id)
    ids = {id for found in nearby.values() for id in found[-NEARBY:]}
    return by_key + _known(connection, ids - {k.id for k in by_key})


def _known(connection: Connection, ids: Collection[int]) -> list[Known]:
    names: dict[int, set[str]] = {id: set() for id in ids}
    for row in _in(connection, select(guids.c.item_id, guids.c.guid), guids.c.item_id, ids):
        names[row.item_id].add(row.guid)
    rows = _in(connection, select(items), items.c.id, ids)
    return [
        Known(row.id, frozenset(names[row.id]), ITEM.validate_python(row.data), row.hash, row.revision)
        for row in sorted(rows, key=lambda row: int(row.id))
    ]


def known_keys(connection: Connection, feed: str, keys: Collection[str]) -> set[str]:
    """Those of the keys by which an item of this feed is known: its address, or a guid that it has had."""
    links = _in(connection, select(items.c.link_key.label("key")).where(items.c.feed == feed), items.c.link_key, keys)
    named = _in(connection, select(guids.c.guid.label("key")).where(guids.c.feed == feed), guids.c.guid, keys)
    return {row.key for row in (*links, *named)}


def _in(connection: Connection, statement: Any, column: Any, values: Collection[Any]) -> Iterable[Any]:
    """The rows whose column has one of many values; databases limit how many can be named at once."""
    listed = sorted(values)
    for start in range(0, len(listed), 500):
        yield from connection.execute(statement.where(column.in_(listed[start : start + 500])))


def _subjects(connection: Connection, document: Document) -> dict[tuple[str, str], str]:
    """Which links of this document have a share already: (channel, subject) to the feed it came from."""
    wanted = {f"link {link_key(item.link)}" for item in document.items if item.link}
    asked = select(deliveries.c.channel, deliveries.c.subject, deliveries.c.feed).where(
        deliveries.c.occasion == Occasion.SHARE
    )
    return {(row.channel, row.subject): row.feed for row in _in(connection, asked, deliveries.c.subject, wanted)}


# --- What is saved -------------------------------------------------------------------------------------------------


def save_poll(
    connection: Connection,
    feed: Feed,
    document: Document,
    watched_at: datetime | None,
    make_plan: Callable[[Past], Plan],
    values: Mapping[str, Any],
    now: datetime,
) -> Plan:
    """Plan and save in one transaction: items, deliveries and the feed's memory appear together or not at all."""
    alone(connection, "feed", feed.name)
    past = past_of(connection, feed.name, document, watched_at, now)
    planned = make_plan(past)
    for seen in planned.seen:
        _save_seen(connection, feed.name, seen, now)
    for new in planned.new:
        _save_new(connection, feed.name, new, now)
    for raised in planned.raised:
        raise_wanted(connection, raised, now)
    save_feed(connection, feed.name, values)
    return planned


def _item_values(item: Item, now: datetime) -> dict[str, Any]:
    return {
        "link_key": link_key(item.link) if item.link else "",
        "title_key": title_key(item.title),
        "published": item.published,
        "hash": content_hash(item),
        "data": ITEM.dump_python(item, mode="json"),
        "last_seen": now,
    }


def _save_seen(connection: Connection, feed: str, seen: Seen, now: datetime) -> None:
    """Remember the latest reading of a known item, and the key it has now."""
    if seen.item != seen.known.item:
        values = {**_item_values(seen.item, now), "revision": seen.revision}
        values["hash"] = " ".join(list(dict.fromkeys((values["hash"], *seen.known.hash.split())))[:READINGS])
        if seen.revision != seen.known.revision:
            values["picture"] = None  # A correction may have brought another one.
        connection.execute(update(items).where(items.c.id == seen.known.id).values(values))
    if seen.guid not in seen.known.guids and len(seen.known.guids) < NAMES:
        name = insert(connection, guids).values(feed=feed, guid=seen.guid, item_id=seen.known.id)
        connection.execute(name.on_conflict_do_nothing())


def save_item(connection: Connection, feed: str, item: Item, guid: str, now: datetime) -> int:
    """Remember a new item under its key; its row's id."""
    values = {**_item_values(item, now), "feed": feed, "first_seen": now, "revision": 1}
    id = connection.execute(insert(connection, items).values(values).returning(items.c.id)).scalar_one()
    connection.execute(insert(connection, guids).values(feed=feed, guid=guid, item_id=id).on_conflict_do_nothing())
    return int(id)


def _save_new(connection: Connection, feed: str, new: New, now: datetime) -> None:
    id = save_item(connection, feed, new.item, new.guid, now)
    for owed in new.owed:
        owe(connection, owed, [id], feed=feed, now=now)


def owe(
    connection: Connection,
    owed: Owed,
    item_ids: Sequence[int],
    *,
    now: datetime,
    feed: str = "",
    occasion: Occasion = Occasion.SHARE,
    turn: int = 1,
    words: str = "",
    urgent: bool = False,
) -> int | None:
    """Write down one thing that is owed; its row's id, or None when the channel owes it already."""
    values = {
        "channel": owed.channel, "occasion": occasion, "subject": owed.subject, "turn": turn, "feed": feed,
        "key": delivery_key(owed.channel, occasion, owed.subject, turn), "state": owed.state, "why": owed.why,
        "wanted": 1, "order_at": owed.due_at, "due_at": owed.due_at, "made_at": now, "words": words, "urgent": urgent,
    }  # fmt: skip
    statement = insert(connection, deliveries).values(values).on_conflict_do_nothing().returning(deliveries.c.id)
    id = connection.execute(statement).scalar()
    if id is not None and item_ids:
        listed = [{"delivery_id": id, "item_id": item} for item in item_ids]
        connection.execute(insert(connection, delivery_items), listed)
    connection.execute(insert(connection, channels).values(name=owed.channel).on_conflict_do_nothing())
    return id


def raise_wanted(connection: Connection, raised: Raised, now: datetime) -> None:
    """A delivery wants another revision, and is composed anew; what was approved and is not sent is asked again."""
    row = deliveries.c.id == raised.delivery
    # What a person took back, or is about to, stays away.
    connection.execute(update(deliveries).where(row, deliveries.c.wanted.is_not(None)).values(wanted=raised.revision))
    waiting = or_(deliveries.c.state == State.DUE, deliveries.c.state == State.HELD)
    # A post of which nobody knows whether it was shown keeps its words, for a repeat must be the same.
    fresh = row & waiting & deliveries.c.doubted_at.is_(None)
    connection.execute(update(deliveries).where(fresh).values(post=None, prepared=None))
    if raised.ask:
        again = {"state": State.HELD, "why": WAITS_FOR_APPROVAL}
        connection.execute(update(deliveries).where(fresh, deliveries.c.state == State.DUE).values(again))
    sent = row & (deliveries.c.state == State.SENT) & deliveries.c.wanted.is_not(None)
    stays = {"shown": raised.revision, "why": raised.why}
    edit = stays if raised.why else {"due_at": now + raised.after, "tries": 0}
    connection.execute(update(deliveries).where(sent).values(edit))
