"""The tables. A delivery is a row with its state and history; the row is the truth, a wake-up only a hint."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    or_,
)
from sqlalchemy.types import TypeDecorator

from bot.outcome import State


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, also where the database forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


# A row's number. SQLite counts rows by itself, in 64 bits, if the column is called an integer.
Number = BigInteger().with_variant(Integer, "sqlite")


class Words(TypeDecorator[str]):
    """What others have written. PostgreSQL takes no NUL in it, which no reader would see anyway."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace("\0", "") if value and dialect.name == "postgresql" else value


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A feed's own row: where it stands and what the next poll needs. `target` is a fingerprint of the configured address;
# `doubt` says why what is new at the next poll may have been shared already; `site` is what looking at the site
# itself came to, beside its feed.
feeds = Table(
    "feeds",
    metadata,
    Column("name", String, primary_key=True),
    Column("target", String, nullable=False, default=""),
    Column("title", Words, nullable=False, default=""),
    Column("language", String, nullable=False, default=""),
    Column("memory", JSON, nullable=False, default=dict),
    Column("poll_due_at", Moment),
    Column("polled_at", Moment),
    Column("ok_at", Moment),
    Column("failures", Integer, nullable=False, default=0),
    Column("problem", Words, nullable=False, default=""),
    Column("gone", Boolean, nullable=False, default=False),
    Column("doubt", Words, nullable=False, default=""),
    Column("site", JSON(none_as_null=True)),
)

# An article. `data` is its latest reading; when it is pruned, the text goes and the identity stays as a tombstone.
# `picture` is what looking at its pictures came to: null before, empty when none of them is one.
items = Table(
    "items",
    metadata,
    Column("id", Number, primary_key=True),
    Column("feed", String, nullable=False),
    Column("link_key", Words, nullable=False, default=""),
    Column("title_key", Words, nullable=False, default=""),
    Column("published", Moment),
    Column("hash", String, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("data", JSON, nullable=False),
    Column("picture", JSON(none_as_null=True)),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Index(None, "feed", "link_key"),
    Index(None, "feed", "title_key"),
    Index(None, "feed", "published"),
)

# Every key that an item has been remembered by.
guids = Table(
    "guids",
    metadata,
    Column("feed", String, primary_key=True),
    Column("guid", Words, primary_key=True),
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), nullable=False, index=True),
)

# One thing owed to one channel on one occasion. `wanted` and `shown` are revisions of the item; `order_at` is its
# place in the channel's lane; `doubted_at` is when an attempt began of which nobody knows whether it was shown.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", String, nullable=False),
    Column("occasion", String, nullable=False),
    Column("subject", Words, nullable=False),
    Column("turn", Integer, nullable=False, default=1),
    Column("feed", String, nullable=False, default=""),
    Column("key", String, nullable=False),
    Column("state", String, nullable=False),
    Column("why", Words, nullable=False, default=""),
    Column("wanted", Integer),
    Column("shown", Integer),
    Column("order_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("edits", Integer, nullable=False, default=0),
    Column("run", String, nullable=False, default=""),
    Column("begun_at", Moment),
    Column("doubted_at", Moment),
    Column("words", Words, nullable=False, default=""),
    Column("post", JSON),
    Column("post_revision", Integer),
    Column("prepared", JSON),
    Column("receipt", JSON),
    Column("target", String, nullable=False, default=""),
    Column("made_at", Moment, nullable=False),
    Column("sent_at", Moment),
    UniqueConstraint("channel", "occasion", "subject", "turn"),
    Index(None, "state", "due_at"),
    Index(None, "channel", "state"),
    Index(None, "subject"),
)

# What makes work for a lane: what is due, and what is shown otherwise than wanted. It is little, however long the
# history is, and has an index of its own. The states are written out, or SQLite would not see that the index fits.
due, sent = (literal_column(f"'{state}'", String) for state in (State.DUE, State.SENT))
unlike = deliveries.c.shown.is_distinct_from(deliveries.c.wanted)
working = or_(deliveries.c.state == due, and_(deliveries.c.state == sent, unlike))
Index("ix_deliveries_working", deliveries.c.channel, sqlite_where=working, postgresql_where=working)

delivery_items = Table(
    "delivery_items",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# The history of a delivery: what each attempt came to, and when a person let it go.
attempts = Table(
    "attempts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("doing", String, nullable=False),
    Column("state", String, nullable=False),
    Column("why", Words, nullable=False, default=""),
)

# A channel's lane. A stopped or paused channel keeps its rows due. `verified_at` is when its platform was last asked
# about the credentials, `verify_why` what is wrong with them, and `good_until` when they end, as far as it says.
channels = Table(
    "channels",
    metadata,
    Column("name", String, primary_key=True),
    Column("target", String, nullable=False, default=""),
    Column("stopped_why", Words, nullable=False, default=""),
    Column("stopped_at", Moment),
    Column("paused_at", Moment),
    Column("paused_until", Moment),
    Column("blocked_until", Moment),
    Column("blocked_why", Words, nullable=False, default=""),
    Column("block_is_firm", Boolean, nullable=False, default=False),
    Column("last_sent_at", Moment),
    Column("verified_at", Moment),
    Column("verify_why", Words, nullable=False, default="", server_default=""),
    Column("good_until", Moment),
)

# What is wrong, from when it was first seen until it is well: what somebody was told of it, and how often.
alarms = Table(
    "alarms",
    metadata,
    Column("key", String, primary_key=True),
    Column("about", String, nullable=False, default=""),
    Column("well", Words, nullable=False, default=""),
    Column("size", Number, nullable=False, default=0),
    Column("began_at", Moment, nullable=False),
    Column("told_at", Moment),
    Column("ended_at", Moment),
    Column("times", Integer, nullable=False, default=0),
)

# A process that works on this state. What it left `sending` is settled by another one. Where several may work at once,
# a run has a lease: until `alive_until` it counts as alive, unless it says that it ended. `config` is a fingerprint of
# its configuration.
runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("what", String, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("host", Words, nullable=False, default="", server_default=""),
    Column("version", String, nullable=False, default="", server_default=""),
    Column("config", String, nullable=False, default="", server_default=""),
    Column("alive_until", Moment),
)

# Which run is at what, where several may work at once: at the `poll` of a feed, the `drain` of a channel, or in one of
# the few places at a `host`, which is then `about` a feed. A hold ends with its run.
holds = Table(
    "holds",
    metadata,
    Column("job", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("run", String, nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("about", String, nullable=False, default=""),
)

# The sessions and rotating tokens of channels, where replicas share them. Alone, they are in a file of the state.
sessions = Table(
    "sessions",
    metadata,
    Column("channel", String, primary_key=True),
    Column("made_from", String, nullable=False),
    Column("kept", JSON, nullable=False),
)

# What another process asks the one that sends to do, and the story of how it went.
requests = Table(
    "requests",
    metadata,
    Column("id", Number, primary_key=True),
    Column("asked_at", Moment, nullable=False),
    Column("what", JSON, nullable=False),
    Column("run", String, nullable=False, default=""),
    Column("ended_at", Moment),
    Column("ok", Boolean),
)

tellings = Table(
    "tellings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("request_id", ForeignKey("requests.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("event", JSON, nullable=False),
)

# The pause of everything is the channel named "*": one mechanism for both.
EVERYTHING = "*"
