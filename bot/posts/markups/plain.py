"""Words without any markup, for networks that show none: LinkedIn, Facebook, Threads.

No words can be a link there, so that a call to share stands alone: the network's own button is below every post.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import regex

from bot.model import Entry, Post, Receipt, Refused, Text
from bot.posts.characters import graphemes, utf16
from bot.posts.clip import clip, clip_line, without_pointer
from bot.posts.links import safe
from bot.posts.write import ZERO_WIDTH_SPACE, paragraph, plain

TITLE, CALL = 300, 120
EARLIER = timedelta(minutes=10)  # By so much may a network's clock be slow.
MEANT = re.compile(r"(?<=[@#\uff20\uff03])(?=[\w\[])")


def silent(words: str) -> str:
    """Plain words in which nothing is a mention or a hashtag: a sign without width parts the mark from its name."""
    return MEANT.sub(ZERO_WIDTH_SPACE, words)


def alone(post: Post) -> Entry | None:
    """The one article that a post shows, None if it shows several or an alert."""
    return post.entries[0] if len(post.entries) == 1 else None


@dataclass(frozen=True, slots=True)
class Plain:
    """How a network takes words: so many, as `measure` counts what `escape`, `hashtag` and `address` make of them.

    `links` is how many articles are listed with their links where a post shows several; `titled` is False if the
    title of an article stands on the card below its words, where it need not be said twice.
    """

    most: int
    measure: Callable[[str], int] = len
    escape: Callable[[str], str] = silent
    hashtag: Callable[[str], str] = "#{}".format
    address: Callable[[str], str] = safe
    links: int = 20
    titled: bool = True

    def line(self, words: str, room: int) -> str:
        """One line of plain words, shortened to the room and then escaped."""
        return self.escape(clip_line(words, max(room, 0), self._size))

    def text(self, text: Text, room: int) -> str:
        """As much of a text as there is room for, escaped, without a last line that only leads elsewhere."""
        return self._written(clip(without_pointer(text), max(room, 0), self.measure, self._written))

    def _written(self, text: Text) -> str:
        return self.escape(plain(text))

    def _size(self, words: str) -> int:
        return self.measure(self.escape(words))


def told(post: Post, how: Plain, *, with_lead: bool = True) -> str:
    """The words of a post: what an alert says; an article's title, lead, call to share and hashtags; or a list."""
    if not post.entries:
        return how.text(paragraph(post.words), how.most) or "\u2013"
    if (entry := alone(post)) is None:
        return _listed(post.entries, how)
    on_card = entry.link and entry.text and not how.titled
    title = "" if on_card else how.line(entry.title or entry.link, min(TITLE, how.most // 3))
    call = how.line(entry.share.words, min(CALL, how.most // 4)) if entry.share else ""
    tags = _tags(entry, how)
    room = how.most - how.measure(_parts(title, call, tags)) - len("\n\n")
    lead = how.text(entry.text, room) if with_lead else ""
    return _parts(title, lead, call, tags) or "\u2013"


def _tags(entry: Entry, how: Plain) -> str:
    """As many of the hashtags, from the first on, as fit a quarter of the room."""
    row = ""
    for tag in entry.hashtags:
        longer = f"{row} {how.hashtag(tag)}".strip()
        row = longer if how.measure(longer) <= how.most // 4 else row
    return row


def _listed(entries: tuple[Entry, ...], how: Plain) -> str:
    """The articles by their titles, each with its whole link; the number of those for which there is no room."""
    links = [how.address(entry.link) for entry in entries[: how.links]]
    if any(how.measure(link) > how.most // 2 for link in links):
        raise Refused("an article's link is longer than the platform takes")
    for count in range(len(links), 0, -1):
        rest = f"+ {len(entries) - count}" if count < len(entries) else ""
        room = (how.most - how.measure(_parts(*links[:count], rest))) // count - len("\n\n\n")
        if room < 0:
            continue
        titles = [how.line(entry.title, min(TITLE, room)) for entry in entries[:count]]
        return _parts(*("\n".join(filter(None, pair)) for pair in zip(titles, links, strict=False)), rest)
    raise Refused("the articles' links are longer than the platform takes")


def _parts(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


# --- Looking it up -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """A post that a network tells of: its words, its card as JSON, and when it was made, in seconds since 1970."""

    receipt: Receipt
    words: str = ""
    card: object = None
    at: float | None = None


def known_again(post: Post, how: Plain, seen: Iterable[Seen]) -> Receipt | None:
    """The receipt of what has the article's card or the same words, and was made since the post was composed."""
    entry, words, since = alone(post), _folded(told(post, how)), (post.made_at - EARLIER).timestamp()
    link = safe(entry.link) if entry else ""
    for one in seen:
        is_new = one.at is None or one.at >= since
        if is_new and ((link and _holds(one.card, link)) or (words and _folded(one.words) == words)):
            return one.receipt
    return None


def _folded(words: str) -> str:
    """The letters and digits alone, by which a network's own copy of the words is known again."""
    return re.sub(r"[\W_]+", "", words).casefold()


def _holds(value: object, words: str) -> bool:
    """Whether a JSON value has exactly these words anywhere in it."""
    if isinstance(value, dict | list):
        return any(_holds(inner, words) for inner in (value.values() if isinstance(value, dict) else value))
    return value == words


# --- Facebook ------------------------------------------------------------------------------------------------------

MEANT_BY_FACEBOOK = re.compile(r"(?<=@)(?=\[)|(?<=[#\uff03])(?=\w)")


def quiet_facebook(words: str) -> str:
    """Plain words in which nothing is a mention, which needs a bracket here, or a hashtag."""
    return MEANT_BY_FACEBOOK.sub(ZERO_WIDTH_SPACE, words)


FACEBOOK = Plain(5000, utf16, quiet_facebook)  # It takes 63,206 characters, which nobody would read.


# --- LinkedIn ------------------------------------------------------------------------------------------------------

MEANT_BY_LINKEDIN = re.compile(r"[\\|{}@\[\]()<>#*_~]")


def little(words: str) -> str:
    """Plain words for LinkedIn's «little text», where what means something ends the text unless it is escaped."""
    return MEANT_BY_LINKEDIN.sub(r"\\\g<0>", words)


LINKEDIN = Plain(
    3000, utf16, little, lambda tag: rf"{{hashtag|\#|{little(tag)}}}", lambda link: little(safe(link)), titled=False
)
CARD = Plain(0, utf16, str)  # The words beside a picture, where no sign means anything.


# --- Mastodon ------------------------------------------------------------------------------------------------------

# Here an address in the words is a link, which counts as 23 signs if the server knows it as one, and whose page is
# shown as a card. What would be a person, a hashtag, an emoji of the server's or a link is parted.
ADDRESS = 23
KNOWN = re.compile(r"(?i)https?://([a-z0-9-]+\.)+([a-z]{2}|com|net|org|info|edu|gov|app)(:\d+)?([/?#]|$)")
MEANT_BY_MASTODON = re.compile(r"(?i)@|[#\uff03](?=\w)|(?<![a-z0-9]):(?=[a-z0-9_]{2,}:)|:(?=//)|(?<=xmpp|gnet):")
LETTERS = r"A-Za-z0-9_\xc0-\xd6\xd8-\xf6\xf8-\xff"
NO_PART_OF_A_PATH = re.compile(rf"[^{LETTERS}.~:;,=+$%&#@/-]|(?<!/)@|[^{LETTERS}=#/+-]$")
NO_PART_OF_A_QUERY = re.compile(r"[^A-Za-z0-9_.~:;,=+$%&#?/-]|[^A-Za-z0-9_=#/&-]$")


def quiet_mastodon(words: str) -> str:
    """Plain words in which nothing calls a person or leads anywhere."""
    return MEANT_BY_MASTODON.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", words)


def size_mastodon(words: str) -> int:
    """The length as the server counts it; an address that it may not know as one counts as the longer of both."""
    return graphemes(re.sub(r"https?://\S+", _counted, words))


def _counted(found: re.Match[str]) -> str:
    return "x" * (ADDRESS if KNOWN.match(found[0]) else max(ADDRESS, len(found[0])))


def link_mastodon(address: str) -> str:
    """The address, with what the server would take for its end or for a person percent-encoded."""
    found = re.match(r"(https?://[^/?#]+)([^?]*)\??(.*)", safe(address), re.DOTALL)
    if not found:
        return ""
    path, query = NO_PART_OF_A_PATH.sub(_percent, found[2]), NO_PART_OF_A_QUERY.sub(_percent, found[3])
    return f"{found[1]}{path}{'?' if query else ''}{query}"


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


MASTODON = Plain(500, size_mastodon, quiet_mastodon, address=link_mastodon)


def status_mastodon(post: Post) -> str:
    """The words of a post; an article's link stands between its lead and the call to share."""
    how, entry = MASTODON, alone(post)
    if entry is None:
        return told(post, how)
    title, link, tags = how.line(entry.title, how.most // 3), how.address(entry.link), _tags(entry, how)
    call = how.line(entry.share.words, min(CALL, how.most // 4)) if entry.share else ""
    for end in ((call, tags), (call,), ()):  # A link that counts in full may leave no room for what is below it.
        room = how.most - how.measure(_parts(title, link, *end)) - len("\n\n")
        if room >= 0:
            return _parts(title, how.text(entry.text, room), link, *end) or "\u2013"
    raise Refused("the article's link is longer than Mastodon takes")


# --- Threads -------------------------------------------------------------------------------------------------------

EMOJI = regex.compile(r"[[\p{Emoji}\u200d\ufe0f\u20e3\U00010000-\U0010ffff]--[0-9#*]]", regex.V1)


def size_threads(words: str) -> int:
    """The length as Threads counts it: a character is one, but those of an emoji are as many as their bytes."""
    return len(words) + sum(len(sign.encode()) - 1 for sign in EMOJI.findall(words))


# The one hashtag that a post may have stands beside its words; more than five links are refused.
THREADS = Plain(500, size_threads, hashtag=lambda _: "", links=5)
