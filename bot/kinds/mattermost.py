"""Mattermost, by an incoming webhook or by its API with a bot's token: https://developers.mattermost.com/integrate/"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from pydantic import Field, SecretStr, model_validator

from bot.kinds import ALL_PICTURES, Limits, Pictures, kind
from bot.model import Attempt, Credentials, Entry, Flow, Post, Problem, Receipt, Refused, ShareCall, Stopped, Unknown
from bot.posts.clip import clip
from bot.posts.dates import in_words
from bot.posts.links import safe
from bot.posts.markups.chat import dotted
from bot.posts.markups.markdown import bare_mattermost, escape_mattermost, link_mattermost, mattermost, quiet_mattermost
from bot.posts.values import given
from bot.posts.write import paragraph
from bot.settings import Values
from bot.wire import Meaning, asking, check_ways, held, meant, never, said, stop

URLS = r"https?://[^/?#]+(?:/[^?#]*)?/hooks/[a-z0-9]{26}/?"
BOT = "a bot's token (SERVER, TOKEN and CHANNEL_ID instead of URL) can also correct, delete and look up"
MOST_ENTRIES, WORDS, LEAD = 20, 16_000, 4000  # Code points; the server takes 16,383 for a message.
MOST_POSTS, AN_HOUR = 1000, 3_600_000  # The server names no more posts at once; it counts time in milliseconds.
TARGET = ("url", "server", "channel_id")
KEY = "delebot"  # The property of a post that its key is kept in.

MEANINGS: dict[object, Meaning] = {
    "web.incoming_webhook.invalid.app_error": stop("the webhook was deleted. Put the address of a new one into URL"),
    "api.post.create_post.can_not_post_to_deleted.error": stop("the channel is archived"),
    "api.post.update_post.permissions_time_limit.app_error": never("the server lets a post be changed for a time only"),
    401: stop("the token is not accepted. Make a new one for the bot and put it into TOKEN"),
    403: stop("it may not post there. Add the bot to the team and the channel, or ask an administrator"),
    404: stop("the channel is not there any more, or there is no Mattermost at this address"),
    501: stop("webhooks are switched off on the server. Ask its administrator"),
}


class Settings(Values):
    """An incoming webhook; or a server, a bot's token and the channel to post in."""

    url: SecretStr | None = Field(None, description="The address of a webhook.", examples=["https://…/hooks/…"])
    server: str | None = Field(None, description="Instead of URL: the server.", examples=["https://chat.example.org"])
    token: SecretStr | None = Field(None, description="With SERVER: a bot's access token.", examples=["…"])
    channel_id: str | None = Field(None, description="With SERVER: the channel's ID.", pattern=r"^[a-z0-9]{26}$")

    @model_validator(mode="after")
    def _is_one_way(self) -> Settings:
        return check_ways(self, URLS)


LIMITS = Limits(lead=700, mail_links=True, pictures=Pictures(types=ALL_PICTURES))


@kind(Settings, spacing=timedelta(seconds=1), limits=LIMITS, target=TARGET, urls=URLS)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post; a bot's carries its key, by which it is found again."""
    answer = yield from _ask("POST", "posts", to, _body(post, to))
    if not to.url:
        return Receipt(id := held(answer, "id", "Mattermost"), f"{str(to.server).rstrip('/')}/_redirect/pl/{id}")
    if answer.text.strip() != "ok":
        raise Unknown("Mattermost answered, but not with its «ok»", response=answer)
    return Receipt()


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as it is now in the same place. If a person has deleted it, it stays away."""
    if (yield from _is_there(receipt, to)):
        yield from _ask("PUT", f"posts/{receipt.id}/patch", to, _body(post, to))
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:  # noqa: ARG001
    """Delete the post, unless a person has done so already."""
    if (yield from _is_there(receipt, to)):
        yield from _ask("DELETE", f"posts/{receipt.id}", to)


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:  # noqa: ARG001
    """Look for the post by its key, among all that the channel has had since it was composed."""
    since = int(post.made_at.timestamp() * 1000) - AN_HOUR
    posts = said((yield from _ask("GET", f"channels/{to.channel_id}/posts?since={since}", to))).get("posts")
    known = posts if isinstance(posts, dict) else {}
    found = next((id for id, shown in known.items() if (shown.get("props") or {}).get(KEY) == post.key), None)
    if not found and (posts is None or len(known) >= MOST_POSTS):
        raise Refused("it was not among the posts that the server named, and it did not name all")
    return Receipt(found, f"{str(to.server).rstrip('/')}/_redirect/pl/{found}") if found else None


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:  # noqa: ARG001
    """Ask whose the token is and what the channel is called; nobody can ask a webhook without posting."""
    if to.url:
        return Credentials("an incoming webhook, in order as far as can be seen without posting")
    bot = held((yield from _ask("GET", "users/me", to)), "username", "Mattermost")
    channel = held((yield from _ask("GET", f"channels/{to.channel_id}", to)), "display_name", "Mattermost")
    return Credentials(f"@{bot} in «{channel}»")


def _is_there(receipt: Receipt, to: Settings) -> Flow[bool]:
    """Whether the post has not been deleted; a change to one that has is answered like a lack of rights."""
    try:
        return bool((yield from _ask("GET", f"posts/{receipt.id}", to)))
    except Stopped as stopped:
        if getattr(stopped.response, "status_code", 0) != 404:
            raise
        return False


def _ask(method: str, path: str, to: Settings, body: object = None) -> Flow[httpx.Response]:
    """Ask the webhook, whose address says it all, or with the bot's token the server."""
    if to.url and path != "posts":
        raise Refused(f"a webhook can only post; {BOT}")
    bearer = {"authorization": f"Bearer {to.token.get_secret_value()}"} if to.token else {}
    address = to.url.get_secret_value() if to.url else f"{str(to.server).rstrip('/')}/api/v4/{path}"
    try:
        return (yield asking(method, address, body, bearer))
    except Problem as problem:
        raise meant(problem, "Mattermost", MEANINGS, said(problem.response).get("id")) from None


def _body(post: Post, to: Settings) -> dict[str, Any]:
    """The post as words, and its articles as cards below them."""
    entries, alone, rest = post.entries[:MOST_ENTRIES], len(post.entries) == 1, len(post.entries) - MOST_ENTRIES
    tags = " ".join(f"#{tag}" for tag in entries[0].hashtags) if alone else f"+ {rest}" if rest > 0 else ""
    words = tags if entries else mattermost(clip(paragraph(post.words), WORDS, len, mattermost)) or "\u2013"
    cards = [_card(entry, post.language, entry.share if alone else None) for entry in entries]
    if to.url:
        return given({"text": words, "attachments": cards})
    props = {"attachments": cards, KEY: post.key}
    return {"channel_id": to.channel_id, "pending_post_id": post.key, "message": words, "props": props}


def _card(entry: Entry, language: str, share: ShareCall | None) -> dict[str, Any]:
    """The article; the call to share and its links are a field, which is never folded away as long words are."""
    date = in_words(entry.published, language) if entry.published else ""
    title, call = quiet_mattermost(entry.title or entry.link), quiet_mattermost(share.words if share else "")
    links = [link_mattermost(escape_mattermost(link.label), link.url) for link in (share.links if share else ())]
    return given({
        "fallback": f"{title} {safe(entry.link)}".strip(),
        "author_name": quiet_mattermost(", ".join(entry.authors)),
        "title": title if entry.link else bare_mattermost(entry.title),
        "title_link": safe(entry.link),
        "text": mattermost(clip(entry.text, LEAD, len, mattermost)) or ("" if title else "\u2013"),
        "image_url": safe(entry.picture.url) if entry.picture else "",
        "fields": [{"short": False, "title": call, "value": dotted(links)}] if share else [],
        "footer": quiet_mattermost(dotted((entry.source, date))),
    })  # fmt: skip
