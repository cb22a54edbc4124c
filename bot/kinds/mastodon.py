"""Mastodon, by its API: https://docs.joinmastodon.org/methods/statuses/"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from hashlib import sha256
from html import unescape
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field, SecretStr

from bot.kinds import Limits, Pictures, Proof, kind
from bot.model import Attempt, Busy, Credentials, Flow, Post, Prepared, Problem, Receipt, Refused, Stopped
from bot.posts.characters import graphemes
from bot.posts.clip import clip_line
from bot.posts.links import safe
from bot.posts.markups.plain import MASTODON, Seen, alone, known_again, link_mastodon, status_mastodon
from bot.posts.values import given
from bot.settings import Values
from bot.wire import Meaning, formed, held, later, meant, never, not_before_moment, said, stop

ALT, DROPPED = 1500, timedelta(hours=20)  # A picture that no post shows is dropped after a day.
MAKE = "In Mastodon: Preferences, Development, New application"
MEANINGS: dict[object, Meaning] = {
    **dict.fromkeys((301, 302, 307, 308), stop("SERVER leads elsewhere. Put the address that it leads to into SERVER")),
    401: stop(f"the token is not valid any more. Put a new one into TOKEN. {MAKE}"),
    403: stop(f"the account was locked, or TOKEN lacks write:statuses or read:accounts. {MAKE}"),
    404: stop("SERVER does not answer as Mastodon does. Check its address"),
    410: stop("the account or its server is gone"),
    422: never("it does not take the post"),
    429: later("it wants fewer requests", timedelta(minutes=5)),
}


class Settings(Values):
    """The account's server, a token for it, and who sees the posts."""

    server: str = Field(
        description="The https address of the account's server, without anything behind it.",
        examples=["https://mastodon.example"],
        pattern=r"^(https://[^/?#@\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?)/?$",
    )
    token: Annotated[SecretStr, formed(r"[\w.~+/=-]{8,}", "is not an access token", f"Copy it once more. {MAKE}.")] = (
        Field(description=f"An access token with write:statuses, write:media and read:accounts. {MAKE}.")
    )
    visibility: Literal["public", "unlisted", "private"] = Field(
        "public", description="Who sees the posts: public, unlisted (not in public timelines) or private (followers)."
    )


PICTURES = Pictures(upload=True, types=("image/jpeg", "image/png", "image/webp"), bytes=8_000_000, pixels=16_000_000)
LIMITS = Limits(share="words", title=160, lead=MASTODON.most, hashtags=3, pictures=PICTURES)
MEMORY, SECOND = timedelta(minutes=55), timedelta(seconds=1)  # A key is remembered for an hour.


@kind(Settings, repeatable=MEMORY, spacing=SECOND, limits=LIMITS, target=("server", "token"), proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post; if it is refused, without its picture."""
    body, key = {**_status(post, attempt), "visibility": to.visibility}, {"idempotency-key": post.key}
    try:
        answer = yield from _ask("POST", "v1/statuses", attempt, to, headers=key, json=body)
    except Refused:
        if not body.pop("media_ids", None):
            raise
        answer = yield from _ask("POST", "v1/statuses", attempt, to, headers=key, json=body)
    return Receipt(held(answer, "id", "Mastodon"), str(said(answer).get("url") or ""))


def prepare(post: Post, attempt: Attempt, to: Settings) -> Flow[Prepared]:
    """Upload the picture if it is described; for another the server shows the page's own, as a card."""
    entry, answer = alone(post), None
    if not entry or not entry.picture or not entry.picture.alt:
        return {}
    of = sha256(f"{entry.picture.url}\n{entry.picture.alt}".encode("utf-8", "replace")).hexdigest()[:16]
    known = dict(attempt.prepared) if attempt.prepared.get("of") == of else {}
    image = attempt.images.get(entry.picture.url)
    try:
        if image and (not known or attempt.at - datetime.fromisoformat(known["made"]) > DROPPED):
            form = {"content-type": f"multipart/form-data; boundary={of}"}
            file = {"file": (f"picture.{image.type.rpartition('/')[2]}", image.content, image.type)}
            words = {"description": clip_line(entry.picture.alt, ALT, graphemes)}
            answer = yield from _ask("POST", "v2/media", attempt, to, headers=form, data=words, files=file)
            known = {"media": str(said(answer).get("id") or ""), "of": of, "made": attempt.at.isoformat()}
        if known.pop("working", "") or (answer and answer.status_code == 202):
            answer = yield from _ask("GET", f"v1/media/{known['media']}", attempt, to)
    except (Refused, Stopped) as problem:
        if problem.response is not None and problem.response.status_code == 401:
            raise
        return {}
    if answer and answer.status_code == 206:
        why, so_far = "Mastodon still works on the picture", {**known, "working": "yes"}
        raise Busy(why, after=timedelta(seconds=10), of_channel=False, so_far=so_far)
    return known if known.get("media") else {}


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post as it is now in the same place. If a person has deleted it, it stays away."""
    status, path = _status(post, attempt), f"v1/statuses/{receipt.id}"
    answer = yield from _ask("PUT", path, attempt, to, missing_ok=True, json=status)
    return Receipt(held(answer, "id", "Mastodon") if answer.is_success else receipt.id, receipt.url, receipt.data)


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Delete the post; that it is gone already is no trouble."""
    yield from _ask("DELETE", f"v1/statuses/{receipt.id}", attempt, to, missing_ok=True)


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Look for the post's link, or its words, among the latest of the account."""
    account = said((yield from _ask("GET", "v1/accounts/verify_credentials", attempt, to))).get("id")
    answer = yield from _ask("GET", f"v1/accounts/{account}/statuses?limit=40&exclude_reblogs=true", attempt, to)
    entry, seen = alone(post), list[Seen]()
    for status in answer.json():
        words, at = unescape(re.sub("<[^>]*>", "", status["content"])), datetime.fromisoformat(status["created_at"])
        link = safe(entry.link) if entry and f'"{link_mastodon(entry.link)}"' in unescape(status["content"]) else ""
        seen.append(Seen(Receipt(status["id"], status["url"] or ""), words, link, at.timestamp()))
    return known_again(post, MASTODON, seen)


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask whose the token is; it has no end."""
    answer = yield from _ask("GET", "v1/accounts/verify_credentials", attempt, to)
    if not said(answer).get("acct"):
        raise Stopped(MEANINGS[404].why, response=answer)
    return Credentials(f"@{held(answer, 'acct', 'Mastodon')}@{to.server.partition('://')[2].rstrip('/')}")


def _ask(
    method: str, path: str, attempt: Attempt, to: Settings, missing_ok: bool = False, **more: Any
) -> Flow[httpx.Response]:
    """Ask; where the post may be gone, that it is so is as good as a success."""
    headers = {"authorization": f"Bearer {to.token.get_secret_value()}", **more.pop("headers", {})}
    request = httpx.Request(method, f"{to.server.rstrip('/')}/api/{path}", headers=headers, **more)
    request.read()  # What it is made of, such as a form with a picture, becomes one piece.
    try:
        return (yield request)
    except Problem as problem:
        answer = problem.response
        if missing_ok and answer is not None and answer.status_code in (404, 410) and "error" in said(answer):
            return answer
        raise not_before_moment(meant(problem, "Mastodon", MEANINGS), "x-ratelimit-reset", attempt.at) from None


def _status(post: Post, attempt: Attempt) -> dict[str, Any]:
    """The post; a picture that an edit doesn't name again is lost."""
    language = next((entry.language for entry in post.entries if entry.language), post.language)[:2]
    media = [attempt.prepared["media"]] if attempt.prepared else []
    return given({"status": status_mastodon(post), "media_ids": media, "language": language})
