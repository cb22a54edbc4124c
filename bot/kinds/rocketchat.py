"""Rocket.Chat, by an incoming integration or by its API with a token: https://developer.rocket.chat/apidocs"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256

import httpx
from pydantic import Field, SecretStr, model_validator

from bot.kinds import ALL_PICTURES, FOREVER, Limits, Pictures, kind
from bot.model import Attempt, Block, Credentials, Entry, Flow, Post, Problem, Receipt, Refused, Span, Text
from bot.posts.characters import utf16
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.markups.chat import dotted
from bot.posts.markups.markdown import picture_rocketchat, rocketchat
from bot.posts.write import paragraph
from bot.settings import Values
from bot.wire import Meaning, asking, check_ways, held, later, meant, never, not_before, said, stop

URLS = r"https?://[^/?#]+(?:/[^?#]*)?/hooks/[A-Za-z0-9]{17,24}/(?:[A-Za-z0-9]{17}/)?[A-Za-z0-9]{40,64}/?"
TARGET, PACE = ("url", "server", "room_id"), timedelta(seconds=6)
LIMITS = Limits(lead=700, pictures=Pictures(types=ALL_PICTURES))
LONGEST, LINE = 5000, 300  # UTF-16 units of what is sent, as a server allows that nobody has changed.
NO_ROOM = "the room is not there any more. Check ROOM_ID, or look at the integration"
MEANINGS: dict[object, Meaning] = {
    "Invalid integration id or token provided": stop("the integration was deleted. Put a new one's address into URL"),
    "Service Unavailable": later("the integration may be switched off. See Integrations", of_channel=False),
    "error-running-script": stop("the integration's script fails. Switch the script off"),
    "error-message-size-exceeded": never(f"it takes less than {LONGEST} characters. Raise Message_MaxAllowedSize"),
    "error-not-allowed": stop("the user may not post in the room. Add it to the room, or ask an administrator"),
    "You can't send messages because the room is readonly": stop("the room is only for reading"),
    **dict.fromkeys(("invalid-channel", "error-invalid-room", "error-room-not-found"), stop(NO_ROOM)),
    401: stop("the token is not accepted. Make a new one and put it into TOKEN, and check USER_ID"),
    404: stop("there is no Rocket.Chat at this address"),
}


class Settings(Values):
    """An incoming integration; or a server, a user's token and the room to post in."""

    url: SecretStr | None = Field(None, description="The address of an integration.", examples=["https://…/hooks/…/…"])
    server: str | None = Field(None, description="Instead of URL: the server.", examples=["https://chat.example.org"])
    user_id: str | None = Field(None, description="With SERVER: the user's ID.", pattern=r"^[A-Za-z0-9]{17,24}$")
    token: SecretStr | None = Field(None, description="With SERVER: the user's personal access token.", examples=["…"])
    room_id: str | None = Field(None, description="With SERVER: the room's ID.", pattern=r"^[A-Za-z0-9._-]{1,60}$")

    @model_validator(mode="after")
    def _is_one_way(self) -> Settings:
        return check_ways(self, URLS)


@kind(
    Settings, repeatable=lambda to: None if to.url else FOREVER, spacing=PACE, limits=LIMITS, target=TARGET, urls=URLS
)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post; with a token under an ID of our own, which is refused if it is there already."""
    words, id = _message(post), sha256(f"{to.room_id} {post.key}".encode()).hexdigest()[:17]
    ours = {"_id": id, "rid": to.room_id, "msg": words, "parseUrls": False}
    body = {"text": words, "parseUrls": False} if to.url else {"message": ours}
    try:
        answer = yield from _ask("chat.sendMessage", attempt, to, body)
    except Refused as refused:
        if to.url or not (found := (yield from look_up(post, attempt, to))):
            raise refused from None
        return found
    held(answer, "success", "Rocket.Chat")
    return Receipt("" if to.url else id)


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post as it is now in the same place. If a person has deleted it, it stays away."""
    which = {"roomId": to.room_id, "msgId": receipt.id}
    yield from _ask("chat.update", attempt, to, {**which, "text": _message(post), "previewUrls": []})
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Delete the message, unless a person has done so already."""
    yield from _ask("chat.delete", attempt, to, {"roomId": to.room_id, "msgId": receipt.id})


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Ask for the message by its ID; that there is none is a refusal without a word."""
    id = sha256(f"{to.room_id} {post.key}".encode()).hexdigest()[:17]
    try:
        held((yield from _ask(f"chat.getMessage?msgId={id}", attempt, to)), "success", "Rocket.Chat")
    except Refused as refused:
        if said(refused.response) != {"success": False}:
            raise
        return None
    return Receipt(id)


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask whose the token is, and for the room; nobody can ask an integration without posting."""
    if to.url:
        return Credentials("an incoming integration, in order as far as can be seen without posting")
    user = held((yield from _ask("me", attempt, to)), "username", "Rocket.Chat")
    yield from _ask(f"rooms.info?roomId={to.room_id}", attempt, to)
    return Credentials(f"@{user}, who sees the room")


def _ask(path: str, attempt: Attempt, to: Settings, body: object = None) -> Flow[httpx.Response]:
    """Ask the integration, whose address says it all, or with the token the server."""
    if to.url and path != "chat.sendMessage":
        raise Refused("an integration can only post; SERVER, USER_ID, TOKEN and ROOM_ID instead of URL can do more")
    address = to.url.get_secret_value() if to.url else f"{str(to.server).rstrip('/')}/api/v1/{path}"
    known = {"x-auth-token": to.token.get_secret_value(), "x-user-id": str(to.user_id)} if to.token else {}
    try:
        return (yield asking("POST" if body else "GET", address, body, known))
    except Problem as problem:
        told, waiting = said(problem.response), not_before(problem, "x-ratelimit-reset", attempt.at, per_second=1000)
        error = str(told.get("error", "")).rstrip(".")
        if problem.response is not None and error.startswith("No message found"):
            return problem.response  # What was to be changed is gone, and stays away.
        raise meant(waiting, "Rocket.Chat", MEANINGS, told.get("errorType"), error) from None


def _message(post: Post) -> str:
    """The whole post; of several articles the titles, and of one as much around its lead as there is room for."""
    titles = (Span(clip_line(entry.title or entry.link, LINE), entry.link, bold=True) for entry in post.entries)
    heads = [Block("paragraph", (title,)) for title in titles if title.text]
    alone = post.entries[0] if len(post.entries) == 1 else None
    above, text = (heads, alone.text) if alone else ([], (*heads, *paragraph(post.words)))
    for picture, end in _ends(alone, post.language) if alone else [("", ())]:
        write = partial(_written, above, picture, end)
        words = write(clip(text, LONGEST, utf16, write)) if utf16(write(())) <= LONGEST else ""
        if words or not heads:
            return words or "\u2013"
    raise Refused("the article's link is longer than Rocket.Chat takes")


def _written(heads: Sequence[Block], picture: str, end: Text, lead: Text) -> str:
    return "\n\n".join(filter(None, (rocketchat((*heads, *lead)), picture, rocketchat(end))))


def _ends(entry: Entry, language: str) -> Iterator[tuple[str, Text]]:
    """The picture, and the lines about the article and to share it; the richest first."""
    date, shown, share = in_words(entry.published, language) if entry.published else "", entry.picture, entry.share
    about = Span(clip_line(dotted((", ".join(entry.authors), date, entry.source)), LINE), italic=True)
    picture = picture_rocketchat(clip_line(shown.alt or entry.title, LINE), shown.url) if shown else ""
    call = [Span(clip_line(share.words, LINE), bold=True)] if share else []
    links = [span for link in (share.links if share else ()) for span in (Span(" \u00b7 "), Span(link.label, link.url))]
    links[:1] = [Span("\n")] * bool(links)
    for seen, spans in ((picture, (*call, *links)), ("", (*call, *links)), ("", (*call,))):
        yield seen, tuple(Block("paragraph", row) for row in ((about,), spans) if any(span.text for span in row))
