"""Keys by which items are found again: addresses, guids and titles without what changes and means nothing. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from html import unescape
from unicodedata import normalize
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from bot.model import Item

TRACKING = re.compile(
    r"utm_\w+|mtm_\w+|pk_\w+|piwik_\w+|hsa_\w+|_hs\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|"
    r"igsh|mc_[ce]id|_ga|_gl|mkt_tok|oly_\w+|vero_\w+|wickedid|srsltid|cmpid|xtor|at_\w+|ref_src|ref_url|s_cid|trk|li_fat_id",
    re.IGNORECASE,
)
SESSION = re.compile(r"phpsessid|jsessionid|aspsessionid\w+|cfid|cftoken|oscsid", re.IGNORECASE)
OF_THE_SERVER = re.compile(r";jsessionid=[^/?]*|(?<=/)(?:index|default)\.(?:php|html?|aspx?)$", re.IGNORECASE)
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufe0f\ufeff]")
LONGEST = 200_000  # Characters of a text that are read at all.


@lru_cache(maxsize=4096)  # A poll asks for each address some ten times.
def link_key(url: str) -> str:
    """An address without what changes though the article is the same: scheme, www, port, tracking, trailing slash."""
    url = url.strip()
    try:
        parts = urlsplit(url.replace("&amp;", "&"))
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except (ValueError, UnicodeError):
        return url
    if not host:
        return url
    path = OF_THE_SERVER.sub("", normalize("NFC", unquote(parts.path, errors="surrogateescape")))
    path = quote(path, safe="/:@!$&'()*+,;=~", errors="surrogateescape").rstrip("/")
    query = sorted((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _noise(k))
    asked = f"?{urlencode(query, errors='surrogateescape')}" if query else ""
    return f"{host.removeprefix('www.')}{port}{path}{asked}"


def _noise(name: str) -> bool:
    return bool(TRACKING.fullmatch(name) or SESSION.fullmatch(name))


def guid_key(guid: str) -> str:
    """A guid without what changes though it is the same. What follows a # tells the articles of one page apart."""
    if not re.match(r"https?://", guid, re.IGNORECASE):
        return " ".join(guid.split())
    address, _, part = guid.strip().partition("#")
    return link_key(address) + (f"#{part}" if part and not _noise(part.partition("=")[0]) else "")


def title_key(title: str) -> str:
    """A title without case, spacing and punctuation; one that is nothing but signs is its own key."""
    words = re.findall(r"\w+", normalize("NFC", UNSEEN.sub("", title).casefold()))
    return " ".join(words) or title.strip()


def day_key(item: Item) -> str:
    """Title and day together, or empty when the item lacks either."""
    title = title_key(item.title)
    return f"{title} {item.published.date()}" if title and item.published else ""


def text_key(html: str) -> str:
    """The words of a text, good enough to compare and to search."""
    return title_key(unescape(re.sub(r"<[^>]*>", " ", html)))


def words_of(item: Item) -> str:
    """The words of an item's text."""
    return text_key((item.html or item.summary)[:LONGEST])


def content_hash(item: Item) -> str:
    """Changes when what people read changes, and not with the site's address or the noise around the article."""
    words = re.sub(r"https?://(www\.)?", "", f"{item.html}\n{item.summary}", flags=re.IGNORECASE)
    return digest(item.title, link_key(item.link), words, *(link_key(p.url) + p.alt for p in item.pictures), *item.tags)


def digest(*parts: str) -> str:
    """A short fingerprint of some texts."""
    return sha256("\x00".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]
