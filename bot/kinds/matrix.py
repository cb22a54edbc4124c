"""Matrix, by the API of the account's own server: https://spec.matrix.org/latest/client-server-api/"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
from pydantic import Field, SecretStr, model_validator

from bot.config.wrong import Wrong
from bot.kinds import Limits, Pictures, Proof, kind
from bot.model import Attempt, Credentials, Flow, Image, Kept, Post, Prepared, Problem, Receipt, Refused, Stopped
from bot.posts.markups.html import KEY_MATRIX, edit_matrix, event_matrix, image_matrix
from bot.posts.share_links import encoded
from bot.settings import Values
from bot.wire import Meaning, asking, held, later, meant, never, said, stop, uploading

NO_LOGIN = ("login M_FORBIDDEN", "login M_UNKNOWN", "login M_UNRECOGNIZED")
MEANINGS: dict[object, Meaning] = {
    "M_FORBIDDEN": stop("the account is not in the room, or may not post there. Invite it, and let it accept"),
    "M_UNKNOWN_TOKEN": stop("the access token is not valid any more. Put a new one into TOKEN"),
    **dict.fromkeys((401, 403), stop("the server keeps the account out. Log in with it to see why")),
    **dict.fromkeys(NO_LOGIN, stop("USER or PASSWORD is wrong. If the server takes no password, set TOKEN instead")),
    "M_NOT_FOUND": stop("there is no such room. Check ROOM"),
    "M_TOO_LARGE": never("the post is longer than it takes"),
    404: stop("there is no Matrix at this address. Put the address of the homeserver into SERVER"),
}


class Settings(Values):
    """The server, the room, and the account: its access token, or its name and password."""

    server: str = Field(description="The address of the account's homeserver.", examples=["https://matrix.example.org"])
    room: str = Field(description="The room, by its ID (!…) or an address (#…:example.org).", pattern=r"^[!#]\S+$")
    token: SecretStr | None = Field(
        None, description="An access token of the account.", examples=["syt_…"], json_schema_extra={"asked": True}
    )
    user: str | None = Field(None, description="Instead of TOKEN: the account.", examples=["@news:example.org"])
    password: SecretStr | None = Field(None, description="With USER: the account's password.", examples=["…"])

    @model_validator(mode="after")
    def _is_one_way(self) -> Settings:
        if bool(self.user) != bool(self.password) or bool(self.token) == bool(self.user):
            raise Wrong("the way in is not clear: either TOKEN is given, or USER and PASSWORD")
        return self


LIMITS = Limits(lead=700, share_link=1000, mail_links=True, pictures=Pictures(upload=True, bytes=5_000_000))
URLS, TARGET = r"https://matrix\.to/#/(?P<room>[!#][^/?\s]+)(?:\?.*)?", ("server", "room", "user")
PACE = timedelta(seconds=5)  # What a server allows in the long run, unless its administrator says otherwise.


@kind(Settings, spacing=PACE, limits=LIMITS, target=TARGET, urls=URLS, proof=Proof.SERVER)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Show the post as one event. That a server knows our keys is not relied upon: it knows those of a device only."""
    room = attempt.prepared.get("room", to.room)
    return _receipt(room, (yield from _send(room, event_matrix(post, attempt.prepared), attempt, to)))


def prepare(post: Post, attempt: Attempt, to: Settings) -> Flow[Prepared]:
    """Find the room, and upload the picture."""
    ready, room = attempt.prepared, (yield from _room(attempt, to))
    picture = post.entries[0].picture if len(post.entries) == 1 else None
    if picture and picture.url == ready.get("picture"):
        return {"room": room, "picture": picture.url, "image": ready["image"]}
    if picture and (image := attempt.images.get(picture.url)):
        with suppress(Refused, Stopped, KeyError):
            mxc = said((yield from _ask("POST", ("upload",), attempt, to, image)))["content_uri"]
            return {"room": room, "picture": picture.url, "image": image_matrix(mxc, picture, image)}
    return {"room": room}


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Replace what the event says, and remember by which event: a post that is taken back is taken from all."""
    event, data = edit_matrix(event_matrix(post, attempt.prepared), receipt.id), receipt.data
    edit = yield from _send(data["room"], event, attempt, to)
    return Receipt(receipt.id, receipt.url, {**data, "edits": f"{data.get('edits', '')} {edit}".strip()})


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:
    """Take away what the event and its corrections say; that one is gone already is no trouble."""
    for id in (receipt.id, *receipt.data.get("edits", "").split()):
        try:
            yield from _ask("PUT", ("rooms", receipt.data["room"], "redact", id, id), attempt, to, {})
        except Stopped as gone:
            if getattr(gone.response, "status_code", 0) != 404:
                raise


def look_up(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt | None]:
    """Look for the post by its key, among what the room has had since it was composed."""
    room, since = (yield from _room(attempt, to)), (post.made_at - timedelta(hours=1)).timestamp() * 1000
    asked = {"dir": "b", "limit": "100", "filter": '{"types":["m.room.message"]}'}
    for _ in range(5):
        answer = said((yield from _ask("GET", ("rooms", room, "messages"), attempt, to, asked)))
        if found := [event for event in answer["chunk"] if event["content"].get(KEY_MATRIX) == post.key]:
            return _receipt(room, found[0]["event_id"])
        if "end" not in answer or any(event["origin_server_ts"] < since for event in answer["chunk"]):
            return None
        asked["from"] = answer["end"]
    raise Refused("the room has had too many messages since")


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:
    """Ask whose the token is, and whether the account is in the room."""
    who = held((yield from _ask("GET", ("account", "whoami"), attempt, to)), "user_id", "Matrix")
    joined = said((yield from _ask("GET", ("joined_rooms",), attempt, to))).get("joined_rooms", ())
    if (yield from _room(attempt, to)) not in joined:
        raise Stopped(f"{who} is not in the room. Invite it, and let it accept")
    return Credentials(f"{who} in {to.room}")


def renew(attempt: Attempt, to: Settings) -> Flow[Kept]:
    """The session as it is while it is good, else a login as the same device, for which our keys are known."""
    if not to.password or ("token" in attempt.kept and "ended" not in attempt.kept):
        return attempt.kept
    who, secret = {"type": "m.id.user", "user": to.user}, to.password.get_secret_value()
    login = {"type": "m.login.password", "identifier": who, "password": secret, "device_id": f"Delebot-{to.room}"}
    return {"token": said((yield from _ask("POST", ("login",), Attempt(attempt.at), to, login)))["access_token"]}


def _ask(method: str, path: tuple[str, ...], attempt: Attempt, to: Settings, body: Any = None) -> Flow[httpx.Response]:
    area, make = ("media", uploading) if isinstance(body, Image) else ("client", asking)
    query, body = (body, None) if method == "GET" else (None, body)
    url = httpx.URL(f"{to.server.rstrip('/')}/_matrix/{area}/v3/{'/'.join(map(encoded, path))}", params=query)
    token = attempt.kept.get("token") or (to.token.get_secret_value() if to.token else "")
    try:
        return (yield make(method, url, body, {"authorization": f"Bearer {token}"} if token else {}))
    except Problem as problem:
        code, wait = (said(problem.response).get(name) for name in ("errcode", "retry_after_ms"))
        known = MEANINGS | {"M_LIMIT_EXCEEDED": later("there were too many", wait and timedelta(milliseconds=wait))}
        known |= {"M_UNKNOWN_TOKEN": later("the session has ended", session_ended=True)} if to.password else {}
        raise meant(problem, "Matrix", known, f"login {code}" if code and path == ("login",) else code, code) from None


def _send(room: str, event: dict[str, Any], attempt: Attempt, to: Settings) -> Flow[str]:
    path = ("rooms", room, "send", "m.room.message", event[KEY_MATRIX])
    return held((yield from _ask("PUT", path, attempt, to, event)), "event_id", "Matrix")


def _room(attempt: Attempt, to: Settings) -> Flow[str]:
    room, path = attempt.prepared.get("room", to.room), ("directory", "room", to.room)
    return room if room[0] == "!" else held((yield from _ask("GET", path, attempt, to)), "room_id", "Matrix")


def _receipt(room: str, id: str) -> Receipt:
    return Receipt(id, f"https://matrix.to/#/{encoded(room)}/{encoded(id)}", {"room": room})
