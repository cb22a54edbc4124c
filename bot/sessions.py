"""The sessions and rotating tokens of the channels: one file of the state that nobody else can read.

A session belongs to the credentials it was made from, so that a new token in a channel's file begins a new one.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import kinds
from bot.hush import secrets_of_session
from bot.model import Attempt, Kept, Refused, Stopped
from bot.send import Sender, perform
from bot.store.files import StoreTrouble

if TYPE_CHECKING:
    from bot.send import Send
    from bot.settings import Channel

FILE = "sessions.json"
ENDED = "ended"


class Sessions:
    """What is kept of each channel's session; it is read from the disk each time, where others may have written.

    What the disk does not take is kept here until it does: the session before it may be worth nothing any more.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / FILE
        self._writing = threading.Lock()
        self._unwritten: dict[str, Any] = {}

    def read(self, channel: Channel) -> Kept:
        """What is kept for the credentials that the channel has now; nothing if they are others."""
        entry = self._all().get(channel.name, {})
        same = entry.get("made_from") == _origin(channel)
        return entry["kept"] if same else {}

    def write(self, channel: Channel, kept: Kept) -> None:
        """Keep a session, safely on the disk before it is used."""
        with self._writing:
            self._unwritten[channel.name] = {"made_from": _origin(channel), "kept": dict(kept)}
        self.catch_up()

    def catch_up(self) -> None:
        """Write down what the disk did not take before; StoreTrouble while it doesn't."""
        with self._writing:
            if not self._unwritten:
                return
            everything = self._all()
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
            self._unwritten.clear()

    def end(self, channel: Channel) -> None:
        """Remember that the platform takes the session no more, also when the disk doesn't."""
        with suppress(StoreTrouble):
            if kept := self.read(channel):
                self.write(channel, {**kept, ENDED: "yes"})

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            found = {}
        except OSError as error:
            raise self._trouble("read", error) from None
        return (found if isinstance(found, dict) else {}) | self._unwritten

    def _trouble(self, what: str, error: OSError) -> StoreTrouble:
        remedy = "Free some space, or give the user that runs Delebot access to it"
        return StoreTrouble(
            f"the sessions can't be {what}: {error.strerror}", where=str(self.path), remedy=remedy, code=1
        )


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
