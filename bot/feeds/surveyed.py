"""What a survey found in a feed's XML, and the document made of it for feedparser: edited, and in portions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.model import Picture

PORTION = 1_000_000  # Bytes of items that are read at once.
DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>"
CDATA = b"<![CDATA["
START_TAG = re.compile(rb"<(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+>")
FILE_NAME = re.compile(r"\S*(?:\d{4}|_\d|\.(?:jpe?g|png|gif|webp))\S*", re.IGNORECASE)


@dataclass(slots=True)
class Beside:
    """What stands in an item beside the article: its pictures, and the words of its media."""

    pictures: list[Picture] = field(default_factory=list)
    title: str = ""
    description: str = ""

    def take(self, inner: Beside) -> None:
        """The pictures of an inner element, with its words where they have none of their own."""
        words = inner.words()
        self.pictures += [picture if picture.alt else replace(picture, alt=words) for picture in inner.pictures]

    def words(self) -> str:
        """What to say to who cannot see a picture: what describes it, unless that is a whole text; no file's name."""
        said = self.description if self.description and (len(self.description) <= 300 or not self.title) else self.title
        return "" if FILE_NAME.fullmatch(said) else said


Edit = tuple[int, int, bytes]  # From where to where something is replaced, and by what.


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the document is, how it is to be edited, where its items are, and what stood beside each of them.

    `stray_base` tells whether some element, but not the outermost, says what its links are relative to (xml:base).
    """

    root: str
    is_feed: bool
    stray_base: bool
    body: bytes
    start: int
    edits: list[Edit]
    items: list[tuple[int, int]]
    beside: tuple[Beside, ...]

    def portions(self) -> Iterator[bytes]:
        """The document without what was cut, whole if it is small, else once for every few of its items."""
        groups: list[list[tuple[int, int]]] = []
        for item in self.items:
            if not groups or item[1] - groups[-1][0][0] > PORTION:
                groups.append([])
            groups[-1].append(item)
        for group in groups or [[(0, 0)]]:
            before = (self.items[0][0], group[0][0], b"") if groups else (0, 0, b"")
            after = (group[-1][1], self.items[-1][1], b"") if groups else (0, 0, b"")
            yield edited(self.body, [*self.edits, before, after], self.start)


def edited(body: bytes, edits: list[Edit], at: int) -> bytes:
    """The document from there on with each stretch replaced; of two that overlap the outer one counts."""
    pieces = [DECLARATION]
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= at:
            pieces += [body[at:start], new]
            at = end
    return b"".join([*pieces, body[at:]])


def shortened(body: bytes, at: int, end: int, most: int) -> Edit:
    """Keep the beginning of the endless text of an element, up to a space; nothing of it if it is more than a text."""
    start = after_tag(body, at)
    space = body.rfind(b" ", start, start + most)
    head = body[start:space]
    if space < 0 or head.count(b"<") > head.count(CDATA):
        return at, after_tag(body, end), b""
    return space, end, b"]]>" if head.rfind(CDATA) > head.rfind(b"]]>") else b""


def after_tag(body: bytes, at: int) -> int:
    """Where the tag ends that begins there."""
    tag = START_TAG.match(body, at)
    return tag.end() if tag else body.find(b">", at) + 1
