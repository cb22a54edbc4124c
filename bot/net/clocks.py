"""How far this machine's clock is ahead of those of the servers that answer it, by the dates of their answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

AGREEING = 2  # One server may have the wrong time itself.
SERVERS = 50


def offset(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """How far `now` is ahead of an answer's Date, with the Age that a cache tells; None when it tells nothing."""
    try:
        date = parsedate_to_datetime(headers["date"])
        age = timedelta(seconds=min(int(headers.get("age", 0)), 10**8))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return now - (date if date.tzinfo else date.replace(tzinfo=UTC)) - age


class Clocks:
    """Hears every answer, and remembers the last offset of each server."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._offsets: dict[str, timedelta] = {}

    async def hear(self, response: httpx.Response) -> None:
        found = offset(response.headers, self._now())
        if found is not None:
            server = response.request.url.netloc.decode()
            self._offsets.pop(server, None)
            self._offsets = dict([*self._offsets.items(), (server, found)][-SERVERS:])

    @property
    def nearest(self) -> timedelta | None:
        """By how much this clock is ahead, as the server that differs least says; None before one has answered."""
        return min(self._offsets.values(), key=abs, default=None)

    @property
    def ahead(self) -> timedelta | None:
        """The same, None before several have answered."""
        return self.nearest if len(self._offsets) >= AGREEING else None
