"""Draws a payload as its platform would show it, and a page around such drawings; nothing in it is trusted."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from bot.commands.demo import face_chat, face_notes, face_social
from bot.commands.demo.drawing import words
from bot.commands.demo.face_discord import discord
from bot.commands.demo.face_mail import email, mail
from bot.commands.demo.face_slack import slack
from bot.commands.demo.face_teams import teams

HERE = Path(__file__).parent
LONGEST = 60_000  # Characters of a payload that are shown as they are.


@dataclass(frozen=True, slots=True)
class Look:
    """How a platform shows a message: what it is called, who posts, what stands beside that, and below the message."""

    platform: str
    draw: Callable[[Mapping[str, Any]], str]
    sender: str = "Delebot"
    badge: str = ""
    beside: str = ""
    below: tuple[str, ...] = ()


LOOKS: dict[str, Look] = {
    "slack": Look("Slack", slack, badge="APP"),
    "discord": Look("Discord", discord, badge="APP"),
    "teams": Look("Microsoft Teams", teams, "Delebot via Workflows"),
    "googlechat": Look("Google Chat", face_chat.googlechat, badge="App"),
    "mattermost": Look("Mattermost", face_chat.mattermost, "delebot", badge="BOT"),
    "rocketchat": Look("Rocket.Chat", face_chat.rocketchat, "delebot", badge="Bot"),
    "zulip": Look("Zulip", face_chat.zulip),
    "telegram": Look("Telegram", face_chat.telegram),
    "matrix": Look("Matrix", face_chat.matrix),
    "mastodon": Look("Mastodon", face_social.mastodon, beside="@delebot", below=("↩", "⟳", "☆", "⋯")),
    "bluesky": Look("Bluesky", face_social.bluesky, beside="@delebot", below=("◯", "⟳", "♡", "⋯")),
    "threads": Look("Threads", face_social.threads, "delebot", below=("♡", "◯", "⟳", "⋯")),
    "linkedin": Look("LinkedIn", face_social.linkedin, below=("Lik", "Kommenter", "Del", "Send")),
    "facebook": Look("Facebook", face_social.facebook, below=("Liker", "Kommenter", "Del")),
    "ntfy": Look("ntfy", face_notes.ntfy, ""),
    "email": Look("e-mail", email),
    "apprise": Look("Apprise", face_notes.note),
    "console": Look("Console", face_notes.console, ""),
}
NAMES = {kind: look.platform for kind, look in LOOKS.items()} | {"webhook": "Webhook"}


def platform(kind: str) -> str:
    """A kind's name as people write it."""
    return NAMES.get(kind, kind.capitalize())


def face(kind: str, payload: bytes, headers: Mapping[str, str], *, at: str = "", edited: bool = False) -> str:
    """An HTML fragment that looks as that kind's platform shows the payload.

    `at` is the time of day that stands beside the sender; `edited` marks a message that was corrected. All that the
    payload holds is escaped, and links lead to http, https and mailto addresses only.
    """
    message = _read(kind, payload, headers)
    if kind == "webhook" and message is not None:
        return f'<div class="face webhook">{_event(message, headers, edited=edited)}</div>'
    if kind not in LOOKS or message is None:
        return f'<div class="face"><pre class="raw" tabindex="0">{_raw(payload, message)}</pre></div>'
    look, mark = LOOKS[kind], '<span class="edited">(redigert)</span>' if edited else ""
    sender = words(message.get("username")) or look.sender
    who = (
        f"<strong>{escape(sender)}</strong>" if sender else "",
        f'<span class="app">{look.badge}</span>' if look.badge else "",
        f'<span class="beside">{escape(look.beside)}</span>' if look.beside else "",
        f"<time>{escape(at)}</time>" if at else "",
        mark,
    )
    avatar = f'<span class="avatar" aria-hidden="true">{escape(sender[:1].upper())}</span>' if sender else ""
    below = "".join(f"<span>{each}</span>" for each in look.below)
    acts = f'<p class="acts" aria-hidden="true">{below}</p>' if below else ""
    said = f'<p class="who">{" ".join(filter(None, who))}</p>{look.draw(message)}{acts}'
    return f'<div class="face {kind}">{avatar}<div class="said">{said}</div></div>'


def _read(kind: str, payload: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
    """What a payload says: a mail, words of a terminal, a form, or the object in JSON; None when it holds neither."""
    type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if kind == "email":
        return mail(payload)
    if kind == "console":
        return {"text": payload.decode("utf-8", "replace")}
    if type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(payload.decode("utf-8", "replace"))) or None
    return _object(payload)


def _object(payload: bytes) -> dict[str, Any] | None:
    """The JSON object in a payload, None when it holds another thing."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _raw(payload: bytes, message: dict[str, Any] | None) -> str:
    text = json.dumps(message, ensure_ascii=False, indent=2) if message else payload.decode("utf-8", "replace")
    return escape(text[:LONGEST])


def _event(message: Mapping[str, Any], headers: Mapping[str, str], *, edited: bool) -> str:
    """An event of a webhook: what it is about in a line, and its JSON as a program reads it."""
    data = message.get("data")
    title = words(data.get("title")) or words(data.get("words")) if isinstance(data, dict) else ""
    id = next((value for name, value in headers.items() if name.lower() == "webhook-id"), "")
    mark = ' <span class="edited">(redigert)</span>' if edited else ""
    about = f'<p class="event"><code>{escape(words(message.get("type")))}</code> {escape(title)}{mark}</p>'
    key = f'<p class="key">webhook-id: {escape(id)}</p>' if id else ""
    return f'{about}{key}<pre class="raw" tabindex="0">{_raw(b"", dict(message))}</pre>'


# --- The page ------------------------------------------------------------------------------------------------------


@cache
def styles() -> str:
    """The style sheet of all faces."""
    return (HERE / "faces.css").read_text("utf-8")


def fingerprint(inline: str) -> str:
    """What a content security policy knows an inline style or script by."""
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


def page(title: str, fragments: Iterable[str], *, language: str = "nb") -> str:
    """A page that needs nothing beside itself, except the pictures that the posts show."""
    policy = (
        f"default-src 'none'; img-src http: https:; style-src {fingerprint(styles())}; "
        "base-uri 'none'; form-action 'none'"
    )
    posts = "\n".join(f'<article class="message">{fragment}</article>' for fragment in fragments)
    return f"""<!doctype html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>{styles()}</style>
</head>
<body class="single">
<main>
<h1>{escape(title)}</h1>
{posts}
</main>
</body>
</html>
"""
