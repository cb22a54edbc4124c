"""A simulation of what waits: polls and deliveries queue for replicas, their processors and the database. Pure, seeded.

Time is the simulation's own. A replica has places for polls and for drains, and one processor that all of them share,
for it is one Python process. A site or platform takes its time without using any of it, and keeps only the place.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["poll", "drain"]


@dataclass(frozen=True, slots=True)
class Work:
    """What one job takes, in seconds: of its replica's processor, of the database's, and of the other side's time.

    The other side takes `latency` in the middle and mostly not much more; one in `hangs` takes `limit`.
    """

    cpu: float
    database: float
    latency: float
    spread: float = 0.8
    hangs: float = 0.0
    limit: float = 60.0

    def draw(self, chance: random.Random) -> float:
        """How long the other side takes this time."""
        if chance.random() < self.hangs:
            return self.limit
        return min(self.latency * math.exp(chance.gauss(0.0, self.spread)), self.limit)


@dataclass(frozen=True, slots=True)
class Works:
    """What polls and deliveries take. Of the polls, a share finds an article, which is owed to so many channels."""

    unchanged: Work
    changed: Work
    delivery: Work
    changed_share: float
    channels: int


@dataclass(frozen=True, slots=True)
class System:
    """The replicas and their database. `fetch` is how long an engine's worker takes to get one job."""

    replicas: int
    polls_at_once: int = 20
    drains_at_once: int = 50
    fetch: float = 0.003
    sweep_every: float = 1.0
    database_cores: int = 4


@dataclass(frozen=True, slots=True)
class Job:
    """One job: when it is due, what it takes, how long the other side takes, and the drains that it leads to."""

    kind: Kind
    due: float
    work: Work
    takes: float
    owes: tuple[Job, ...] = ()


@dataclass(slots=True)
class Replica:
    """Places that are free, and until when its processor and its two workers are busy."""

    free: dict[Kind, int]
    cpu: float = 0.0
    fetching: dict[Kind, float] = field(default_factory=lambda: {"poll": 0.0, "drain": 0.0})


@dataclass(slots=True)
class Outcome:
    """What came of it: how late each job began or ended, and what was left. Seconds."""

    seconds: float
    arrived: dict[Kind, int] = field(default_factory=lambda: {"poll": 0, "drain": 0})
    lateness: list[float] = field(default_factory=list)  # From when a poll was due to its beginning.
    delivering: list[float] = field(default_factory=list)  # From the end of the poll that found it to its post.
    in_flight: int = 0
    waiting: int = 0
    deepest: int = 0
    cpu: float = 0.0
    database: float = 0.0

    @property
    def done(self) -> int:
        return sum(self.arrived.values()) - self.in_flight - self.waiting


def share(figures: Sequence[float], part: float) -> float:
    """The figure below which this part of them is; 0 when there are none."""
    ordered = sorted(figures)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else 0.0


class Simulation:
    """One run. Events are kept in a heap by time, and by number where the time is the same."""

    def __init__(self, system: System, seconds: float) -> None:
        self.system, self.outcome = system, Outcome(seconds)
        places: dict[Kind, int] = {"poll": system.polls_at_once, "drain": system.drains_at_once}
        self._replicas = [Replica(dict(places)) for _ in range(system.replicas)]
        self._open: dict[Kind, deque[int]] = {
            kind: deque(n for _ in range(places[kind]) for n in range(system.replicas)) for kind in places
        }
        self._queues: dict[Kind, deque[Job]] = {"poll": deque(), "drain": deque()}
        self._database = [0.0] * system.database_cores
        self._events: list[tuple[float, int, str, Job, int]] = []
        self._number = 0

    def run(self, jobs: Sequence[Job]) -> Outcome:
        """Let these polls become due, and go on until the time is over."""
        for job in jobs:
            self._kick(job)
        while self._events and self._events[0][0] <= self.outcome.seconds:
            now, _, what, job, replica = heapq.heappop(self._events)
            if what == "kicked":
                self._queues[job.kind].append(job)
                self._dispatch(job.kind, now)
            elif what == "answered":
                self._settle(job, replica, now)
            else:
                self._end(job, replica, now)
        self._count_rest()
        return self.outcome

    def _add(self, at: float, what: str, job: Job, replica: int = -1) -> None:
        self._number += 1
        heapq.heappush(self._events, (at, self._number, what, job, replica))

    def _kick(self, job: Job) -> None:
        """A poll is found by the sweep after its time; a drain is kicked by the poll that owes it."""
        every = self.system.sweep_every
        at = math.ceil(job.due / every) * every if job.kind == "poll" else job.due
        if at <= self.outcome.seconds:
            self.outcome.arrived[job.kind] += 1
            self._add(at, "kicked", job)

    def _dispatch(self, kind: Kind, now: float) -> None:
        queue, places = self._queues[kind], self._open[kind]
        while queue and places:
            self._begin(queue.popleft(), places.popleft(), now)
        self.outcome.deepest = max(self.outcome.deepest, sum(map(len, self._queues.values())))

    def _begin(self, job: Job, number: int, now: float) -> None:
        replica = self._replicas[number]
        begun = max(now, replica.fetching[job.kind]) + self.system.fetch
        replica.fetching[job.kind] = begun
        if job.kind == "poll":
            self.outcome.lateness.append(begun - job.due)
        self._add(self._computed(replica, begun, job.work.cpu / 2) + job.takes, "answered", job, number)

    def _settle(self, job: Job, number: int, now: float) -> None:
        computed = self._computed(self._replicas[number], now, job.work.cpu / 2)
        core = heapq.heappop(self._database)
        written = max(core, now) + job.work.database
        heapq.heappush(self._database, written)
        self.outcome.database += job.work.database
        self._add(max(computed, written), "ended", job, number)

    def _end(self, job: Job, number: int, now: float) -> None:
        if job.kind == "drain":
            self.outcome.delivering.append(now - job.due)
        for owed in job.owes:
            self._kick(replace(owed, due=now))
        self._open[job.kind].append(number)
        self._dispatch(job.kind, now)

    def _computed(self, replica: Replica, now: float, seconds: float) -> float:
        """When the replica's processor is done with this; it does one thing after another."""
        replica.cpu = max(replica.cpu, now) + seconds
        self.outcome.cpu += seconds
        return replica.cpu

    def _count_rest(self) -> None:
        self.outcome.waiting = sum(map(len, self._queues.values()))
        self.outcome.waiting += sum(what == "kicked" for _, _, what, _, _ in self._events)
        self.outcome.in_flight = sum(what != "kicked" for _, _, what, _, _ in self._events)


def polls(feeds: int, every: float, seconds: float, works: Works, *, seed: int = 1, at_once: bool = False) -> list[Job]:
    """The polls of a time no longer than `every`: spread evenly, or all due `at_once` as after a long pause."""
    chance = random.Random(f"polls {seed}")  # noqa: S311 - nothing secret
    within = min(seconds, every)
    found = []
    for _ in range(feeds if at_once else round(feeds * within / every)):
        due = 0.0 if at_once else chance.random() * within
        changed = chance.random() < works.changed_share
        work = works.changed if changed else works.unchanged
        owed = [works.delivery.draw(chance) for _ in range(works.channels * changed)]
        drains = tuple(Job("drain", due, works.delivery, takes) for takes in owed)
        found.append(Job("poll", due, work, work.draw(chance), drains))
    return sorted(found, key=lambda job: job.due)
