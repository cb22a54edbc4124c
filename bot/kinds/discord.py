"""Discord, by a webhook of a channel: https://docs.discord.com/developers/resources/webhook"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import ConfigDict, Field, SecretStr, field_validator

from bot import __version__
from bot.config.wrong import Wrong
from bot.kinds import Limits, kind
from bot.model import Attempt, Busy, Entry, Flow, Post, Problem, Receipt, Refused, ShareLink, Stopped, Unknown
from bot.outcome import LONGEST_WAIT
from bot.posts.characters import one_line
from bot.posts.clip import clip, clip_line
from bot.posts.links import safe
from bot.posts.write import discord, escape_discord, paragraph
from bot.settings import Values

HOOK = r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{15,21}/[\w-]{20,}"
URLS = rf"{HOOK}(?:/slack|/github)?/?(?:\?.*)?"
COPY = "In Discord: Edit Channel, Integrations, Webhooks, Copy Webhook URL"
WHO = f"DiscordBot (https://delebot.example, {__version__})"  # Discord turns away names of any other form.

# Lengths are in code points of what is sent, as Discord's own server counts them.
CONTENT, DESCRIPTION, TOTAL, MOST_ENTRIES = 2000, 4096, 6000, 10
TITLE, NAMES, ALT, CALL, ADDRESS, THREAD = 256, 200, 1000, 200, 2048, 100
LABEL, BUTTON_ADDRESS, A_ROW, BUTTONS = 80, 512, 5, 25

GONE, TOO_MANY_EDITS = 10008, 30046
DEAD = {
    10003: "the channel or thread is not there any more. Change THREAD_ID, or put a new webhook's address into URL",
    10015: f"the webhook was deleted. Make a new one and put its address into URL. {COPY}",
    40067: "the forum takes no post without a tag. Switch that off in the forum's settings",
    50027: f"the webhook's address is not valid. Copy it once more into URL. {COPY}",
    50083: "the thread is archived. Open it again, or change THREAD_ID",
    160005: "the thread is locked. Unlock it, or change THREAD_ID",
    220001: "the channel is a forum. Set FORUM=yes, or THREAD_ID to one of its threads",
    220003: "the channel is no forum. Set FORUM=no",
}


class Settings(Values):
    """The webhook, where in its channel the posts go, and what they appear under."""

    model_config = ConfigDict(hide_input_in_errors=True, regex_engine="python-re")

    url: SecretStr = Field(description="The address of a webhook: https://discord.com/api/webhooks/….")
    thread_id: str | None = Field(
        None,
        description="A thread of the channel to post in, by its id, a long number; default: the channel itself.",
        examples=["118000000000000000"],
        pattern=r"^[0-9]{15,21}$",
    )
    forum: bool = Field(
        False, description="Whether the channel is a forum where each article begins a thread, unless THREAD_ID is set."
    )
    username: str | None = Field(
        None,
        description="A name for the posts, of at most 80 letters and without Discord in it; default: the webhook's.",
        examples=["Example News"],
        pattern=r"(?i)^(?!.*(discord|clyde)).{1,80}$",
    )
    avatar_url: str | None = Field(
        None,
        description="The address of a picture beside the name; default: the webhook's.",
        examples=["https://www.example.org/logo.png"],
        pattern=r"^https?://\S{1,2000}$",
    )

    @field_validator("url")
    @classmethod
    def _is_a_webhook(cls, url: SecretStr) -> SecretStr:
        host = urlsplit(url.get_secret_value()).hostname or ""
        if re.search(r"(^|\.)discord(app)?\.(com|gg)$", host) and not re.fullmatch(URLS, url.get_secret_value()):
            raise Wrong("is not the whole address of a webhook", f"{COPY}.")
        return url


TARGET = ("url", "thread_id")
LIMITS = Limits(title=250, lead=700, share_link=BUTTON_ADDRESS)


@kind(Settings, spacing=timedelta(seconds=2), limits=LIMITS, target=TARGET, urls=URLS)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post; if Discord refuses it, without its picture and buttons."""
    address = _address(to, thread=to.thread_id)
    begins = to.forum and "thread_id" not in address.params
    looks = {"username": to.username, "avatar_url": to.avatar_url, "thread_name": _name(post) if begins else ""}
    answer = yield from _show("POST", address, [_given(looks | body) for body in _bodies(post)])
    message = _said(answer)
    if not message.get("id"):
        raise Unknown("Discord answered, but not with the message", response=answer)
    thread = str(message.get("channel_id", "")) if begins or "thread_id" in address.params else ""
    return Receipt(str(message["id"]), data=_given({"thread": thread}))


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as it is now in the same message. If a person has deleted that, it stays away."""
    try:
        yield from _show("PATCH", _address(to, receipt.id, receipt.data.get("thread")), _bodies(post))
    except Refused as refused:
        if _said(refused.response).get("code") != GONE:
            raise
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:  # noqa: ARG001
    """Delete the message, unless a person has done so already."""
    try:
        yield from _ask("DELETE", _address(to, receipt.id, receipt.data.get("thread")))
    except Refused as refused:
        if _said(refused.response).get("code") != GONE:
            raise


def verify(to: Settings) -> Flow[str]:
    """Ask for the webhook's name, which shows nothing to anybody."""
    answer = yield from _ask("GET", _address(to))
    return f"webhook «{one_line(str(_said(answer).get('name', '')))}»"


def _address(to: Settings, message: str = "", thread: str | None = None) -> httpx.URL:
    """The webhook's address, or that of one of its messages; what stands in its query stays there."""
    url = httpx.URL(to.url.get_secret_value())
    path = re.sub(r"(/slack|/github)?/?$", "", re.sub(r"^/api/(v\d+/)?", "/api/v10/", url.path))
    asked = _given({"wait": "true", "with_components": "true", "thread_id": thread})
    return url.copy_with(path=f"{path}/messages/{message}" if message else path).copy_merge_params(asked)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value}


# --- Requests and answers ------------------------------------------------------------------------------------------


def _show(method: str, address: httpx.URL, bodies: list[dict[str, Any]]) -> Flow[httpx.Response]:
    *richer, plainest = bodies
    for body in richer:
        try:
            return (yield from _ask(method, address, body))
        except Refused as refused:
            if _said(refused.response).get("code") == GONE:
                raise
    return (yield from _ask(method, address, plainest))


def _ask(method: str, address: httpx.URL, body: dict[str, Any] | None = None) -> Flow[httpx.Response]:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") if body else None
    headers = {"user-agent": WHO} | ({"content-type": "application/json"} if body else {})
    try:
        return (yield httpx.Request(method, address, content=content, headers=headers))
    except Problem as problem:
        raise _meant(problem) from None


def _said(answer: httpx.Response | None) -> dict[str, Any]:
    """The JSON of an answer; nothing if it is another's, such as a page of Cloudflare's."""
    try:
        said = answer.json() if answer is not None else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _meant(problem: Problem) -> Problem:
    """What a problem means by the code, or the seconds to wait, in Discord's answer."""
    answer, said = problem.response, _said(problem.response)
    code, delay = said.get("code"), said.get("retry_after")
    if code in DEAD:
        return Stopped(f"Discord says {code}: {DEAD[code]}", response=answer)
    if code == GONE:
        return Refused("the message was deleted in Discord", response=answer)
    if code == TOO_MANY_EDITS:
        why = "Discord says 30046: it takes no more corrections of old messages for now"
        return Busy(why, after=timedelta(hours=1), of_channel=False, response=answer)
    if isinstance(problem, Busy) and isinstance(delay, int | float) and 0 <= delay <= LONGEST_WAIT.total_seconds():
        after = max(timedelta(seconds=delay), problem.after or timedelta(0))
        return Busy(problem.why, after=after, of_channel=problem.of_channel, response=answer)
    if answer is not None and answer.status_code in (401, 404):
        return Stopped(f"{problem.why}. Copy the webhook's address once more into URL. {COPY}", response=answer)
    if isinstance(problem, Refused) and isinstance(code, int) and code:
        return Refused(f"Discord says {code}", response=answer)
    return problem


# --- What is shown -------------------------------------------------------------------------------------------------


def _name(post: Post) -> str:
    """What a thread is called that the post begins."""
    words = post.entries[0].title or post.entries[0].link if post.entries else one_line(post.words)
    return clip_line(words, THREAD) or "\u2013"


def _bodies(post: Post) -> list[dict[str, Any]]:
    """The ways to show the post, the richest first. Each says it all, for an edit leaves as it was what is not said."""
    entries, alone = post.entries[:MOST_ENTRIES], len(post.entries) == 1
    words = "" if entries else discord(clip(paragraph(post.words), CONTENT, write=discord)) or "\u2013"
    words = f"+ {len(post.entries) - MOST_ENTRIES}" if len(post.entries) > MOST_ENTRIES else words
    embeds = [_embed(entry, TOTAL // len(entries), with_call=alone) for entry in entries]
    rows = _rows(entries[0].share.links) if alone and entries[0].share else []
    bare = [{name: value for name, value in embed.items() if name != "image"} for embed in embeds]
    forms = [(embeds, rows), (bare, [])] if rows or bare != embeds else [(embeds, rows)]
    silent: dict[str, Any] = {"parse": []}
    return [
        {"content": words, "embeds": shown, "components": below, "allowed_mentions": silent} for shown, below in forms
    ]


def _embed(entry: Entry, room: int, *, with_call: bool) -> dict[str, Any]:
    """The article as a card of at most so many code points; the call to share it ends its words."""
    if len(safe(entry.link)) > ADDRESS:
        raise Refused("the article's link is longer than Discord takes")
    title = escape_discord(clip_line(entry.title or entry.link, min(TITLE, room // 4), _escaped))
    authors, source = (clip_line(name, min(NAMES, room // 10)) for name in (", ".join(entry.authors), entry.source))
    picture = entry.picture if entry.picture and len(safe(entry.picture.url)) <= ADDRESS else None
    alt = clip_line(picture.alt, min(ALT, room // 8)) if picture else ""
    call = escape_discord(clip_line(entry.share.words, CALL, _escaped)) if with_call and entry.share else ""
    left = room - sum(map(len, (title, authors, source, alt, call))) - len("\n\n****")
    lead = discord(clip(entry.text, min(left, DESCRIPTION - CALL - len("\n\n****")), write=discord))
    words = "\n\n".join(filter(None, (lead, f"**{call}**" if call else "")))
    return _given({
        "title": title,
        "url": safe(entry.link),
        "description": words or ("" if title else "\u2013"),
        "author": _given({"name": authors}),
        "image": _given({"url": safe(picture.url), "description": alt}) if picture else {},
        "timestamp": entry.published.isoformat() if entry.published and entry.published.year >= 1970 else "",
        "footer": _given({"text": source}),
    })  # fmt: skip


def _escaped(words: str) -> int:
    return len(escape_discord(words))


def _rows(links: tuple[ShareLink, ...]) -> list[dict[str, Any]]:
    """The links as rows of buttons, without those that no button of Discord's can hold."""
    fitting = [link for link in links if link.url.startswith("https://") and len(link.url) <= BUTTON_ADDRESS]
    buttons = [
        {"type": 2, "style": 5, "label": clip_line(link.label, LABEL), "url": link.url} for link in fitting[:BUTTONS]
    ]
    return [{"type": 1, "components": buttons[at : at + A_ROW]} for at in range(0, len(buttons), A_ROW)]
