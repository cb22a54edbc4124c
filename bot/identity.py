"""What an item is: when two readings of an article are one item, and when two articles are two.

The guid tells first. An entry whose guid is new is joined to a known item only when that one's guid has left the
document and enough else speaks for it (`bot/likeness.py`); what could be either is left to a person. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.keys import content_hash, day_key, digest, guid_key, link_key, title_key, words_of
from bot.likeness import ASK, SAME, Shared, another, likeness
from bot.model import Item, T

REUSED = "it has the identifier of another article, but another address and title"
LOOKS_KNOWN = "it looks like an article that was here before under another identifier"
MOST_ALIKE = 10  # Entries of one guid that another of it is compared with; a guid that more have tells nothing.
MOST_COMPARED = 20  # Known items with one link, one title or one date that an entry is compared with.


@dataclass(frozen=True, slots=True)
class Known:
    """An item as it is remembered: its row's id, the keys it had, and its latest reading.

    `hash` has the content hashes of its last readings, the newest first, with blanks between them.
    """

    id: int
    guids: frozenset[str]
    item: Item
    hash: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Match:
    """What one entry of a document is: `known` is the item it belongs to, None for a new one.

    `guid` is the key it is remembered by. `doubt` says in words why a person should look before it is shared.
    """

    item: Item
    guid: str
    known: Known | None = None
    doubt: str = ""


# --- Keys ----------------------------------------------------------------------------------------------------------


def keys_of(item: Item) -> tuple[str, ...]:
    """The keys that an item may be remembered by, the broadest first."""
    guid, link, title = guid_key(item.guid), link_key(item.link) if item.link else "", title_key(item.title)
    if guid:
        return guid, f"{guid} {link or title}", f"{guid} {link} {title} {item.published or ''}"
    named = (f"title {title} {item.published or ''} {link}".strip(),) if title else ()
    day = item.published.date() if item.published else title
    return (f"link {link}", f"link {link} {day}", *named) if link else named


def usable_keys(item: Item, shared: Shared) -> list[str]:
    """The item's keys that no other entry of the document has; without any, a fingerprint of all its words."""
    own = [key for key in keys_of(item) if key not in shared.keys]
    return own or [f"text {digest(*filter(None, (item.guid, item.link, item.title, words_of(item))))}"]


def own_key(item: Item, shared: Shared, taken: Mapping[str, Known] | None = None) -> str:
    """The key that a new item is remembered by: the broadest that is its own and no known item's."""
    keys = usable_keys(item, shared)
    return next((key for key in keys if key not in (taken or {})), keys[-1])


def shared_keys(items: Sequence[Item], home: str = "") -> Shared:
    """What several entries of this document have in common; the home page's address is worthless from the start."""
    homes = {link_key(home)} if home else set()
    return Shared(
        keys=_several(key for i in items for key in set(keys_of(i))) | homes | {f"link {link}" for link in homes},
        links=_several(link_key(i.link) for i in items if i.link) | homes,
        days=_several(map(day_key, items)),
        dates=_several(date for i in items for date in {i.published, i.updated} if date),
    )


def _several(values: Iterable[T]) -> frozenset[T]:
    return frozenset(value for value, count in Counter(values).items() if value and count > 1)


def distinct(items: Sequence[Item]) -> tuple[Item, ...]:
    """The entries of a document, without those that only list another one again."""
    kept: list[Item] = []
    listed: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        alike = listed[guid_key(item.guid) or link_key(item.link)]
        if not any(_listed_again(item, other) for other in alike[:MOST_ALIKE]):
            alike.append(item)
            kept.append(item)
    return tuple(kept)


def _listed_again(item: Item, other: Item) -> bool:
    """Whether two entries with one guid, or without guids with one address, are one article."""
    text, other_text = item.html or item.summary, other.html or other.summary
    same_title, same_text = item.title == other.title, text == other_text
    if link_key(item.link) != link_key(other.link):
        return same_title and same_text and bool(text)
    if item.published is None or not (item.published.hour or item.published.minute):
        return same_title and same_text and item.published == other.published
    return item.published == other.published and (same_text if text else same_title or same_text)


# --- Matching ------------------------------------------------------------------------------------------------------


def match(items: Sequence[Item], known: Sequence[Known], home: str = "") -> tuple[Match, ...]:
    """Say of each entry of a document which known item it is. No two entries are ever one item."""
    entries = distinct(items)
    shared = shared_keys(entries, home)
    # An address or a title that several articles had is no better than one that several entries have.
    links, titles = (link_key(k.item.link) for k in known if k.item.link), (title_key(k.item.title) for k in known)
    shared = replace(shared, links=shared.links | _several(links), titles=_several(titles))
    by_key = {key: k for k in known for key in k.guids}
    matches = _once([_by_key(entry, by_key, shared) for entry in entries], by_key, shared)
    taken = {m.known.id for m in matches if m.known}
    strangers = {index: m for index, m in enumerate(matches) if m.known is None}
    joined = _by_likeness(strangers, [k for k in known if k.id not in taken], shared)
    return tuple(joined.get(index, m) for index, m in enumerate(matches))


def _once(matches: Sequence[Match], by_key: Mapping[str, Known], shared: Shared) -> list[Match]:
    """When a document lists an item under two of its guids, the first listing speaks for it.

    When the second tells of something else, its guid was given to another article.
    """
    first = {m.known.id: m for m in reversed(matches) if m.known}
    kept = []
    for m in matches:
        if m.known is None or first[m.known.id] is m:
            kept.append(m)
        elif another(m.item, first[m.known.id].item, shared):
            kept.append(Match(m.item, own_key(m.item, shared, by_key), doubt=REUSED))
    return kept


def _by_key(entry: Item, by_key: Mapping[str, Known], shared: Shared) -> Match:
    """The known item that has one of the entry's keys, the narrowest first, unless all else speaks against it."""
    keys = usable_keys(entry, shared)
    for key in reversed(keys):
        known = by_key.get(key)
        if known and _still(key, entry, known, shared):
            return Match(entry, key, known)
    reused = bool(entry.guid) and keys[0] == guid_key(entry.guid) and keys[0] in by_key
    return Match(entry, own_key(entry, shared, by_key), doubt=REUSED if reused else "")


def _still(key: str, entry: Item, known: Known, shared: Shared) -> bool:
    """Whether a key still stands for the article that it stood for."""
    if entry.guid:
        return not another(entry, known.item, shared)
    return not key.startswith("link ") or _read_before(entry, known) or _like(entry, known, shared) >= SAME


def _read_before(entry: Item, known: Known) -> bool:
    return content_hash(entry) in known.hash.split()


def _like(entry: Item, known: Known, shared: Shared) -> int:
    forgotten = not (known.item.html or known.item.summary)
    return likeness(entry, known.item, shared, read_before=forgotten and _read_before(entry, known))


def _by_likeness(strangers: Mapping[int, Match], left: Sequence[Known], shared: Shared) -> dict[int, Match]:
    """Join entries to known items whose guids have left the document, those that are most alike first."""
    nearby: dict[object, list[Known]] = defaultdict(list)
    for known in left:
        for sign in _signs(known.item, shared):
            nearby[sign].append(known)
    pairs = [
        (_like(found.item, known, shared), known.id, index, known)
        for index, found in strangers.items()
        for known in {k.id: k for sign in _signs(found.item, shared) for k in nearby[sign][-MOST_COMPARED:]}.values()
    ]
    joined: dict[int, Match] = {}
    taken: set[int] = set()
    for points, id, index, known in sorted(pairs, key=lambda pair: pair[:2], reverse=True):
        if index in joined or id in taken or points < ASK:
            continue
        found = strangers[index]
        if points >= SAME:
            joined[index] = replace(found, known=known, doubt="")
            taken.add(id)
        else:
            joined[index] = replace(found, doubt=found.doubt or LOOKS_KNOWN)
    return joined


def _signs(item: Item, shared: Shared) -> set[object]:
    """By what one looks for items that may be the same: a link, a title, a moment."""
    signs: set[object] = {("title", title_key(item.title)), link_key(item.link), item.published}
    return signs - shared.links - shared.dates - {("title", ""), "", None}


def unmatched(items: Sequence[Item], known: Sequence[Known], home: str = "") -> list[Item]:
    """The entries that the keys alone don't settle."""
    return [m.item for m in match(items, known, home) if m.known is None]


def keys_to_look_up(items: Sequence[Item], home: str = "") -> set[str]:
    """The keys by which the store finds what may be known of these entries."""
    entries = distinct(items)
    shared = shared_keys(entries, home)
    return {key for entry in entries for key in usable_keys(entry, shared)}
