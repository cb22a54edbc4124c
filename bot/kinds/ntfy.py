"""ntfy, by the address of a topic, on ntfy.sh or a server of one's own: https://docs.ntfy.sh/publish/"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
from pydantic import Field, SecretStr

from bot.kinds import ALL_PICTURES, Limits, Pictures, kind
from bot.model import Attempt, Credentials, Flow, Post, Problem, Receipt, Refused, Stopped
from bot.posts.characters import one_line
from bot.posts.clip import clip, clip_line, without_pointer
from bot.posts.links import safe
from bot.posts.markups.chat import about, buttons, titles
from bot.posts.markups.html import addressed
from bot.posts.values import compact, given, in_json
from bot.posts.write import plain
from bot.settings import Values
from bot.wire import Meaning, asking, formed, held, later, meant, never, said, stop

FORM = r"https?://[^\s/?#@]+/[-_A-Za-z0-9]{1,64}/?"
URLS = r"https://ntfy\.sh/[-_A-Za-z0-9]{1,64}/?"

# Lengths are in bytes, of which ntfy takes 4096 of a message and twice as many of all that is sent.
MESSAGE, BODY, TITLE, ACTIONS, MOST_ENTRIES = 4090, 8000, 700, 3, 20
SKEW = timedelta(minutes=5)  # By so much the clock of a server may be wrong.
MEANINGS: dict[object, Meaning] = {
    **dict.fromkeys((40009, 40010), stop("it does not take a topic of that name. Choose another one for URL")),
    **dict.fromkeys((401, 403), stop("the topic wants another token. Put one that may write there into TOKEN")),
    404: stop("there is no ntfy at this address, or one from before 2023. Check URL"),
    413: never("it is longer than the server takes"),
    42901: later("it takes fewer messages at a time", timedelta(minutes=1)),
    42909: later("too many wrong tokens came from here. Check TOKEN", timedelta(hours=1)),
    507: later("nobody listens to that topic, whose name is one for UnifiedPush", timedelta(hours=1)),
}
Body = dict[str, Any]


class Settings(Values):
    """The topic, and how loud it is."""

    url: Annotated[SecretStr, formed(FORM, "is not the address of a topic", "Such as https://ntfy.sh/name.")] = Field(
        description="The address of the topic.", examples=["https://ntfy.sh/example-news-7f3k9"]
    )
    token: Annotated[SecretStr, formed(r"[\x21-\x7e]+", "is not an access token", "It begins with tk_.")] | None = (
        Field(None, description="An access token, where the topic wants one: tk_….", examples=["tk_…"])
    )
    priority: int | None = Field(None, ge=1, le=5, description="From 1, silent, to 5, urgent.", examples=["4"])


SECONDS, ANY = timedelta(seconds=5), Pictures(types=ALL_PICTURES)
LIMITS = Limits(lead=600, share_link=600, mail_links=True, share="buttons", pictures=ANY)


@kind(Settings, spacing=SECONDS, limits=LIMITS, urls=URLS)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Send the notification; if it is refused, without its picture and buttons."""
    return (yield from _send(post, post.key, attempt, to))


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Send it again under the same id, by which apps replace the earlier one."""
    return (yield from _send(post, _sequence(receipt), attempt, to))


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Have it removed by the apps that show it."""
    yield from _ask("DELETE", _sequence(receipt), None, attempt, to)


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Look for the post among the messages that the server keeps; if it is not there, ask how long it keeps them."""
    ours, since = _body(post, post.key, to, rich=False), int((post.made_at - SKEW).timestamp())
    try:
        answer = yield from _ask("GET", f"json?poll=1&since={since}", None, attempt, to)
    except Stopped as stopped:
        raise Refused(f"the topic can't be read: {stopped.why}") from None
    for found in map(json.loads, re.findall(r"(?m)^\{.*\}$", answer.text)):
        alike = all(found.get(name) == ours.get(name) for name in ("title", "message", "click"))
        if found.get("event") == "message" and found.get("sequence_id", post.key if alike else "") == post.key:
            return _receipt(found)
    limits = said((yield from _ask("GET", "/v1/account", None, attempt, to))).get("limits") or {}
    if attempt.at - post.made_at + SKEW > timedelta(seconds=limits.get("messages_expiry_duration", 0)):
        raise Refused("the server does not keep messages for so long")
    return None


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask whose the token is and until when, which tells as well whether there is an ntfy at all."""
    account = said((yield from _ask("GET", "/v1/account", None, attempt, to)))
    if not isinstance(name := account.get("username"), str):
        raise Stopped(MEANINGS[404].why)
    tokens = {token.get("token"): token.get("expires") for token in account.get("tokens") or ()}
    until = tokens.get(to.token.get_secret_value()) if to.token else None
    whose = f"{one_line(name.replace('*', 'no account'))} on {httpx.URL(to.url.get_secret_value()).host}"
    return Credentials(whose, datetime.fromtimestamp(until, UTC) if until else None)


def _receipt(message: Body) -> Receipt:
    return Receipt(str(message.get("id", "")), data=given({"sequence": message.get("sequence_id")}))


def _sequence(receipt: Receipt) -> str:
    if "sequence" not in receipt.data:
        raise Refused("the server is older than ntfy 2.16, which can't change what was sent")
    return receipt.data["sequence"]


def _send(post: Post, sequence: str, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    try:
        answer = yield from _ask("POST", "/", _body(post, sequence, to, rich=True), attempt, to)
    except Refused:  # Also what is refused here, for it may be short enough without.
        answer = yield from _ask("POST", "/", _body(post, sequence, to, rich=False), attempt, to)
    return _receipt({**said(answer), "id": held(answer, "id", "ntfy")})


def _ask(method: str, path: str, body: object, attempt: Attempt, to: Settings) -> Flow[httpx.Response]:
    """Ask the server, at a path of its own or, without a slash, at one below the topic."""
    bearer = {"authorization": f"Bearer {to.token.get_secret_value()}"} if to.token else {}
    try:
        return (yield asking(method, httpx.URL(f"{to.url.get_secret_value().rstrip('/')}/").join(path), body, bearer))
    except Problem as problem:
        morrow = (attempt.at.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        table = MEANINGS | {42908: later("today's messages are used up", morrow - attempt.at)}
        raise meant(problem, "ntfy", table, said(problem.response).get("code")) from None


def _body(post: Post, sequence: str, to: Settings, *, rich: bool) -> Body:
    """The notification, which is plain text: tapping it opens the article."""
    topic = to.url.get_secret_value().split("/")[3]
    body: Body = {"topic": topic, "sequence_id": sequence, "priority": to.priority}
    if len(post.entries) != 1:
        body["message"] = addressed(titles(post, MOST_ENTRIES, MESSAGE, in_json, addressed)) or "\u2013"
        return given(body)
    entry = post.entries[0]
    title, call = clip_line(entry.title or entry.link, TITLE, in_json), entry.share.words if entry.share else ""
    body |= {"title": title, "click": safe(entry.link), "tags": list(entry.hashtags)}
    if rich:
        shown = buttons(entry, post.language)[:ACTIONS]
        body["actions"] = [{"action": "view", "label": label, "url": url} for label, url in shown]
        body["attach"] = safe(entry.picture.url) if entry.picture else ""
    line = "\n\n".join(filter(None, (about(entry, post.language, 100), clip_line(call, 300))))
    if (room := min(MESSAGE, BODY - len(compact(body))) - in_json(f"\n\n{line}")) < 0:
        raise Refused("the article's link is longer than ntfy takes")
    message = "\n\n".join(filter(None, (plain(clip(without_pointer(entry.text), room, in_json)), line)))
    return given(body | {"message": message or title or "\u2013"})
