"""Bluesky, by the server that holds the account: https://docs.bsky.app/docs/advanced-guides/posts"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

import httpx
from pydantic import Field, SecretStr

from bot.kinds import FOREVER, Limits, Pictures, Proof, kind
from bot.model import Attempt, Busy, Credentials, Flow, Kept, Post, Prepared, Problem, Receipt, Refused, Stopped
from bot.posts.markups.runs import record_bluesky
from bot.posts.values import given
from bot.settings import Values
from bot.wire import Meaning, asking, formed, held, later, meant, not_before, said, stop, uploading

MAKE = "In Bluesky: Settings, Privacy and security, App passwords"
PLACE, POSTS, SORTABLE = ("repo", "collection", "rkey"), "app.bsky.feed.post", "234567abcdefghijklmnopqrstuvwxyz"
SESSION, PICTURE = timedelta(minutes=110), timedelta(minutes=30)  # How long each is used: less than it lives.
MEANINGS: dict[object, Meaning] = {
    **dict.fromkeys(("ExpiredToken", "InvalidToken", 401), later("the session has ended", session_ended=True)),
    "AuthenticationRequired": stop(f"HANDLE or PASSWORD is wrong, or the app password was deleted. {MAKE}"),
    "AuthFactorTokenRequired": stop(f"PASSWORD has to be an app password. {MAKE}"),
    **dict.fromkeys(("AccountTakedown", "AccountDeactivated"), stop("log in to Bluesky, which says why")),
    404: stop("SERVER is not where accounts of Bluesky are"),
}
WHOLE = formed(r"@?([\w-]+\.)+[\w-]+", "is not a whole handle", "Write it as in the profile: example.bsky.social.")
FOR_APPS = formed("([a-z2-7]{4}-){3}[a-z2-7]{4}", "is no app password, and no other should lie here", f"{MAKE}.")
ALONE = formed(
    r"https://[^/?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?",
    "is not the https address of a server alone",
    "Write it like https://bsky.social.",
)


class Settings(Values):
    """The account, its password for apps, and the server that it logs in to."""

    handle: Annotated[str, WHOLE] = Field(description="The account's handle.", examples=["example.bsky.social"])
    password: Annotated[SecretStr, FOR_APPS] = Field(description=f"An app password, as xxxx-xxxx-xxxx-xxxx. {MAKE}.")
    server: Annotated[str, ALONE] = Field("https://bsky.social", description="The server that the account is on.")


PICTURES = Pictures(upload=True, types=("image/png", "image/jpeg"), bytes=1_000_000, side=2000)
LIMITS = Limits(share="words", title=300, lead=300, hashtags=3, pictures=PICTURES)
URLS = r"https://bsky\.app/profile/(?P<handle>[^/?#]+)/?"


@kind(Settings, repeatable=FOREVER, limits=LIMITS, target=("server", "handle"), urls=URLS, proof=Proof.SERVER)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Put the post in a place of its own, where a repeat changes nothing; if it is refused, without its picture."""
    place, blob = _place(post, attempt, to), attempt.prepared.get("blob", "")
    with suppress(*[Refused] if blob else []):
        body = {**place, "record": record_bluesky(post, blob)}
        return _receipt((yield from _ask("repo.putRecord", attempt, to, body)))
    body = {**place, "record": record_bluesky(post, "")}
    return _receipt((yield from _ask("repo.putRecord", attempt, to, body)))


def prepare(post: Post, attempt: Attempt, to: Settings) -> Flow[Prepared]:
    """Upload the card's picture; anew if it has lain there for long, for what no post shows is dropped."""
    made, image = attempt.prepared.get("made"), next(iter(attempt.images.values()), None)
    if made and attempt.at - datetime.fromisoformat(made) < PICTURE:
        return attempt.prepared
    with suppress(Refused):
        if image and len(post.entries) == 1:
            blob = said((yield from _ask("repo.uploadBlob", attempt, to, image))).get("blob")
            return {"blob": json.dumps(blob), "made": attempt.at.isoformat()} if blob else {}
    return {}


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Delete the post; that it is gone already is no trouble."""
    yield from _ask("repo.deleteRecord", attempt, to, dict(zip(PLACE, receipt.id.split("/")[2:], strict=True)))


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Look into the post's own place."""
    query = httpx.QueryParams(_place(post, attempt, to))
    try:
        return _receipt((yield from _ask(f"repo.getRecord?{query}", attempt, to)))
    except Refused as refused:
        if said(refused.response).get("error") != "RecordNotFound":
            raise
    return None


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask whose the session is."""
    return Credentials(f"@{said((yield from _ask('server.getSession', attempt, to))).get('handle', to.handle)}")


def renew(attempt: Attempt, to: Settings) -> Flow[Kept]:
    """The session as it is while it is good, else refreshed; only where that fails a login, for those are few a day."""
    kept, new = attempt.kept, dict[str, Any]()
    if "ended" not in kept and kept.get("until", "") > attempt.at.isoformat():
        return kept
    try:
        refreshing = Attempt(attempt.at, kept={"access": kept.get("refresh", "")})
        new = said((yield from _ask("server.refreshSession", refreshing, to))) if "refresh" in kept else {}
    except Problem as problem:
        if isinstance(problem, Busy) and not problem.session_ended:
            raise
    if not new:
        login = {"identifier": to.handle.lstrip("@"), "password": to.password.get_secret_value()}
        try:
            new = said((yield from _ask("server.createSession", Attempt(attempt.at), to, login)))
        except Refused as refused:
            raise Stopped(refused.why, response=refused.response) from None
    if not all(map(new.get, ("did", "accessJwt", "refreshJwt"))):
        raise Busy("SERVER answered, but not with a session")
    services = (new.get("didDoc") or {}).get("service", [])
    homes = [each["serviceEndpoint"] for each in services if each["id"].endswith("#atproto_pds")]
    pds = next((home for home in homes if home.startswith("https://")), kept.get("pds", to.server))
    session = {"did": new["did"], "pds": pds, "access": new["accessJwt"], "refresh": new["refreshJwt"]}
    return {**session, "until": (attempt.at + SESSION).isoformat()}


def _ask(method: str, attempt: Attempt, to: Settings, body: Any = None) -> Flow[httpx.Response]:
    """Call a method of the account's server, or of the one to log in to while there is no session."""
    url, token = f"{attempt.kept.get('pds', to.server)}/xrpc/com.atproto.{method}", attempt.kept.get("access")
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    make = asking if body is None or isinstance(body, dict) else uploading
    try:
        return (yield make("GET" if ".get" in method else "POST", url, body, bearer))
    except Problem as problem:
        known = meant(problem, "Bluesky", MEANINGS, said(problem.response).get("error"))
        raise not_before(known, "ratelimit-reset", attempt.at) from None


def _place(post: Post, attempt: Attempt, to: Settings) -> dict[str, str]:
    """Where a post goes: a key that begins with the second it was made in, and is its own for good."""
    own = int.from_bytes(sha256(post.key.encode()).digest()[:8])
    number = (int(post.made_at.timestamp()) * 1_000_000 + own % 1_000_000) << 10 | own >> 54
    rkey = "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))
    return dict(zip(PLACE, (attempt.kept.get("did", to.handle), POSTS, rkey), strict=True))


def _receipt(answer: httpx.Response) -> Receipt:
    uri = held(answer, "uri", "Bluesky")
    url = uri.replace("at:/", "https://bsky.app/profile").replace(POSTS, "post")
    return Receipt(uri, url, given({"cid": str(said(answer).get("cid", ""))}))
