"""What a channel's lane asks the store and leaves there: a claim, the beginning of an attempt, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, and_, select, update

from bot.model import Item, Picture, Post, Receipt
from bot.outcome import LOOK_AFTER, Act, Standing, State, Verdict, may_repeat
from bot.pace import Lane, Limit, Step, Waiting, next_step
from bot.store.backlog import Held, hold_overdue
from bot.store.dialects import insert
from bot.store.polls import ITEM
from bot.store.schema import EVERYTHING, attempts, channels, deliveries, delivery_items, feeds, items, working

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

POST: TypeAdapter[Post] = TypeAdapter(Post)
PICTURE: TypeAdapter[Picture] = TypeAdapter(Picture)
RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)
READ_AT_ONCE = 50
CORRECTED_FOR = timedelta(days=14)
CORRECTIONS = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """What a channel's kind and wishes say about its lane, and how much of each feed it lets through at once."""

    spacing: timedelta
    hours: tuple[Any, ...]
    zone: ZoneInfo
    repeatable: timedelta | None
    on_unknown: Literal["hold", "repeat"]
    can_revise: bool
    can_retract: bool
    can_look_up: bool
    edits: bool
    target: str
    limits: Mapping[str, Limit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owing:
    """A delivery's row with its items and the title of the feed they came from."""

    row: RowMapping
    items: tuple[tuple[str, Item], ...]
    source: str
    language: str
    looked: Mapping[str, Picture | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery taken by one run for one attempt; `post` is what it says and `revision` of what.

    `doing` is what the attempt does: a post in doubt is looked up before anything is shown again.
    """

    id: int
    run: str
    channel: str
    doing: Act
    post: Post
    revision: int
    standing: Standing
    receipt: Receipt
    prepared: Mapping[str, str] | None = None


Compose = Callable[[Owing, str], Post]

# --- Claiming ------------------------------------------------------------------------------------------------------


def claim(
    connection: Connection, channel: str, run: str, rules: Rules, compose: Compose, now: datetime
) -> Claim | Held | Step:
    """Take what goes now and compose it; else say when to look again. Pauses and stops are seen here.

    Before anything goes, what waited too long for that is held, and nothing is taken this time.
    """
    while True:
        lane = lane_of(connection, channel, rules, now)
        step = next_step(_waiting(connection, channel), lane, now, rules.zone)
        if step.id is None:
            return step
        if held := hold_overdue(connection, channel, lane, rules.limits, now, rules.zone):
            return held
        # Whoever changed it meanwhile has changed it before this, and whoever will, after what is done here.
        mine = select(deliveries).where(deliveries.c.id == step.id, working).with_for_update()
        row = connection.execute(mine).mappings().first()
        taken = _take(connection, row, run, rules, compose, now) if row else None
        if taken:
            return taken


def next_of(connection: Connection, channel: str, rules: Rules, now: datetime) -> Step:
    """What a channel's lane would do next."""
    return next_step(_waiting(connection, channel), lane_of(connection, channel, rules, now), now, rules.zone)


def _waiting(connection: Connection, channel: str) -> Sequence[Waiting]:
    columns = (deliveries.c.id, deliveries.c.order_at, deliveries.c.due_at, deliveries.c.urgent, deliveries.c.state)
    rows = connection.execute(
        select(*columns)
        .where(deliveries.c.channel == channel, working)
        .order_by(deliveries.c.order_at, deliveries.c.id)
        .limit(READ_AT_ONCE)
    )
    return [Waiting(r.id, r.order_at, r.due_at, r.urgent, correction=r.state == State.SENT) for r in rows]


def lane_of(connection: Connection, channel: str, rules: Rules, now: datetime) -> Lane:
    """How a channel's lane stands, with the pause of everything counted in."""
    rows = connection.execute(select(channels).where(channels.c.name.in_((channel, EVERYTHING)))).mappings().all()
    mine: dict[str, Any] = next((dict(row) for row in rows if row["name"] == channel), {})
    return Lane(
        open=not any(row["stopped_at"] or paused(row, now) for row in rows),
        blocked_until=mine.get("blocked_until"),
        last_sent_at=mine.get("last_sent_at"),
        spacing=rules.spacing,
        hours=rules.hours,
    )


def paused(row: RowMapping | Mapping[str, Any], now: datetime) -> bool:
    """Whether a person has paused this lane, and the pause is not over."""
    return row["paused_at"] is not None and (row["paused_until"] is None or row["paused_until"] > now)


def _take(
    connection: Connection, row: RowMapping, run: str, rules: Rules, compose: Compose, now: datetime
) -> Claim | None:
    standing = standing_of(row, rules, now)
    mine = deliveries.c.id == row["id"]
    if row["state"] == State.DUE and standing.doing == "publish" and not may_repeat(standing, now):
        why = row["why"] or "it may have arrived"
        connection.execute(update(deliveries).where(mine).values(state=State.UNKNOWN, why=why))
        return None
    if standing.doing == "look_up" and abs(now - row["doubted_at"]) < LOOK_AFTER:
        # Not even a person's impatience brings it forward: what is not there yet would be shown once more.
        connection.execute(update(deliveries).where(mine).values(due_at=row["doubted_at"] + LOOK_AFTER))
        return None
    if standing.doing == "retract" and (why := kept_up(row, rules)):
        connection.execute(update(deliveries).where(mine).values(wanted=row["shown"], why=why))
        return None
    # What was composed is kept, so that a retry says the same words; a correction is composed from the item as it is.
    kept = row["post"] if standing.doing != "revise" else None
    post = POST.validate_python(kept) if kept else compose(owing(connection, row), key_of(row))
    revision = row["post_revision"] if kept else row["wanted"]
    if standing.doing == "revise" and (why := _uncorrected(row, post, rules, now)):
        connection.execute(update(deliveries).where(mine).values(shown=row["wanted"], why=why))
        return None
    values: dict[str, Any] = {
        "state": State.SENDING, "run": run, "tries": row["tries"] + 1, "begun_at": None,
        "post": POST.dump_python(post, mode="json"), "post_revision": revision,
    }  # fmt: skip
    connection.execute(update(deliveries).where(mine).values(values))
    receipt = RECEIPT.validate_python(row["receipt"]) if row["receipt"] else Receipt()
    return Claim(row["id"], run, row["channel"], standing.doing, post, revision, standing, receipt, row["prepared"])


def key_of(row: RowMapping) -> str:
    """The key of a delivery's attempt: its own, and for a correction one that names the revision."""
    return row["key"] if row["shown"] is None else f"{row['key']}-{row['wanted']}"


def standing_of(row: RowMapping, rules: Rules, now: datetime) -> Standing:
    standing = Standing(
        "publish", row["tries"] + 1, row["doubted_at"], rules.repeatable, rules.on_unknown, rules.can_look_up
    )
    if row["shown"] is not None:
        return replace(standing, doing="revise" if row["wanted"] is not None else "retract")
    return standing if may_repeat(standing, now) or not rules.can_look_up else replace(standing, doing="look_up")


def _uncorrected(row: RowMapping, post: Post, rules: Rules, now: datetime) -> str:
    """Why a post stays as it is though its article was corrected, or empty."""
    if not rules.edits:
        return "corrected on the site; EDITS=no"
    if not rules.can_revise:
        return "corrected on the site; this platform can't edit"
    if row["target"] != rules.target:
        return "corrected on the site; the channel leads elsewhere now, so the post can't be edited"
    if row["sent_at"] and now - row["sent_at"] > CORRECTED_FOR:
        return f"corrected on the site after more than {CORRECTED_FOR.days} days"
    shown = POST.validate_python(row["post"]) if row["post"] and row["post_revision"] == row["shown"] else None
    if shown and replace(post, key=shown.key, made_at=shown.made_at) == shown:
        return "the correction was taken back on the site before it was made here"
    return f"corrected {CORRECTIONS} times already" if row["edits"] >= CORRECTIONS else ""


def kept_up(row: RowMapping, rules: Rules) -> str:
    """Why a post is not taken back though a person asked for it, or empty."""
    if not rules.can_retract:
        return "this platform takes nothing back; delete the post there by hand"
    if not row["receipt"]:
        return "it was posted too long ago to be found again; delete the post there by hand"
    moved = row["target"] != rules.target
    return "the channel leads elsewhere now; delete the post by hand where it stands" if moved else ""


def owing(connection: Connection, row: RowMapping) -> Owing:
    """A delivery's row with what it is about."""
    asked = (
        select(items.c.id, items.c.feed, items.c.data, items.c.picture)
        .join(delivery_items, delivery_items.c.item_id == items.c.id)
        .where(delivery_items.c.delivery_id == row["id"])
        .order_by(items.c.id)
    )
    rows = connection.execute(asked).all()
    read = [(f"{r.feed}-{r.id}", ITEM.validate_python(r.data)) for r in rows]
    pictures = {f"{r.feed}-{r.id}": r.picture for r in rows if r.picture is not None}
    looked = {id: PICTURE.validate_python(kept) if kept else None for id, kept in pictures.items()}
    feed = connection.execute(select(feeds).where(feeds.c.name == row["feed"])).mappings().first()
    source, language = (feed["title"], feed["language"]) if feed else ("", "")
    return Owing(row, tuple(read), source, language, looked)


def unseen_pictures(connection: Connection, channel: str) -> list[tuple[int, Item]]:
    """The items that this lane is about to post and whose pictures nobody has looked at."""
    asked = (
        select(items.c.id, items.c.data)
        .join(delivery_items, delivery_items.c.item_id == items.c.id)
        .join(deliveries, deliveries.c.id == delivery_items.c.delivery_id)
        .where(deliveries.c.channel == channel, working, items.c.picture.is_(None))
        .order_by(deliveries.c.order_at, deliveries.c.id)
        .limit(READ_AT_ONCE)
    )
    return [(row.id, ITEM.validate_python(row.data)) for row in connection.execute(asked)]


def keep_picture(connection: Connection, item: int, picture: Picture | None) -> None:
    """Remember what looking at an item's pictures came to."""
    kept = PICTURE.dump_python(picture, mode="json") if picture else {}
    connection.execute(update(items).where(items.c.id == item).values(picture=kept))


# --- The attempt ---------------------------------------------------------------------------------------------------


def _mine(taken: Claim) -> Any:
    return and_(deliveries.c.id == taken.id, deliveries.c.run == taken.run, deliveries.c.state == State.SENDING)


def keep_prepared(connection: Connection, taken: Claim, prepared: Mapping[str, str]) -> None:
    """Keep what was prepared, so that a retry need not upload again."""
    connection.execute(update(deliveries).where(_mine(taken)).values(prepared=dict(prepared)))


def begin(connection: Connection, taken: Claim, now: datetime) -> bool:
    """Write down that the attempt begins, just before the first request that can be seen; False if it is not ours."""
    doubted = {"doubted_at": taken.standing.doubted_at or now} if taken.doing == "publish" else {}
    return connection.execute(update(deliveries).where(_mine(taken)).values(begun_at=now, **doubted)).rowcount == 1


def settle_sent(connection: Connection, taken: Claim, receipt: Receipt, target: str, now: datetime) -> None:
    """The receipt. It wins over whatever was thought of the delivery meanwhile, however late it comes."""
    values: dict[str, Any] = {
        "state": State.SENT, "shown": taken.revision, "why": "", "run": "", "begun_at": None, "doubted_at": None,
        "urgent": False, "tries": 0, "due_at": now, "target": target, "prepared": None,
        "receipt": RECEIPT.dump_python(receipt, mode="json"),
    }  # fmt: skip
    if taken.doing != "revise":
        values["sent_at"] = now
    else:
        values["edits"] = deliveries.c.edits + 1
    connection.execute(update(deliveries).where(deliveries.c.id == taken.id).values(values))
    _record(connection, taken.id, taken.doing, State.SENT, "", now)
    free = {"last_sent_at": now, "blocked_until": None, "blocked_why": "", "block_is_firm": False, "verify_why": ""}
    save_channel(connection, taken.channel, free)


def settle_retracted(connection: Connection, taken: Claim, now: datetime) -> None:
    """The post is taken back: nothing of it is shown any more, and nothing wanted."""
    values = {"state": State.RETRACTED, "shown": None, "why": "a person took it back", "run": "", "begun_at": None}
    connection.execute(update(deliveries).where(deliveries.c.id == taken.id).values(values))
    _record(connection, taken.id, taken.doing, State.RETRACTED, "", now)


def settle(connection: Connection, taken: Claim, became: Verdict, now: datetime) -> None:
    """What a problem led to, unless somebody else has settled this delivery meanwhile."""
    values = {"state": became.state, "why": became.why, "run": "", "due_at": became.due_at, "begun_at": None}
    if taken.doing in ("publish", "look_up"):
        values |= {} if became.in_doubt else {"doubted_at": None}
    elif became.state == State.REFUSED:
        given_up = {"wanted": deliveries.c.shown} if taken.doing == "retract" else {"shown": deliveries.c.wanted}
        values |= {"state": State.SENT, **given_up}
    if became.stop:
        # An attempt that stopped its channel says nothing about the post.
        values["tries"] = deliveries.c.tries - 1
        stopped = {"stopped_at": now, "stopped_why": became.why}
        save_channel(connection, taken.channel, stopped)
    still_ours = connection.execute(update(deliveries).where(_mine(taken)).values(values)).rowcount == 1
    if still_ours:
        _record(connection, taken.id, taken.doing, became.state, became.why, now)
    if still_ours and became.block:
        blocked = {"blocked_until": became.due_at, "blocked_why": became.why, "block_is_firm": became.firm}
        save_channel(connection, taken.channel, blocked)


def _record(connection: Connection, id: int, doing: str, state: str, why: str, now: datetime) -> None:
    connection.execute(insert(connection, attempts).values(delivery_id=id, at=now, doing=doing, state=state, why=why))


def verify_is_due(connection: Connection, name: str, before: datetime) -> bool:
    """Whether the platform was last asked about the credentials before this moment, or did not accept them then."""
    columns = (channels.c.verified_at, channels.c.verify_why)
    row = connection.execute(select(*columns).where(channels.c.name == name)).first()
    return row is None or row.verified_at is None or row.verified_at < before or bool(row.verify_why)


def keep_verified(connection: Connection, name: str, now: datetime, why: str, until: datetime | None) -> None:
    """Write down what the platform said of the credentials: what is wrong with them, or until when they are good."""
    save_channel(connection, name, {"verified_at": now, "verify_why": why, "good_until": until})


def save_channel(connection: Connection, name: str, values: Mapping[str, Any]) -> None:
    """Write down how a channel's lane stands."""
    statement = insert(connection, channels).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=dict(values)))
