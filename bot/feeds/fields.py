"""What one field of a feed says: plain words, safe addresses, names and pictures. Pure, for every format alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from urllib.parse import urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string

from bot.model import Picture

TITLE = 1_000  # Characters that are kept of a title and of a picture's words.
READ = 4_000  # Characters that are looked at for them.
LONGEST_ADDRESS = 4_000
NAME = 200  # Characters that are kept of an author's name and of a tag.
SMALL = 200  # A picture that is known to be narrower comes last.

UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,31});")
INVISIBLE = re.compile(r"<(script|style|template)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
BREAK = re.compile(r"</?(?:br|p|div|li|ul|ol|h[1-6]|tr|td)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(
    r"</?(?:a|abbr|acronym|b|bdi|bdo|big|blink|blockquote|center|cite|code|data|del|dfn|em|embed|figure|font|i|iframe|img|"
    r"ins|kbd|label|mark|nobr|q|s|samp|script|small|span|strike|strong|style|sub|sup|svg|time|tt|u|var|wbr)\b[^<>]*>",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"(?:mailto:)?[^\s@<>()\"',;]+@[^\s@<>()\"',;]+")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)$", re.IGNORECASE)
NOT_OF_THE_ARTICLE = re.compile(
    r"gravatar\.com/|//s\.w\.org/|/images/core/emoji/|/smilies/|twemoji|//(?:pixel|stats)\.wp\.com/|//stats\.wordpress\.com/|"
    r"feeds\.feedburner\.com/~|feedsportal\.com/|doubleclick\.net/|google-analytics\.com/|scorecardresearch\.com/|"
    r"//pixel\.|/(?:pixel|spacer|blank|1x1)\.(?:gif|png)",
    re.IGNORECASE,
)


def clean(text: object) -> str:
    """The text without the characters that no page can show and no database likes; empty for what is no text."""
    return UNREADABLE.sub("", text) if isinstance(text, str) else ""


def plain(text: object, *, markup: bool = True, longest: int = TITLE) -> str:
    """One line of plain words, from a field that may be encoded twice and, unless `markup` is False, hold tags.

    Only tags of HTML are taken for tags, so that `<5 min` stays, and only entities that end in a semicolon are taken
    for entities, so that `AT&T` and `?a=1&copy=2` stay.
    """
    words = clean(text)[:READ]
    for _ in range(2):
        words = ENTITY.sub(lambda found: unescape(found[0]), words)
    if markup and "<" in words:
        words = TAG.sub("", BREAK.sub(" ", INVISIBLE.sub("", words)))
    line = " ".join(clean(words).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def absolute(address: object, *bases: str) -> str:
    """An http(s) address in full, resolved against the first base that makes it one; empty for anything else."""
    written = re.sub(r"[\t\r\n]", "", clean(address)).strip()
    if not written or len(written) > LONGEST_ADDRESS:
        return ""
    for base in (*bases, ""):
        full = _web_address(written, base)
        if full:
            return full
    return ""


def _web_address(written: str, base: str) -> str:
    try:
        parts = urlsplit(urljoin(base, written))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
        return safe_url_string(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    except (ValueError, UnicodeError):
        return ""


def public(address: str) -> str:
    """A feed's own address as a base for links: without what may be a secret in it, a password or a query."""
    return absolute(address.partition("#")[0].partition("?")[0])


def language(*tags: object) -> str:
    """The first of the tags that looks like a language, such as `nb` or `nb-NO`; empty when none does."""
    for tag in tags:
        name = clean(tag).strip().replace("_", "-")
        if len(name) <= 35 and LANGUAGE.fullmatch(name):
            return name
    return ""


def names(written: Iterable[object]) -> tuple[str, ...]:
    """Names in their order, each once whatever its case, without e-mail addresses."""
    return distinct(_without_address(plain(name, longest=NAME)) for name in written)


def _without_address(name: str) -> str:
    """`ola@example.org (Ola Nordmann)` and `Ola Nordmann <ola@example.org>` are both Ola Nordmann."""
    bare = ADDRESS.sub("", name)
    return name if bare == name else re.sub(r"\(\s*\)|<\s*>", "", bare).strip(" ()<>,;\"'")


def tags(written: Iterable[object]) -> tuple[str, ...]:
    """Categories in their order, each once whatever its case; an address is no category that a person would read."""
    found = (plain(tag, longest=NAME) for tag in written)
    return distinct(tag for tag in found if not tag.lower().startswith(("http://", "https://")))


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for word in words:
        first.setdefault(word.casefold(), word)
    return tuple(word for word in first.values() if word)


def size(written: object) -> int | None:
    """A width or height in pixels, or None."""
    match = re.fullmatch(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*", str(written)) if written is not None else None
    return int(match[1]) or None if match else None


def looks_like_picture(address: str, kind: str) -> bool:
    """By its type, or by its name when it has no type."""
    if kind:
        return kind.lower().startswith("image/")
    return bool(PICTURE_NAME.search(address.partition("?")[0].partition("#")[0]))


def best_first(pictures: Iterable[Picture], *bases: str) -> tuple[Picture, ...]:
    """Pictures of the article with full addresses, each once: the widest first, then as they came, small ones last."""
    kept: dict[str, Picture] = {}
    for picture in pictures:
        full = replace(picture, url=absolute(picture.url, *bases))
        if full.url and _of_the_article(full):
            known = kept.get(full.url)
            kept[full.url] = _joined(known, full) if known else full
    return tuple(sorted(kept.values(), key=_rank))


def _of_the_article(picture: Picture) -> bool:
    tiny = min(picture.width or SMALL, picture.height or SMALL) <= 2
    return not tiny and not NOT_OF_THE_ARTICLE.search(picture.url)


def _joined(one: Picture, other: Picture) -> Picture:
    """Two mentions of one picture: what the first doesn't say, the other may."""
    return Picture(
        one.url, one.alt or other.alt, one.type or other.type, one.width or other.width, one.height or other.height
    )


def _rank(picture: Picture) -> tuple[int, int]:
    if picture.width is None:
        return 1, 0
    return (0 if picture.width >= SMALL else 2), -picture.width
