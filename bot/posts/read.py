"""Reads an article's HTML once, into the text and the pictures that every platform's form is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from selectolax.lexbor import LexborNode

from bot.model import Block, Picture, Span, Text
from bot.posts.characters import clean, one_line
from bot.posts.leftovers import without_leftovers
from bot.posts.links import misleads, resolved
from bot.posts.markup import SHORTCODE, walk

# --- Text ----------------------------------------------------------------------------------------------------------

Kind = Literal["paragraph", "heading", "item", "quote", "code"]

APART = """
address article blockquote center dd details div dl dt fieldset figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p
pre section summary table tbody tfoot thead tr ul
"""
BLOCKS = frozenset(APART.split())
UNMARKED = Span("")
BOLD, ITALIC, CODE = frozenset(("b", "strong")), frozenset(("i", "em")), frozenset(("code", "kbd", "samp", "tt"))
HEADINGS = {f"h{level}": level for level in range(1, 7)}
PARAGRAPHS_APART = re.compile(r"\n[ \n]*\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reading stands: what block words belong to, and the look that they have."""

    kind: Kind = "paragraph"
    level: int = 0
    lists: int = 0
    look: Span = UNMARKED


def read(html: str, base: str = "", link: str = "") -> Text:
    """The text of an article, in paragraphs, without what only surrounds it.

    Relative links are resolved on `base`; `link` is the article's own address, by which links back to it are known.
    """
    reading = Reading(base)
    for step, node in walk(html):
        if step == "enter":
            reading.enter(node)
        else:
            reading.leave(node)
    reading.finish()
    return without_leftovers(tuple(reading.blocks), link)


class Reading:
    """The text as far as it has been read; `pending` are the runs of the block that is still open."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.blocks: list[Block] = []
        self.pending: list[Span] = []
        self.places = [Place()]
        self.gap = ""
        self.bulleted = False

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self.say(node.text_content or "")
        elif tag == "br":
            self.pending.append(replace(self.places[-1].look, text="\n"))
        elif tag in BLOCKS:
            self.finish()
        elif tag in ("td", "th") and self.pending:
            self.gap = " \u2013 "
        if node.is_element_node:
            self.places.append(self.place_in(node, tag))
            self.bulleted = self.bulleted and tag != "li"

    def leave(self, node: LexborNode) -> None:
        if node.tag in BLOCKS:
            self.finish()
        if node.is_element_node:
            self.places.pop()

    def place_in(self, node: LexborNode, tag: str) -> Place:
        """Where the words inside this element stand."""
        here = self.places[-1]
        if tag in HEADINGS:
            return replace(here, kind="heading", level=HEADINGS[tag])
        if tag in ("ul", "ol"):
            return replace(here, lists=here.lists + 1)
        if tag == "li":
            return replace(here, kind="item", level=max(here.lists - 1, 0))
        if tag == "blockquote":
            return replace(here, kind="quote", level=0)
        if tag == "pre":
            return replace(here, kind="code", level=0)
        return replace(here, look=self.look_in(node, tag, here.look))

    def look_in(self, node: LexborNode, tag: str, look: Span) -> Span:
        if tag == "a":
            return replace(look, link=resolved(node.attributes.get("href") or "", self.base))
        return replace(
            look, bold=look.bold or tag in BOLD, italic=look.italic or tag in ITALIC, code=look.code or tag in CODE
        )

    def say(self, words: str) -> None:
        """Add words as they stand in the HTML; outside of code a line break there is only a space."""
        words = clean(words)
        place = self.places[-1]
        if place.kind != "code":
            words = SHORTCODE.sub("", re.sub(r"\s+", " ", words))
        if self.gap and words.strip():
            self.pending.append(Span(self.gap))
            self.gap = ""
        if words:
            self.pending.append(replace(place.look, text=words))

    def finish(self) -> None:
        """Close the open block. An empty line within it was meant as the end of a paragraph."""
        place = self.places[-1]
        spans, self.pending, self.gap = self.pending, [], ""
        if place.kind == "code":
            code = "".join(span.text for span in spans).strip("\n").rstrip()
            self.blocks += [Block("code", (Span(code),))] if code.strip() else []
            return
        for piece in _paragraphs(tidy(spans)):
            continued = place.kind == "item" and self.bulleted
            kind: Kind = "paragraph" if continued else place.kind
            self.blocks.append(Block(kind, piece, 0 if continued else place.level))
            self.bulleted = self.bulleted or place.kind == "item"


def tidy(spans: list[Span]) -> list[Span]:
    """The runs with single spaces, none at a line's edge, and neighbours of one look joined."""
    joined: list[Span] = []
    end = "\n"
    for span in spans:
        words = re.sub(r" ?\n ?", "\n", re.sub(r" +", " ", span.text))
        words = words.lstrip(" ") if end in " \n" else words
        if words.startswith("\n") and joined and end == " ":
            joined[-1] = replace(joined[-1], text=joined[-1].text.rstrip(" "))
        if not words:
            continue
        look = span if words.strip() else replace(span, bold=False, italic=False, code=False)
        joined.append(replace(look, text=words))
        end = words[-1]
    return _joined(joined)


def _joined(spans: list[Span]) -> list[Span]:
    """The same, with neighbours of one look made one, and no white space at either end."""
    runs: list[tuple[Span, list[str]]] = []
    for span in spans:
        look = replace(span, text="")
        if runs and runs[-1][0] == look:
            runs[-1][1].append(span.text)
        else:
            runs.append((look, [span.text]))
    whole = [replace(look, text="".join(words)) for look, words in runs]
    whole = [replace(span, link="") if misleads(span.text, span.link) else span for span in whole]
    while whole and not whole[0].text.strip():
        del whole[0]
    while whole and not whole[-1].text.strip():
        whole.pop()
    if whole:
        whole[0] = replace(whole[0], text=whole[0].text.lstrip())
        whole[-1] = replace(whole[-1], text=whole[-1].text.rstrip())
    return whole


def _paragraphs(spans: list[Span]) -> list[tuple[Span, ...]]:
    """The runs of a block, apart where it has an empty line."""
    paragraphs: list[list[Span]] = [[]]
    for span in spans:
        first, *rest = PARAGRAPHS_APART.split(span.text)
        paragraphs[-1].append(replace(span, text=first))
        paragraphs += [[replace(span, text=words)] for words in rest]
    return [tuple(tidied) for paragraph in paragraphs if (tidied := _joined([s for s in paragraph if s.text]))]


# --- Pictures ------------------------------------------------------------------------------------------------------

LARGE_ENOUGH = 100  # Pixels; what is smaller is an icon, an avatar or a pixel that counts readers.
WIDEST = 2048
LAZY = ("data-src", "data-lazy-src", "data-original", "data-orig-file", "data-large-file")
NO_PICTURE = re.compile(
    r"\.(?:svg|ico)(?:$|[?#])|/(?:emoji|smil(?:ies|eys))/|gravatar\.com/avatar|pixel\.wp\.com|stats\.wordpress\.com"
    r"|feedburner\.com/~|feedsportal\.com|doubleclick\.net|facebook\.com/tr\b|google-analytics\.com|/b\.gif\b"
    r"|(?:^|[/_.-])(?:spacer|blank|pixel|transparent|placeholder|1x1|loading|tracking|counter)[\w-]*\.(?:gif|png|jpe?g)",
    re.IGNORECASE,
)
NO_PICTURE_CLASS = re.compile(
    r"(?:^|\s)(?:wp-smiley|emoji|avatar|gravatar|icon|spacer|pixel|tracking|logo)", re.IGNORECASE
)
FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|avif)|(?:img|dsc[nf]?|image|bilde|photo|foto)?[-_ ]*\d*", re.IGNORECASE
)


def pictures(html: str, base: str = "") -> tuple[Picture, ...]:
    """The real pictures in an article, in order: no icons, no emoji, no pixels that count readers."""
    found = (_picture(node, base) for step, node in walk(html) if step == "enter" and node.tag == "img")
    return tuple(dict.fromkeys(picture for picture in found if picture))


def _picture(node: LexborNode, base: str) -> Picture | None:
    attributes = {name: value or "" for name, value in node.attributes.items()}
    width, height = _pixels(attributes.get("width", "")), _pixels(attributes.get("height", ""))
    if NO_PICTURE_CLASS.search(attributes.get("class", "")):
        return None
    alt = alt_of(attributes.get("alt", ""))
    found = (Picture(resolved(address, base), alt, width=width, height=height) for address in _addresses(attributes))
    return next(filter(is_real, found), None)


def is_real(picture: Picture) -> bool:
    """Whether a picture shows something of the article: no icon, no portrait of the author, no pixel."""
    small = any(side is not None and side < LARGE_ENOUGH for side in (picture.width, picture.height))
    return picture.url.startswith("http") and not small and not NO_PICTURE.search(picture.url)


def _addresses(attributes: dict[str, str]) -> list[str]:
    """Where the picture may be, the likeliest first: a page that loads late keeps the real address elsewhere."""
    sets = (attributes.get(name, "") for name in ("data-srcset", "data-lazy-srcset", "srcset"))
    return [
        *(attributes[name] for name in LAZY if attributes.get(name)),
        attributes.get("src", ""),
        *map(_widest, sets),
    ]


def _widest(srcset: str) -> str:
    """The widest picture of a set that is not wider than a screen."""
    choices = re.findall(r"(?<![^\s,])(\S+)\s+(\d{1,5})(?:\.\d+)?[wx]\s*(?:,|$)", srcset[:4000])
    fitting = [(int(size), address) for address, size in choices if int(size) <= WIDEST]
    return max(fitting)[1] if fitting else re.split(r"[\s,]", srcset, maxsplit=1)[0]


def _pixels(size: str) -> int | None:
    found = re.fullmatch(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*", size)
    return int(found[1]) if found else None


def alt_of(words: str) -> str:
    """The words for who cannot see a picture; the name of its file is none."""
    words = one_line(words)
    return "" if FILE_NAME.fullmatch(words) else words
