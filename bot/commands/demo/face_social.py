"""How the networks show a post: plain words with links and hashtags, and below them a picture or a card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bot.commands.demo.drawing import anchor, dicts, words
from bot.commands.demo.face_parts import broken, card, host, linked, part, said, stand_in, words_of

SHOWN_BY_MASTODON = 30  # Characters of an address, without its scheme.
LITTLE_TEXT = re.compile(r"\\(?P<plain>.)|\{hashtag\|(?:\\#|#|\uff03)\|(?P<tag>[^|{}]*)\}", re.DOTALL)
Json = Mapping[str, Any]


def mastodon(status: Json) -> str:
    """A status; its pictures were uploaded before."""
    pictures = "".join(stand_in("") for _ in words_of(status.get("media_ids")))
    return said(linked(status.get("status"), _shortened)) + pictures


def _shortened(address: str) -> str:
    bare = re.sub(r"^https?://(www\.)?", "", address)
    return bare if len(bare) <= SHOWN_BY_MASTODON else f"{bare[:SHOWN_BY_MASTODON]}…"


def linkedin(post: Json) -> str:
    """The words, in which a backslash keeps a sign from meaning something, and the card of an article."""
    text, content = LITTLE_TEXT.sub(_meant, words(post.get("commentary"))), post.get("content")
    article = content.get("article") if isinstance(content, dict) else None
    if not isinstance(article, dict):
        return said(linked(text))
    picture = stand_in(article.get("thumbnailAltText")) if article.get("thumbnail") else ""
    return said(linked(text)) + card(article.get("source"), picture, article.get("title"), "")


def _meant(found: re.Match[str]) -> str:
    """A hashtag, or the sign behind a backslash, which begins none."""
    plain = found["plain"]
    return f"#{found['tag']}" if plain is None else plain.replace("#", "#\u200b")


def facebook(post: Json) -> str:
    """The words, and the card that Facebook makes of the page that the link leads to."""
    text, address = post.get("message"), post.get("link")
    return said(linked(text)) + _card(address, text, host(address).upper())


def threads(post: Json) -> str:
    """The topic, the words, and the card of the link."""
    topic, text, address = words(post.get("topic_tag")), post.get("text"), post.get("link_attachment")
    return part("topic", broken(topic)) + said(linked(text)) + _card(address, text, host(address))


def _card(address: object, text: object, site: str) -> str:
    """The card that a network makes of a page itself; its title is most often the first line that was posted."""
    return card(address, stand_in(""), words(text).partition("\n")[0], "", site) if address else ""


# --- Bluesky -------------------------------------------------------------------------------------------------------


def bluesky(request: Json) -> str:
    """A record: only what its facets say is a link or a hashtag, and a card or pictures are embedded in it."""
    record = request.get("record")
    if not isinstance(record, dict):
        return ""
    return said(_faceted(words(record.get("text")), record.get("facets"))) + _embedded(record.get("embed"))


def _faceted(text: str, facets: object) -> str:
    """The text with its facets, whose places are counted in bytes."""
    whole, marks = text.encode("utf-8", "replace"), dict[int, tuple[int, dict[str, Any]]]()
    for facet in dicts(facets):
        place, meant = _place(facet.get("index")), dicts(facet.get("features"))
        if place and meant:
            marks[place[0]] = (place[1], meant[0])
    cuts = sorted({0, len(whole), *marks, *(end for end, _ in marks.values())})
    return "".join(
        _feature(marks.get(start), end, whole[start:end].decode(errors="replace")) for start, end in pairwise(cuts)
    )


def _place(index: object) -> tuple[int, int] | None:
    start, end = (index.get(name) for name in ("byteStart", "byteEnd")) if isinstance(index, dict) else (None, None)
    return (start, end) if isinstance(start, int) and isinstance(end, int) and 0 <= start < end else None


def _feature(mark: tuple[int, dict[str, Any]] | None, end: int, text: str) -> str:
    if not mark or mark[0] != end:
        return broken(text)
    return anchor(mark[1].get("uri"), broken(text)) if "uri" in mark[1] else f'<span class="tag">{broken(text)}</span>'


def _embedded(embed: object) -> str:
    if not isinstance(embed, dict):
        return ""
    outside = embed.get("external")
    if isinstance(outside, dict):
        picture = stand_in("") if outside.get("thumb") else ""
        return card(outside.get("uri"), picture, outside.get("title"), outside.get("description"))
    return "".join(stand_in(shown.get("alt")) for shown in dicts(embed.get("images")))
