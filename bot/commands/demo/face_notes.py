"""How notifications, services behind Apprise and a terminal show a post: a title, words, a picture and buttons."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from bot.commands.demo.drawing import anchor, dicts, image, is_picture, words
from bot.commands.demo.face_parts import linked, part, said, words_of

Json = Mapping[str, Any]


def ntfy(note: Json) -> str:
    """A notification as the app lists it."""
    title, tags, attached = note.get("title"), ", ".join(words_of(note.get("tags"))), note.get("attach")
    keys = " ".join(
        anchor(key.get("url"), escape(words(key.get("label"))), "button") for key in dicts(note.get("actions"))
    )
    parts = (
        part("heading", escape(words(title))),
        said(linked(note.get("message"))),
        image(attached, "") if is_picture(attached) else "",
        part("subtle", f"Etiketter: {escape(tags)}" if tags else ""),
        part("buttons", keys),
    )
    return "".join(parts)


def note(message: Json) -> str:
    """A title and words, as Apprise hands them to whichever service it is."""
    title, body = words(message.get("title")), message.get("body", message.get("text"))
    return part("heading", escape(title)) + said(linked(body))


def console(message: Json) -> str:
    """What is printed in a terminal, line by line."""
    return f'<pre class="terminal" tabindex="0">{escape(words(message.get("text")))}</pre>'
