"""A text as runs of words with their looks, for platforms that take structure instead of markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from bot.model import Entry, Post, Refused, Span, Text
from bot.posts.characters import graphemes, utf8
from bot.posts.clip import clip, clip_line, without_pointer
from bot.posts.dates import in_words
from bot.posts.links import safe
from bot.posts.markups.markdown import without_functions
from bot.posts.write import paragraph, plain

# --- Teams ---------------------------------------------------------------------------------------------------------


def runs_teams(text: Text) -> list[dict[str, Any]]:
    """The text as elements of a card, whose runs of words no Markdown is read in.

    Each line is an element of its own, for a line break within a run is not shown everywhere.
    """
    elements: list[dict[str, Any]] = []
    before = ""
    for block in text:
        space = {"spacing": "Small"} if before == block.kind == "item" else {}
        mark = (Span("\u2003" * block.level + "\u2022 "),) if block.kind == "item" else ()
        for spans in _split((*mark, *block.spans)):
            if runs := [_run_teams(span, block.kind) for span in spans if span.text]:
                elements.append({"type": "RichTextBlock", "inlines": runs, **space})
                space = {"spacing": "None"}
        before = block.kind
    return elements


def _split(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The spans of each line."""
    line: list[Span] = []
    for span in spans:
        first, *rest = span.text.split("\n")
        line.append(replace(span, text=first))
        for words in rest:
            yield line
            line = [replace(span, text=words)]
    yield line


def _run_teams(span: Span, kind: str) -> dict[str, Any]:
    opens = span.link.startswith(("https://", "http://"))
    looks: dict[str, Any] = {
        "weight": "Bolder" if span.bold or kind == "heading" else "",
        "italic": span.italic,
        "fontType": "Monospace" if span.code or kind == "code" else "",
        "isSubtle": kind == "quote",
        "selectAction": {"type": "Action.OpenUrl", "url": safe(span.link)} if opens else {},
    }
    return {"type": "TextRun", "text": without_functions(span.text), **{name: on for name, on in looks.items() if on}}


# --- Short posts ---------------------------------------------------------------------------------------------------

# Of networks whose posts are a few hundred signs of words. How long words are is what the network's `size` says.
Size = Callable[[str], int]
MOST_TITLES = 6


def short(post: Post, room: int, size: Size) -> list[Span]:
    """A post in a few words: an article above its card, the titles of several, or what an alert says.

    Links to share on other networks are left out: people share with the network's own button.
    """
    if len(post.entries) == 1:
        return _article(post.entries[0], room, size)
    if post.entries:
        return _titles(post.entries, room, size)
    return [Span(plain(clip(paragraph(post.words), room, size)) or "\u2013")]


def _article(entry: Entry, room: int, size: Size) -> list[Span]:
    """As much of the lead as there is room for, for the title is on the card; the call to share; the hashtags."""
    text = without_pointer(entry.text)
    text = text if entry.link and text else (*paragraph(entry.title), *text)
    call = [Span(clip_line(entry.share.words, room // 3, size))] if entry.share and entry.share.words else []
    tags = _row((Span(f"#{tag}", f"#{tag}") for tag in entry.hashtags), " ", room // 4, size)
    tail = [span for part in (call, tags) if part for span in (Span("\n\n"), *part)]
    lead = plain(clip(text, room - sum(size(span.text) for span in tail), size))
    return [Span(lead), *tail] if lead else tail[1:] or [Span("\u2013")]


def _titles(entries: Sequence[Entry], room: int, size: Size) -> list[Span]:
    """The titles, each a link, and how many more there are."""
    count = min(len(entries), MOST_TITLES)
    most = room // count - size("\n\u2022 ") - 1
    lines = [
        [Span("\n\u2022 " if number else "\u2022 "), Span(clip_line(entry.title or entry.link, most, size), entry.link)]
        for number, entry in enumerate(entries[:count])
    ]
    rest = [Span(f"\n+ {len(entries) - count}")] if len(entries) > count else []
    return [*(span for line in lines for span in line), *rest]


def _row(spans: Iterable[Span], between: str, room: int, size: Size) -> list[Span]:
    """As many of the spans as there is room for, with something between them."""
    row: list[Span] = []
    for span in spans:
        longer = [*row, *([Span(between)] if row else []), span]
        if sum(size(each.text) for each in longer) > room:
            break
        row = longer
    return row


# --- Bluesky -------------------------------------------------------------------------------------------------------

LONGEST, BYTES_OF_A_SIGN, ADDRESS = 300, 10, 8192


def size_bluesky(words: str) -> int:
    """The length of words as Bluesky limits it: in signs, of which none takes more than ten bytes on average."""
    return max(graphemes(words), -(-utf8(words) // BYTES_OF_A_SIGN))


def runs_bluesky(spans: Iterable[Span]) -> tuple[str, list[dict[str, Any]]]:
    """The words of the spans, and the facets that lay links on them; a link to `#word` is a hashtag.

    Facets count the bytes of UTF-8: https://docs.bsky.app/docs/advanced-guides/post-richtext
    """
    words, facets = "", list[dict[str, Any]]()
    for span in spans:
        start, words = utf8(words), words + span.text
        if span.link:
            kind, name = ("tag", "tag") if span.link[0] == "#" else ("link", "uri")
            feature = {"$type": f"app.bsky.richtext.facet#{kind}", name: safe(span.link).removeprefix("#")}
            facets.append({"index": {"byteStart": start, "byteEnd": utf8(words)}, "features": [feature]})
    return words, facets


def record_bluesky(post: Post, blob: str) -> dict[str, Any]:
    """The post as Bluesky keeps it: words with facets, and an article's page as a card; `blob` is its picture, in JSON.

    https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json
    """
    alone = post.entries[0] if len(post.entries) == 1 else None
    words, facets = runs_bluesky(short(post, LONGEST, size_bluesky))
    language = (alone and alone.language) or post.language
    more = {
        "facets": facets,
        "langs": [language] if re.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", language) else [],
        "embed": _card(alone, post.language, blob) if alone and alone.link else {},
    }
    moment = post.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    record = {"$type": "app.bsky.feed.post", "text": words, "createdAt": moment}
    return record | {name: value for name, value in more.items() if value}


def _card(entry: Entry, language: str, blob: str) -> dict[str, Any]:
    """The article's page: title, picture, authors, day and source. The lead stands above it already."""
    if len(safe(entry.link)) > ADDRESS:
        raise Refused("the article's link is longer than Bluesky takes")
    day = in_words(entry.published, language) if entry.published else ""
    about = " \u00b7 ".join(filter(None, (", ".join(entry.authors), day, entry.source)))
    title, description = (clip_line(words, LONGEST) for words in (entry.title or entry.link, about))
    thumb = {"thumb": json.loads(blob)} if blob else {}
    card = {"uri": safe(entry.link), "title": title, "description": description, **thumb}
    return {"$type": "app.bsky.embed.external", "external": card}
