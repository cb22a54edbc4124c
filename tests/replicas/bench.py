"""One run of the bench: publishes, kills, stops the database, upgrades, mends all, and gathers what is judged."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from tests.faults import judge as shared
from tests.faults.clock import Clock
from tests.faults.person import decide
from tests.faults.rows import NONE_YET, Rows
from tests.installation import Installation
from tests.postgres import How, Own
from tests.replicas import next_version
from tests.replicas.fleet import NAMES, NEXT, Replica
from tests.replicas.judge import Kill, Record, Stop
from tests.replicas.receivers import Desk, Slow, cast
from tests.replicas.site import Sites
from tests.replicas.watch import Watch

EVERY = 30.0  # Seconds between two polls of a feed.
A_SECOND = 35  # Deliveries that are owed in each second.
MOST_AHEAD = 2000  # Deliveries that may wait before no more is published for a while.
FLOOD = 1000  # Floods are not what this is about.
AWAY = 10.0  # Seconds for which the database is stopped.
PATIENCE = 45.0  # Seconds in which the others surely take up what the dead have left.
A_MINUTE = 60.0
LONG_PATIENCE = 300.0
TICK = 0.2
KILLS_AT_LEAST = 2  # Between two other things that happen.
# When what happens, by the part of the articles that are published.
LOCKED_OUT, CRASHED, UPGRADED, STOPPED = 0.1, 0.25, 0.45, 0.75
READ = "SELECT count(*) FROM feeds WHERE ok_at IS NOT NULL"
JOBS = "SELECT status::text AS status, count(*) AS n FROM procrastinate_jobs GROUP BY 1"
LATE = """
    SELECT id, channel, tries, why, extract(epoch FROM due_at - clock_timestamp())::int AS due_in FROM deliveries
    WHERE state IN ('due', 'sending') OR (state = 'sent' AND shown IS DISTINCT FROM wanted) ORDER BY id LIMIT 9
"""
HELD = "SELECT job, name FROM holds"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a run."""

    seed: int
    replicas: int = 3
    feeds: int = 200
    channels: int = 20
    deliveries: int = 10000


class Bench:
    """Replicas among servers that fail, on a database that is stopped."""

    def __init__(self, folder: Path, plan: Plan, tell: Callable[[str], None]) -> None:
        self.plan, self.tell = plan, tell
        self.chance = random.Random(f"{plan.seed} turns")
        folder.mkdir(parents=True, exist_ok=True)
        next_version.prepare(folder)
        self.folder, self.clock = folder, Clock.begun(folder / "clock.json", speed=1)
        self.database = Own.begun()
        url = self.database.create("delebot")
        self.rows = Rows(url)
        self.receivers = cast(plan.channels, self.clock, plan.seed)
        self.desk = Desk()
        self.it = Installation(folder)
        self.replicas = [Replica(name, folder, self.it.config) for name in NAMES[: plan.replicas]]
        self.sites = Sites(plan.feeds, self.clock, plan.seed, lambda: [r.pid for r in self.replicas if r.pid])
        self.watch = Watch(self.rows, self.replicas, lambda: self.sites.polls)
        self.kills: list[Kill] = []
        self.stops: list[Stop] = []
        self.back_after: list[float] = []
        self.expected: list[str] = []
        self.late: list[dict[str, Any]] = []
        self.owed = 0
        self.decisions = NONE_YET
        self.status: dict[str, Any] = {}
        self.ends: list[str] = []
        self._publisher = threading.Thread(target=self._publish, daemon=True)
        self._ended = threading.Event()
        self._configure(url)

    def _configure(self, url: str) -> None:
        self.it.write("bot.env", f"TIMEZONE=Europe/Oslo\nALERTS=vakt\nDATABASE_URL={url}\n")
        for feed in self.sites.feeds:
            self.it.feed(feed.url, feed.name, f"EVERY={EVERY:g}s\nFLOOD={FLOOD}\n")
        for receiver in self.receivers:
            more = f"FEEDS={', '.join(self._feeds_of(receiver))}\nALLOW_PRIVATE=yes\nIMAGES=no\n"
            self.it.write(f"channels/{receiver.name}.env", f"{receiver.settings}{more}")
        # The desk gets alerts alone: the first feed never publishes anything.
        quiet = f"FEEDS={self.sites.feeds[0].name}\nALLOW_PRIVATE=yes\nIMAGES=no\n"
        self.it.write("channels/vakt.env", f"{self.desk.settings}{quiet}")

    def _feeds_of(self, receiver: Slow) -> list[str]:
        return [feed.name for n, feed in enumerate(self.sites.feeds) if receiver.gets(n)]

    def end(self) -> None:
        self._ended.set()
        self.watch.end()
        for replica in self.replicas:
            replica.it.end()
        self.it.end()
        self.sites.end()
        for server in (self.desk, *(receiver.carrier for receiver in self.receivers)):
            server.end()
        self.database.end()

    # --- The run ---------------------------------------------------------------------------------------------------

    def run(self) -> Record:
        """All of it: what the judge reads in the end."""
        self._begin()
        for part, happening in (
            (LOCKED_OUT, self._lock_out),
            (CRASHED, lambda: self._without_database("immediate")),
            (UPGRADED, self._upgrade),
            (STOPPED, lambda: self._without_database("fast")),
        ):
            self._kill_until(part)
            happening()
        self._kill_until(1.0)
        self._mend()
        self._quiet()
        self._decide()
        self._quiet()
        return self._gather()

    def _begin(self) -> None:
        """Everybody starts at once, on an empty database; the sites have articles already, of which none is posted."""
        for replica in self.replicas:
            replica.start()
        self.watch.begin()
        self._until(lambda: self._count(READ) == len(self.sites.feeds), "the first polls", LONG_PATIENCE)
        self.sites.calm = False
        self._publisher.start()

    def _publish(self) -> None:
        """Publish article after article, somewhere, until enough is owed, at a steady pace."""
        chance, next_at = random.Random(f"{self.plan.seed} news"), time.monotonic()
        while self.owed < self.plan.deliveries and not self._ended.is_set():
            place = chance.randrange(1, len(self.sites.feeds))
            self.sites.publish(self.sites.feeds[place])
            count = sum(receiver.gets(place) for receiver in self.receivers)
            self.owed += count
            next_at += count / A_SECOND
            self._ended.wait(max(next_at - time.monotonic(), 0))
            # A machine that has much else to do gets more time, and no heap that would hide what is late.
            while self.owed - self._shown() > MOST_AHEAD and not self._ended.wait(TICK):
                next_at = time.monotonic()

    def _kill_until(self, part: float) -> None:
        """Kill a few, one after the other, until so much is published; each time the others take up the work."""
        enough = len(self.kills) + KILLS_AT_LEAST
        while self.owed < part * self.plan.deliveries or len(self.kills) < enough:
            self._pause(self.chance.uniform(1, 5))
            self._kill(self.chance.choice(self.replicas))

    def _kill(self, replica: Replica) -> None:
        pid, at = replica.pid, time.monotonic()
        replica.kill()
        self.kills.append(Kill(pid, at))
        self.watch.bereave(pid, at)
        self._pause(self.chance.uniform(0, 15))
        replica.start(fresh=self.chance.random() < 0.3)
        self._until(lambda: not self.watch.waits(), "taking up the work of the dead", PATIENCE, forgiven=True)
        self._until(replica.works, f"the start of {replica.name}")

    def _lock_out(self) -> None:
        """A platform takes our token no more; somebody is told, mends it, and has it go on."""
        receiver = next((r for r in self.receivers if r.platform.kind == "slack"), self.receivers[0])
        self.expected.append(f"{receiver.name} is stopped")
        receiver.fall("locked")
        told = len(self.desk.told)
        self._until(lambda: len(self.desk.told) > told, "an alert", PATIENCE, forgiven=True)
        receiver.recover()
        self._done("resume", receiver.name)

    def _without_database(self, how: How) -> None:
        began = time.monotonic()
        self.database.stop(how)
        self._pause(AWAY)
        self.database.start()
        ended = time.monotonic()
        self.stops.append(Stop(how, began, ended))
        asked = self._asked()
        self._until(lambda: self._asked() > asked, "the first request after the database")
        self.back_after.append(time.monotonic() - ended)
        self._all_up()
        self._pause(3 * TICK)

    def _asked(self) -> int:
        """How often anybody was asked for anything."""
        return len(self.sites.polls) + sum(receiver.faults.total() for receiver in self.receivers)

    def _upgrade(self) -> None:
        """Replace each by one of the next version, one after the other, while the others work."""
        for replica in self.replicas:
            replica.stop()
            replica.version = NEXT
            replica.start()
            self._until(replica.works, f"the start of {replica.name} in the next version")
            self._ask_all()

    def _ask_all(self) -> None:
        """What a probe asks each, of whichever version it is."""
        for replica in self.replicas:
            for question in ("--alive", "--ready"):
                if self._done("status", question, on=replica).returncode:
                    self.ends.append(f"{replica.name} is not {question[2:]} in a rolling upgrade")

    def _all_up(self) -> None:
        """Start whoever has ended by itself, as a supervisor does; that it had to is noted with the replica."""
        for replica in self.replicas:
            replica.look()
            if not replica.pid:
                replica.start()
            self._until(replica.works, f"the start of {replica.name}")

    # --- The end ---------------------------------------------------------------------------------------------------

    def _mend(self) -> None:
        """Nothing goes wrong from here on."""
        self.tell("mending everything")
        self.sites.calm = True
        for receiver in self.receivers:
            receiver.calm = True
        self._all_up()

    def _quiet(self) -> None:
        """Until all is read and nothing is to be done any more, in patience."""
        began = time.monotonic()
        self._until(self._all_done, "quiet", A_MINUTE, forgiven=True)
        self.late += [dict(row) for row in self.rows.all(LATE)]
        self._until(self._all_done, "quiet", LONG_PATIENCE, forgiven=True)
        self.tell(f"quiet after {time.monotonic() - began:.0f} s")

    def _all_done(self) -> bool:
        return self.rows.known() == len(self.sites.published) and not self.rows.owing()

    def _decide(self) -> None:
        self.status = json.loads(self._done("status", "--json").stdout)
        living = [(each["pid"], each["config"]) for each in self.status["replicas"] if each["alive"]]
        if sorted(living) != sorted((replica.pid, "same") for replica in self.replicas):
            self.ends.append(f"status tells of these replicas: {living}")
        if sum(each["leads"] for each in self.status["replicas"]) != 1:
            self.ends.append("status doesn't tell of one replica that leads")
        self.decisions = decide(self.rows, self.status, self.receivers, self.sites.articles, self._done)

    def _done(self, *words: str, on: Replica | None = None) -> subprocess.CompletedProcess[str]:
        """What a person types on the machine of one of them; what can't be done just now is no surprise."""
        done = (on or self.replicas[-1]).do(*words)
        if done.returncode not in (0, 1):
            self.ends.append(f"{words[0]} ended with {done.returncode}: {done.stderr[-300:]}")
        return done

    def _gather(self) -> Record:
        self.watch.end()
        for replica in self.replicas:
            replica.stop()
        receivers = self.receivers
        seen = shared.Record(
            articles=self.sites.articles,
            channels=[replace(r.channel, feeds=self._feeds_of(r)) for r in receivers],
            arrivals=[arrival for receiver in receivers for arrival in receiver.arrivals],
            seen=[seen for receiver in receivers for seen in receiver.seen],
            rows=self.rows.shares(self.decisions),
            flood=FLOOD,
        )
        return Record(
            seen, EVERY, self.sites.polls, self.kills, self.stops, self.watch.orphans, self.desk.told, self.expected,
            {row["status"]: row["n"] for row in self.rows.all(JOBS)},
            [f"{row['job']} {row['name']}" for row in self.rows.all(HELD)], self.watch.paused,
        )  # fmt: skip

    def stumbles(self) -> list[str]:
        return [*self.ends, *(line for replica in self.replicas for line in replica.stumbles())]

    # --- Waiting ---------------------------------------------------------------------------------------------------

    def _count(self, query: str) -> int:
        return int(next(iter(self.rows.all(query)[0].values())))

    def _pause(self, seconds: float) -> None:
        self._until(lambda: False, "", seconds, forgiven=True)

    def _until(
        self, condition: Callable[[], bool], what: str, patience: float = PATIENCE, *, forgiven: bool = False
    ) -> None:
        """Wait until it is so, and say how far it is; what does not come in time is noted unless it is judged later."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with suppress(DBAPIError):
                if condition():
                    return
            self.tell(self._line())
            time.sleep(TICK)
        if not forgiven:
            self.ends.append(f"{what} did not happen within {patience:g} s")

    def _shown(self) -> int:
        return sum(len(receiver.truth.posts) for receiver in self.receivers)

    def _line(self) -> str:
        articles, shown = len(self.sites.published), self._shown()
        return f"{len(self.kills)} kills, {articles} articles, {self.owed} deliveries, {shown} seen"
