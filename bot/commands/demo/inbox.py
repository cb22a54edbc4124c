"""The inbox: receivers on loopback that answer as the platforms do, and a page that shows what arrived."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.commands.demo.drawing import words
from bot.commands.demo.faces import face, fingerprint, platform, styles
from bot.commands.demo.site import HOME, secure

HERE = Path(__file__).parent
FIRST_ID = 1180000000000000001  # The ids of Discord's messages are numbers of this length.


@dataclass(slots=True)
class Message:
    """One message as its platform shows it. `key` is the id that the platform knows it by."""

    number: int
    kind: str
    key: str
    payload: bytes
    headers: dict[str, str]
    at: datetime
    edited: bool = False
    revision: int = 1

    def as_json(self, site: str) -> dict[str, Any]:
        """The message for the page; what lies at the sample site's address is fetched from this machine."""
        clock = f"{self.at:%H:%M:%S}"
        drawn = face(self.kind, self.payload, self.headers, at=clock, edited=self.edited)
        html = drawn.replace(f'="{HOME}/', f'="{site}/').replace(f'="{secure(site)}/', f'="{site}/') if site else drawn
        return {
            "number": self.number,
            "kind": self.kind,
            "revision": self.revision,
            "edited": self.edited,
            "html": html,
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What the receivers count: articles published, posts that are due of them, shown, missing, and there twice."""

    published: int = 0
    due: int = 0
    shown: int = 0
    lost: int = 0
    twice: int = 0
    edited: int = 0
    repeats: int = 0


@dataclass
class Inbox:
    """What arrived, and how the receivers behave."""

    kinds: Sequence[str]
    now: Callable[[], datetime]
    site: str = ""
    messages: list[Message] = field(default_factory=list)
    repeats: int = 0  # Requests that a receiver knew as a repeat by the key in them.
    refused: dict[str, int] = field(default_factory=dict)  # How often each kind answered that it is out of order.
    away: dict[str, int] = field(default_factory=dict)  # Out of order: the seconds after which it asks to come again.
    mute: set[str] = field(default_factory=set)  # Takes what comes and never answers.
    act: str = ""
    published: Callable[[], Sequence[str]] = tuple  # The slugs of what the site has published.
    _taken: set[str] = field(default_factory=set)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def of(self, kind: str, part: str = "") -> list[Message]:
        """The messages of a kind whose payload holds this part."""
        return [m for m in self.messages if m.kind == kind and part.encode() in m.payload]

    def figures(self) -> Figures:
        """What is shown of what was published, counted message by message."""
        slugs = self.published()
        counts = [len(self.of(kind, f"/{slug}/")) for slug in slugs for kind in self.kinds]
        edited = sum(message.edited for message in self.messages)
        shown, twice = sum(n > 0 for n in counts), sum(max(n - 1, 0) for n in counts)
        return Figures(len(slugs), len(counts), shown, len(counts) - shown, twice, edited, self.repeats)

    # --- The receivers ---------------------------------------------------------------------------------------------

    def hook(self, origin: str, kind: str) -> str:
        """The address to post to; the last part is what only its owner knows."""
        return f"{origin}/hooks/{kind}/{self.token}"

    def application(self) -> web.Application:
        app = web.Application(client_max_size=1_000_000)
        app.router.add_get("/", self._page)
        app.router.add_get("/messages.json", self._told)
        app.router.add_route("*", "/hooks/{kind}/{token}", self._take)
        app.router.add_route("*", "/hooks/{kind}/{token}/messages/{key}", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        kind, key = request.match_info["kind"], request.match_info.get("key", "")
        if kind not in self.kinds or not secrets.compare_digest(request.match_info["token"], self.token):
            return web.json_response({"message": "Unknown Webhook", "code": 10015}, status=404)
        body = await request.read()
        if kind in self.away:
            self.refused[kind] = self.refused.get(kind, 0) + 1
            return web.Response(status=503, text="away", headers={"Retry-After": str(self.away[kind])})
        answer = self.answer(request.method, kind, key, body, dict(request.headers))
        while kind in self.mute:  # noqa: ASYNC110 - a receiver that says nothing is what is shown here
            await asyncio.sleep(0.05)
        return answer

    def answer(self, method: str, kind: str, key: str, body: bytes, headers: dict[str, str]) -> web.Response:
        """Do what the request asks, and answer as that platform does."""
        message = next((m for m in self.messages if m.kind == kind and m.key == key), None) if key else None
        match method:
            case "GET":
                return web.json_response({"id": "1", "name": "Delebot"})
            case "POST" if not key:
                return self._said(
                    kind, self._webhook(body, headers) if kind == "webhook" else self._new(kind, body, headers)
                )
            case "PATCH" if message:
                return self._said(kind, _revised(message, body, headers))
            case "DELETE" if message:
                self.messages.remove(message)
                return web.Response(status=204)
            case _:
                return web.json_response({"message": "Unknown Message", "code": 10008}, status=404)

    def _new(self, kind: str, body: bytes, headers: dict[str, str], key: str = "") -> Message:
        number = max((m.number for m in self.messages), default=0) + 1
        message = Message(number, kind, key or str(FIRST_ID + number), body, headers, self.now())
        self.messages.append(message)
        return message

    def _webhook(self, body: bytes, headers: dict[str, str]) -> Message:
        """A webhook's receiver knows a repeat by its webhook-id, and an update by the item that it is about."""
        id = next((value for name, value in headers.items() if name.lower() == "webhook-id"), "")
        item = _item_of(body)
        there = next((m for m in self.messages if m.kind == "webhook" and m.key == item), None) if item else None
        if there is not None and id in self._taken:
            self.repeats += 1
            return there
        self._taken.add(id)
        return _revised(there, body, headers) if there else self._new("webhook", body, headers, item)

    def _said(self, kind: str, message: Message) -> web.Response:
        match kind:
            case "slack":
                return web.Response(text="ok")
            case "discord":
                return web.json_response({"id": message.key, "channel_id": "1", "embeds": []})
            case "teams":
                return web.Response(status=202)
            case _:
                return web.Response(status=204)

    # --- The page --------------------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """All that the page shows."""
        figures = self.figures()
        return {
            "act": self.act,
            "away": sorted(self.away),
            "figures": {name: getattr(figures, name) for name in SHOWN},
            "messages": [message.as_json(self.site) for message in self.messages],
        }

    async def _told(self, _: web.Request) -> web.Response:
        return web.json_response(
            self.as_json(), headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        )

    async def _page(self, _: web.Request) -> web.Response:
        style, script = styles() + (HERE / "inbox.css").read_text("utf-8"), (HERE / "inbox.js").read_text("utf-8")
        pictures = self.site
        policy = (
            f"default-src 'none'; img-src data: {pictures}; style-src {fingerprint(style)}; "
            f"script-src {fingerprint(script)}; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        return web.Response(text=self.html(style, script), content_type="text/html", headers=headers)

    def html(self, style: str, script: str) -> str:
        """The page as it is now; its script keeps it so."""
        told = self.as_json()
        figures = "".join(
            f'<div><dt>{SHOWN[name]}</dt><dd id="{name}">{value}</dd></div>' for name, value in told["figures"].items()
        )
        columns = "".join(_column(kind, told["messages"], away=kind in self.away) for kind in self.kinds)
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Delebot’s demo: the inbox</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<div class="title"><h1>Delebot’s demo</h1><p>What your readers would see. All of it stays on this machine.</p></div>
<dl class="figures">{figures}</dl>
<p id="act" role="status" aria-live="polite">{escape(self.act)}</p>
</header>
<main>{columns}</main>
<script>{script}</script>
</body>
</html>
"""


SHOWN = {"published": "published", "shown": "shown", "edited": "corrected", "lost": "not yet", "twice": "twice"}


def _item_of(body: bytes) -> str:
    """The id of the item that an event is about, or nothing."""
    try:
        return words(json.loads(body)["data"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _revised(message: Message, body: bytes, headers: dict[str, str]) -> Message:
    message.payload, message.headers, message.edited = body, headers, True
    message.revision += 1
    return message


def _column(kind: str, messages: Sequence[dict[str, Any]], *, away: bool) -> str:
    mine = [m for m in reversed(messages) if m["kind"] == kind]
    shown = "".join(
        f'<article class="message" lang="nb" id="m{m["number"]}" data-revision="{m["revision"]}">{m["html"]}</article>'
        for m in mine
    )
    name = escape(kind)
    state = f'<span class="away" data-kind="{name}"{"" if away else " hidden"}>out of order</span>'
    return (
        f'<section class="column {name}" aria-labelledby="h-{name}">'
        f'<h2 id="h-{name}">{escape(platform(kind))}{state}</h2>'
        f'<div class="messages" data-kind="{name}" aria-live="polite" aria-relevant="additions text">{shown}</div>'
        f'<p class="empty">Nothing here yet.</p></section>'
    )
