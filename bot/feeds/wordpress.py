"""What a WordPress site is asked beside its feed, and what it answers: the posts that it has published. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from bot.feeds import fields
from bot.keys import TRACKING, guid_key, link_key

ASKED_FOR = 10  # Posts; WordPress lists as many in a feed.
FIELDS = "id,link,title,date_gmt,modified_gmt,status,type,content.protected"
TITLE = 120

FEED = re.compile(r"(?P<base>/(?:.*/)?)feed(?:/(?:rss2?|atom|rdf))?/?")
TERM = re.compile(r"(?P<root>/(?:.*?/)?)(?P<taxonomy>category|kategori|tag|stikkord)/(?:.+/)?(?P<term>[^/]+)/")
TAXONOMIES = {"category": "categories", "kategori": "categories", "tag": "tags", "stikkord": "tags"}
QUERIES = {"cat": "categories", "category_name": "categories", "tag": "tags"}
NO_SELECTION = frozenset({"feed", "withoutcomments"})
# WordPress marks what a password or a login protects in its title, in the site's language.
HIDDEN = re.compile(r"(?:protected|private|beskyttet|passordbeskyttet|privat|skyddad|skyddat):\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed's site is asked: its `root`, and for the feed of a category or tag which one that is.

    `pretty` tells whether the site has addresses without a query. `term` is a slug, or a number where the feed's
    address has one.
    """

    root: str
    pretty: bool = True
    taxonomy: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """One post as the site itself tells of it; `guid` is the one that WordPress would give it on this site."""

    id: int
    guid: str
    link: str
    title: str
    since: datetime
    changed: datetime

    @property
    def root(self) -> str:
        return self.guid.partition("?")[0]

    @property
    def keys(self) -> frozenset[str]:
        """By what the post may be known, in the forms of `bot.keys`; its number alone outlives a move of the site."""
        return frozenset({link_key(self.link), guid_key(self.guid), f"?p={self.id}"})


# --- What is asked -------------------------------------------------------------------------------------------------


def place_of(address: str) -> Place | None:
    """Where the site of a WordPress feed is asked; None for another address, or a selection that can't be asked for."""
    try:
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        return None
    path = FEED.fullmatch(parts.path)
    if not path and "comments" in asked.get("feed", "comments"):
        return None
    names = {name for name in asked if not TRACKING.fullmatch(name)} - NO_SELECTION
    base = path["base"] if path else parts.path.removesuffix("index.php")
    within = TERM.fullmatch(base)
    if len(names) + bool(within) > 1 or not names <= QUERIES.keys() or not base.endswith("/"):
        return None
    host = parts.netloc.rpartition("@")[2]
    place = Place(urlunsplit((parts.scheme, host, within["root"] if within else base, "", "")), path is not None)
    if within:
        return replace(place, taxonomy=TAXONOMIES[within["taxonomy"]], term=unquote(within["term"]))
    return _queried(place, names.pop(), asked) if names else place


def _queried(place: Place, name: str, asked: dict[str, str]) -> Place | None:
    """The place with the one category or tag that a query asks for."""
    if not re.fullmatch(r"[1-9][0-9]{0,9}" if name == "cat" else r"[^,+\s]+", asked[name]):
        return None
    return replace(place, taxonomy=QUERIES[name], term=asked[name].rpartition("/")[2])


def posts_address(place: Place, selection: str = "") -> str:
    """Where the newest posts are asked for; `selection` is the number of the feed's category or tag."""
    asked = {"per_page": str(ASKED_FOR), "_fields": FIELDS}
    return _address(place, "posts", asked | ({place.taxonomy: selection} if place.taxonomy else {}))


def term_address(place: Place) -> str:
    """Where the number of a category or tag is asked for."""
    return _address(place, place.taxonomy, {"slug": place.term, "_fields": "id"})


def _address(place: Place, what: str, asked: dict[str, str]) -> str:
    if place.pretty:
        return f"{place.root}wp-json/wp/v2/{what}?{urlencode(asked, safe=',')}"
    return f"{place.root}?{urlencode({'rest_route': f'/wp/v2/{what}', **asked}, safe=',/')}"


# --- What is answered ----------------------------------------------------------------------------------------------


def posts_in(body: bytes, root: str) -> tuple[Published, ...] | None:
    """The posts of an answer that everybody may read; None when it is no list of posts."""
    listed = _list_in(body)
    if listed is None or (listed and not any(isinstance(entry, dict) and _id_in(entry) for entry in listed)):
        return None
    return tuple(post for entry in listed if isinstance(entry, dict) and (post := _post_in(entry, root)))


def term_in(body: bytes) -> int | None:
    """The number of the one category or tag that an answer holds."""
    ids = {_id_in(entry) for entry in _list_in(body) or () if isinstance(entry, dict)}
    return ids.pop() if len(ids) == 1 else None


def _list_in(body: bytes) -> list[object] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value[:ASKED_FOR] if isinstance(value, list) else None


def _id_in(entry: dict[str, object]) -> int | None:
    id = entry.get("id")
    return id if isinstance(id, int) and not isinstance(id, bool) and 0 < id < 10**15 else None


def _post_in(entry: dict[str, object], root: str) -> Published | None:
    id, link, since = _id_in(entry), fields.absolute(entry.get("link")), _moment(entry.get("date_gmt"))
    public = entry.get("status", "publish") == "publish" and entry.get("type", "post") == "post"
    content, title = entry.get("content"), entry.get("title")
    named = fields.plain(title.get("rendered") if isinstance(title, dict) else title, longest=TITLE)
    locked = entry.get("password") or (isinstance(content, dict) and content.get("protected")) or HIDDEN.match(named)
    if not (id and link and since and public) or locked:
        return None
    return Published(id, f"{root}?p={id}", link, named or link, since, _moment(entry.get("modified_gmt")) or since)


def _moment(text: object) -> datetime | None:
    """A time as WordPress writes it, in UTC though it doesn't say so."""
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
        return (read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)) if read else None
    except (ValueError, OverflowError):
        return None
