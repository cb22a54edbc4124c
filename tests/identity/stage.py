"""Plays a case of the identity table: documents, polled one after the other, by the real way from bytes to posts.

Only what is outside of Delebot is made here: the site, two receivers (one that can edit, and Slack) and the time.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import Connection, delete, insert, select

from bot import kinds
from bot.drain import drain
from bot.net.client import Client
from bot.outcome import State
from bot.poll import poll
from bot.run import adopt
from bot.sessions import sessions_of
from bot.settings import Channel, Config
from bot.shelf import Shelf
from bot.store import desk
from bot.store.database import Store
from bot.store.schema import metadata
from bot.story import Listeners
from bot.world import World
from tests.identity.cases import BEGIN, FEEDS, Case, Poll, document
from tests.values import a_channel, a_config, a_feed

HOOK, SLACK = "https://hook.example/in", "https://hooks.slack.com/services/T0000/B0000/secretsecretsecret"


class Outside(Client):
    """All that is outside: the site gives what the poll says, the receivers take what they get."""

    def __init__(self) -> None:
        self.body = b""
        self.lying = False
        self.taken: list[tuple[str, Any]] = []

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        if request.method == "GET":
            if self.lying and "if-none-match" in request.headers:
                return httpx.Response(304, request=request)
            headers = {"ETag": '"the same for ever"'} if self.lying else {}
            return httpx.Response(200, content=self.body, headers=headers, request=request)
        self.taken.append((str(request.url), json.loads(request.content)))
        return httpx.Response(200, text="ok", request=request)


@dataclass
class Shown:
    """What came of a case: the posts, in Slack their words, the edits where there can be any, and what is held."""

    posts: list[str] = field(default_factory=list)
    slack: list[str] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def configuration() -> Config:
    """Two feeds, a channel that can edit and one that can't."""
    feeds = [a_feed(name, url=SecretStr(url)) for name, url in FEEDS.items()]
    return a_config(feeds, [channel("hook", "webhook", HOOK), channel("slack", "slack", SLACK)])


def channel(name: str, kind: str, url: str) -> Channel:
    return a_channel(name, kind, kinds.load(kind).settings(url=SecretStr(url)), images=False)


class Stage:
    """A store with a configuration and a clock, and what is outside of them; set up once and used case by case."""

    def __init__(self, store: Store) -> None:
        self.store, self.outside, self.number, self.time = store, Outside(), 0, BEGIN
        state = store.directory
        self.world = World(
            configuration(),
            store,
            self.outside,
            Listeners(),
            sessions_of(store),
            Shelf(state),
            lambda: self.time,
        )
        store.write_now(adopt, self.world.config)
        asyncio.run(self._begin())
        self.beginning = store.read_now(rows)

    async def _begin(self) -> None:
        """The first poll of each feed, of an empty document: from now on all is news."""
        for name in FEEDS:
            await self.poll(Poll(name), Case("the beginning", ""))

    async def play(self, case: Case) -> Shown:
        """Poll the documents one after the other: what is shown then, and still when the last was read once more."""
        self.outside.taken.clear()
        self.time = BEGIN
        self.store.write_now(put_back, self.beginning)
        for polled in case.polls:
            await self.poll(polled, case)
        before = self.shown()
        await self.poll(replace(case.polls[-1], after=timedelta(minutes=15), pruned=False), case)
        await self.wait(timedelta(hours=2))
        after = self.shown()
        assert after == before, "a document owes something though it was read before"
        return after

    async def poll(self, polled: Poll, case: Case) -> None:
        """Let time pass, poll, and let both channels do what they owe."""
        self.time += polled.after
        if polled.pruned:
            self.store.write_now(desk.prune, self.time - timedelta(days=1))
        self.number += 1
        self.outside.body, self.outside.lying = document(case, polled, self.number), polled.lying
        came = await poll(self.world, polled.feed)
        assert came.ok
        await self.wait(timedelta(minutes=1))

    async def wait(self, span: timedelta) -> None:
        """Let the channels do what they owe within this time."""
        until = self.time + span
        for name in self.store.read_now(desk.busy_channels):
            while (at := await drain(self.world, name)) and at < until:
                self.time = max(self.time, at)
        self.time = until

    def shown(self) -> Shown:
        taken = self.outside.taken
        hook = [(body["type"], headline(body["data"])) for url, body in taken if url == HOOK]
        return Shown(
            posts=[title for kind, title in hook if kind == "item.published"],
            slack=[unescape(body["text"]) for url, body in taken if url == SLACK],
            edits=[title for kind, title in hook if kind == "item.updated"],
            held=self.store.read_now(held),
        )


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """All that the store holds."""
    tables = metadata.sorted_tables
    return {table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables}


def put_back(connection: Connection, kept: dict[str, list[dict[str, Any]]]) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
    for table in metadata.sorted_tables:
        if kept[table.name]:
            connection.execute(insert(table), kept[table.name])


def headline(data: Any) -> str:
    """What a person would call the post: its title, else its first words, else its address."""
    return str(data["title"] or data["text"].partition("\n")[0] or data["link"])


def held(connection: Connection) -> list[str]:
    """The titles of what waits for a person, with the reason."""
    rows = desk.of_states(connection, (State.HELD,), 100)
    return [desk.title_of(connection, row["id"]) for row in reversed(rows) if row["channel"] == "hook"]
