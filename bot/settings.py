"""What may be configured: the keys of `bot.env`, of a feed's file and of a channel's file, as values.

The classes here are the one source of the keys, their defaults and their explanations: `config.py` reads files into
them, and the examples in `config/` are generated from them. An entry of `examples` is written as in the file.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Values(BaseModel):
    """Frozen values whose field names are the lower-case keys of an env file. A mistake never repeats the value."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def planned(description: str, example: str) -> Any:
    """A key of the contract that this version accepts and warns about, because nothing acts on it yet."""
    return Field(default=None, description=description, examples=[example], json_schema_extra={"planned": True})


class Window(Values):
    """A stretch of a week: the days (0 is Monday) and the time of day from `start` up to `end`."""

    days: frozenset[int]
    start: time
    end: time


class BotSettings(Values):
    """`bot.env`: what concerns the whole installation."""

    database_url: SecretStr | None = Field(
        None,
        description="The PostgreSQL database that replicas share; default: SQLite in the state directory.",
        examples=["postgresql+psycopg://delebot:password@db.example.org/delebot"],
    )
    timezone: ZoneInfo = Field(
        ZoneInfo("Europe/Oslo"), description="The time zone of HOURS, CRON and what people read."
    )
    language: str = Field("nb", description="The language of the words that Delebot adds itself: nb, nn, en, sv or da.")
    holidays: str = Field(
        "NO",
        description="The country whose holidays are known when a feed is quiet: its two letters, such as NO, SE, DK or "
        "GB; no: none.",
    )
    share_calls: tuple[str, ...] = Field(
        (),
        description="More phrases that ask readers to share, comma-separated.",
        examples=["Del gjerne videre, Spre ordet"],
    )
    contact: str = Field(
        "",
        description="A page or address that site owners can reach you by; sent in the User-Agent.",
        examples=["https://www.example.org/contact"],
    )
    alerts: tuple[str, ...] = Field(
        (), description="The channels that are told when something is wrong.", examples=["slack"]
    )
    receipts: str | None = planned("The channel that hears how each article went.", "slack")
    heartbeat_url: SecretStr | None = Field(
        None,
        description="An address of an outside monitor, asked every five minutes while all is well.",
        examples=["https://hc-ping.example/your-check"],
    )
    keep: timedelta = Field(timedelta(days=365), description="How long the history is kept.")
    log_format: Literal["text", "json"] = Field("text", description="How the log is written: text or json.")
    proxy: SecretStr | None = Field(
        None, description="A proxy that everything goes through.", examples=["http://proxy.example:3128"]
    )

    @property
    def database(self) -> str:
        """The address of the database; empty for the one in the state directory."""
        return self.database_url.get_secret_value() if self.database_url else ""


class FeedSettings(Values):
    """`feeds/<name>.env`: one feed."""

    url: SecretStr = Field(
        description="The address of the feed (RSS, Atom or JSON Feed).", examples=["https://www.example.org/feed/"]
    )
    every: timedelta = Field(
        timedelta(minutes=15), description="How often the feed is polled; not below 1m without need."
    )
    cron: str | None = Field(
        None, description="Instead of EVERY: when to poll, as five cron fields.", examples=["*/10 7-17 * * mon-fri"]
    )
    channels: tuple[str, ...] = Field(
        (), description="The channels that get its articles; default: all.", examples=["slack, webhook"]
    )
    first_run: int = Field(
        0,
        ge=0,
        description="How many articles of the very first poll are shared: none, latest or a number.",
        examples=["none"],
    )
    max_age: timedelta = Field(
        timedelta(days=7), description="An article older than this when found waits for a person."
    )
    flood: int = Field(5, ge=1, description="More new articles than this at once wait for a person.")
    settle: timedelta = Field(timedelta(0), description="How long a new article is left to settle before it is shared.")
    allow_private: bool = Field(False, description="Admit a private or loopback address, for exactly the host of URL.")


class ChannelSettings(Values):
    """`channels/<name>.env`: the keys that every channel knows, beside those of its kind."""

    kind: str = Field(description="The platform; can be left out where the address tells it.")
    feeds: tuple[str, ...] = Field((), description="The feeds whose articles it gets; default: all.", examples=["news"])
    include: tuple[str, ...] = Field(
        (),
        description="Only articles with one of these words in title, tags or text.",
        examples=["robot, 3D-print"],
    )
    exclude: tuple[str, ...] = Field(
        (), description="No articles with one of these words in title, tags or text.", examples=["vacancy, internal"]
    )
    template: str | None = planned("A template for the words of a post.", "{{ title }}")
    language: str | None = Field(
        None, description="The language of the words that Delebot adds; default: that of bot.env.", examples=["en"]
    )
    share: tuple[str, ...] = Field(
        ("linkedin", "facebook", "x", "bluesky", "mastodon", "threads", "whatsapp", "email"),
        description="The links to share that stand under an article which asks for it, in this order: of linkedin, "
        "facebook, x, bluesky, mastodon, threads, whatsapp, telegram, reddit, teams, email. "
        "always: under every article. no: none.",
        examples=["linkedin, facebook, email"],
    )
    hours: tuple[Window, ...] = Field(
        (), description="When it posts; default: at all hours.", examples=["mon-fri 08:00-16:00, sat 10:00-14:00"]
    )
    spacing: timedelta = Field(timedelta(0), description="The least time between two posts.")
    digest: str | None = planned("When articles are gathered into one post.", "fri 14:00")
    approve: bool = Field(False, description="Whether a person says yes to each post first.")
    remind_after: timedelta | None = planned("When people are reminded of an article.", "7d")
    edits: bool = Field(True, description="Whether a corrected article is corrected here too.")
    utm: dict[str, str] = Field(
        default_factory=dict,
        description="Campaign parameters added to links.",
        examples=["source=slack, medium=social"],
    )
    tags: tuple[str, ...] | None = Field(
        None,
        description="The article's categories that are shown as hashtags: yes, no, or a list, where category=word "
        "shows another word; default: a few where the platform's people use hashtags, else none.",
        examples=["Robotics, Artificial intelligence=AI"],
    )
    images: bool = Field(True, description="Whether pictures are shown.")
    on_unknown: Literal["hold", "repeat"] = Field(
        "hold", description="What happens when nobody knows whether a post arrived: hold or repeat."
    )
    allow_private: bool = Field(
        False, description="Admit a private or loopback address, for exactly the host of its address."
    )


class Feed(Values):
    """A feed as configured; its name is its file's name."""

    name: str
    wishes: FeedSettings

    @property
    def url(self) -> str:
        return self.wishes.url.get_secret_value()


class Channel(Values):
    """A channel as configured: its kind, the kind's own settings, and its wishes."""

    name: str
    kind: str
    settings: BaseModel
    wishes: ChannelSettings

    def takes(self, feed: Feed) -> bool:
        """Whether articles of that feed belong on this channel: both files must agree."""
        named_here = not self.wishes.feeds or feed.name in self.wishes.feeds
        named_there = not feed.wishes.channels or self.name in feed.wishes.channels
        return named_here and named_there


class Config(Values):
    """Everything that is configured, what `check` warns about, and whether others can read a secret."""

    bot: BotSettings = BotSettings()
    feeds: dict[str, Feed] = Field(default_factory=dict)
    channels: dict[str, Channel] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    exposed: bool = False
