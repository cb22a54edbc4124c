"""How Discord shows a message, drawn from its payload: https://docs.discord.com/developers/resources/message"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from bot.commands.demo.drawing import anchor, clock, day, dicts, image
from bot.commands.demo.markdown import DISCORD, line, whole

GREY = 0x8A8F98
LINK, ROW = 2, 1  # Types of components.


def discord(payload: Mapping[str, Any]) -> str:
    """The words, the embeds and the buttons of a message."""
    words = payload.get("content")
    said = f'<div class="words">{_words(words)}</div>' if words else ""
    embeds = "".join(map(_embed, dicts(payload.get("embeds"))))
    return said + embeds + "".join(map(_row, dicts(payload.get("components"))))


def _words(words: object) -> str:
    return whole(re.sub(r"<t:(\d{1,11})(?::\w)?>", _moment, words), DISCORD) if isinstance(words, str) else ""


def _moment(found: re.Match[str]) -> str:
    when = datetime.fromtimestamp(int(found[1]), UTC)
    return f"{day(when)} {clock(when)}"


def _embed(embed: Mapping[str, Any]) -> str:
    author, title = _author(embed.get("author")), line(embed.get("title"), DISCORD)
    parts = (
        f'<p class="author">{author}</p>' if author else "",
        f'<p class="heading">{anchor(embed.get("url"), title)}</p>' if title else "",
        f'<div class="words">{_words(embed.get("description"))}</div>' if embed.get("description") else "",
        "".join(map(_field, dicts(embed.get("fields")))),
        _picture(embed.get("thumbnail"), title=embed.get("title"), look="thumb"),
        _picture(embed.get("image"), title=embed.get("title"), look="picture"),
        _footer(embed),
    )
    return f'<div class="embed">{_bar(embed.get("color"))}<div class="inside">{"".join(parts)}</div></div>'


def _bar(colour: object) -> str:
    """The stripe at the left. An attribute of SVG may bear a colour where a strict policy forbids styles."""
    shade = colour if isinstance(colour, int) and 0 <= colour <= 0xFFFFFF else GREY
    return f'<svg class="bar" aria-hidden="true"><rect width="100%" height="100%" fill="#{shade:06x}"/></svg>'


def _author(author: object) -> str:
    if not isinstance(author, dict) or not isinstance(author.get("name"), str):
        return ""
    return anchor(author.get("url"), escape(author["name"]))


def _field(field: Mapping[str, Any]) -> str:
    return f'<p class="field"><strong>{line(field.get("name"), DISCORD)}</strong></p>{_words(field.get("value"))}'


def _picture(picture: object, *, title: object, look: str) -> str:
    """Discord's embeds tell no words for a picture, so the title has to do."""
    return image(picture.get("url"), picture.get("description") or title, look) if isinstance(picture, dict) else ""


def _footer(embed: Mapping[str, Any]) -> str:
    footer, stamp = embed.get("footer"), embed.get("timestamp")
    words = footer.get("text") if isinstance(footer, dict) else ""
    parts = [escape(words) if isinstance(words, str) else "", _stamp(stamp)]
    said = " • ".join(filter(None, parts))
    return f'<p class="footer">{said}</p>' if said else ""


def _stamp(stamp: object) -> str:
    try:
        when = datetime.fromisoformat(stamp if isinstance(stamp, str) else "")
    except (ValueError, OverflowError):
        return ""
    return f"<time>{escape(day(when))} {clock(when)}</time>"


def _row(row: Mapping[str, Any]) -> str:
    if row.get("type") != ROW:
        return ""
    buttons = [_button(b) for b in dicts(row.get("components")) if b.get("type") == LINK]
    return f'<p class="buttons">{" ".join(buttons)}</p>'


def _button(button: Mapping[str, Any]) -> str:
    label = button.get("label")
    return anchor(
        button.get("url"),
        f"{escape(label if isinstance(label, str) else '')} <span aria-hidden='true'>↗</span>",
        "button",
    )
