"""What the work at the rim shares: the configuration in force, the store, the client, the clock and the listener."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from bot import kinds
from bot.model import Occasion, Post
from bot.pace import Limit
from bot.posts.compose import compose, words_post
from bot.sessions import Sessions
from bot.shelf import Shelf
from bot.store.lanes import Owing, Rules
from bot.troubles import Facts

if TYPE_CHECKING:
    from bot.lease import Lease
    from bot.model import Item
    from bot.net.client import Client
    from bot.settings import Channel, Config, Feed
    from bot.store.database import Store
    from bot.story import Listeners


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which work is cut off, whatever its parts have for limits of their own.

    `poll` is for a fetch with all its redirects and for reading what came, `attempt` for all the requests of one, and
    `pictures` for looking at those of what is posted next; what was not seen by then is posted as the feed names it.
    """

    poll: float = 180
    attempt: float = 240
    pictures: float = 60


@dataclass
class World:
    """One run of Delebot. `config` is replaced as a whole when the files were changed and pass the check."""

    config: Config
    store: Store
    client: Client
    tell: Listeners
    sessions: Sessions
    shelf: Shelf
    now: Callable[[], datetime] = clock
    run: str = field(default_factory=lambda: uuid4().hex)
    looked_after: dict[str, datetime] = field(default_factory=dict)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    large_feeds: set[str] = field(default_factory=set)
    one_large: asyncio.Lock = field(default_factory=asyncio.Lock)
    facts: Facts = field(default_factory=Facts)
    lease: Lease | None = None
    patience: Patience = field(default_factory=Patience)

    def rules(self, name: str) -> Rules | None:
        """What a channel's kind and wishes say about its lane; None when it is no longer configured."""
        channel = self.config.channels.get(name)
        return rules_of(channel, self.config) if channel else None


@dataclass(frozen=True, slots=True)
class Limits(Mapping[str, Limit]):
    """How much of each feed goes by itself; found when it is asked for, since there may be very many feeds."""

    feeds: Mapping[str, Feed]

    def __getitem__(self, name: str) -> Limit:
        wishes = self.feeds[name].wishes
        return Limit(wishes.flood, wishes.max_age)

    def __iter__(self) -> Iterator[str]:
        return iter(self.feeds)

    def __len__(self) -> int:
        return len(self.feeds)


def rules_of(channel: Channel, config: Config) -> Rules:
    kind = kinds.load(channel.kind)
    return Rules(
        spacing=max(kind.spacing, channel.wishes.spacing),
        hours=channel.wishes.hours,
        zone=config.bot.timezone,
        repeatable=kind.remembers(channel.settings),
        on_unknown=channel.wishes.on_unknown,
        can_revise=kind.revise is not None,
        can_retract=kind.retract is not None,
        can_look_up=kind.look_up is not None,
        edits=channel.wishes.edits,
        target=kind.target_of(channel.settings),
        limits=Limits(config.feeds),
    )


def dated(item: Item, config: Config) -> Item:
    """The item with its date in the zone that people here live in, so that the day is theirs."""
    return replace(item, published=item.published.astimezone(config.bot.timezone)) if item.published else item


def language_of(channel: Channel, config: Config) -> str:
    return channel.wishes.language or config.bot.language


def post_of(channel: Channel, config: Config, owing: Owing, key: str, now: datetime) -> Post:
    """The post that a delivery asks its channel to show."""
    row, language = owing.row, language_of(channel, config)
    occasion = Occasion(row["occasion"])
    if not owing.items:
        return words_post(row["words"], key=key, occasion=occasion, made_at=now, language=language)
    limits = kinds.load(channel.kind).limits
    return compose(
        [(id, dated(item, config)) for id, item in owing.items], key=key, occasion=occasion, made_at=now,
        wishes=channel.wishes, kind_limits=limits, source=owing.source, language=language,
        looked=owing.looked, phrases=config.bot.share_calls,
    )  # fmt: skip


def draft_of(channel: Channel, config: Config, item: Item, source: str, now: datetime) -> Post:
    """The post that an item would make on a channel, before anything is owed."""
    limits, language = kinds.load(channel.kind).limits, language_of(channel, config)
    return compose(
        [("draft", dated(item, config))], key="draft", occasion=Occasion.SHARE, made_at=now,
        wishes=channel.wishes, kind_limits=limits, source=source, language=language, phrases=config.bot.share_calls,
    )  # fmt: skip
