"""Plays the situations and writes what came of them as a table: `python -m tests.floods.table` renews `table.txt`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from pathlib import Path

from sqlalchemy import Engine

from tests.floods.bench import Bench, Wishes, in_memory, rolled_back
from tests.floods.right import Outcome
from tests.floods.situations import SITUATIONS, Situation

FILE = Path(__file__).with_suffix(".txt")
FIRST_RUNS, MAX_AGES, FLOODS = (0, 1, 3), (1, 7, 365), (1, 5, 100)
EVERY_SETTING = [Wishes(*values) for values in product(FIRST_RUNS, MAX_AGES, FLOODS)]
# What a reader is shown: each two values of two settings meet in each situation.
SETTINGS = [Wishes(FIRST_RUNS[(a + f) % 3], MAX_AGES[a], FLOODS[f]) for a in range(3) for f in range(3)]
WIDTH = max(len(situation.what) for situation in SITUATIONS) + 2
HEAD = (
    "What becomes of new articles. 3: so many are sent, (3): held for a person, ~3: posts edited, -: nothing.",
    "Always: what is held in one situation has one reason, and tomorrow's article is sent at once.",
    "",
    "FIRST_RUN".ljust(WIDTH)
    + "".join(f"{('none', 'latest')[w.first_run] if w.first_run < 2 else w.first_run!s:<8}" for w in SETTINGS),
    "MAX_AGE".ljust(WIDTH) + "".join(f"{w.max_age}d".ljust(8) for w in SETTINGS),
    "FLOOD".ljust(WIDTH) + "".join(f"{w.flood:<8}" for w in SETTINGS),
    "",
)


@contextmanager
def played(engine: Engine, situation: Situation, wishes: Wishes) -> Iterator[Bench]:
    """The bench after the situation, which begins a day after the first poll."""
    with rolled_back(engine) as connection:
        bench = Bench.of(connection, wishes)
        bench.write(4, age=1, apart=2)
        bench.work()
        assert len(bench.given) == wishes.first_run
        bench.given.clear()
        bench.now += timedelta(days=1)
        situation.happens(bench)
        yield bench


def outcome(bench: Bench) -> Outcome:
    return Outcome(len(bench.given), len(bench.held()), bench.edits)


def line(situation: Situation, outcomes: list[Outcome]) -> str:
    return (situation.what.ljust(WIDTH) + "".join(str(outcome).ljust(8) for outcome in outcomes)).rstrip()


def main() -> None:
    engine = in_memory()
    lines = [head.rstrip() for head in HEAD]
    for situation in SITUATIONS:
        outcomes = []
        for wishes in SETTINGS:
            with played(engine, situation, wishes) as bench:
                outcomes.append(outcome(bench))
        lines.append(line(situation, outcomes))
    FILE.write_text("\n".join(lines) + "\n", "utf-8")
    engine.dispose()


if __name__ == "__main__":
    main()
