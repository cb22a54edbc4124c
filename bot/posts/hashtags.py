"""Makes hashtags of an article's categories: single words as all networks take them, `#KunstigIntelligens`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.posts.characters import one_line

ALL = "yes"  # What TAGS=yes is read as; an empty list is TAGS=no.
MOST, LONGEST = 5, 50
# What sites call an article that nobody has put into a category.
NO_CATEGORY = frozenset(("uncategorized", "uncategorised", "ukategorisert", "ikkekategorisert", "okategoriserade"))
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def hashtags(categories: Sequence[str], wished: Sequence[str] | None, usual: int) -> tuple[str, ...]:
    """The hashtags of an article, without the sign, each once.

    `wished` is what the channel's TAGS lists: categories, `category=hashtag` to rename one, or ALL; None shows as many
    as are `usual` on the platform.
    """
    if wished is None:
        return _distinct(map(hashtag, categories))[:usual]
    if list(wished) == [ALL]:
        return _distinct(map(hashtag, categories))[: max(usual, MOST)]
    pairs = (pair.partition("=") for pair in wished)
    renamed = {_folded(category): name.strip().lstrip("#") or category for category, _, name in pairs}
    return _distinct(hashtag(renamed[key]) for category in categories if (key := _folded(category)) in renamed)


def hashtag(words: str) -> str:
    """One word in which each of the words begins with a capital; nothing where no network would take it."""
    found = WORD.findall(one_line(words))
    joined = "".join(_capital(re.sub("['\u2019]", "", word), alone=len(found) == 1) for word in found)
    usable = not joined.isdigit() and len(joined) <= LONGEST and _folded(joined) not in NO_CATEGORY
    return joined if usable else ""


def _capital(word: str, *, alone: bool) -> str:
    """A word with a capital, unless it has some of its own (`iPhone`, `NTNU`) or stands alone as it was written."""
    return word if alone or not word.islower() else word[0].upper() + word[1:]


def _folded(words: str) -> str:
    return re.sub(r"[\W_]+", "", words).casefold()


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for tag in filter(None, tags):
        found.setdefault(tag.casefold(), tag)
    return tuple(found.values())
