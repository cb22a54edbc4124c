"""What 1,000, 100,000 and 1,000,000 feeds need, and what breaks first: computed from what was measured. Pure.

    python -m benchmarks.scale [--feeds 1000 100000 1000000] [--seconds 120] [--json]

`MEASURED` holds figures of the other benchmarks, `HABITS` what is assumed of newsrooms, sites and platforms. What
waits for what is simulated (benchmarks/queues.py); all else is arithmetic, and grows in proportion.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from benchmarks.machine import table
from benchmarks.queues import Outcome, Simulation, System, Work, Works, polls, share

DAY, WEEK = 86_400.0, 604_800.0


@dataclass(frozen=True)
class Cost:
    """One job on PostgreSQL: CPU seconds of the replica and of the database, its transactions, log and dead rows."""

    cpu: float
    database: float
    transactions: float
    wal: float
    dead: float
    kicks: float


@dataclass(frozen=True)
class Measured:
    """What was measured on the machine that docs/scale.md names, by the benchmark that stands beside it."""

    # benchmarks.replicas, 2 processes
    unchanged: Cost = Cost(0.0141, 0.0074, 18.0, 4900, 10.0, 1)
    changed: Cost = Cost(0.0610, 0.0230, 37.0, 18_500, 14.0, 1)
    delivery: Cost = Cost(0.0210, 0.0045, 8.5, 5300, 4.2, 1)
    connections: float = 15  # Of one replica.
    # benchmarks.rows: one feed, one year, two articles a week, five channels
    rows: float = 1756
    bytes: float = 2_212_000
    # benchmarks.growth, on PostgreSQL: seconds for one feed, or for one delivery that is kept
    read_file: float = 0.00016
    due: float = 4.8e-6
    standing: float = 18e-6
    silence: float = 340e-6
    # benchmarks.engine
    kicks: float = 2685  # A second, by 16 connections that do not wait for the disk.


@dataclass(frozen=True)
class Habits:
    """What is assumed, and not measured."""

    every: float = 900.0  # Seconds between two polls: EVERY=15m.
    articles: float = 2.0  # A week and feed.
    channels: int = 5  # That share them.
    working_hours: float = 40.0  # Of a week, in which all articles appear.
    site: float = 0.4  # Seconds that a site takes in the median.
    hangs: float = 0.002  # The share of sites that take a minute.
    platform: float = 0.3
    busy: float = 0.6  # How busy a replica's processor and its places may be.


MEASURED, HABITS = Measured(), Habits()


# --- What is needed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Needs:
    """What so many feeds need. What is by the second is so in working hours, when the articles appear."""

    feeds: int
    polls: float
    changed: float
    deliveries: float
    replicas: int
    replica_cores: float
    database_cores: int
    transactions: float
    kicks: float
    connections: float
    dead_rows: float
    wal_gb_a_day: float
    rows_a_year: float
    gb_a_year: float
    start: float  # Seconds to read the configuration.
    sweep: float  # Seconds of the leader, each second.
    pause: float  # Seconds until all are polled when all are due at once.


def works(measured: Measured = MEASURED, habits: Habits = HABITS) -> Works:
    """The jobs of the simulation."""
    site = {"latency": habits.site, "hangs": habits.hangs}
    return Works(
        Work(measured.unchanged.cpu, measured.unchanged.database, **site),
        Work(measured.changed.cpu, measured.changed.database, **site),
        Work(measured.delivery.cpu, measured.delivery.database, habits.platform),
        habits.articles / (habits.working_hours * 3600 / habits.every),
        habits.channels,
    )


def needs(feeds: int, measured: Measured = MEASURED, habits: Habits = HABITS) -> Needs:
    """What so many feeds need."""
    changed = feeds * habits.articles / (habits.working_hours * 3600)
    unchanged, deliveries = feeds / habits.every, changed * habits.channels

    def a_second(what: str) -> float:
        return sum(
            rate * float(getattr(cost, what))
            for rate, cost in (
                (unchanged, measured.unchanged), (changed, measured.changed), (deliveries, measured.delivery)
            )
        )  # fmt: skip

    replicas = replicas_for(unchanged, a_second("cpu"), measured, habits)
    cores = max(2, math.ceil(a_second("database") / habits.busy))
    return Needs(
        feeds, unchanged, changed, deliveries, replicas, a_second("cpu"), cores, a_second("transactions"),
        a_second("kicks"), replicas * measured.connections, a_second("dead"),
        log_a_day(feeds, measured, habits) / 1e9, feeds * measured.rows, feeds * measured.bytes / 1e9,
        feeds * measured.read_file, feeds * (measured.due + measured.standing / 5),
        feeds / most_polls(replicas, cores, measured, habits),
    )  # fmt: skip


def poll_takes(measured: Measured, habits: Habits) -> float:
    """The seconds that a poll keeps its place, on average."""
    work = works(measured, habits).unchanged
    usually = habits.site * math.exp(work.spread**2 / 2)
    return usually + habits.hangs * work.limit + measured.unchanged.cpu + measured.unchanged.database


def replicas_for(polls_a_second: float, cores: float, measured: Measured, habits: Habits) -> int:
    """As many that neither their processors nor their places are busier than they may be; two at least."""
    places = polls_a_second * poll_takes(measured, habits) / System(1).polls_at_once
    return max(2, math.ceil(max(cores, places) / habits.busy))


def most_polls(replicas: int, cores: int, measured: Measured, habits: Habits) -> float:
    """The polls a second at which the first of all things is busy without a pause."""
    return min(
        replicas / measured.unchanged.cpu,
        replicas * System(1).polls_at_once / poll_takes(measured, habits),
        cores / measured.unchanged.database,
        measured.kicks,
    )


def log_a_day(feeds: int, measured: Measured, habits: Habits) -> float:
    """The bytes of PostgreSQL's log of changes, on an average day."""
    found = habits.articles / WEEK * (measured.changed.wal + habits.channels * measured.delivery.wal)
    return feeds * (measured.unchanged.wal / habits.every + found) * DAY


# --- What breaks first ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limit:
    """Something that is too much from so many feeds on."""

    feeds: int
    what: str
    then: str


def limits(measured: Measured = MEASURED, habits: Habits = HABITS) -> list[Limit]:
    """What breaks, the first of it first."""
    one = needs(1_000_000, measured, habits)
    of_each = {name: float(value) / 1_000_000 for name, value in asdict(one).items()}
    found = [
        (0.5 / measured.due, "which feeds are due takes half of each second", SHARD),
        (2.5 / measured.standing, "how things stand takes half of each five seconds", SHARD),
        (600 / measured.silence, "the hourly look for silence takes ten minutes", SHARD),
        (60 / measured.read_file, "reading the configuration takes a minute", "configuration from a table"),
        (measured.kicks / of_each["kicks"], "PostgreSQL takes no more kicks (NOTIFY)", SHARD),
        (90 / of_each["connections"], "the replicas need 90 connections", "max_connections=300"),
        (8 / of_each["database_cores"], "the database needs 8 cores", SHARD),
        (100 / of_each["wal_gb_a_day"], "100 GB of WAL a day", "EVERY=1h for feeds that can wait"),
        (1000 / of_each["gb_a_year"], "a year is 1 TB", "KEEP=180d, shards; partitions by month"),
    ]
    return sorted((Limit(round(feeds), what, then) for feeds, what, then in found), key=lambda limit: limit.feeds)


SHARD = "shards"

# --- What waits ----------------------------------------------------------------------------------------------------


def simulated(need: Needs, seconds: float, measured: Measured = MEASURED, habits: Habits = HABITS) -> Outcome:
    """How late polls and deliveries are, with the replicas and cores that are needed."""
    system = System(need.replicas, database_cores=need.database_cores)
    jobs = polls(need.feeds, habits.every, seconds, works(measured, habits))
    return Simulation(system, seconds).run(jobs)


# --- The whole -----------------------------------------------------------------------------------------------------

NAMES = {
    "polls": "polls a second",
    "changed": "of them with an article",
    "deliveries": "deliveries a second",
    "replica_cores": "CPU cores of all replicas",
    "replicas": "replicas",
    "database_cores": "CPU cores of the database",
    "transactions": "transactions a second",
    "kicks": "kicks a second",
    "connections": "connections",
    "dead_rows": "dead rows a second",
    "wal_gb_a_day": "WAL, GB a day",
    "rows_a_year": "rows a year",
    "gb_a_year": "GB a year",
    "start": "reading the configuration, s",
    "sweep": "the leader's looks, s each second",
    "pause": "until all are polled after a pause, s",
}


def as_text(found: Sequence[Needs], outcomes: Sequence[Outcome]) -> str:
    heads = ["feeds", *(f"{need.feeds:,}" for need in found)]
    rows = [[name, *(getattr(need, what) for need in found)] for what, name in NAMES.items()]
    for part, name in ((0.5, "half of"), (0.99, "99 % of")):
        rows.append([f"{name} the polls begin within, s", *(share(o.lateness, part) for o in outcomes)])
        rows.append([f"{name} the posts are there within, s", *(share(o.delivering, part) for o in outcomes)])
    broken = [[limit.feeds, limit.what, limit.then] for limit in limits()]
    return f"{table(heads, rows)}\n\n{table(['from so many feeds', 'what is too much', 'then'], broken)}"


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.scale", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--feeds", type=int, nargs="+", default=[1000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=120, help="that are simulated (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    found = [needs(feeds) for feeds in asked.feeds]
    outcomes = [simulated(need, asked.seconds) for need in found]
    plain = {"needs": [asdict(need) for need in found], "limits": [asdict(limit) for limit in limits()]}
    sys.stdout.write(json.dumps(plain, indent=2) if asked.json else as_text(found, outcomes))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
