"""Makes a document of a feed's bytes: RSS 0.9x to 2.0, RDF, Atom and JSON Feed. Pure, and the only user of feedparser.

The way: bytes to text (`mend.decode`), away with what stands before the outermost element (`mend.from_root`), one
quick pass that checks and trims (`survey`), and feedparser for the rest. So feedparser only ever sees well-formed,
bounded XML in UTF-8 without a document type, and its forgiving second parser, which guesses, never runs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Any

import feedparser

from bot.feeds import fields, jsonfeed, mend, refuse
from bot.feeds.dates import read_date
from bot.feeds.measure import Monstrous
from bot.feeds.survey import NUMBER, Broken, survey
from bot.feeds.surveyed import Beside, Surveyed
from bot.model import Document, FeedProblem, Item

Entry = Mapping[str, Any]
HEADERS = {"content-type": "application/xml; charset=utf-8"}
HTML = ("text/html", "application/xhtml+xml")
TEXTS = (*HTML, "text/plain")
BLANK = "\ufeff\0 \t\r\n\f\v"


def parse(body: bytes, *, content_type: str = "", address: str = "") -> Document:
    """The document that a body holds; FeedProblem, saying what it is instead, when it is no feed.

    `content_type` is the server's header, believed only where the body doesn't say better. `address` is where the
    body came from: what relative links are relative to in the last resort; no password or query of it gets into an
    item. A document that is broken anywhere gives nothing, so that no item seems to have been removed.
    """
    if not body.strip():
        raise refuse.empty()
    if body.startswith(refuse.BINARY):
        raise refuse.binary()
    try:
        return _read(mend.in_utf8(body, content_type), fields.public(address))
    except FeedProblem:
        raise
    except Exception as error:  # feedparser has no promise about what it raises on strange input.
        raise refuse.unreadable() from error


def _read(text: bytes, address: str) -> Document:
    if not text:
        raise refuse.empty()
    start = mend.beginning(text, mend.HEAD).lstrip(BLANK)
    if start.startswith("{") or (start.startswith("[") and text.endswith(b"]")):
        return jsonfeed.read(text.lstrip(mend.BLANKS), address)
    if refuse.is_page(start):
        raise refuse.page(mend.beginning(text, refuse.READ))
    xml = mend.from_root(text)
    if xml is None:
        raise refuse.words(mend.beginning(text, refuse.READ))
    del text  # What may be large is let go when it is not needed any more.
    surveyed = _surveyed(xml)
    if not surveyed.is_feed:
        raise refuse.root(surveyed.root)
    return _in_portions(surveyed, address)


def _in_portions(surveyed: Surveyed, address: str) -> Document:
    """The document, read in the portions that the survey made; what is of the feed itself is in each of them."""
    base = ""
    if surveyed.stray_base:
        # Without a base to return to, feedparser takes an element's own for that of all that follow: this gives one.
        base = _document(_feed(next(surveyed.portions())), (), address).link or address
    document, *others = (_document(_feed(xml, base), surveyed.beside, address) for xml in surveyed.portions())
    return replace(document, items=tuple(item for part in (document, *others) for item in part.items))


def _feed(xml: bytes, base: str = "") -> Entry:
    """What feedparser reads. The bytes are wrapped, since it takes bare ones for the name of a file first."""
    read: Entry = feedparser.parse(
        io.BytesIO(xml),
        response_headers=HEADERS | ({"content-location": base} if base else {}),
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return read


def _surveyed(xml: bytes) -> Surveyed:
    """The document as it is, or else mended; FeedProblem with the first line that is wrong when mending can't help."""
    try:
        return survey(xml)
    except Monstrous as monstrous:
        raise refuse.monstrous(str(monstrous)) from None
    except Broken as first:
        try:
            return survey(mend.mend(xml))
        except Monstrous as monstrous:
            raise refuse.monstrous(str(monstrous)) from None
        except Broken as second:
            line, cut = max((first.line, first.cut), (second.line, second.cut), key=lambda broken: broken[0])
            raise refuse.broken(line, cut=cut) from None


def _document(read: Entry, beside: Sequence[Beside], address: str) -> Document:
    feed: Entry = read["feed"]
    atom = str(read.get("version", "")).startswith("atom")
    home = fields.absolute(feed.get("link"), address)
    items = (_item(entry, feed, _beside(entry, beside), home or address, atom=atom) for entry in read["entries"])
    return Document(
        title=_title(feed, atom=atom),
        link=home,
        language=fields.language(feed.get("language")),
        items=tuple(items),
    )


def _beside(entry: Entry, beside: Sequence[Beside]) -> Beside:
    """What the survey found in the item that this entry was made of."""
    number = str(entry.get(NUMBER, ""))
    known = number.isdecimal() and len(number) < 6 and int(number) < len(beside)
    return beside[int(number)] if known else Beside()


def _item(entry: Entry, feed: Entry, beside: Beside, home: str, *, atom: bool) -> Item:
    text = _fullest(entry)
    base = fields.absolute(text.get("base") or _detail(entry, "title").get("base"), home)
    link = _link(entry, base or home)
    summary = _html(_detail(entry, "summary")) or escape(beside.description, quote=False)
    published, updated = _dates(entry, atom=atom)
    return Item(
        guid=fields.clean(entry.get("id")).strip(),
        link=link,
        title=_title(entry, atom=atom) or beside.title,
        html=_html(text) or summary,
        summary=summary,
        base=base or link or home,
        authors=fields.names(_authors(entry)) or fields.names(_authors(feed) if atom else ()),
        tags=fields.tags(tag.get("label") or tag.get("term") for tag in entry.get("tags", ())),
        published=published[0] if published else None,
        updated=updated[0] if updated else None,
        date_is_certain=all(date[1] for date in (published, updated) if date),
        pictures=fields.best_first(beside.pictures, base or home),
        language=_language(entry, text, feed),
    )


def _detail(entry: Entry, name: str) -> Entry:
    """What feedparser tells of a text: its value, type, base and language. A text that it only copied has none."""
    detail = entry.get(f"{name}_detail")
    return detail if isinstance(detail, dict) else {}


def _title(entry: Entry, *, atom: bool) -> str:
    """Atom says when a title is plain text; every other format leaves it to be guessed."""
    literal = atom and _detail(entry, "title").get("type") == "text/plain"
    return fields.plain(entry.get("title"), markup=not literal)


def _fullest(entry: Entry) -> Entry:
    """The text of an item that says most, HTML before plain text."""
    texts = [text for text in entry.get("content", ()) if text.get("value") and text.get("type") in TEXTS]
    return max(texts, key=lambda text: (text["type"] in HTML, len(text["value"])), default=_detail(entry, "summary"))


def _html(text: Entry) -> str:
    """A text as HTML, which it is unless its type says that it is plain."""
    value = fields.clean(text.get("value")).strip()
    return escape(value, quote=False) if text.get("type") == "text/plain" else value


def _link(entry: Entry, base: str) -> str:
    """The address of the article itself: the one before a counting service, else the page's, else a permanent guid."""
    links = [link for link in entry.get("links", ()) if link.get("rel") == "alternate"]
    pages = [link.get("href") for link in sorted(links, key=lambda link: link.get("type") not in HTML)]
    for address in (entry.get("feedburner_origlink"), *pages):
        found = fields.absolute(address, base)
        if found:
            return found
    permanent = entry.get("guidislink") or entry.get("link") == entry.get("id")
    return fields.absolute(entry.get("id")) if permanent else ""


def _dates(entry: Entry, *, atom: bool) -> tuple[tuple[datetime, bool] | None, tuple[datetime, bool] | None]:
    """When an item was published and when it was changed. The one date that RSS may have is that of publishing."""
    published = read_date(str(entry.get("published") or entry.get("created") or ""))
    updated = read_date(str(entry["updated"])) if "updated" in entry else None
    return (updated, None) if updated and not published and not atom else (published, updated)


def _authors(bearer: Entry) -> list[object]:
    """The authors' names; of the last one all that was written, as feedparser knows only the shorter addresses."""
    return [*(author.get("name") for author in bearer.get("authors", ())[:-1]), bearer.get("author")]


def _language(entry: Entry, text: Entry, feed: Entry) -> str:
    """The item's own language before that of the feed."""
    said = (entry.get("language"), text.get("language"), _detail(entry, "title").get("language"), feed.get("language"))
    return fields.language(*said)
