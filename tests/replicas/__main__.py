"""The replica bench as a command: see how several Delebots on one PostgreSQL do, while they and it are killed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.__main__ import Progress
from tests.replicas.bench import Bench, Plan
from tests.replicas.fleet import NAMES
from tests.replicas.judge import judge
from tests.replicas.report import Outcome, as_json


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.replicas", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261124, help="what goes wrong, and when (default %(default)s)")
    parser.add_argument("--replicas", type=int, default=3, choices=range(2, len(NAMES) + 1))
    parser.add_argument("--feeds", type=int, default=200, help="so many (default %(default)s)")
    parser.add_argument("--channels", type=int, default=20, help="so many (default %(default)s)")
    parser.add_argument("--deliveries", type=int, default=10000, help="at least so many (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep configuration and logs in a new directory")
    asked = parser.parse_args(words)
    if asked.keep and asked.keep.exists():
        parser.error(f"{asked.keep} exists already")
    if asked.feeds < 2 or asked.channels < 1:
        parser.error("there must be two feeds, of which one stays quiet, and a channel")
    return asked


def carry_out(plan: Plan, folder: Path) -> Outcome:
    began, progress = time.monotonic(), Progress()
    bench = Bench(folder, plan, progress)
    try:
        record = bench.run()
    finally:
        progress.end()
        bench.end()
    return Outcome(bench, record, judge(record), time.monotonic() - began, bench.stumbles())


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    plan = Plan(asked.seed, asked.replicas, asked.feeds, asked.channels, asked.deliveries)
    with TemporaryDirectory(prefix="delebot-replicas-") as made:
        outcome = carry_out(plan, asked.keep or Path(made))
    sys.stdout.write(json.dumps(as_json(outcome), ensure_ascii=False, indent=2) if asked.json else str(outcome))
    sys.stdout.write("\n")
    if not outcome.kept and not asked.keep:
        sys.stdout.write("To look at it: the same with --keep DIR, which keeps the logs\n")
    return 0 if outcome.kept else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
