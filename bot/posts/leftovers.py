"""What a site's software leaves at the end of a text and a person would not have written; over a text, not HTML."""

from __future__ import annotations

import re

from bot.model import Text
from bot.posts.clip import ENOUGH, cut_words, sentence_ends, words_of
from bot.posts.links import is_home_of, same_page

EXCERPT_MARK = re.compile(r"\s*(?:\[\s*(?:\u2026|\.\.\.|&hellip;|&#8230;)\s*\]|\(\u2026\)|\(\.\.\.\))\s*$")
ELLIPSIS = re.compile(r"(?:\u2026|\.\.\.)[\])]?$")
# «Read more», as themes write it in the languages of our users.
MORE = re.compile(
    r"""[\s\u2026.\[(]*(?:
    (?:continue|keep)\ reading|read\ (?:more|on|the\ (?:full|whole|rest)\b.*)|more|view\ (?:article|post|more)
    |les\ (?:mer|meir|videre|vidare|hele\ (?:saken|artikkelen|innlegget)|heile\ (?:saka|artikkelen)|saken)
    |fortsett\ (?:å\ lese|lesingen)|hald\ fram\ med\ å\ lese
    |läs\ (?:mer|vidare|hela\ .*)|fortsätt\ (?:att\ )?läsa
    |læs\ (?:mere|videre|hele\ .*)|fortsæt\ (?:med\ at\ )?læse\w*
    )[\s\u2026.\])\u2192\u00bb\u203a>-]*""",
    re.VERBOSE | re.IGNORECASE,
)
LONGEST_TRAILER = 120  # Characters around the two links of «The post X appeared first on Y».


def without_leftovers(text: Text, link: str = "") -> Text:
    """The text without a closing line about its origin, a link to go on reading, and the marks of an excerpt."""
    return without_excerpt_mark(without_more(without_trailer(text, link), link))


def without_trailer(text: Text, link: str = "") -> Text:
    """Without a last paragraph that only says which post of which site this was, in whatever language.

    It is known by its build: two links, to this article and to the front page of its site, and few words around them.
    """
    if not text or text[-1].kind != "paragraph":
        return text
    linked = [span for span in text[-1].spans if span.link]
    around = sum(len(span.text.strip()) for span in text[-1].spans if not span.link)
    if len(linked) != 2 or around > LONGEST_TRAILER:
        return text
    post, home = linked
    if link and not same_page(post.link, link):
        return text
    return text[:-1] if is_home_of(home.link, post.link) or (link and _is_front(home.link)) else text


def _is_front(address: str) -> bool:
    return re.fullmatch(r"https?://[^/?#]+/?", address) is not None


def without_more(text: Text, link: str = "") -> Text:
    """Without closing words that only lead to the rest of the article."""
    if not text:
        return text
    *before, last = text
    words = words_of(last)
    if MORE.fullmatch(words) and len(words) < 60:
        return tuple(before)
    spans = last.spans
    final = spans[-1]
    rest = "".join(span.text for span in spans[:-1]).rstrip()
    leads_on = bool(final.link) and (same_page(final.link, link) or bool(MORE.fullmatch(final.text)))
    if leads_on and (not rest or ELLIPSIS.search(rest)):
        kept = cut_words(last, len(rest))
        return (*before, kept) if rest and kept else tuple(before)
    found = re.search(r"(?:\u2026|\.\.\.|\]|\))\s+(\S.{3,50})$", words[-80:])
    if found and MORE.fullmatch(found[1]):
        kept = cut_words(last, len(words) - len(found[1]))
        return (*before, kept) if kept else tuple(before)
    return text


def without_excerpt_mark(text: Text) -> Text:
    """Without `[…]`, and then without the sentence that it broke off, or with a plain ellipsis if that was all."""
    if not text or text[-1].kind == "code":
        return text
    *before, last = text
    words = words_of(last)
    found = EXCERPT_MARK.search(words[-40:])
    if not found:
        return text
    kept = words[: len(words) - len(words[-40:]) + found.start()].rstrip()
    whole = [end for end in sentence_ends(kept) if end >= ENOUGH * len(kept) or before]
    block = cut_words(last, whole[-1]) if whole else cut_words(last, len(kept), "\u2026")
    return (*before, block) if block else tuple(before)
