"""Carries an input through the program, from bytes to the requests of the kinds; says what must hold on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from random import Random
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import httpx

from bot import kinds
from bot.feeds.parse import parse
from bot.feeds.pictures import named_on
from bot.identity import Known
from bot.keys import content_hash
from bot.kinds import load
from bot.model import Document, FeedProblem, Item, Occasion, Post
from bot.plan import Past, Plan, plan
from bot.posts.characters import graphemes, utf16
from bot.posts.compose import compose, same_post
from bot.posts.links import safe
from bot.settings import Channel, ChannelSettings
from bot.world import draft_of
from tests.goldens import NOW, usual
from tests.hostile.cases import line_of
from tests.hostile.words import UNSEEN, leaves
from tests.test_every_kind import plain, shown, words_of
from tests.values import a_channel, a_config, a_feed

ADDRESS = "https://bruker:ordhemmelig@klynge.example/feed/?nokkel=ordhemmelig"
SECRET = "ordhemmelig"
CONSOLE = a_channel()
FEED = a_feed(first_run=3)
CONFIG = a_config([FEED], [CONSOLE])


class Wrong(AssertionError):
    """Something that must hold does not."""


def check(body: bytes, content_type: str, chance: Random) -> str:
    """Whether the input gave a document or a problem, after checking all that must hold of what came of it."""
    read = outcome(body, content_type)
    if len(body) < 50_000:
        demand(outcome(body, content_type) == read, "the same input gave something else the second time")
        named_on(body, "https://klynge.example/sak/")
    if isinstance(read, str):
        return "problem"
    demand(SECRET in body.decode("utf-8", "replace") or SECRET not in repr(read), "a secret of the address is in it")
    planned(read)
    for item in chance.sample(read.items, min(2, len(read.items))):
        for kind in chance.sample(kinds.names(), 4):
            posted(kind, item, read.title)
    return "document"


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


def outcome(body: bytes, content_type: str) -> Document | str:
    try:
        return parse(body, content_type=content_type, address=ADDRESS)
    except FeedProblem as problem:
        return line_of(problem)


def planned(document: Document) -> None:
    """A first run and the one after it: what is known already is owed by nobody again."""

    def draft(channel: Channel, item: Item) -> Post:
        return draft_of(channel, CONFIG, item, document.title, NOW)

    def poll(past: Past) -> Plan:
        return plan(document, past, FEED, [CONSOLE], now=NOW, compose=draft, same=same_post)

    first = poll(Past())
    known = [Known(n, frozenset({new.guid}), new.item, content_hash(new.item)) for n, new in enumerate(first.new, 1)]
    demand(not known or not poll(Past(known=known, watched_at=NOW)).new, "what is known already is new once more")


# --- Posts ------------------------------------------------------------------------------------------------------------


def posted(kind: str, item: Item, source: str) -> None:
    """Make the post of an item and every request of it, as if each were refused."""
    made = load(kind)
    post = compose(
        [("item-1", item)], key="k-1", occasion=Occasion.SHARE, made_at=NOW, kind_limits=made.limits,
        wishes=ChannelSettings(kind=kind, share=("linkedin", "always")), source=source, language="nb",
    )  # fmt: skip
    requests = [request for request in shown(kind, post) if not _is_picture(request)]
    said = plain("\n".join(map(words_of, requests)))
    demand(
        not said or not item.link or any(plain(form) in said for form in forms(post)), f"{kind}: the link is not whole"
    )
    for request in requests:
        body = value_of(request)
        if body is not None:
            unseen = {sign for _, text in leaves(body) for sign in UNSEEN.findall(text)}
            demand(not unseen, f"{kind}: signs that nobody sees: {unseen}")
            demand(kind not in LIMITS or LIMITS[kind](body, request), f"{kind}: beyond its limits")
        demand(not any(secret in request.content for secret in secrets_of(kind)), f"{kind}: a secret in its words")


def _is_picture(request: httpx.Request) -> bool:
    return str(request.headers.get("content-type", "")).startswith(("image/", "multipart/form-data"))


def forms(post: Post) -> set[str]:
    """The ways in which the link of a post may be written, all of which lead to the same page."""
    link = post.entries[0].link
    found = {link, safe(link), unescape(safe(link)), unquote_plus(link)}
    return {*found, *(form.removesuffix("?") for form in found)}


def value_of(request: httpx.Request) -> Any:
    """What a request says as values; None for a mail and for what is no JSON and no form."""
    if request.headers.get("content-type", "").startswith("application/x-www-form"):
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
    try:
        return json.loads(request.content)
    except ValueError:
        return None


def secrets_of(kind: str) -> list[bytes]:
    made = load(kind)
    to = made.settings(**usual(kind).get("to", {}))
    values = (getattr(to, name) for name in type(to).model_fields)
    return [value.get_secret_value().encode() for value in values if hasattr(value, "get_secret_value")]


# What the platforms themselves say that they take, not what our files say of it.
LIMITS: dict[str, Callable[[Any, httpx.Request], bool]] = {
    "bluesky": lambda body, _: graphemes(body.get("record", {}).get("text", "")) <= 300,
    "discord": lambda body, _: all(
        len(embed.get("title", "")) <= 256 and len(embed.get("description", "")) <= 4096
        and sum(len(text) for name, text in leaves(embed) if name in ("title", "description", "name", "text")) <= 6000
        for embed in body.get("embeds", [])
    ),
    "facebook": lambda body, _: utf16(body.get("message", "")) <= 63_206,
    "googlechat": lambda _, request: len(request.content) <= 32_000,
    "linkedin": lambda body, _: utf16(re.sub(r"\\(.)", r"\1", body.get("commentary", ""))) <= 3000,
    "mastodon": lambda body, _: graphemes(re.sub(r"https?://\S+", "x" * 23, body.get("status", ""))) <= 500,
    "matrix": lambda _, request: len(request.content) <= 65_536 - 1000,
    "mattermost": lambda body, _: all(len(text) <= 16_383 for _, text in leaves(body)),
    "ntfy": lambda body, _: len(body.get("message", "").encode()) <= 4096,
    "rocketchat": lambda body, _: utf16(body.get("text", "")) <= 5000,
    "slack": lambda body, _: len(body.get("blocks", [])) <= 50 and utf16(body["text"]) <= 40_000
    and all(utf16(block["text"]["text"]) <= 3000 for block in body.get("blocks", []) if "text" in block),
    "teams": lambda _, request: len(request.content) <= 28_000,
    "threads": lambda body, _: len(body.get("text", "")) <= 500,
    "webhook": lambda _, request: len(request.content) <= 20_000,
    "zulip": lambda body, _: len(body.get("content", "")) <= 10_000 and len(body.get("topic", "")) <= 60,
}  # fmt: skip
