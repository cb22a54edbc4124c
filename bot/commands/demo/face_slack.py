"""How Slack shows a message, drawn from its payload: https://docs.slack.dev/reference/block-kit/blocks"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

from bot.commands.demo.drawing import anchor, clock, day, dicts, image

# A finished piece of HTML waits behind a mark of two private characters, so that nothing is done to it twice.
OPEN, SHUT = "\ue000", "\ue001"
PIECE = re.compile(f"{OPEN}(\\d+){SHUT}")
CONTROL = re.compile(r"```(?P<block>.+?)```|`(?P<code>[^`\n]+)`|<(?P<inside>[^<>\n]*)>", re.DOTALL)
# A zero-width space beside a sign is how plain text says that no look is meant.
LOOKS = tuple(
    (
        re.compile(
            rf"(?<![\w{sign}\u200b]){sign}(?=[^\s\u200b{sign}])([^{sign}\n]+?)"
            rf"(?<=[^\s\u200b]){sign}(?![\w{sign}\u200b])"
        ),
        tag,
    )
    for sign, tag in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
)  # fmt: skip
QUOTE = re.compile(r"(?:^&gt; ?.*(?:\n|$))+", re.MULTILINE)
MENTIONS = {"!here": "@here", "!channel": "@channel", "!everyone": "@everyone"}


def slack(payload: Mapping[str, Any]) -> str:
    """The message's blocks, or its text when it has none."""
    blocks = payload.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        return f'<div class="words">{mrkdwn(payload.get("text"))}</div>'
    return "".join(_block(block) for block in blocks if isinstance(block, dict))


def _block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "section":
            fields = "".join(f"<li>{_text(field)}</li>" for field in dicts(block.get("fields")))
            listed = f'<ul class="fields">{fields}</ul>' if fields else ""
            beside = _element(block["accessory"]) if isinstance(block.get("accessory"), dict) else ""
            return f'<div class="words">{_text(block.get("text"))}{listed}{beside}</div>'
        case "header":
            return f'<p class="heading">{_text(block.get("text"))}</p>'
        case "image":
            caption = f'<p class="caption">{_text(block.get("title"))}</p>' if block.get("title") else ""
            return caption + image(block.get("image_url"), block.get("alt_text"))
        case "context":
            return f'<p class="context">{" ".join(map(_element, dicts(block.get("elements"))))}</p>'
        case "actions":
            return f'<p class="buttons">{" ".join(map(_element, dicts(block.get("elements"))))}</p>'
        case "divider":
            return '<hr class="divider">'
        case _:
            return f'<pre class="raw">{escape(repr(dict(block)))}</pre>'


def _element(element: Mapping[str, Any]) -> str:
    match element.get("type"):
        case "button":
            return anchor(element.get("url"), _text(element.get("text")), "button")
        case "image":
            return image(element.get("image_url"), element.get("alt_text"), "thumb")
        case _:
            return _text(element)


def _text(text: object) -> str:
    if not isinstance(text, dict):
        return ""
    words = text.get("text")
    if text.get("type") == "mrkdwn":
        return mrkdwn(words)
    return escape(words) if isinstance(words, str) else ""


# --- mrkdwn --------------------------------------------------------------------------------------------------------


def mrkdwn(words: object) -> str:
    """Slack's markup as HTML: https://docs.slack.dev/messaging/formatting-message-text"""
    if not isinstance(words, str):
        return ""
    pieces: list[str] = []

    def keep(html: str) -> str:
        pieces.append(html)
        return f"{OPEN}{len(pieces) - 1}{SHUT}"

    def take(found: re.Match[str]) -> str:
        if found["block"] is not None:
            return keep(f"<pre>{_escaped(found['block'].strip())}</pre>")
        if found["code"] is not None:
            return keep(f"<code>{_escaped(found['code'])}</code>")
        return keep(_control(found["inside"]))

    marked = CONTROL.sub(take, words.replace(OPEN, "").replace(SHUT, ""))
    text = _looks(_escaped(marked))
    text = QUOTE.sub(lambda found: keep(_quote(found[0])), text)
    return _put_back(text.strip("\n").replace("\n", "<br>"), pieces)


def _put_back(text: str, pieces: list[str]) -> str:
    """The pieces in their places; a quotation holds pieces of its own."""
    for _ in range(3):
        text = PIECE.sub(lambda found: pieces[int(found[1])], text)
    return text


def _quote(lines: str) -> str:
    inner = "<br>".join(re.sub("^&gt; ?", "", line) for line in lines.strip("\n").split("\n"))
    return f"<blockquote>{inner}</blockquote>"


def _looks(text: str) -> str:
    for pattern, tag in LOOKS:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return text


def _escaped(words: str) -> str:
    """Slack's three entities are the signs they stand for; after that all is escaped for HTML."""
    for entity in ("&lt;", "&gt;", "&amp;"):
        words = words.replace(entity, unescape(entity))
    return escape(words)


def _control(inside: str) -> str:
    """What stands between < and >: a link, a mention or a date."""
    target, bar, label = inside.partition("|")
    if target.startswith("!date^"):
        return _date(target, label)
    if target in MENTIONS or target.startswith(("@", "#", "!")):
        return f'<span class="mention">{_escaped(label or MENTIONS.get(target, target))}</span>'
    address = target.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return anchor(address, _looks(_escaped(label if bar else target)))


def _date(target: str, fallback: str) -> str:
    """A moment in the readers' own time; the words beside it are for where that can't be."""
    _, seconds, form, *_ = [*target.split("^"), "", ""]
    if not re.fullmatch(r"\d{1,11}", seconds):
        return _escaped(fallback)
    when = datetime.fromtimestamp(int(seconds), UTC)
    said = re.sub(r"\{date(_\w+)?\}", day(when), form).replace("{time}", clock(when))
    return f"<time>{_escaped(fallback if '{' in said else said)}</time>"
