"""Shortens a text to a limit as a person would: at the end of a sentence, else of a word, never inside a sign."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate, takewhile

import regex

from bot.model import Block, Span, Text
from bot.posts.characters import graphemes_of
from bot.posts.write import plain

ELLIPSIS = "\u2026"
POINTER = 80  # Characters of a paragraph such as «Read the whole report.»
ENOUGH = 0.4  # The share of the limit that whole sentences must fill to be preferred to a cut one.

# --- Where sentences end -------------------------------------------------------------------------------------------

NORWEGIAN_AND_DANISH = """
adm adr alm avd bd bl ca cand dir div dr eks em evt fhv fig flg fmr forts fork frk fvt gj gl gnsn hhv hr iflg ifm inkl
istf jf jfr jr kap kgl kl konf kr kst maks mfl mht mill mnd mrd msk mv ndf nr okl omg omr oppr org osv pga pkt prof prop
ref resp s sek sekr siv skt sml spm sst st std stk str tab tel temp tlf trad ult utg vedr vha vol vs
"""
SWEDISH = "dvs dyl enl etc exkl fd fom frv henv inb moms pers proc sid tfn uppl vanl äv övers"
ENGLISH = """
al approx apr aug ave capt cf corp dec dept eds esp est feb gov inc jan jul jun lt ltd mr mrs ms mt nos nov oct pp rev
sep sept sgt sr thu tue univ viz wed
"""
ABBREVIATIONS = frozenset((NORWEGIAN_AND_DANISH + SWEDISH + " " + ENGLISH).split())
SHORT_BEFORE_A_NUMBER = frozenset(("art", "kap", "min", "no", "par", "vers"))
# A closing sign with its quotation marks, before white space or the end; or one of a script that sets no spaces.
SENTENCE_END = regex.compile(
    r"[.!?\u2026]+[\"'\u00bb\u201d\u2019)\]]*(?=\s|$)"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\uff09]*"
)
LAST_WORD = regex.compile(r"[^\s(\[\u00ab\u201c\"]*$")
STARTS_SENTENCE = regex.compile(r"\s*[\"'\u00ab\u201c\u201d\u2018(\[\u2013\u2014-]*\s*[^\p{Ll}\s]|\s*$")


def sentence_ends(words: str) -> Iterator[int]:
    """Where a sentence ends, as offsets behind its closing sign. In doubt it does not: nothing is lost by that."""
    for found in SENTENCE_END.finditer(words):
        if STARTS_SENTENCE.match(words, found.end()) and not _is_short(words, found.start(), found[0]):
            yield found.end()


def _is_short(words: str, at: int, sign: str) -> bool:
    """Whether a full stop belongs to its word: an abbreviation, an initial, an ordinal, a time of day."""
    if sign != ".":
        return False
    word = LAST_WORD.search(words[max(at - 40, 0) : at])[0]
    if "." in word or len(word) == 1 or word.casefold() in ABBREVIATIONS:
        return True
    after = words[at + 1 : at + 10].lstrip()[:1]
    if word.casefold() in SHORT_BEFORE_A_NUMBER and after.isdigit():
        return True
    return word.isdigit() and len(word) <= 2 and bool(after)


# --- Clipping ------------------------------------------------------------------------------------------------------


def words_of(block: Block) -> str:
    """The plain words of a block."""
    return "".join(span.text for span in block.spans)


def cut_words(block: Block, at: int, tail: str = "") -> Block | None:
    """The block up to an offset into its words, with `tail` behind; None when nothing is left of it."""
    words = words_of(block)[:at].rstrip()
    words = words.rstrip(" .,;:\u2026\u2013\u2014-(\u00ab\u201c\n") if tail else words
    if not words:
        return None
    spans: list[Span] = []
    left = len(words)
    for span in block.spans:
        if left <= 0:
            break
        spans.append(replace(span, text=span.text[:left]))
        left -= len(span.text)
    spans[-1] = replace(spans[-1], text=spans[-1].text + tail)
    return replace(block, spans=tuple(spans))


def clip(text: Text, limit: int, measure: Callable[[str], int] = len, write: Callable[[Text], str] = plain) -> Text:
    """As much of the text as fits the limit, which `measure` counts on what `write` makes of it.

    It ends with a whole sentence if those fill enough of the limit, else with a word and an ellipsis, and never with
    a heading.
    """

    def size(part: Text) -> int:
        return measure(write(part)) if part else 0

    if size(text) <= limit:
        return text
    whole = _most(len(text), lambda count: size(text[:count]) <= limit)
    before, broken = text[:whole], text[whole]
    starts = [0, *accumulate(map(len, graphemes_of(words_of(broken))))]

    def fits(count: int) -> bool:
        part = cut_words(broken, starts[count], ELLIPSIS)
        return size((*before, part) if part else before) <= limit

    def fits_whole(count: int) -> bool:
        part = cut_words(broken, starts[count])
        return size((*before, part) if part else before) <= limit

    at = starts[_most(len(starts) - 1, fits)]
    # A cut with an ellipsis loses the signs before it, so that it may fit where the signs themselves do not.
    whole_at = min(at, starts[_most(len(starts) - 1, fits_whole)])
    for ended in map(
        without_last_heading, _endings(before, broken, at, whole_at, lambda part: size(part) >= ENOUGH * limit)
    ):
        if size(ended) <= limit:
            return ended
    return ()


def _most(top: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `top` for which something holds that holds for all smaller ones; 0 if none."""
    return bisect_right(range(1, top + 1), False, key=lambda count: not holds(count))


def _endings(before: Text, broken: Block, at: int, whole_at: int, is_enough: Callable[[Text], bool]) -> Iterator[Text]:
    """The ways to end the text, the best first: a sentence, a word, a sign, a block."""
    yield from takewhile(is_enough, _sentences((*before, broken), whole_at))
    part = None if broken.kind == "heading" else cut_words(broken, _word_end(words_of(broken), at, before), ELLIPSIS)
    if part:
        yield (*before, part)
    for count in range(len(before), 0, -1):
        yield before[:count]


def _word_end(words: str, at: int, before: object = ()) -> int:
    """The end of the last word up to an offset; the offset itself if that would leave next to nothing."""
    space = max((found.start() for found in regex.finditer(r"\s+", words[: at + 1])), default=0)
    return space if before or 2 * space >= at else at


def _sentences(text: Text, at: int) -> Iterator[Text]:
    """The text up to each end of a sentence, the last first; `at` is as far as the last block may go."""
    after: Block | None = None
    for count in range(len(text), 0, -1):
        block, most = text[count - 1], at if after is None else len(words_of(text[count - 1]))
        for end in _ends(block, after):
            part = cut_words(block, end) if end <= most else None
            if part:
                yield (*text[: count - 1], part)
        after = block


def _ends(block: Block, after: Block | None) -> list[int]:
    """Where a block may end a text, the last first. Its own end counts, but not within a list or after a colon."""
    words = words_of(block)
    if block.kind == "heading":
        return []
    ends = [] if block.kind == "code" else [*sentence_ends(words)]
    in_list = block.kind == "item" and after is not None and after.kind == "item"
    if not in_list and not words.endswith((":", ",", ELLIPSIS)) and after is not None:
        ends.append(len(words))
    return sorted({end for end in ends if not (in_list and end == len(words))}, reverse=True)


def without_last_heading(text: Text) -> Text:
    """The text without headings that nothing follows."""
    while text and text[-1].kind == "heading":
        text = text[:-1]
    return text


def without_pointer(text: Text) -> Text:
    """The text without a last short paragraph that holds a link, for where none can be shown: it would lead nowhere."""
    last = text[-1] if len(text) > 1 else None
    if last is None or last.kind != "paragraph" or len(words_of(last)) > POINTER or not any(s.link for s in last.spans):
        return text
    return without_last_heading(text[:-1]) or text


def clip_line(words: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """One line shortened to the limit at a word, with an ellipsis; at a sign when there is only one word."""
    if measure(words) <= limit:
        return words
    starts = [0, *accumulate(map(len, graphemes_of(words)))]
    line = Block("paragraph", (Span(words),))

    def cut(at: int) -> str:
        part = cut_words(line, at, ELLIPSIS)
        return words_of(part) if part else ""

    at = starts[_most(len(starts) - 1, lambda count: measure(cut(starts[count])) <= limit)]
    return cut(_word_end(words, at))
