"""How much speaks for two readings being one article, when their identifiers don't tell.

Link, title, text and date are witnesses. Each speaks for it, against it, or says nothing, and the sum decides. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from urllib.parse import urlsplit

from bot.keys import day_key, link_key, text_key, title_key
from bot.model import Item

SAME, ASK = 2, 1  # From so many points on two readings are one article; with so many a person has to look.
ALIKE = 0.7  # Titles with so many words in common are one title with a correction in it.
A_SLIP = 0.75  # Words with so many letters in common are one word with a slip in it.
SAME_WORDS, SAME_STORY, OTHER_WORDS = 0.9, 0.75, 0.6  # Shares of the words that two short and two long texts have.
SHORT, A_STORY = 8, 30  # Words. What is shorter tells little; what is longer can be one text though much was changed.
READ_AT_MOST = 300, 20_000  # Words, and characters of HTML, of two texts that are compared with each other.
ONE_DAY, FAR_APART = timedelta(hours=12), timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Shared:
    """What several entries of one document have in common, or several known items, and what therefore says nothing."""

    keys: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    dates: frozenset[datetime] = frozenset()


def likeness(one: Item, other: Item, shared: Shared, *, read_before: bool = False) -> int:
    """How much speaks for two readings being one article: `SAME` or more, `ASK`, or less for two articles.

    `read_before` says that the very words of the one are known to have been the other's, though they were forgotten.
    """
    link = of_link(one, other, shared)
    worthless = day_key(one) in shared.days or title_key(one.title) in shared.titles
    title = 0 if worthless else of_title(one, other)
    text = 2 if read_before else of_text(one, other)
    date = of_date(one, other, shared)
    if link > 0 and min(title, text, date) >= 0:
        return max(link + title + text + date, SAME)
    return link + title + text + date


def another(one: Item, other: Item, shared: Shared) -> bool:
    """Whether one guid stands for two articles: address, title and text all differ, as far as they tell anything.

    Where the address tells nothing, a date that stayed speaks for one article that was written anew.
    """
    link = of_link(one, other, shared)
    if link > 0 or (title := of_title(one, other)) > 0 or (text := of_text(one, other)) > 0:
        return False
    if link == 0 and one.published and one.published == other.published and one.published not in shared.dates:
        return False
    return link + title + text <= -2


# --- The witnesses -------------------------------------------------------------------------------------------------


def of_link(one: Item, other: Item, shared: Shared) -> int:
    """One address speaks for one article, and where there are no guids it is the identifier.

    An address that ends as it did may just have moved, so it says nothing.
    """
    if not one.link or not other.link:
        return 0
    first, second = link_key(one.link), link_key(other.link)
    if first in shared.links or second in shared.links:
        return 0
    if first == second:
        return 1 if one.guid or other.guid else 2
    return 0 if slug(one.link) and slug(one.link) == slug(other.link) else -1


def slug(link: str) -> str:
    """The last part of an address's path, which permalinks keep when they change; empty for one without words."""
    last = urlsplit(link).path.rstrip("/").rpartition("/")[2].casefold()
    return last if len(re.sub(r"[\W\d_]", "", last)) >= 5 else ""


def of_title(one: Item, other: Item) -> int:
    """One title, or one with a correction in it. `Episode 12` is another than `Episode 13`."""
    first, second = title_key(one.title).split(), title_key(other.title).split()
    if not first or not second:
        return 0
    if first == second:
        return 1
    return 1 if numbers(first) == numbers(second) and _with_slips(first, second) >= ALIKE else -1


def of_text(one: Item, other: Item) -> int:
    """One text, or one with corrections in it, or the beginning of it. Short ones tell less."""
    first, second = _opening(one.html or one.summary), _opening(other.html or other.summary)
    length = min(len(first), len(second))
    if length >= SHORT:  # One of them may be an excerpt.
        first, second = first[:length], second[:length]
    if not first or not second:
        return 0
    share = ratio(first, second, OTHER_WORDS)
    if share >= (SAME_STORY if length >= A_STORY else SAME_WORDS) and numbers(first) == numbers(second):
        return 2 if length >= SHORT else 1
    return -1 if share < OTHER_WORDS else 0


def of_date(one: Item, other: Item, shared: Shared) -> int:
    """One moment speaks loudly, one day softly; and what is months apart are two articles, unless all else is one."""
    first, second = one.published, other.published
    if first is None and second is None:
        return 2 if one.updated and one.updated == other.updated and one.updated not in shared.dates else 0
    if first is None or second is None or first in shared.dates or second in shared.dates:
        return 0
    if first == second and (first.hour or first.minute):
        return 2
    gap = abs(first - second)
    if gap <= ONE_DAY:
        return 1
    return -3 if gap > FAR_APART else -1


def numbers(words: Sequence[str]) -> list[str]:
    return [word for word in words if any(map(str.isdigit, word))]


def ratio(first: Sequence[str], second: Sequence[str], least: float = 0) -> float:
    """The share of two sequences that they have in common; 0 when it is seen at a glance that it is below `least`."""
    if first == second:
        return 1.0
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= least else 0.0


@lru_cache(maxsize=200)
def _opening(html: str) -> tuple[str, ...]:
    """The first words of a text. They are kept for a moment, for one text is compared with many."""
    return tuple(text_key(html[: READ_AT_MOST[1]]).split()[: READ_AT_MOST[0]])


def _with_slips(first: Sequence[str], second: Sequence[str]) -> float:
    """The share of words in common, where a word with a slip in it is still that word."""
    common = 0
    for kind, i, j, k, m in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        slips = kind == "replace" and ratio("".join(first[i:j]), "".join(second[k:m])) >= A_SLIP
        common += j - i + m - k if slips or kind == "equal" else 0
    return common / (len(first) + len(second))
