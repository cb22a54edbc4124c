"""The platforms of the bench: how each is asked and answers, as far as Delebot uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs

from tests.faults.mailbox import Mailbox
from tests.faults.receivers import LIED, TOOK_LATE, Carrier, Post, Request, article
from tests.servers import Answer, Server, Taken

ALWAYS_TOLD = frozenset({"locked", "redirects", "did not take it, answered 429"})


def said(**values: Any) -> Answer:
    return Answer(body=json.dumps(values).encode(), headers={"Content-Type": "application/json"})


class Asked:
    """What most platforms have in common: they are asked over HTTP, remember nothing and know no edits."""

    memory: timedelta | None = None
    can_be_asked = edits = False
    lies = True
    tells = ALWAYS_TOLD

    def carrier(self, say: Callable[[Taken], Answer]) -> Carrier:
        return Server(say)


class Slack(Asked):
    """An incoming webhook. Its only yes is the word ok."""

    kind = "slack"

    def read(self, taken: Taken) -> Request:
        return article(taken.body.decode())

    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer:
        return Answer(body=b"ok")

    def too_many(self, seconds: int) -> Answer:
        return Answer(429, b"rate_limited", {"Retry-After": str(seconds)})

    def settings(self, port: int) -> str:
        return f"URL=http://127.0.0.1:{port}/services/T0000/B0000/secretsecretsecret\n"


class Mattermost(Slack):
    """Another incoming webhook."""

    kind = "mattermost"

    def settings(self, port: int) -> str:
        return f"URL=http://127.0.0.1:{port}/hooks/abcdefghijklmnopqrstuvwxyz\n"


class Webhook(Asked):
    """An address that remembers the webhook-id for three days and a little, and takes corrections as events."""

    kind = "webhook"
    memory: timedelta | None = timedelta(days=3, minutes=10)
    edits, lies = True, False

    def read(self, taken: Taken) -> Request:
        try:
            event = json.loads(taken.body)
        except ValueError:
            return Request("else")
        words = json.dumps(event["data"], ensure_ascii=False)
        if event["type"] not in ("item.published", "item.updated"):
            return Request("else")
        return article(words, "show" if event["type"] == "item.published" else "edit", taken.headers["webhook-id"])

    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer:
        return Answer(204, b"")

    def too_many(self, seconds: int) -> Answer:
        return Answer(429, b"", {"Retry-After": str(seconds)})

    def settings(self, port: int) -> str:
        return f"URL=http://127.0.0.1:{port}/delebot\n"


class Discord(Asked):
    """A channel's webhook: messages have ids and can be edited, but nobody tells whether one is there."""

    kind, edits = "discord", True

    def read(self, taken: Taken) -> Request:
        id = taken.path.partition("?")[0].partition("/messages/")[2]
        return article(taken.body.decode(), "edit" if id else "show", id=id)

    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer:
        if request.wanted != "else" and post is None:
            return Answer(404, b'{"code": 10008, "message": "Unknown Message"}')
        return said(id=post.id if post else "1", channel_id="200000000000000001")

    def too_many(self, seconds: int) -> Answer:
        told = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
        return Answer(429, json.dumps(told).encode(), {"Retry-After": str(seconds)})

    def settings(self, port: int) -> str:
        return f"URL=http://127.0.0.1:{port}/services/T0000/B0000/secretsecretsecret\n"


class Mastodon(Asked):
    """An account: it remembers the Idempotency-Key for an hour and then forgets it, and shows its latest posts."""

    kind = "mastodon"
    memory: timedelta | None = timedelta(hours=1)
    can_be_asked = edits = True

    def read(self, taken: Taken) -> Request:
        path = taken.path.partition("?")[0]
        if taken.method == "GET":
            return Request("ask", path=path)
        words = json.loads(taken.body).get("status", "") if taken.body else ""
        id = path.partition("/statuses/")[2]
        return article(words, "edit" if id else "show", taken.headers.get("idempotency-key", ""), id)

    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer:
        if request.path.endswith("verify_credentials"):
            return said(id="7", acct="klyngen")
        if request.wanted == "ask":
            newest = [_status(each) for each in reversed(list(posts.values()))]
            return Answer(body=json.dumps(newest[:40]).encode())
        if request.wanted == "else":
            return said(id="1")
        return said(**_status(post)) if post else Answer(404, b'{"error": "Record not found"}')

    def too_many(self, seconds: int) -> Answer:
        return Answer(429, b'{"error": "Too many requests"}', {"Retry-After": str(seconds)})

    def settings(self, port: int) -> str:
        return f"SERVER=http://127.0.0.1:{port}\nTOKEN=hemmelig-hemmelig\n"


def _status(post: Post) -> dict[str, Any]:
    linked = re.sub(r"https?://\S+", r'<a href="\g<0>">\g<0></a>', escape(post.words, quote=False))
    words = "".join(f"<p>{lines}</p>" for lines in linked.split("\n\n"))
    made = post.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return {"id": post.id, "url": f"https://sosial.example/@klyngen/{post.id}", "content": words, "created_at": made}


class Zulip(Asked):
    """A channel whose latest messages can be read, so that a lost answer is looked up."""

    kind = "zulip"
    can_be_asked = edits = True

    def read(self, taken: Taken) -> Request:
        if taken.method == "GET":
            return Request("ask")
        form = {name: values[0] for name, values in parse_qs(taken.body.decode()).items()}
        id = taken.path.partition("/messages/")[2]
        return article(form.get("content", ""), "edit" if id else "show", id=id)

    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer:
        if request.wanted == "ask":
            found = [{"id": int(p.id), "content": p.words, "timestamp": int(p.at.timestamp())} for p in posts.values()]
            return said(result="success", messages=found[-500:])
        if request.wanted != "else" and post is None:
            return Answer(400, b'{"result": "error", "code": "BAD_REQUEST", "msg": "Invalid message(s)"}')
        return said(result="success", id=int(post.id) if post else 1)

    def too_many(self, seconds: int) -> Answer:
        told = {"result": "error", "code": "RATE_LIMIT_HIT", "msg": "API usage exceeded", "retry-after": seconds}
        return Answer(429, json.dumps(told).encode(), {"Retry-After": str(seconds)})

    def settings(self, port: int) -> str:
        return f"SERVER=http://127.0.0.1:{port}\nEMAIL=bot@klynge.example\nKEY=hemmelig\nSTREAM=nytt\n"


class Email(Asked):
    """A mail server. Nobody takes a second copy back, and it has three minutes, so that it is never late."""

    kind = "email"
    tells = ALWAYS_TOLD | {"did not take it, answered 500", TOOK_LATE} - {LIED}

    def carrier(self, say: Callable[[Taken], Answer]) -> Carrier:
        return Mailbox(say)

    def read(self, taken: Taken) -> Request:
        return article(taken.body.decode())

    def said(self, request: Request, post: Post | None, posts: Mapping[str, Post]) -> Answer:
        return Answer(250)

    def too_many(self, seconds: int) -> Answer:
        return Answer(451)

    def settings(self, port: int) -> str:
        return f"HOST=127.0.0.1\nPORT={port}\nSECURITY=none\nFROM=nytt@klynge.example\nTO=alle@klynge.example\n"
