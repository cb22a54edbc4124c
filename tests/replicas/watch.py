"""Looks at database and replicas again and again: what waits in a transaction, what the dead have left, and memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from tests.faults.rows import Rows
from tests.replicas.fleet import Replica
from tests.replicas.judge import Orphan, Poll

EVERY = 0.25  # Seconds.
BACK_THEN = 90.0  # Seconds: no poll takes longer.
PAUSED = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0) AS paused, count(*) AS connections
    FROM pg_stat_activity WHERE application_name LIKE 'delebot%' AND pid <> pg_backend_pid()
    AND state LIKE 'idle in transaction%'
"""
CONNECTIONS = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
SENDING = """
    SELECT d.id, d.channel, d.run FROM deliveries d JOIN runs r ON r.id = d.run
    WHERE d.state = 'sending' AND r.pid = :pid
"""
STILL = "SELECT 1 FROM deliveries WHERE id = :id AND run = :run AND state = 'sending'"
POLLED = "SELECT name, polled_at FROM feeds"


@dataclass(frozen=True, slots=True)
class _Left:
    """An orphan with how to know that somebody has taken it up: a delivery's claim, or a feed that is asked again."""

    orphan: Orphan
    id: int = 0
    run: str = ""
    process: int = 0


class Watch:
    """What is seen while it all goes on."""

    def __init__(self, rows: Rows, replicas: Sequence[Replica], polls: Callable[[], Sequence[Poll]]) -> None:
        self.rows, self.replicas, self.polls = rows, replicas, polls
        self.paused, self.most_connections, self.looks = 0.0, 0, 0
        self._left: list[_Left] = []
        self._resumed: list[Orphan] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep_looking, daemon=True)

    @property
    def orphans(self) -> list[Orphan]:
        return [*self._resumed, *(left.orphan for left in self._left)]

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread.ident:
            self._thread.join()

    def _keep_looking(self) -> None:
        while not self._stop.wait(EVERY):
            for replica in self.replicas:
                replica.look()
            try:
                self._look()
            except DBAPIError:
                continue  # The database is away, which is what this is about.

    def _look(self) -> None:
        self.paused = max(self.paused, float(self.rows.all(PAUSED)[0]["paused"]))
        self.most_connections = max(self.most_connections, int(self.rows.all(CONNECTIONS)[0]["n"]))
        self.looks += 1
        with self._lock:
            for left in [each for each in self._left if self._is_resumed(each)]:
                self._left.remove(left)
                self._resumed.append(replace(left.orphan, resumed_at=time.monotonic()))

    # --- What the dead leave ---------------------------------------------------------------------------------------

    def bereave(self, pid: int, killed_at: float) -> int:
        """Note what that process was at when it was killed, and how much it was."""
        sent = [
            _Left(Orphan(f"drain {row['channel']}", killed_at, None), row["id"], row["run"])
            for row in self.rows.all(SENDING, pid=pid)
        ]
        asked = [_Left(Orphan(f"poll {p.feed}", killed_at, None), process=pid) for p in self._unsaved(pid, killed_at)]
        with self._lock:
            self._left += [*sent, *asked]
        return len(sent) + len(asked)

    def _unsaved(self, pid: int, killed_at: float) -> list[Poll]:
        """The polls of that process that it has not written down."""
        wall = time.time() - time.monotonic()
        saved: dict[str, datetime] = {row["name"]: row["polled_at"] for row in self.rows.all(POLLED)}
        mine = {p.feed: p for p in self.polls() if p.process == pid and killed_at - p.began < BACK_THEN}
        return [p for p in mine.values() if saved[p.feed].timestamp() < p.began + wall]

    def waits(self) -> bool:
        """Whether something that the dead have left is still left."""
        return bool(self._left)

    def _is_resumed(self, left: _Left) -> bool:
        if left.process:
            feed, killed = left.orphan.lane.removeprefix("poll "), left.orphan.killed_at
            return any(p.feed == feed and p.process != left.process and p.began > killed for p in self.polls())
        return not self.rows.all(STILL, id=left.id, run=left.run)
