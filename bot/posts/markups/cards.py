"""Posts as cards of JSON: Discord's embeds with their buttons, and the Adaptive Cards of Teams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.model import Entry, Post, Refused, ShareLink, Text
from bot.posts.characters import utf8
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.links import safe
from bot.posts.markups.chat import buttons
from bot.posts.markups.markdown import discord, escape_discord, escape_teams, link_teams, without_functions
from bot.posts.markups.runs import runs_teams
from bot.posts.values import compact, given, in_json
from bot.posts.write import paragraph

# --- Discord -------------------------------------------------------------------------------------------------------

# Lengths are in code points of what is sent, as Discord's own server counts them.
CONTENT, DESCRIPTION, TOTAL, MOST_ENTRIES = 2000, 4096, 6000, 10
TITLE, NAMES, ALT, CALL, ADDRESS = 256, 200, 1000, 200, 2048
LABEL, BUTTON_ADDRESS, A_ROW, BUTTONS = 80, 512, 5, 25
SILENT: dict[str, Any] = {"parse": []}


def bodies_discord(post: Post) -> list[dict[str, Any]]:
    """The ways to show the post, the richest first. Each says it all, for an edit leaves as it was what is not said."""
    entries, alone = post.entries[:MOST_ENTRIES], len(post.entries) == 1
    words = "" if entries else discord(clip(paragraph(post.words), CONTENT, write=discord)) or "\u2013"
    words = f"+ {len(post.entries) - MOST_ENTRIES}" if len(post.entries) > MOST_ENTRIES else words
    call = _call_discord(entries[0]) if alone else ""
    embeds = [_embed_discord(entry, (TOTAL - len(call)) // len(entries)) for entry in entries]
    embeds += [{"description": call}] if call else []
    rows = _rows_discord(entries[0].share.links) if alone and entries[0].share else []
    bare = [{name: value for name, value in embed.items() if name != "image"} for embed in embeds]
    forms = [(embeds, rows), (bare, [])] if rows or bare != embeds else [(embeds, rows)]
    return [
        {"content": words, "embeds": shown, "components": below, "allowed_mentions": SILENT} for shown, below in forms
    ]


def _call_discord(entry: Entry) -> str:
    """The call to share, for a card of its own: within the article's a picture would part it from its buttons."""
    call = escape_discord(clip_line(entry.share.words, CALL, _size_discord)) if entry.share else ""
    return f"**{call}**" if call else ""


def _embed_discord(entry: Entry, room: int) -> dict[str, Any]:
    """The article as a card of at most so many code points."""
    if len(safe(entry.link)) > ADDRESS:
        raise Refused("the article's link is longer than Discord takes")
    title = escape_discord(clip_line(entry.title or entry.link, min(TITLE, room // 4), _size_discord))
    authors, source = (clip_line(name, min(NAMES, room // 10)) for name in (", ".join(entry.authors), entry.source))
    picture = entry.picture if entry.picture and len(safe(entry.picture.url)) <= ADDRESS else None
    alt = clip_line(picture.alt, min(ALT, room // 8)) if picture else ""
    left = room - sum(map(len, (title, authors, source, alt)))
    lead = discord(clip(entry.text, min(left, DESCRIPTION), write=discord))
    return given({
        "title": title,
        "url": safe(entry.link),
        "description": lead or ("" if title else "\u2013"),
        "author": given({"name": authors}),
        "image": given({"url": safe(picture.url), "description": alt}) if picture else {},
        "timestamp": entry.published.isoformat() if entry.published and entry.published.year >= 1970 else "",
        "footer": given({"text": source}),
    })  # fmt: skip


def _size_discord(words: str) -> int:
    return len(escape_discord(words))


def _rows_discord(links: tuple[ShareLink, ...]) -> list[dict[str, Any]]:
    """The links as rows of buttons, without those that no button of Discord's can hold."""
    fitting = [link for link in links if link.url.startswith("https://") and len(link.url) <= BUTTON_ADDRESS]
    keys = [{"type": 2, "style": 5, "label": clip_line(link.label, LABEL), "url": link.url} for link in fitting]
    return [{"type": 1, "components": keys[at : at + A_ROW]} for at in range(0, min(len(keys), BUTTONS), A_ROW)]


# --- Teams ---------------------------------------------------------------------------------------------------------

# Lengths are in bytes of the JSON that is sent. Teams names 28 kB as its limit, and refuses from about 21 kB on.
LARGEST, LEAST_LEAD, MOST_ENTRIES_T = 20_000, 300, 20
TITLE_T, ALT_T, NAMES_T, CALL_T, PICTURE_T, BUTTON_T = 1000, 1000, 300, 400, 2048, 80
MOST_BUTTONS = 6  # More of them are hidden behind a menu.
CARD = "application/vnd.microsoft.card.adaptive"

Element = dict[str, Any]


def card_teams(post: Post) -> bytes:
    """The richest form of the post that Teams takes: at need without picture and buttons, then with fewer articles."""
    if not post.entries:
        room = LARGEST - len(_message_teams([], [], post.language))
        return _message_teams(_lead_teams(paragraph(post.words), room) or [_line_teams("\u2013")], [], post.language)
    most = min(len(post.entries), MOST_ENTRIES_T)
    for count, rich in ((most, True), *((count, False) for count in range(most, 0, -1))):
        entries, rest, alone = post.entries[:count], len(post.entries) - count, len(post.entries) == 1
        call, buttons = _call_teams(entries[0], post.language, rich=rich) if alone else ([], [])
        end = [_line_teams(f"+ {rest}", isSubtle=True)] if rest else call
        around = [_around_teams(entry, post.language, rich=rich and alone) for entry in entries]
        bare = [element for above, below in around for element in (*above, *below)]
        room = (LARGEST - len(_message_teams([*bare, *end], buttons, post.language))) // count
        if room >= LEAST_LEAD:
            pairs = zip(entries, around, strict=True)
            body = [
                part for entry, (above, below) in pairs for part in (*above, *_lead_teams(entry.text, room), *below)
            ]
            return _message_teams([*body, *end] or [_line_teams("\u2013")], buttons, post.language)
    raise Refused("the article's link is longer than Teams takes")


def _message_teams(body: Sequence[Element], actions: Sequence[Element], language: str) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "lang": language or "en",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    }
    return compact({"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]})


def _around_teams(entry: Entry, language: str, *, rich: bool) -> tuple[list[Element], list[Element]]:
    """What stands above the lead, title and picture, and below it: the line about the article."""
    title = escape_teams(clip_line(entry.title or entry.link, TITLE_T, lambda words: _size_teams(escape_teams(words))))
    linked = link_teams(title, entry.link) if entry.link else title
    looks = {"size": "Large", "weight": "Bolder", "style": "heading", "wrap": True}
    above: list[Element] = [{"type": "TextBlock", "text": linked, **looks}] if linked else []
    picture = entry.picture if rich else None
    if picture and picture.url.startswith("https://") and utf8(safe(picture.url)) <= PICTURE_T:
        alt = without_functions(clip_line(picture.alt or entry.title, ALT_T, _size_teams))
        opens = {"selectAction": _opening_teams(entry.link)} if entry.link else {}
        above.append({"type": "Image", "url": safe(picture.url), "altText": alt, "size": "Stretch", **opens})
    authors, source = (clip_line(words, NAMES_T, _size_teams) for words in (", ".join(entry.authors), entry.source))
    date = in_words(entry.published, language) if entry.published else ""
    about = " \u00b7 ".join(filter(None, (authors, date, source)))
    return above, [_line_teams(about, isSubtle=True, size="Small")] if about else []


def _call_teams(entry: Entry, language: str, *, rich: bool) -> tuple[list[Element], list[Element]]:
    """The call to share, which ends the card, and the buttons below it: to read, and to share on each network."""
    words = clip_line(entry.share.words, CALL_T, _size_teams) if entry.share else ""
    first, *others = buttons(entry, language) if entry.link else [("", ""), *buttons(entry, language)]
    shown = [first, *(other for other in others if rich and other[1].startswith("https://"))]
    keys = [_opening_teams(url, label) for label, url in shown if url]
    return [_line_teams(words, weight="Bolder")] if words else [], keys[:MOST_BUTTONS]


def _opening_teams(address: str, title: str = "") -> Element:
    return {"type": "Action.OpenUrl", **({"title": title} if title else {}), "url": safe(address)}


def _lead_teams(text: Text, room: int) -> list[Element]:
    """As much of the text as fits so many bytes."""
    return runs_teams(clip(text, room, utf8, lambda part: compact(runs_teams(part)).decode()))


def _line_teams(words: str, **looks: object) -> Element:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": without_functions(words), **looks}]}


def _size_teams(words: str) -> int:
    """The bytes that these words take within JSON."""
    return in_json(without_functions(words))
