"""The sessions and rotating tokens of the channels: in a file of the state that nobody else can read, or in rows.

A session belongs to the credentials it was made from, so that a new token in a channel's file begins a new one.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot import kinds
from bot.hush import secrets_of_session
from bot.model import Attempt, Kept, Refused, Stopped
from bot.send import Sender, perform
from bot.store import sessions as rows
from bot.store.database import open_store
from bot.store.files import StoreTrouble

if TYPE_CHECKING:
    from bot.send import Send
    from bot.settings import Channel
    from bot.store.database import Store

FILE = "sessions.json"
ENDED = "ended"


class Drawer(Protocol):
    """Where sessions are kept safely, by the names of their channels."""

    def take(self, name: str) -> Any: ...

    def put(self, entries: Mapping[str, Any]) -> None: ...


class Sessions:
    """What is kept of each channel's session; it is looked up each time, where others may have written.

    What the drawer does not take is kept here until it does: the session before it may be worth nothing any more.
    """

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer
        self._writing = threading.Lock()
        self._unwritten: dict[str, Any] = {}

    def read(self, channel: Channel) -> Kept:
        """What is kept for the credentials that the channel has now; nothing if they are others."""
        entry = self._unwritten.get(channel.name) or self.drawer.take(channel.name) or {}
        same = entry.get("made_from") == _origin(channel)
        return entry["kept"] if same else {}

    def write(self, channel: Channel, kept: Kept) -> None:
        """Keep a session, safely written down before it is used."""
        with self._writing:
            self._unwritten[channel.name] = {"made_from": _origin(channel), "kept": dict(kept)}
        self.catch_up()

    def catch_up(self) -> None:
        """Write down what the drawer did not take before; StoreTrouble while it doesn't."""
        with self._writing:
            if self._unwritten:
                self.drawer.put(self._unwritten)
                self._unwritten.clear()

    def end(self, channel: Channel) -> None:
        """Remember that the platform takes the session no more, also when the drawer doesn't."""
        with suppress(StoreTrouble):
            if kept := self.read(channel):
                self.write(channel, {**kept, ENDED: "yes"})


class SessionFile:
    """A file of the state, for a process that works alone."""

    def __init__(self, state: Path) -> None:
        self.path = state / FILE

    def take(self, name: str) -> Any:
        return self.all().get(name)

    def put(self, entries: Mapping[str, Any]) -> None:
        everything = {**self.all(), **entries}
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(everything, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            raise self._trouble("written", error) from None

    def all(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        except OSError as error:
            raise self._trouble("read", error) from None
        return found if isinstance(found, dict) else {}

    def _trouble(self, what: str, error: OSError) -> StoreTrouble:
        remedy = "Free some space, or give the user that runs Delebot access to it"
        return StoreTrouble(
            f"the sessions can't be {what}: {error.strerror}", where=str(self.path), remedy=remedy, code=1
        )


class SessionRows:
    """Rows of the database that replicas share."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def take(self, name: str) -> Any:
        return self.store.read_now(rows.session_of, name)

    def put(self, entries: Mapping[str, Any]) -> None:
        self.store.write_now(rows.keep_sessions, entries)


def sessions_of(store: Store) -> Sessions:
    """The sessions that belong to a state."""
    return Sessions(SessionRows(store) if store.shared else SessionFile(store.directory))


@contextmanager
def sessions_at(state: Path, url: str) -> Iterator[Sessions]:
    """The sessions of a state that is not opened for them where they are in a file."""
    if not url:
        yield Sessions(SessionFile(state))
        return
    store = open_store(state, url)
    try:
        yield sessions_of(store)
    finally:
        store.close()


def _origin(channel: Channel) -> str:
    return kinds.load(channel.kind).origin_of(channel.settings)


async def with_session(
    attempt: Attempt, channel: Channel, sessions: Sessions, send: Send, now: Callable[[], datetime]
) -> Attempt:
    """The attempt with a session that is good, made or renewed where need be."""
    renew = kinds.load(channel.kind).renew
    if renew is None:
        return attempt
    await asyncio.to_thread(sessions.catch_up)
    known = await asyncio.to_thread(sessions.read, channel)
    _hide(send, known)
    flow = renew(replace(attempt, kept=known), channel.settings)
    try:
        kept: Kept = await perform(flow, send, doing="ask", now=now)
    except Refused as refused:
        # Without a session no post can go, so it is the channel that needs a person and not this post.
        raise Stopped(refused.why, response=refused.response) from None
    if dict(kept) != dict(known):
        await asyncio.to_thread(sessions.write, channel, kept)
    _hide(send, kept)
    return replace(attempt, kept=kept)


def _hide(send: Send, kept: Kept) -> None:
    """Let nobody be told of the tokens of a session either."""
    if isinstance(send, Sender):
        send.secrets.update(secrets_of_session(kept))
