"""One quick pass over a feed's XML: is it well-formed, what is it, and what would mislead or overload feedparser.

feedparser takes the words of a picture for the article's, forgets which picture they belong to, and needs ever more
time for thousands of tags or for one endless name. So this pass reads the pictures itself, cuts them and what is
beyond all measure out of the document, and writes a number into each item by which the two readings find each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from bot.feeds.fields import TITLE, looks_like_picture, plain, size
from bot.model import Picture

ITEMS = 1_000  # Items that are read of a document: the first ones, which are the newest in nearly every feed.
TAGS = 50  # Tags and authors that are read of an item.
PICTURES = 50  # Pictures that are read of an item.

NUMBER = "delebotnumber"  # The element that carries an item's number.
MEDIA = ("http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss")
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
BASE = "http://www.w3.org/XML/1998/namespace base"
XHTML = "http://www.w3.org/1999/xhtml"
PERSONS = ("author", "creator", "contributor", "publisher", "name", "email")
COUNTED = {"category", "subject", "author", "creator", "contributor", "publisher"}
BRIEF = {  # Characters beyond which these are no longer what they should be.
    **dict.fromkeys(PERSONS, 300),
    **dict.fromkeys(("category", "subject"), 1_000),
    **dict.fromkeys(("pubdate", "published", "updated", "date", "issued", "modified", "created"), 1_000),
}
UNREAD = {"keywords", "tags", "managingeditor", "webmaster"}  # Words for machines, which no reader sees.
UNREAD_OF_FEED = UNREAD | {"category", "subject", "publisher", "contributor"}
FILE_NAME = re.compile(r"\S*(?:\d{4}|_\d|\.(?:jpe?g|png|gif|webp))\S*", re.IGNORECASE)
START_TAG = re.compile(rb"<(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+>")


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


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the document is, the document without what was cut, and what stood beside each item.

    `stray_base` tells whether some element, but not the outermost, says what its links are relative to (xml:base).
    """

    root: str
    is_feed: bool
    stray_base: bool
    body: bytes
    beside: tuple[Beside, ...]


class Broken(Exception):
    """The document is not well-formed: in which line, and whether it only ends too early."""

    def __init__(self, line: int, *, cut: bool) -> None:
        super().__init__(line)
        self.line = line
        self.cut = cut


ENDS_TOO_EARLY = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
}


def survey(body: bytes) -> Surveyed:
    """Read a document of UTF-8 once; raises Broken. What follows the outermost element is left out."""
    surveyor = _Surveyor(body)
    try:
        surveyor.parser.Parse(body, True)
    except expat.ExpatError as error:
        if not surveyor.over:
            raise Broken(error.lineno, cut=error.code in ENDS_TOO_EARLY) from None
        body = body[: surveyor.parser.ErrorByteIndex]
    trimmed = _edited(body, surveyor.edits).lstrip()  # Blank lines before the first element cost feedparser hours.
    return Surveyed(surveyor.root, surveyor.is_feed, surveyor.stray_base, trimmed, tuple(surveyor.beside))


def _edited(body: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The document with each stretch replaced; of two that overlap the outer one counts."""
    pieces, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= at:
            pieces += [body[at:start], new]
            at = end
    return b"".join([*pieces, body[at:]])


@dataclass(slots=True)
class _Words:
    """The text of an element that is being read, as far as it came."""

    depth: int
    start: int
    local: str
    pieces: list[str] = field(default_factory=list)


class _Surveyor:
    """Follows expat through a document."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.root = ""
        self.is_feed = False
        self.has_base = self.stray_base = False
        self.over = False
        self.depth = 0
        self.item_depth = 0  # The depth of the item that is being read, 0 between items.
        self.counted = 0  # The tags and authors of that item so far.
        self.shown = 0  # Its pictures so far.
        self.beside: list[Beside] = []
        self.edits: list[tuple[int, int, bytes]] = []
        self.cut: tuple[int, int, bool] | None = None  # Depth and offset of what is being cut, and whether it is empty.
        self.scopes: list[tuple[int, Beside]] = []  # The media elements that are open, the item itself first.
        self.words: _Words | None = None

    # --- Events -----------------------------------------------------------------------------------------------------

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        space, _, local = name.rpartition(" ")
        if self.depth == 1:
            self.root, self.has_base = local, BASE in attributes
            self.is_feed = local.lower() in ("rss", "feed")
            return
        self.stray_base |= BASE in attributes and not self.has_base
        if self.item_depth:
            self._start_inside(space.lower(), local.lower(), attributes)
        elif local.lower() in ("item", "entry") and space != XHTML:
            self._start_item()
        else:
            self._start_between(space.lower(), local.lower())

    def end(self, name: str) -> None:
        index = self.parser.CurrentByteIndex
        if self.words and self.words.depth == self.depth:
            self._end_words(self.words, index)
        if len(self.scopes) > 1 and self.scopes[-1][0] == self.depth:
            self._end_scope(name.rpartition(" ")[2].lower())
        if self.cut and self.cut[0] == self.depth:
            self._end_cut(index)
        if self.item_depth == self.depth:
            self._end_item(index)
        self.depth -= 1
        self.over = not self.depth

    # --- Items ------------------------------------------------------------------------------------------------------

    def _start_item(self) -> None:
        if len(self.beside) >= ITEMS:
            self._start_cut()
            return
        self.item_depth, self.counted, self.shown = self.depth, 0, 0
        self.beside.append(Beside())
        self.scopes = [(self.depth, Beside())]

    def _end_item(self, index: int) -> None:
        own = self.scopes.pop()[1]
        found = self.beside[-1]
        found.take(own)
        found.title, found.description = own.title or found.title, own.description or found.description
        self.item_depth = 0
        if self.body.startswith(b"</", index):
            number = len(self.beside) - 1
            self.edits.append((index, index, b"<%s>%d</%s>" % (NUMBER.encode(), number, NUMBER.encode())))

    def _start_between(self, space: str, local: str) -> None:
        """What is of the feed, not of an item: only its names and addresses are read."""
        if local == "channel" and self.root.lower() == "rdf":  # RDF holds many things; a channel makes it RSS 1.0.
            self.is_feed = True
        elif space in MEDIA or space == ITUNES or local in UNREAD_OF_FEED:
            self._start_cut()
        elif local in BRIEF:
            self._start_words(local)

    def _start_inside(self, space: str, local: str, attributes: dict[str, str]) -> None:
        if space in MEDIA:
            self._start_media(local, attributes)
        elif space == ITUNES:
            if local == "image":
                self._picture(attributes.get("href", attributes.get("url", "")), "image/", attributes)
            if local == "author":
                self._start_brief(local)
            else:
                self._start_cut()
        elif local == "enclosure" or (local == "link" and attributes.get("rel", "").lower() == "enclosure"):
            self._enclosure(attributes)
        elif space != XHTML and local in UNREAD:
            self._start_cut()
        elif space != XHTML and local in BRIEF:
            self._start_brief(local)

    # --- Pictures and their words -----------------------------------------------------------------------------------

    def _start_media(self, local: str, attributes: dict[str, str]) -> None:
        self._start_cut()
        if local in ("group", "content"):
            self.scopes.append((self.depth, Beside()))
        url, kind = attributes.get("url", ""), attributes.get("type", "")
        medium = attributes.get("medium", "").lower()
        if local == "thumbnail" or (local == "content" and medium == "image"):
            self._picture(url, "image/", attributes)
        elif local == "content" and not medium:
            self._picture(url, kind, attributes)
        elif local in ("title", "description"):
            self._start_words(local)

    def _said(self, words: _Words) -> None:
        scope, said = self.scopes[-1][1], plain("".join(words.pieces))
        if words.local == "title":
            scope.title = scope.title or said
        else:
            scope.description = scope.description or said

    def _end_scope(self, local: str) -> None:
        inner, outer = self.scopes.pop()[1], self.scopes[-1][1]
        outer.take(inner)
        if local == "group":  # Its words may be the only ones that the item has.
            self.beside[-1].title = self.beside[-1].title or inner.title
            self.beside[-1].description = self.beside[-1].description or inner.description

    def _enclosure(self, attributes: dict[str, str]) -> None:
        self._picture(attributes.get("url", attributes.get("href", "")), attributes.get("type", ""), attributes)

    def _picture(self, url: str, kind: str, attributes: dict[str, str]) -> None:
        if self.shown >= PICTURES or not looks_like_picture(url, kind):
            return
        self.shown += 1
        said = attributes.get("type", "")
        alt = plain(attributes.get("title", ""), longest=TITLE)
        width, height = size(attributes.get("width")), size(attributes.get("height"))
        self.scopes[-1][1].pictures.append(Picture(url, alt, said if said.startswith("image/") else "", width, height))

    # --- What is cut ------------------------------------------------------------------------------------------------

    def _start_cut(self) -> None:
        if self.cut is None:
            index = self.parser.CurrentByteIndex
            tag = START_TAG.match(self.body, index)
            self.cut = (self.depth, index, bool(tag and tag[0].endswith(b"/>")))

    def _end_cut(self, index: int) -> None:
        if self.cut:
            _, start, empty = self.cut
            self.edits.append((start, index if empty else self.body.find(b">", index) + 1, b""))
        self.cut = None

    def _start_brief(self, local: str) -> None:
        self.counted += local in COUNTED
        if self.counted > TAGS:
            self._start_cut()
        else:
            self._start_words(local)

    def _start_words(self, local: str) -> None:
        if self.words is None:
            self.words = _Words(self.depth, self.parser.CurrentByteIndex, local)
            self.parser.CharacterDataHandler = self.words.pieces.append

    def _end_words(self, words: _Words, index: int) -> None:
        self.words = self.parser.CharacterDataHandler = None
        if words.local not in BRIEF:
            self._said(words)
        elif sum(map(len, words.pieces)) > BRIEF[words.local]:
            self.edits.append((words.start, self.body.find(b">", index) + 1, b""))
