"""Zulip, by a bot of the organisation: https://zulip.com/api/send-message"""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Annotated, Any

import httpx
from pydantic import Field, SecretStr

from bot.kinds import ALL_PICTURES, Limits, Pictures, kind
from bot.model import Attempt, Credentials, Flow, Post, Problem, Receipt, Refused, Unknown
from bot.posts.characters import one_line
from bot.posts.clip import clip, clip_line
from bot.posts.markups.chat import article, dotted, titles
from bot.posts.markups.markdown import address_zulip, escape_zulip, link_zulip, picture_zulip, zulip
from bot.posts.values import compact
from bot.settings import Values
from bot.wire import Meaning, asked_to_wait, formed, held, later, meant, never, said, stop

# Lengths are in code points, of which Zulip keeps 10,000 of a message and 60 of a topic and cuts off the rest.
CONTENT, LEAD, TOPIC, MOST_ENTRIES, LOOKED_AT = 10_000, 1500, 60, 20, 500
SKEW = timedelta(minutes=5)  # By so much the clock of a server may be wrong.

SERVER = r"https?://[^\s/?#@]+(?:/[^\s?#]*)?"
BOT = "In Zulip: Settings, Bots, Add a new bot, of the type Generic bot"
NO_CHANNEL = stop("there is no such channel, or the bot may not see it. Check STREAM, or subscribe the bot to it")
GONE, BY_HAND = "invalid message", "the organisation's settings don't let the bot do it. Do it by hand"
MEANINGS: dict[object, Meaning] = {
    401: stop(f"EMAIL and KEY don't belong to a generic bot. Copy both once more. {BOT}"),
    403: stop("the bot or the organisation was deactivated. Ask an administrator of it"),
    404: stop("there is no Zulip at this address. Check SERVER"),
    GONE: never("the message is not there any more"),
    **dict.fromkeys(("stream_does_not_exist", "invalid channel", "invalid stream"), NO_CHANNEL),
    **dict.fromkeys(("time limit", "permission to edit", "permission to delete"), never(BY_HAND)),
    **dict.fromkeys(("permission", "not authorized"), stop("let the bot post there, in the channel's settings")),
}


class Settings(Values):
    """The organisation, a bot of it, and where the bot posts."""

    server: Annotated[str, formed(SERVER, "is not the address of a server", "It begins with https://.")] = Field(
        description="The address of the organisation.", examples=["https://example.zulipchat.com"]
    )
    email: Annotated[str, formed(r"[^\s:@]+@[^\s:@]+", "is not an e-mail address", f"{BOT}.")] = Field(
        description="The bot's e-mail address.", examples=["news-bot@example.zulipchat.com"]
    )
    key: Annotated[SecretStr, formed(r"[\x21-\x7e]+", "is not an API key", f"{BOT}.")] = Field(
        description=f"The bot's API key. {BOT}."
    )
    stream: str = Field(description="The channel, by its name or number.", examples=["news"], min_length=1)
    topic: str | None = Field(
        None, description="The topic of all posts; default: a topic for each article.", examples=["Articles"]
    )


SECOND, PICTURES = timedelta(seconds=1), Pictures(types=ALL_PICTURES)
LIMITS = Limits(lead=700, share_link=600, mail_links=True, pictures=PICTURES)


@kind(Settings, spacing=SECOND, limits=LIMITS, target=("server", "stream"))
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post in its topic."""
    first = post.entries[0] if post.entries else None
    named = (first.title or first.link if len(post.entries) == 1 else first.source) if first else ""
    topic = clip_line(to.topic or named, TOPIC) or "Delebot"
    values = {"type": "stream", "to": to.stream, "topic": topic, "content": _content(post)}
    return _receipt(held((yield from _ask("POST", "messages", values, to)), "id", "Zulip"), to)


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as it is now in the same message and topic. If a person has deleted that, it stays away."""
    answer = yield from _ask("PATCH", f"messages/{receipt.id}", {"content": _content(post)}, to)
    if answer.is_success:
        held(answer, "result", "Zulip")
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:  # noqa: ARG001
    """Delete the message, unless a person has done so already."""
    yield from _ask("DELETE", f"messages/{receipt.id}", {}, to)


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:  # noqa: ARG001
    """Look for the post among the bot's latest in the channel, by its words or by the links of its articles."""
    channel: Any = int(to.stream) if to.stream.isdigit() else to.stream
    narrow = [{"operator": "sender", "operand": to.email}, {"operator": "stream", "operand": channel}]
    asked = {"anchor": "newest", "num_before": LOOKED_AT, "num_after": 0, "apply_markdown": False}
    answer = yield from _ask("GET", "messages", {**asked, "narrow": compact(narrow).decode()}, to)
    found = said(answer).get("messages")
    if not isinstance(found, list):
        raise Unknown("Zulip answered, but not with the messages of the channel", response=answer)
    words, since = _content(post), (post.made_at - SKEW).timestamp()
    links = [f"]({address_zulip(entry.link)})" for entry in post.entries[:MOST_ENTRIES] if entry.link] or [words]
    ours = (
        message
        for message in reversed(found)
        if message["timestamp"] >= since
        and (message["content"] == words or all(link in message["content"] for link in links))
    )
    return next((_receipt(str(message["id"]), to) for message in ours), None)


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:  # noqa: ARG001
    """Ask whose the key is, and whether there is a channel of that name."""
    bot = said((yield from _ask("GET", "users/me", {}, to)))
    if not to.stream.isdigit():
        yield from _ask("GET", "get_stream_id", {"stream": to.stream}, to)
    return Credentials(one_line(f"{bot.get('full_name', '')} in «{to.stream}»"))


def _receipt(id: str, to: Settings) -> Receipt:
    return Receipt(id, f"{to.server.rstrip('/')}/#narrow/id/{id}")


def _ask(method: str, path: str, values: dict[str, Any], to: Settings) -> Flow[httpx.Response]:
    """Ask with a form, which Zulip takes instead of JSON. It tells by a few codes what is wrong, and else in words."""
    url, basic = f"{to.server.rstrip('/')}/api/v1/{path}", b64encode(f"{to.email}:{to.key.get_secret_value()}".encode())
    form: dict[str, Any] = {"params" if method == "GET" else "data": values or None}
    try:
        return (yield httpx.Request(method, url, headers={"authorization": f"Basic {basic.decode()}"}, **form))
    except Problem as problem:
        told = said(problem.response)
        words = f"{told.get('code')} {told.get('msg')}".lower()
        phrase = next((known for known in MEANINGS if isinstance(known, str) and known in words), None)
        if phrase == GONE and problem.response is not None:
            return problem.response
        table = MEANINGS | {429: later("it asks to wait", asked_to_wait(told.get("retry-after")))}
        raise meant(problem, "Zulip", table, str(told.get("msg", "")).rstrip("."), told.get("code"), phrase) from None


def _content(post: Post) -> str:
    """The post in Zulip's Markdown; without links to share and a picture if it were too long with them."""
    if len(post.entries) != 1:
        return zulip(titles(post, MOST_ENTRIES, CONTENT, len, zulip)) or "\u2013"
    entry = post.entries[0]
    lead = clip(entry.text, LEAD, len, zulip)
    title, below, call = article(entry, post.language, lead)
    links = [link_zulip(escape_zulip(link.label), link.url) for link in (entry.share.links if entry.share else ())]
    picture = picture_zulip(entry.picture.alt, entry.picture.url) if entry.picture else ""
    tags = " ".join(f"#{tag}" for tag in entry.hashtags)
    for shown, end in ((picture, dotted(links)), ("", "")):
        above, about = (zulip(title), zulip(lead)), zulip(below[len(lead) :])
        parts = (*above, shown, about, tags, "\n".join(filter(None, (zulip(call), end))))
        if len(words := "\n\n".join(filter(None, parts)) or "\u2013") <= CONTENT:
            return words
    raise Refused("the article's link is longer than Zulip takes")
