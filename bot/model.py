"""The values that flow from a feed to a channel, and the problems that decide what happens next.

Everything here is frozen and free of I/O. Times are aware UTC datetimes; text is plain Unicode, never markup,
unless a field's name says html.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import httpx

# --- What a feed gives ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that an item shows: an absolute http(s) address and the words for who cannot see it.

    Its media type, its sides in pixels and its size in bytes are known once somebody has looked at it.
    """

    url: str
    alt: str = ""
    type: str = ""
    width: int | None = None
    height: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture's own bytes, fitted to what a kind takes; `type` is its media type, and the sides are in pixels."""

    content: bytes
    type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Item:
    """One article, as read from a feed.

    `guid` is the feed's own identifier, stripped of white space, and empty when the feed gives none. `link` is an
    absolute http(s) address, or empty. `html` is the fullest text that the feed holds and `summary` its own excerpt,
    both as the feed wrote them; `base` is what their relative links are relative to. A date without a time zone is
    read as UTC and `date_is_certain` is then False.
    """

    guid: str
    link: str
    title: str
    html: str = ""
    summary: str = ""
    base: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    date_is_certain: bool = True
    pictures: tuple[Picture, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One reading of a feed: its own title, language and home page, and its items in the order of the document."""

    title: str = ""
    link: str = ""
    language: str = ""
    items: tuple[Item, ...] = ()


# --- What a channel is asked to show -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words in one look; `link` is an absolute address or empty."""

    text: str
    link: str = ""
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph-like piece of a text; `level` is the depth of a list item (0 is outermost) or of a heading."""

    kind: Literal["paragraph", "heading", "item", "quote", "code"]
    spans: tuple[Span, ...]
    level: int = 0


Text = tuple[Block, ...]


class Occasion(StrEnum):
    """Why something is owed to a channel."""

    SHARE = "share"
    REMINDER = "reminder"
    DIGEST = "digest"
    NOTICE = "notice"
    MENTION = "mention"
    ALERT = "alert"
    APPROVAL = "approval"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ShareLink:
    """One click to share: the network's name (linkedin, email, …), its label for people, and the address that opens."""

    network: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ShareCall:
    """The line that asks readers to share, as the article words it, and the links that let them do it in one click."""

    words: str
    links: tuple[ShareLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as a post shows it: `text` is its lead, already clipped to what the kind wishes.

    `id` stays the same through every correction; `source` is the feed's own title. `tags` are the article's own
    categories; `hashtags` are those that are to be shown as such: single words, without the sign.
    """

    id: str
    title: str
    link: str
    text: Text = ()
    picture: Picture | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published: datetime | None = None
    source: str = ""
    language: str = ""
    share: ShareCall | None = None
    hashtags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """What one channel is asked to show.

    `key` is the same for every attempt at the same thing and safe as an idempotency key: letters, digits and hyphens,
    at most 64 of them. `made_at` is when the post was composed and is kept with it. `words` is what an alert or a
    test says; it is empty when there are entries.
    """

    key: str
    occasion: Occasion
    made_at: datetime
    entries: tuple[Entry, ...] = ()
    words: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform answered: the id and address of the message, and whatever else an edit will need."""

    id: str = ""
    url: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


Prepared = Mapping[str, str]
Kept = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery, or at a question to the platform.

    `at` is now (for signatures), `prepared` what `prepare` has so far, `kept` the session that `renew` returned, and
    `images` are the fitted pictures by the addresses that the entries name.
    """

    at: datetime
    prepared: Prepared = field(default_factory=dict)
    kept: Kept = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a platform says of the credentials: whose they are, in words, and when they end, None if it says nothing."""

    whose: str
    until: datetime | None = None


T = TypeVar("T")
Flow = Generator["httpx.Request", "httpx.Response", T]

# --- Why an attempt failed -----------------------------------------------------------------------------------------


class Problem(Exception):
    """Why an attempt failed, and therefore what happens next. `why` is for a person and holds no secret."""

    def __init__(self, why: str, *, response: httpx.Response | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.response = response


class Busy(Problem):
    """Later: nothing was shown. `of_channel` tells whether every post of the channel has to wait, or only this one.

    Out of `prepare`, `so_far` is what is ready already and is kept for the next try. `session_ended` says that the
    platform takes the session no more, so that `renew` has to make another.
    """

    def __init__(
        self,
        why: str,
        *,
        after: timedelta | None = None,
        of_channel: bool = True,
        so_far: Prepared | None = None,
        session_ended: bool = False,
        response: httpx.Response | None = None,
    ) -> None:
        super().__init__(why, response=response)
        self.after = after
        self.of_channel = of_channel
        self.so_far = so_far
        self.session_ended = session_ended


class Refused(Problem):
    """Never this post."""


class Stopped(Problem):
    """Nothing more to this channel until a person acts."""


class Unknown(Problem):
    """The post may or may not be there."""


# --- What a person is told -----------------------------------------------------------------------------------------


class FeedProblem(Exception):
    """Why a feed could not be read: what is wrong and what to do. `gone` ends the polling; `after` delays it."""

    def __init__(self, why: str, *, remedy: str = "", after: timedelta | None = None, gone: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.after = after
        self.gone = gone


class Mistake(Exception):
    """Something a person can mend: where it is, what is wrong, what to do. One line, and no secret in it.

    `code` is the exit code: 2 for wrong use or configuration, 1 for what failed.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", code: int = 2) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.code = code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        cure = f". {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{cure}"


class Mistakes(Exception):
    """Several mistakes, shown together."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes
