"""Wakes polls and drains. A sweep finds what is due in the rows, so that a lost wake-up costs a moment and no more.

Two adapters have one port. `local` runs everything in this process. `replicated` spreads it over all replicas.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.store import desk, lanes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.jobs import Job, Lane
    from bot.world import World

SWEEP_EVERY = timedelta(seconds=1)


class Wake(Protocol):
    """The port. A kick comes after the commit of what it is for, and may be lost."""

    def kick(self, job: Job, name: str, at: datetime | None = None) -> None:
        """Have a poll or a drain done now, or at that time; once, however often it is asked for."""

    async def begin(self) -> None:
        """Begin to do what others kick."""

    async def sweep(self) -> None:
        """Kick what is due, whoever has forgotten it."""

    async def end(self, patience: float) -> None:
        """Begin nothing new, and let what is in flight end within the patience, in seconds."""


def due(connection: Connection, world: World) -> list[Lane]:
    """The polls that are due, and the lanes in which something may go now."""
    now = world.now()
    polls: list[Lane] = [("poll", name) for name in desk.due_feeds(connection, world.config.feeds, now)]
    owing = [(name, world.rules(name)) for name in desk.busy_channels(connection)]
    ready = [name for name, rules in owing if rules and lanes.next_of(connection, name, rules, now).id is not None]
    return [*polls, *(("drain", name) for name in ready)]
