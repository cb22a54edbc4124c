"""Finds the line at the end of an article that asks readers to share it, and lifts it out of the text.

The line stands in the text itself or in a widget for sharing, which the text never contains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.model import Block, Span, Text
from bot.posts.characters import one_line
from bot.posts.clip import clip_line, sentence_ends, words_of
from bot.posts.leftovers import without_leftovers
from bot.posts.markup import HIDDEN, tamed
from bot.posts.read import read, tidy
from bot.posts.share_grammar import (
    LONGEST,
    asks_to_share,
    is_button,
    is_labelled,
    is_thanks,
    leads_up,
    names_sharing,
    signless,
    spoken,
)

LONGEST_CALL = 120  # Characters that are shown.
NEAR_THE_END = 10  # Blocks; after a call come bylines, contacts, other articles, a newsletter.
LAST_SENTENCES = 3  # Of a line; a call may be followed by thanks or a reason.
LONGEST_LINE = 800  # Characters at the end of a line that are read.
MOST_CALLS = 12  # A page with more of them is broken.
PROSE = 200  # Characters; a heading before a paragraph of this length heads a section.


@dataclass(frozen=True, slots=True)
class Found:
    """The call as the article words it, on one line, or nothing; and the text without it."""

    call: str
    text: Text


def find_call(html: str, text: Text, phrases: Sequence[str] = (), link: str = "") -> Found:
    """What asks readers to share, in a text or in the widgets of the HTML that it was read from.

    `phrases` are more calls than those that are known; `link` is the article's own address. Without a call the text
    is the same as before, except for a closing row of buttons («Share on Facebook»).
    """
    search = Search(phrases)
    left = search.through(text)
    if left != text:
        left = without_leftovers(left, link)
    return Found(search.words() or title_of_widget(html, phrases), left)


# --- In the text ---------------------------------------------------------------------------------------------------


class Search:
    """A search through the end of a text, from its last block backwards; `calls` are those found, the last first."""

    def __init__(self, phrases: Sequence[str] = (), *, in_widget: bool = False) -> None:
        self.phrases = [said for phrase in phrases if (said := signless(spoken(phrase)))]
        self.in_widget = in_widget
        self.calls: list[str] = []

    def words(self) -> str:
        """The call to show: the first one of the text, for a later one is likelier a theme's than the author's."""
        return next(filter(None, map(shown, reversed(self.calls))), "")

    def through(self, text: Text) -> Text:
        """The text without its calls."""
        before, after = list(text), list[Block]()
        left = NEAR_THE_END
        while before and left > 0:
            block = before.pop()
            in_list = block.kind == "item" and bool(after) and after[-1].kind == "item"
            amid = in_list and not is_button(words_of(after[-1]))
            labelled = is_labelled(words_of(block)) and not amid and block.kind != "code"
            kept = None if labelled else self.lifted(block, before, after)
            if kept is not block:
                _drop_buttons(after)
            if kept:
                after.append(kept)
                left -= not in_list and not is_button(words_of(kept))
        return (*before, *reversed(after))

    def lifted(self, block: Block, before: list[Block], after: list[Block]) -> Block | None:
        """The block without its calls. A block before it that only leads up to a call goes with it."""
        if not may_hold_call(block, before, after):
            return block
        kept: Block | None = block
        earlier = words_of(before[-1]) if before else ""
        while kept and len(self.calls) < MOST_CALLS and (found := self.call_in(words_of(kept), earlier)):
            start, end = found
            call = words_of(kept)[start:end]
            if start == 0 and before and leads_up(earlier) and len(earlier) + len(call) < LONGEST_CALL:
                call, earlier = f"{words_of(before.pop())} {call}", ""
            self.calls.append(call)
            kept = without(kept, start, end)
        return kept

    def call_in(self, words: str, earlier: str) -> tuple[int, int] | None:
        """Where the last call in these words stands, with what leads up to it and the thanks behind it."""
        for line in lines(words):
            sentences = sentences_of(words, *line)
            for at in range(len(sentences) - 1, max(len(sentences) - 1 - LAST_SENTENCES, -1), -1):
                start, end = sentences[at]
                before_start = sentences[at - 1][0] if at else words.rfind("\n", 0, max(start - 1, 0)) + 1
                before = words[before_start:start].rstrip() or earlier
                prepared = leads_up(before)
                if self.is_call(words[start:end], before, alone=prepared or (start, end) == (0, len(words))):
                    with_it = prepared and start > 0 and end - before_start <= LONGEST_CALL
                    return before_start if with_it else start, _end_of_thanks(words, sentences[at:])
        return None

    def is_call(self, sentence: str, before: str, *, alone: bool) -> bool:
        words = signless(spoken(sentence)) if self.phrases and len(sentence) <= LONGEST else ""
        if any(f" {phrase}" in f" {words}" for phrase in self.phrases):
            return True
        return asks_to_share(sentence, before, alone=alone) or (self.in_widget and names_sharing(sentence))


def may_hold_call(block: Block, before: list[Block], after: list[Block]) -> bool:
    """Whether a call in this place is one: not as code or the head of a section, nor amid a list or a quotation.

    `before` are the blocks up to this one, `after` those behind it, the last first.
    """
    following = after[-1] if after else None
    match block.kind:
        case "heading":
            return following is None or following.kind != "paragraph" or len(words_of(following)) < PROSE
        case "quote":
            return not before or before[-1].kind != "quote"
        case "item":
            return following is None or following.kind != "item"
        case _:
            return block.kind != "code"


def _end_of_thanks(words: str, sentences: list[tuple[int, int]]) -> int:
    """Where a call ends, the first of these sentences: behind the thanks for it if nothing else follows them."""
    call, *rest = sentences
    return rest[-1][1] if rest and all(is_thanks(words[start:end]) for start, end in rest) else call[1]


def _drop_buttons(after: list[Block]) -> None:
    """Drop the buttons that follow a call; `after` is in reverse order."""
    while after and is_button(words_of(after[-1])):
        after.pop()


# --- Lines and sentences -------------------------------------------------------------------------------------------

LINES = 10  # Of a block; the last ones.
PICTURE = r"[\p{Extended_Pictographic}\p{Emoji_Modifier}\u200d\ufe0f\u20e3]"
# A sentence may also end with pictures, and a bar or a bullet stands between two.
PICTURE_END = regex.compile(rf"{PICTURE}+(?=\s+[\p{{Lu}}\u00ab\u201c])|\s[|\u2022\u00b7](?=\s)")
POINTERS = (
    r"[\u2190-\u21ff\u2794-\u27bf\u2b00-\u2bff\u25a0-\u25ff\u2900-\u297f\u203a\u00bb"
    r"\U0001f446-\U0001f449\U0001f51c-\U0001f51d\U0001f53c-\U0001f53d\U0001f3fb-\U0001f3ff\ufe0f\u200d>|\u2022\u00b7*~_=\-\u2013\u2014\s]+"
)
POINTING = regex.compile(POINTERS)
ENDS_POINTING = regex.compile(rf"(?:{POINTERS}|[:,;]+)+$")


def lines(words: str) -> Iterator[tuple[int, int]]:
    """Where the last lines of a block begin and end, the last first; of a long one its end."""
    end = len(words)
    for _ in range(LINES):
        start = words.rfind("\n", 0, end) + 1
        yield max(start, end - LONGEST_LINE), end
        if not start:
            return
        end = start - 1


def sentences_of(words: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the sentences of a line begin and end.

    What holds no letter belongs to the sentence before it, or after it if it points there.
    """
    line = words[start:end]
    ends = sorted({*sentence_ends(line), *(found.end() for found in PICTURE_END.finditer(line)), len(line)})
    kept: list[int] = []
    for before, after in pairwise((0, *ends)):
        piece = line[before:after]
        if any(map(str.isalnum, piece)):
            kept.append(after)
        elif kept and not POINTING.fullmatch(piece):
            kept[-1] = after
    return [(start + before, start + after) for before, after in pairwise((0, *kept[:-1], len(line)))]


def without(block: Block, start: int, end: int) -> Block | None:
    """The block without a stretch of its words; None when no word is left."""
    words = words_of(block)
    end += words[:start].endswith("\n") and words[end:].startswith("\n")
    spans = tidy([*_stretch(block, 0, start), Span(" "), *_stretch(block, end, None)])
    kept = replace(block, spans=tuple(spans))
    return kept if any(map(str.isalnum, words_of(kept))) else None


def _stretch(block: Block, start: int, end: int | None) -> list[Span]:
    """The runs of a block from one offset to another."""
    stretch, at = list[Span](), 0
    for span in block.spans:
        words = span.text[max(start - at, 0) : None if end is None else max(end - at, 0)]
        stretch += [replace(span, text=words)] if words else []
        at += len(span.text)
    return stretch


def shown(call: str) -> str:
    """The words of a call as people see them: one line, without what only points to buttons."""
    words = one_line(call)
    title, colon, rest = words.partition(":")
    words = title if colon and is_button(rest) else words
    start = POINTING.match(words)
    words = ENDS_POINTING.sub("", words[start.end() if start else 0 :])
    return clip_line(words, LONGEST_CALL) if any(map(str.isalnum, words)) else ""


# --- In widgets ----------------------------------------------------------------------------------------------------

MOST_WIDGETS = 20
BOXES = frozenset(("div", "section", "ul", "p", "nav", "footer", "span"))
# Class names of what plugins and themes put at the end of an article to share it with.
WIDGET = regex.compile(
    r"""(?:^|[\s_-])(?:
    shar(?:e|er|es|ing)|del(?:e|ing)?(?:-|knapp|boks)|dela|sharedaddy|sharethis|shareaholic|addtoany|a2a|addthis|heateor|the_champ
    |ssba|ss-inline-share|et_social|essb|swp|mashsb|dpsp|apss|novashare|hubbub|monarch|wpsr|social(?:ize|-?media|-?shar\w*)?
    )(?=$|[\s_-])""",
    regex.VERBOSE | regex.IGNORECASE,
)


def title_of_widget(html: str, phrases: Sequence[str] = ()) -> str:
    """The words over the buttons of a widget for sharing, if they ask for it; of several widgets, of the last one."""
    search = Search(phrases, in_widget=True)
    for inside in reversed(widgets(html)):
        text = read(inside)
        search.through(tuple(filter(None, map(without_links, text))))
        if search.calls:
            return search.words()
    return ""


def widgets(html: str) -> list[str]:
    """The HTML inside the last widgets of an article."""
    html = tamed(html.encode("utf-8", "ignore").decode())
    body = LexborHTMLParser(f"<body>{html}").body
    found = [node for node in body.traverse() if is_widget(node)] if body else []
    return [node.inner_html or "" for node in found[-MOST_WIDGETS:]]


def is_widget(node: LexborNode) -> bool:
    attributes = node.attributes
    if node.tag == "aside":
        return True
    hidden = "hidden" in attributes or HIDDEN.search(attributes.get("style") or "")
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return node.tag in BOXES and not hidden and WIDGET.search(names) is not None


def without_links(block: Block) -> Block | None:
    """The block without its links, which are the buttons."""
    spans = tidy([span for span in block.spans if not span.link])
    return replace(block, spans=tuple(spans)) if spans else None
