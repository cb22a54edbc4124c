"""Says what a body is that is no feed, so that a person knows what to do about it."""

from __future__ import annotations

import re

from bot.model import FeedProblem

READ = 300_000  # Characters that are looked at.
SHORT = 20_000  # A page in the way of a feed is short; a long page may speak of captchas for other reasons.

SKIPPED = re.compile(r"\s+|<\?[^>]*>|<!--")
HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta|script)\b", re.IGNORECASE)
FRAGMENT = re.compile(r"\s*<[a-z]", re.IGNORECASE)
WALL = re.compile(
    r"cdn-cgi/challenge-platform|_cf_chl_opt|<title>\s*just a moment|attention required! \||_incapsula_resource|"
    r"sgcaptcha|awswafcookie|awswaf\.com|px-captcha|captcha-delivery\.com|ddos-guard|within\.website|"
    r"making sure you.{1,9}re not a bot",
    re.IGNORECASE,
)
CAPTCHA = re.compile(
    r"captcha|turnstile|are you (?:a )?(?:human|robot)|you are (?:a )?human|not a (?:ro)?bot\b|bot verification|"
    r"checking your browser|access denied|er du et menneske|ikke en robot",
    re.IGNORECASE,
)
CONSENT = re.compile(
    r"//consent\.|before you continue|<title>[^<]{0,80}(?:consent|samtykke|informasjonskaps|privacy gate)",
    re.IGNORECASE,
)
LOGIN = re.compile(r"<input\b[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
PHP = re.compile(r"(?s)\b(?:(?:Fatal|Parse) error|Warning|Notice|Deprecated)\b(?:</b>)?\s*:.{0,2000}?\bon line\b")

ROOTS = {
    "urlset": "a sitemap",
    "sitemapindex": "a list of sitemaps",
    "opml": "a list of feeds (OPML)",
    "envelope": "a SOAP message",
    "methodresponse": "an XML-RPC answer",
    "svg": "a picture (SVG)",
    "html": "a web page",
    "error": "an error message of the server",
    "entry": "a single Atom entry",
    "item": "a single item",
    "opensearchdescription": "a description of a search engine",
    "rsd": "a description of a site's programming interface",
    "service": "a description of a publishing service",
}
FIND_IT = "Give the address of the feed itself, often the site's with /feed/; `delebot init` finds it on a page"
BINARY = (b"\x1f\x8b", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"RIFF", b"\x28\xb5\x2f\xfd")


def is_page(text: str) -> bool:
    """Whether a text begins as a web page does."""
    at = 0
    while match := SKIPPED.match(text, at):
        at = match.end()
        if match[0] == "<!--":
            at = text.find("-->", at) + 3
            if at < 3:
                return False
    return bool(HTML.match(text, at))


def page(text: str) -> FeedProblem:
    """Why a web page came: a wall against bots, a question for consent, a login form, or simply a page."""
    read = text[:READ]
    short = len(text) < SHORT
    if WALL.search(read) or (short and CAPTCHA.search(read)):
        return FeedProblem(
            "the site answers with a page that keeps bots out, not with the feed",
            remedy="Ask those who run the site to let the feed's address through without a check",
        )
    if short and CONSENT.search(read):
        return FeedProblem(
            "the site answers with a page that asks for consent, not with the feed",
            remedy="Ask those who run the site to give the feed without asking for consent",
        )
    if LOGIN.search(read) and (short or re.search(r"<title>[^<]{0,200}log\W?(?:in|g inn)", read, re.IGNORECASE)):
        return FeedProblem(
            "the site answers with a login form, not with the feed",
            remedy="Give the address of a feed that is open to everybody, or one with its own key",
        )
    return FeedProblem("this is a web page, not a feed", remedy=FIND_IT)


def words(text: str) -> FeedProblem:
    """Why a text came that is neither a page nor XML."""
    if PHP.search(text[:SHORT]):
        return FeedProblem(
            "the site answers with an error of its own (PHP) instead of the feed",
            remedy="Tell those who run the site; Delebot tries again",
        )
    if FRAGMENT.match(text) or (CAPTCHA.search(text[:READ]) and len(text) < SHORT):
        return page(text)
    return FeedProblem("this is plain text, not a feed", remedy=FIND_IT)


def root(name: str) -> FeedProblem:
    """Why an XML document came whose outermost element is not that of a feed."""
    letters = re.sub(r"[^\w.-]", "", name)[:40]
    shown = ROOTS.get(name.lower()) or f"an XML document of another sort (<{letters}>)"
    return FeedProblem(f"this is {shown}, not a feed", remedy=FIND_IT)


def broken(line: int, *, cut: bool) -> FeedProblem:
    """Why nothing of a document is taken: half a document would look like articles that were removed."""
    what = f"the feed breaks off at line {line}" if cut else f"the feed is not well-formed XML: line {line}"
    return FeedProblem(what, remedy="Tell those who run the site; Delebot keeps what it knows and tries again")


def monstrous(how: str) -> FeedProblem:
    """Why a document that would overload its reader is not read."""
    return FeedProblem(f"this is not made as a feed is: {how}", remedy="Tell those who run the site")


def broken_json(line: int, *, cut: bool) -> FeedProblem:
    """The same for JSON."""
    what = f"the JSON breaks off at line {line}" if cut else f"the JSON is broken in line {line}"
    return FeedProblem(what, remedy="Tell those who run the site; Delebot keeps what it knows and tries again")


def empty() -> FeedProblem:
    return FeedProblem("the site answers with nothing instead of the feed", remedy="Delebot tries again")


def binary() -> FeedProblem:
    return FeedProblem("this is a file of another sort (a picture, an archive or the like), not a feed", remedy=FIND_IT)


def json(*, error: bool) -> FeedProblem:
    """Why JSON came that is no JSON Feed."""
    if error:
        return FeedProblem("the site answers with an error message (JSON) instead of the feed", remedy=FIND_IT)
    return FeedProblem("this is JSON, but no JSON Feed", remedy=FIND_IT)


def unreadable() -> FeedProblem:
    return FeedProblem("the feed is written in a way that Delebot cannot read", remedy=FIND_IT)
