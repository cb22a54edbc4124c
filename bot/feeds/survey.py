"""One quick pass over a feed's XML: is it well-formed, what is it, and what would mislead or overload feedparser.

feedparser takes the words of a picture for the article's, forgets which picture they belong to, and needs ever more
time for thousands of tags or for one endless name, and memory for all at once. So this pass reads the pictures itself,
cuts them and what is beyond all measure out of the document, writes a number into each item by which the two readings
find each other, and gives the document in portions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from bot.feeds import measure
from bot.feeds.fields import TITLE, looks_like_picture, plain, size
from bot.feeds.surveyed import Beside, Edit, Surveyed, after_tag, shortened
from bot.model import Picture

PIECE = 262_144
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
    """Read a document of UTF-8 once; raises Broken or Monstrous. What follows the outermost element is left out."""
    measure.check_tags(body)
    surveyor = _Surveyor(body)
    try:
        # Piece by piece, for an exception out of a handler ends it only when the piece is done.
        for start in range(0, len(body), PIECE):
            surveyor.parser.Parse(body[start : start + PIECE], False)
        surveyor.parser.Parse(b"", True)
    except expat.ExpatError as error:
        if not surveyor.over:
            raise Broken(error.lineno, cut=error.code in ENDS_TOO_EARLY) from None
        body = body[: surveyor.parser.ErrorByteIndex]
    finally:
        # The parser and what it calls hold each other, and the document with them, until Python looks for such rings.
        del surveyor.parser
    measure.check_between(len(body) - surveyor.away)
    edits, beside = [*surveyor.edits, *surveyor.cuts], tuple(surveyor.beside)
    start = surveyor.began_at
    return Surveyed(surveyor.root, surveyor.is_feed, surveyor.stray_base, body, start, edits, surveyor.items, beside)


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
        self.measure = measure.Measure()
        self.parser.StartNamespaceDeclHandler = self.measure.declare
        self.root = ""
        self.is_feed = False
        self.has_base = self.stray_base = False
        self.over = False
        self.depth = 0
        self.item_depth = 0  # The depth of the item that is being read, 0 between items.
        self.counted = 0  # The tags and authors of that item so far.
        self.shown = 0  # Its pictures so far.
        self.elements = self.between = 0  # Those that are read, in all and beside the items.
        self.most = measure.ELEMENTS  # Up to how many are read before the end of the item.
        self.item_from = 0  # Where the item would have begun without what was cut of it.
        self.began_at = 0
        self.began = self.began_depth = 0  # Where the element that is not within another one of an item began.
        self.away = 0  # Bytes so far that are in items or cut.
        self.items: list[tuple[int, int]] = []
        self.beside: list[Beside] = []
        self.edits: list[Edit] = []
        self.cuts: list[Edit] = []
        self.idle = False  # Whether nothing was read since the last cut, so that the next one goes on with it.
        self.cut: tuple[int, int, bool] | None = None  # Depth and offset of what is being cut, and whether it is empty.
        self.scopes: list[tuple[int, Beside]] = []  # The media elements that are open, the item itself first.
        self.words: _Words | None = None

    # --- Events -----------------------------------------------------------------------------------------------------

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.measure.meet(name, attributes, self.depth)
        space, _, local = name.rpartition(" ")
        if self.depth == 1:
            self.root, self.has_base = local, BASE in attributes
            self.began_at = self.away = self.parser.CurrentByteIndex  # Blank lines before it cost feedparser hours.
            self.is_feed = local.lower() in ("rss", "feed")
            return
        self.stray_base |= BASE in attributes and not self.has_base
        if self._is_too_much():
            self._start_cut()
        elif self.item_depth:
            self._start_inside(space.lower(), local.lower(), attributes)
        elif local.lower() in ("item", "entry") and space != XHTML:
            self._start_item()
        else:
            self._start_between(space.lower(), local.lower())
        self._count()

    def end(self, name: str) -> None:
        index = self.parser.CurrentByteIndex
        if self.words and self.words.depth == self.depth:
            self._end_words(self.words, index)
        if len(self.scopes) > 1 and self.scopes[-1][0] == self.depth:
            self._end_scope(name.rpartition(" ")[2].lower())
        if self.cut:
            if self.cut[0] == self.depth:
                self._end_cut(index)
        else:
            self.idle = False
            if self.began_depth == self.depth and index - self.began > measure.LONGEST_TEXT:
                self._shorten(index)
        if self.item_depth == self.depth:
            self._end_item(index)
        self.depth -= 1
        self.over = not self.depth

    # --- Measure ----------------------------------------------------------------------------------------------------

    def _is_too_much(self) -> bool:
        """Whether so much was read that this element is not, of the document, its item, or what is beside the items."""
        index = self.parser.CurrentByteIndex
        if self.item_depth:
            return self.elements > self.most or index - self.item_from > measure.BYTES_OF_ITEM
        return (
            max(
                self.elements - measure.ELEMENTS,
                self.between - measure.ELEMENTS_BETWEEN,
                index - self.away - measure.BYTES_BETWEEN,
            )
            > 0
        )

    def _count(self) -> None:
        if self.cut is None:
            self.idle = False
            self.elements += 1
            self.between += not self.item_depth
            if self.depth <= self.item_depth + 1 or not self.item_depth:
                self.began, self.began_depth = self.parser.CurrentByteIndex, self.depth

    def _shorten(self, end: int) -> None:
        self.edits.append(shortened(self.body, self.began, end, measure.LONGEST_TEXT))
        self._spare(end - self.began)

    def _spare(self, size: int) -> None:
        """Count so many bytes as cut."""
        if self.item_depth:
            self.item_from += size
        else:
            self.away += size

    # --- Items ------------------------------------------------------------------------------------------------------

    def _start_item(self) -> None:
        if len(self.beside) >= measure.ITEMS:
            self._start_cut()
            return
        self.item_depth, self.counted, self.shown = self.depth, 0, 0
        self.most = min(measure.ELEMENTS, self.elements + measure.ELEMENTS_OF_ITEM)
        self.item_from = self.parser.CurrentByteIndex
        self.items.append((self.item_from, 0))
        self.beside.append(Beside())
        self.scopes = [(self.depth, Beside())]

    def _end_item(self, index: int) -> None:
        own = self.scopes.pop()[1]
        found = self.beside[-1]
        found.take(own)
        found.title, found.description = own.title or found.title, own.description or found.description
        self.item_depth = 0
        start, end = self.items[-1][0], after_tag(self.body, index)
        self.items[-1] = (start, end)
        self.away += end - start
        if end - self.item_from > measure.LARGEST_ITEM:
            self.items.pop()
            self.cuts.append((start, end, b""))
        elif self.body.startswith(b"</", index):
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
        if self.shown >= measure.PICTURES or not looks_like_picture(url, kind):
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
            self.cut = (self.depth, index, self.body.endswith(b"/>", index, after_tag(self.body, index)))

    def _end_cut(self, index: int) -> None:
        if self.cut:
            _, start, empty = self.cut
            end = index if empty else self.body.find(b">", index) + 1
            self._spare(end - start)
            if self.idle and (len(self.cuts) > measure.ITEMS or not self.body[self.cuts[-1][1] : start].strip()):
                start = self.cuts.pop()[0]
            self.cuts.append((start, end, b""))
            self.idle = True
        self.cut = None

    def _start_brief(self, local: str) -> None:
        self.counted += local in COUNTED
        if self.counted > measure.TAGS:
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
