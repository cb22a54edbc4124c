"""Finds the feeds of a page: those that it names, and the addresses where feeds usually are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from bot.posts.markup import tamed

FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
PERHAPS = ("application/xml", "text/xml", "application/json")
USUAL = ("feed/", "rss", "rss.xml", "atom.xml", "index.xml", "feed.xml", "feed.json")
MOST_CANDIDATES = 50
READ = 1_000_000  # Bytes of a page; it names its feeds at the beginning.
COMMENTS = re.compile(r"comment|kommentar", re.IGNORECASE)  # English, and the Scandinavian languages
# WordPress names its programming interface like a JSON feed.
NO_FEED = re.compile(r"/wp-json/|[?&]rest_route=", re.IGNORECASE)
LINK = re.compile(r"<([^<>]*)>([^<]*)")
PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s";,]+))')


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed, with the title and the media type that the page gives it."""

    url: str
    title: str = ""
    type: str = ""


def candidates(html: bytes | str, base: str, link_header: str = "") -> tuple[Candidate, ...]:
    """The feeds that a page names in its links and its Link header, the likeliest first and those of comments last.

    `base` is the page's own address, after redirects. Only http and https addresses are given, each once.
    """
    found: dict[str, Candidate] = {}
    for candidate in (*_in_page(html, base), *_in_header(link_header, base)):
        if len(found) < MOST_CANDIDATES:
            found.setdefault(candidate.url, candidate)
    return tuple(sorted(found.values(), key=_rank))


def guesses(base: str) -> tuple[str, ...]:
    """Where a site's feed usually is: below the page first (a WordPress blog in a folder), then at the root."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ()
    folder = parts.path.rpartition("/")[0] + "/"
    if parts.path and "." not in parts.path.rpartition("/")[2]:
        folder = parts.path.rstrip("/") + "/"
    root = f"{parts.scheme}://{parts.netloc}/"
    here = f"{parts.scheme}://{parts.netloc}{folder}"
    return tuple(dict.fromkeys((urljoin(here, "feed/"), *(urljoin(root, name) for name in USUAL))))


def _in_page(html: bytes | str, base: str) -> Iterator[Candidate]:
    tree = LexborHTMLParser(tamed(html if isinstance(html, str) else _text(html[:READ])))
    anchor = next((node.attributes.get("href") for node in tree.css("base[href]")), None)
    if anchor:
        base = _joined(base, anchor) or base
    for node in tree.css("link[href]"):
        given = {name: value or "" for name, value in node.attributes.items()}
        yield from _candidate(given.get("href", ""), base, given)


def _in_header(header: str, base: str) -> Iterator[Candidate]:
    for link in LINK.finditer(header):
        given = {name.lower(): quoted or plain for name, quoted, plain in PARAMETER.findall(link[2])}
        yield from _candidate(link[1], base, given)


def _candidate(href: str, base: str, given: dict[str, str]) -> Iterator[Candidate]:
    """The candidate that a link is, if it is one: its rel is a list of words, its type may have parameters."""
    words = given.get("rel", "").lower().split()
    kind = given.get("type", "").partition(";")[0].strip().lower()
    url = _joined(base, href)
    if not url or NO_FEED.search(url) or "stylesheet" in words:
        return
    if ("alternate" in words and kind in FEEDS + PERHAPS) or ("feed" in words and kind in ("", *FEEDS, *PERHAPS)):
        yield Candidate(url, " ".join(given.get("title", "").split()), kind)


def _rank(candidate: Candidate) -> tuple[bool, bool]:
    comments = bool(COMMENTS.search(candidate.title) or COMMENTS.search(urlsplit(candidate.url).path))
    return comments, candidate.type in PERHAPS


def _joined(base: str, href: str) -> str:
    try:
        url = urljoin(base, href.strip()).partition("#")[0]
        return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname else ""
    except ValueError:
        return ""


def _text(html: bytes) -> str:
    try:
        return html.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > READ - 4:  # Only the last letter was cut in two.
            return html.decode("utf-8-sig", errors="ignore")
        return html.decode("cp1252", errors="replace")
