"""The fault bench as a command: see how Delebot does among servers that fail, while it is killed again and again."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from tests.faults.bench import Bench, Database, Plan
from tests.faults.judge import judge
from tests.faults.report import Outcome, as_json

EVERY = 5.0  # Seconds between two lines of progress, where no terminal shows one line that changes.


class Progress:
    """How far it is, on standard error."""

    def __init__(self) -> None:
        self._told = 0.0

    def __call__(self, line: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{line}")
        elif time.monotonic() - self._told > EVERY:
            self._told = time.monotonic()
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261124, help="what goes wrong, and when (default %(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="at least so many (default %(default)s)")
    parser.add_argument("--deliveries", type=int, default=2000, help="at least so many (default %(default)s)")
    parser.add_argument("--database", choices=get_args(Database), default="sqlite", help="where the state is kept")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep state, configuration and log in a new directory")
    asked = parser.parse_args(words)
    if asked.keep and asked.keep.exists():
        parser.error(f"{asked.keep} exists already")
    return asked


def carry_out(plan: Plan, folder: Path) -> Outcome:
    began, progress = time.monotonic(), Progress()
    bench = Bench(folder, plan, progress)
    try:
        record = bench.run()
    finally:
        progress.end()
        bench.end()
    return Outcome(bench, record, judge(record), time.monotonic() - began, bench.processes.stumbles())


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    plan = Plan(asked.seed, asked.kills, asked.deliveries, asked.database)
    with TemporaryDirectory(prefix="delebot-faults-") as made:
        outcome = carry_out(plan, asked.keep or Path(made))
    sys.stdout.write(json.dumps(as_json(outcome), ensure_ascii=False, indent=2) if asked.json else str(outcome))
    sys.stdout.write("\n")
    if not outcome.kept and not asked.keep:
        sys.stdout.write("To look at it: the same with --keep DIR, which keeps the state and the log\n")
    return 0 if outcome.kept else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
