"""What an item is: when two readings of an article are one item, and when two articles are two.

The guid tells first. An alias (the link, or the title with its day) joins an item to a known one only when the known
one's guid has left the document and a second witness agrees. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from hashlib import sha256
from html import unescape
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from bot.model import Item

TRACKING = re.compile(
    r"utm_\w+|mtm_\w+|pk_\w+|piwik_\w+|hsa_\w+|_hs\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|"
    r"igsh|mc_[ce]id|_ga|_gl|mkt_tok|oly_\w+|vero_\w+|wickedid|srsltid|cmpid|xtor|at_\w+|ref_src|ref_url|s_cid|trk|li_fat_id",
    re.IGNORECASE,
)
ALIKE = 0.6  # Titles with this much in common are one title with a correction in it.
SAME_WORDS = 0.8  # Texts with this much in common are one text.
READ_AT_MOST = 2000  # Characters of two texts that are compared with each other.
LONGEST = 200_000  # Characters of a text that are read at all.
FAR_APART = timedelta(days=60)  # Beyond this an address that is used again tells of another article.


# --- Keys ----------------------------------------------------------------------------------------------------------


def link_key(url: str) -> str:
    """An address without what changes though the article is the same: scheme, www, port, tracking, trailing slash."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except (ValueError, UnicodeError):
        return url.strip()
    if not host:
        return url.strip()
    path = quote(unquote(parts.path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~", errors="surrogateescape")
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.fullmatch(k)]
    asked = f"?{urlencode(sorted(query), errors='surrogateescape')}" if query else ""
    return f"{host.removeprefix('www.')}{port}{path.rstrip('/')}{asked}"


def title_key(title: str) -> str:
    """A title without case, spacing and punctuation; empty when nothing is left."""
    return " ".join(re.findall(r"\w+", title.casefold()))


def day_key(item: Item) -> str:
    """Title and day together, or empty when the item lacks either."""
    title = title_key(item.title)
    return f"{title} {item.published.date()}" if title and item.published else ""


def guid_key(guid: str) -> str:
    """A guid without what changes though it is the same."""
    return link_key(guid) if re.match(r"https?://", guid, re.IGNORECASE) else " ".join(guid.split())


def content_hash(item: Item) -> str:
    """Changes when what people read changes, and not with the site's address or the noise around the article."""
    words = re.sub(r"https?://(www\.)?", "", f"{item.html}\n{item.summary}", flags=re.IGNORECASE)
    parts = (item.title, link_key(item.link), words, *(link_key(p.url) + p.alt for p in item.pictures), *item.tags)
    return sha256("\x00".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]


# --- Witnesses -----------------------------------------------------------------------------------------------------


def alike(one: str, other: str, least: float = ALIKE) -> bool:
    """Whether two texts are one text with small changes. Empty ones tell nothing."""
    one, other = one[:READ_AT_MOST], other[:READ_AT_MOST]
    if not one or not other:
        return False
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least and matcher.ratio() >= least


def words_of(item: Item) -> str:
    """The words of an item's text, good enough to compare and to search."""
    return title_key(unescape(re.sub(r"<[^>]*>", " ", (item.html or item.summary)[:LONGEST])))


def same_words(one: Item, other: Item) -> bool:
    return alike(words_of(one), words_of(other), SAME_WORDS)


def same_title(one: Item, other: Item) -> bool:
    return alike(title_key(one.title), title_key(other.title))


def same_date(one: Item, other: Item) -> bool:
    return one.published is not None and one.published == other.published


def far_apart(one: Item, other: Item) -> bool:
    return bool(one.published and other.published and abs(one.published - other.published) > FAR_APART)


def slug(item: Item) -> str:
    """The last part of an address's path, which permalinks keep when they change."""
    return urlsplit(item.link).path.rstrip("/").rpartition("/")[2]


# --- Matching ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """An item as it is remembered: its row's id, every guid key it had, and its latest reading."""

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


@dataclass(frozen=True, slots=True)
class Shared:
    """The keys that several entries of one document share, and that therefore tell nothing."""

    guids: frozenset[str]
    links: frozenset[str]
    days: frozenset[str]
    dates: frozenset[datetime]


def shared_keys(items: Sequence[Item], home: str = "") -> Shared:
    """Which keys are worthless in this document; the address of the home page is one from the start."""

    def several(keys: Iterable[str]) -> frozenset[str]:
        return frozenset(key for key, count in Counter(keys).items() if key and count > 1)

    links = several(link_key(i.link) for i in items if i.link)
    dates = frozenset(d for d, count in Counter(i.published for i in items).items() if d and count > 1)
    homes = {link_key(home)} if home else set()
    return Shared(several(guid_key(i.guid) for i in items), links | homes, several(map(day_key, items)), dates)


def own_key(item: Item, shared: Shared) -> str:
    """The key an item is remembered by: its guid where that is its own, else what comes next to it."""
    guid, link = guid_key(item.guid), link_key(item.link) if item.link else ""
    if guid and guid not in shared.guids:
        return guid
    if guid:
        return f"{guid} {link or title_key(item.title)}"
    if link and link not in shared.links:
        return f"link {link}"
    if item.title or item.published:
        return f"title {title_key(item.title)} {item.published or ''} {link}".strip()
    return f"text {sha256(words_of(item).encode(errors='surrogatepass')).hexdigest()[:32]}"


def other_key(item: Item) -> str:
    """The key of an item whose own key belongs to another article."""
    if item.guid:
        return f"{guid_key(item.guid)} {link_key(item.link)}"
    return f"link {link_key(item.link)} {item.published.date() if item.published else title_key(item.title)}"


def distinct(items: Sequence[Item]) -> tuple[Item, ...]:
    """The entries of a document, without those that repeat another one word for word."""
    seen = {(guid_key(i.guid), link_key(i.link), i.title, i.published): i for i in reversed(items)}
    return tuple(reversed(seen.values()))


def keys_to_look_up(items: Sequence[Item], home: str = "") -> tuple[set[str], set[str], set[str]]:
    """The guid, link and title keys by which the store finds what may be known of these entries."""
    shared = shared_keys(items, home)
    guids = {own_key(i, shared) for i in items} | {guid_key(i.guid) for i in items} | {other_key(i) for i in items}
    return guids - {""}, {link_key(i.link) for i in items if i.link}, {title_key(i.title) for i in items} - {""}


def match(items: Sequence[Item], known: Sequence[Known], home: str = "") -> tuple[Match, ...]:
    """Say of each entry of a document which known item it is. No two entries are ever one item."""
    entries = distinct(items)
    shared = shared_keys(entries, home)
    by_guid = {guid: k for k in known for guid in k.guids}
    matches = [_by_guid(entry, own_key(entry, shared), by_guid) for entry in entries]
    taken = {m.known.id for m in matches if m.known}
    left = [k for k in known if k.id not in taken]
    for index, found in enumerate(matches):
        if found.known is None:
            alias = _by_alias(found, left, shared)
            left = [k for k in left if alias.known is None or k.id != alias.known.id]
            matches[index] = alias
    return _once(matches)


def _once(matches: Sequence[Match]) -> tuple[Match, ...]:
    """When a document lists an item under two of its guids, the first listing speaks for it."""
    seen: set[int] = set()
    kept = []
    for found in matches:
        if found.known is None or found.known.id not in seen:
            kept.append(found)
        if found.known:
            seen.add(found.known.id)
    return tuple(kept)


def _by_guid(entry: Item, key: str, by_guid: Mapping[str, Known]) -> Match:
    reused = other_key(entry)
    if reused in by_guid:
        return Match(entry, reused, by_guid[reused])
    known = by_guid.get(key)
    if known is None:
        return Match(entry, key)
    if key.startswith("link ") and not _same_address(entry, known.item):
        return Match(entry, reused)
    if entry.guid and _is_another(entry, known.item):
        return Match(entry, reused, doubt="it has the identifier of another article, but another address and title")
    return Match(entry, key, known)


def _is_another(entry: Item, known: Item) -> bool:
    """Whether one guid stands for two articles: address, title and text all differ."""
    if not (entry.link and known.link and entry.title and known.title):
        return False
    moved = link_key(entry.link) != link_key(known.link)
    return moved and not same_title(entry, known) and not same_words(entry, known)


def _same_address(entry: Item, known: Item) -> bool:
    """Whether one address still tells of one article: somebody else must agree, and years must not lie between."""
    if far_apart(entry, known):
        return same_words(entry, known)
    if not (title_key(entry.title) or words_of(entry)):
        return True
    return same_title(entry, known) or same_date(entry, known) or same_words(entry, known)


def _same_title_and_day(entry: Item, known: Item) -> bool:
    """Whether one title on one day is one article: the minute, the text or the end of the address must agree."""
    moment = entry.published
    to_the_minute = moment is not None and bool(moment.hour or moment.minute) and same_date(entry, known)
    return to_the_minute or same_words(entry, known) or (bool(slug(entry)) and slug(entry) == slug(known))


def _by_alias(found: Match, left: Sequence[Known], shared: Shared) -> Match:
    """Join an entry to a known item whose guid has left the document, if it has two witnesses."""
    entry = found.item
    link, day = link_key(entry.link) if entry.link else "", day_key(entry)
    if link and link not in shared.links:
        one_link = [k for k in left if k.item.link and link_key(k.item.link) == link]
        joined = [k for k in one_link if _same_address(entry, _undated(k.item, shared.dates))]
        if joined:
            return Match(entry, found.guid, max(joined, key=lambda k: (same_title(entry, k.item), k.id)))
    if day and day not in shared.days:
        joined = [
            k for k in left if day_key(k.item) == day and _same_title_and_day(entry, _undated(k.item, shared.dates))
        ]
        if len(joined) == 1:
            return Match(entry, found.guid, joined[0])
    return found


def _undated(item: Item, worthless: frozenset[datetime]) -> Item:
    """The item without a date that tells nothing, because the document gives it to several entries."""
    if item.published not in worthless:
        return item
    return replace(item, published=None)
