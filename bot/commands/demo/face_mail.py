"""How a mail program shows an e-mail, drawn from the message as it is sent; nothing that it holds is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from typing import Any

from bot.commands.demo.drawing import words
from bot.commands.demo.face_html import html
from bot.commands.demo.face_parts import linked


def mail(payload: bytes) -> dict[str, Any] | None:
    """Who a message is from and to, what about, and its words; None when it can't be read as a mail."""
    try:
        message = message_from_bytes(payload, EmailMessage, policy=default)
        names = {name: str(message[name] or "") for name in ("From", "To", "Subject")}
        bodies = {form: message.get_body((form,)) for form in ("html", "plain")}
        said = {form: body.get_content() for form, body in bodies.items() if body}
    except (LookupError, ValueError, AttributeError, TypeError):
        return None  # What the library's reader can't bear: unknown letters, broken heads.
    name = names["From"].partition("<")[0].strip(' "')
    return {**names, **said, "username": name or names["From"]} if any(names.values()) else None


def email(message: Mapping[str, Any]) -> str:
    """The subject, the reader, and the words, as HTML if the message has them so."""
    body = html(message.get("html")) or linked(message.get("plain"))
    to = f'<p class="subtle">Til: {escape(words(message.get("To")))}</p>'
    return f'<p class="subject">{escape(words(message.get("Subject")))}</p>{to}<div class="words letter">{body}</div>'
