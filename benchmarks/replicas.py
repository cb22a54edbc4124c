"""How much 1, 2 and 4 replicas do on PostgreSQL, and one process on SQLite: polls and deliveries a second, and costs.

    python -m benchmarks.replicas [--feeds 400] [--channels 10] [--processes 1 2 4] [--rounds 3] [--json]

Real `delebot run` processes poll a site and post to a receiver, both on this machine in a process of their own. Each
feed has a host of its own, and articles are as long as short news are. What is counted are rows that say it is done.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Select, create_engine, func, select, text, update

from benchmarks.loopback import Serving, serving
from benchmarks.machine import ROOT, cpu_of, cpu_of_tree, memory_of, say, table, this_machine
from bot.outcome import State
from bot.store.postgres import SCHEMA
from bot.store.schema import channels, deliveries, feeds
from bot.world import clock
from tests.postgres import Own

PATIENCE = 600.0
RESTS_FOR = 15.0
# What the database tells of itself.
ASKED = {
    "transactions": "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()",
    "wal_bytes": "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn",
    "dead_rows": "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables",
}


@dataclass(frozen=True)
class Setting:
    """What runs: on which database, in how many processes, with how many feeds and channels."""

    database: str
    processes: int
    feeds: int
    channels: int

    def __str__(self) -> str:
        return f"{self.database} x {self.processes}"


@dataclass(frozen=True)
class Figures:
    """What a phase came to. Per-job figures are for a poll or a delivery; at rest they are for a second."""

    phase: str
    jobs: float
    seconds: float
    cpu_ms: float
    database_cpu_ms: float
    transactions: float
    wal_bytes: float
    dead_rows: float
    connections: int
    memory: float

    @property
    def rate(self) -> float:
        return self.jobs / self.seconds


# --- What runs -----------------------------------------------------------------------------------------------------


class Bench:
    """One configuration, some processes at work on it, and an eye on their database."""

    def __init__(self, folder: Path, setting: Setting, served: Serving, server: Own | None) -> None:
        self.folder, self.setting, self.served, self.server = folder, setting, served, server
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = server.create() if server else f"sqlite:///{folder / 'state-0' / 'delebot.sqlite3'}"
        how = {"options": f"-csearch_path={SCHEMA}"} if server else {"timeout": 15}
        self.engine = create_engine(self.url, connect_args=how)
        self.connections = 0

    def configure(self) -> None:
        where = f"DATABASE_URL={self.url}\n" if self.server else ""
        files = {"bot": f"TIMEZONE=Europe/Oslo\nALERTS=channel-0\n{where}"}
        for n in range(self.setting.feeds):
            files[f"feeds/feed-{n}"] = f"URL={self.served.feed(n)}\nALLOW_PRIVATE=yes\n"
        for n in range(self.setting.channels):
            address = f"{self.served.address}/hook/{n}"
            files[f"channels/channel-{n}"] = f"KIND=webhook\nURL={address}\nALLOW_PRIVATE=yes\nIMAGES=no\n"
        for name, words in files.items():
            path = self.folder / "config" / f"{name}.env"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(words, "utf-8")
            path.chmod(0o600)

    def start(self) -> None:
        for n in range(self.setting.processes):
            state = self.folder / f"state-{n}"
            places = {"DELEBOT_CONFIG": str(self.folder / "config"), "DELEBOT_STATE": str(state)}
            environment = {**os.environ, **places, "PYTHONPATH": str(ROOT)}
            words = [sys.executable, "-m", "bot", "run"]
            with (self.folder / f"log-{n}").open("wb") as log:
                self.processes.append(subprocess.Popen(words, env=environment, cwd=ROOT, stdout=log, stderr=log))
        self.until(lambda: all((self.folder / f"state-{n}" / "alive").exists() for n in range(self.setting.processes)))

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)
        self.engine.dispose()
        if self.server:
            self.server.drop(self.url)

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if ended := [n for n, process in enumerate(self.processes) if process.poll() is not None]:
                raise SystemExit(f"a process ended:\n{(self.folder / f'log-{ended[0]}').read_text('utf-8')[-2000:]}")
            if time.monotonic() > end:
                raise SystemExit(f"not done within {PATIENCE:g} s:\n{(self.folder / 'log-0').read_text()[-2000:]}")
            time.sleep(0.1)

    # --- The eye on it ---------------------------------------------------------------------------------------------

    def ask(self, statement: Any) -> Any:
        with self.engine.begin() as connection:
            return connection.execute(statement).scalar()

    def say(self, statement: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(statement)

    def database(self) -> dict[str, float]:
        """What the database has done so far, by the names in Figures."""
        if not self.server:
            return {"database_cpu_ms": 0.0, **dict.fromkeys(ASKED, 0.0)}
        postmaster = int((self.server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        told = {name: float(self.ask(text(asked))) for name, asked in ASKED.items()}
        return {"database_cpu_ms": 1000 * cpu_of_tree(postmaster), **told}

    def count_connections(self) -> None:
        if self.server:
            asked = text("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
            self.connections = max(self.connections, int(self.ask(asked)))

    def cpu(self) -> float:
        return sum(cpu_of(process.pid) for process in self.processes)

    # --- Phases ----------------------------------------------------------------------------------------------------

    def phase(self, name: str, jobs: float, done: Callable[[], bool]) -> Figures:
        """Wait until it is done, and note what it took."""
        began, cpu, before = time.monotonic(), self.cpu(), self.database()

        def over() -> bool:
            self.count_connections()
            return done()

        self.until(over)
        seconds, used = time.monotonic() - began, self.cpu() - cpu
        time.sleep(1.2 if self.server else 0)  # PostgreSQL counts its transactions at most once a second.
        of_database = {name: (now - before[name]) / jobs for name, now in self.database().items()}
        memory = max(memory_of(process.pid) for process in self.processes)
        return Figures(
            name, jobs, seconds, 1000 * used / jobs, connections=self.connections, memory=memory, **of_database
        )

    def polls(self, name: str) -> Figures:
        """All feeds are due at once, and polled."""
        began = clock()
        self.say(update(feeds).values(poll_due_at=began))
        asked = select(func.count()).select_from(feeds).where(feeds.c.polled_at >= began)
        return self.phase(name, self.setting.feeds, lambda: self.ask(asked) == self.setting.feeds)

    def deliveries(self) -> Figures:
        """All channels are let go, and send what they owe."""
        owed = self.setting.feeds * self.setting.channels
        self.say(update(channels).values(paused_at=None))
        asked: Select[Any] = select(func.count()).select_from(deliveries).where(deliveries.c.state == State.SENT)
        return self.phase("deliveries", owed, lambda: self.ask(asked) >= owed)

    def rest(self) -> Figures:
        end = time.monotonic() + RESTS_FOR
        return self.phase("at rest", RESTS_FOR, lambda: time.monotonic() >= end)


def run(bench: Bench, *, all_phases: bool = True) -> Iterator[Figures]:
    """One phase after another; without all of them, those in which nothing is posted."""
    bench.configure()
    bench.start()
    asked = select(func.count()).select_from(feeds).where(feeds.c.ok_at.is_not(None))
    yield bench.phase("first polls", bench.setting.feeds, lambda: bench.ask(asked) == bench.setting.feeds)
    yield bench.polls("polls, unchanged")
    if not all_phases:
        return
    bench.say(update(channels).values(paused_at=clock()))
    bench.served.publish()
    yield bench.polls("polls, one new article")
    yield bench.deliveries()
    yield bench.rest()


# --- The whole -----------------------------------------------------------------------------------------------------


@contextmanager
def postgres() -> Iterator[Own]:
    server = Own.begun()
    try:
        yield server
    finally:
        server.end()


def measure(setting: Setting, latency: float, server: Own, *, all_phases: bool) -> list[Figures]:
    say(f"{setting}: {setting.feeds} feeds, {setting.channels} channels")
    with TemporaryDirectory(prefix="delebot-replicas-") as made, serving(latency) as served:
        bench = Bench(Path(made), setting, served, server if setting.database == "PostgreSQL" else None)
        try:
            return list(run(bench, all_phases=all_phases))
        finally:
            bench.end()


def medians(rounds: Sequence[Sequence[Figures]]) -> list[Figures]:
    """The median of each figure, phase by phase."""
    made = []
    for phases in zip(*rounds, strict=True):
        numbers = [{k: v for k, v in asdict(f).items() if k != "phase"} for f in phases]
        made.append(Figures(phases[0].phase, **{k: median(n[k] for n in numbers) for k in numbers[0]}))
    return made


HEADS = (
    "", "processes", "a second", "CPU ms each", "PostgreSQL CPU ms each", "transactions each", "WAL bytes each",
    "dead rows each", "connections", "largest process, MB",
)  # fmt: skip


def row(setting: Setting, figures: Figures) -> list[object]:
    what = f"{setting.database}, {figures.phase}"
    costs = [figures.cpu_ms, figures.database_cpu_ms, *(getattr(figures, name) for name in ASKED)]
    if figures.phase == "at rest":
        return [f"{what} (each: a second)", setting.processes, "-", *costs, figures.connections, figures.memory]
    return [what, setting.processes, figures.rate, *costs, figures.connections, figures.memory]


def as_text(found: dict[Setting, list[Figures]]) -> str:
    phases = next(iter(found.values()))
    rows = [row(setting, figures[n]) for n in range(len(phases)) for setting, figures in found.items()]
    return f"{this_machine('sqlalchemy', 'psycopg', 'procrastinate')}\n\n{table(HEADS, rows)}"


def as_json(found: dict[Setting, list[Figures]]) -> dict[str, object]:
    measured = [asdict(s) | asdict(f) | {"rate": f.rate} for s, figures in found.items() for f in figures]
    return {"machine": this_machine("sqlalchemy", "psycopg", "procrastinate"), "measured": measured}


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.replicas", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--feeds", type=int, default=400)
    parser.add_argument("--channels", type=int, default=10)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4], help="on PostgreSQL")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that sites and receivers take to answer")
    parser.add_argument("--polls", action="store_true", help="only polls, and no deliveries")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    settings = [Setting("SQLite", 1, asked.feeds, asked.channels)]
    settings += [Setting("PostgreSQL", n, asked.feeds, asked.channels) for n in asked.processes]
    rounds: dict[Setting, list[list[Figures]]] = {setting: [] for setting in settings}
    with postgres() as server:
        for _ in range(asked.rounds):
            for setting in settings:
                rounds[setting].append(measure(setting, asked.latency, server, all_phases=not asked.polls))
    found = {setting: medians(figures) for setting, figures in rounds.items()}
    sys.stdout.write(json.dumps(as_json(found), indent=2) if asked.json else as_text(found))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
