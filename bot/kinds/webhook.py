"""Any address that takes JSON, signed as Standard Webhooks are: https://www.standardwebhooks.com"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.config.wrong import Wrong
from bot.kinds import ALL_PICTURES, Limits, Pictures, Proof, kind
from bot.model import Attempt, Entry, Flow, Occasion, Post, Receipt, Refused, ShareCall
from bot.posts.characters import utf8
from bot.posts.clip import clip, clip_line
from bot.posts.values import compact, in_json
from bot.posts.write import plain
from bot.settings import Values

LARGEST = 20_000  # Bytes of a whole payload, as the standard recommends.
LONGEST_LINK = 8000
PREFIX = "whsec_"
TYPES = {Occasion.REMINDER: "item.reminder", Occasion.ALERT: "alert", Occasion.TEST: "test"}


class Settings(Values):
    """Where to, and the secret that both ends know."""

    url: SecretStr = Field(description="The address that takes the JSON.")
    secret: SecretStr | None = Field(
        None, description="The secret for signatures, whsec_ and base64, as the receiver gives it; default: unsigned."
    )

    @field_validator("secret")
    @classmethod
    def _is_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret:
            _key(secret)
        return secret


def _key(secret: SecretStr) -> bytes:
    """The bytes to sign with; Wrong, without showing anything of it, when the secret is none."""
    form = "Copy it whole, from whsec_ to its end, as the receiver shows it."
    words = secret.get_secret_value()
    if not words.startswith(PREFIX):
        raise Wrong("does not begin with whsec_", form)
    try:
        key = b64decode(words.removeprefix(PREFIX), validate=True)
    except (Error, ValueError):
        raise Wrong("is not base64 after whsec_", form) from None
    if not 24 <= len(key) <= 64:
        raise Wrong(f"holds {len(key)} bytes where 24 to 64 are needed", form)
    return key


LIMITS = Limits(title=500, lead=4000, mail_links=True, pictures=Pictures(types=ALL_PICTURES))


@kind(Settings, repeatable=timedelta(days=3), limits=LIMITS, proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Send the event; a receiver knows a repeat of it by the header webhook-id."""
    what = TYPES.get(post.occasion, "item.published")
    yield _request(what, post, attempt, to)
    return Receipt(id=post.key)


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:
    """Send a new event about the same item: `data.id` tells which."""
    yield _request("item.updated", post, attempt, to)
    return receipt


def _request(what: str, post: Post, attempt: Attempt, to: Settings) -> httpx.Request:
    body = compact({"type": what, "timestamp": _time(post.made_at), "data": _data(post)})
    if len(body) > LARGEST:
        raise Refused(f"the post takes {len(body)} bytes, and a webhook should not take more than {LARGEST}")
    headers = {"content-type": "application/json", "webhook-id": post.key}
    headers["webhook-timestamp"] = stamp = str(int(attempt.at.timestamp()))
    if to.secret:
        signed = hmac.digest(_key(to.secret), f"{post.key}.{stamp}.".encode() + body, "sha256")
        headers["webhook-signature"] = f"v1,{b64encode(signed).decode()}"
    return httpx.Request("POST", to.url.get_secret_value(), content=body, headers=headers)


def _data(post: Post) -> dict[str, Any]:
    if not post.entries:
        return {"words": clip_line(post.words, LARGEST // 2, in_json), "language": post.language}
    room = (LARGEST - 500) // len(post.entries)
    items = [_item(entry, room) for entry in post.entries]
    return items[0] if len(items) == 1 else {"items": items}


def _item(entry: Entry, room: int) -> dict[str, Any]:
    """One item in at most `room` bytes, if that can be done by shortening its text."""
    if len(entry.link) > LONGEST_LINK:
        raise Refused(f"the article's link is longer than {LONGEST_LINK} characters")
    picture = entry.picture if entry.picture and utf8(entry.picture.url) <= room // 8 else None
    item = {
        "id": entry.id,
        "title": clip_line(entry.title, room // 8, in_json),
        "link": entry.link,
        "text": "",
        "picture": {"url": picture.url, "alt": clip_line(picture.alt, room // 16, in_json)} if picture else None,
        "authors": _fitting(entry.authors, room // 16),
        "tags": _fitting(entry.tags, room // 16),
        "published": _time(entry.published) if entry.published else None,
        "source": clip_line(entry.source, room // 32, in_json),
        "language": entry.language,
        "share": _share(entry.share, room // 3) if entry.share else None,
    }
    return item | {"text": plain(clip(entry.text, room - len(compact(item)), in_json))}


def _share(share: ShareCall, room: int) -> dict[str, Any]:
    """The call to share, with the links that fit."""
    links = [{"network": link.network, "label": link.label, "url": link.url} for link in share.links]
    while links and len(compact(links)) > room:
        links.pop()
    return {"words": share.words, "links": links}


def _fitting(names: Sequence[str], room: int) -> list[str]:
    """The first of the names that fit together."""
    fitting: list[str] = []
    for name in names:
        room -= in_json(name) + 3
        if room < 0:
            break
        fitting.append(name)
    return fitting


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
