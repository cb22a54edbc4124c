"""What several faces are drawn with: plain words with their links, cards below them, and a picture not at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from urllib.parse import urlsplit

from bot.commands.demo.drawing import anchor, is_picture, is_safe

FOUND = re.compile(r"(?P<address>https?://[^\s<>\"]*[^\s<>\".,;:!?])|(?<![\w/&#])#(?P<tag>\w*[^\W\d]\w*)")


def linked(words: object, shown: Callable[[str], str] = str, *, tags: bool = True) -> str:
    """Plain words as HTML, with links on the addresses and marks on the hashtags that a platform finds in them."""
    if not isinstance(words, str):
        return ""
    html, at = "", 0
    for found in FOUND.finditer(words):
        whole = found[0]
        if found["address"]:
            # A parenthesis that the address did not open closes one around it.
            whole = whole if "(" in whole else whole.rstrip(").")
            mark = anchor(whole, escape(shown(whole)))
        else:
            mark = f'<span class="tag">{escape(whole)}</span>' if tags else escape(whole)
        html, at = f"{html}{broken(words[at : found.start()])}{mark}", found.start() + len(whole)
    return html + broken(words[at:])


def broken(words: str) -> str:
    """Plain words as HTML, with their line breaks."""
    return escape(words).replace("\n", "<br>")


def part(look: str, inner: str) -> str:
    """A line of HTML in a look, unless it is empty."""
    return f'<p class="{look}">{inner}</p>' if inner else ""


def said(inner: str) -> str:
    """The words of a message, as HTML, unless there are none."""
    return f'<div class="words">{inner}</div>' if inner else ""


def host(address: object) -> str:
    """The site that an address leads to, as a card names it."""
    site = urlsplit(str(address)).hostname if is_safe(address) else None
    return (site or "").removeprefix("www.")


def stand_in(described: object) -> str:
    """A grey box in the place of a picture that is uploaded only when the post is sent, or that a platform fetches."""
    words = described if isinstance(described, str) and described else "Bilde"
    return f'<span class="picture stand-in" role="img">{escape(words)}</span>'


def card(address: object, picture: str, title: object, about: object, site: str = "") -> str:
    """A card that leads to a page: its picture, as HTML, and what it says, the site's name first if that is given."""
    texts = (("site", site), ("title", title), ("about", about), ("site", "" if site else host(address)))
    lines = "".join(f'<span class="{look}">{escape(str(text))}</span>' for look, text in texts if text)
    return anchor(address, f'{picture}<span class="inside">{lines}</span>', "card")


def link_of_picture(address: object) -> bool:
    """Whether an address ends as one of a picture, by which chats know that they may show it."""
    return is_picture(address) and urlsplit(str(address)).path.lower().endswith(
        (".png", ".jpg", ".jpeg", ".gif", ".webp")
    )


def words_of(value: object) -> list[str]:
    """The words in what should be a list of them."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
