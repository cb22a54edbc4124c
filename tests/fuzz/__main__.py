"""Throws inputs that nobody would think of at the program, from bytes to the requests of every kind.

`python -m tests.fuzz --seconds 60` goes on for so long, `--inputs 1000` for so many; `--seed` chooses which, and
`--only 17` is one of them. What is found is saved under `--save`, with the words that make it happen again.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.check import check, demand
from tests.fuzz.mutate import made
from tests.fuzz.wire import Wire
from tests.hostile.__main__ import peak

MOST_MEMORY = 200  # MB
THROUGH_THE_CLIENT = 20  # One of so many inputs.


@dataclass
class Found:
    """What came of all inputs so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[int, str] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, 0)

    def add(self, number: int, came: str, took: float) -> None:
        self.outcomes[came] += 1
        self.slowest = max(self.slowest, (took, number))


def one(seed: int, number: int, wire: Wire) -> str:
    """Carry one input through; what it came to. Whatever is wrong is raised."""
    body, content_type = made(f"{seed}/{number}")
    chance = Random(f"{seed}/{number}/check")
    came = check(body, content_type, chance)
    if number % THROUGH_THE_CLIENT == 0:
        wire.check(body, chance)
    return came


def run(options: argparse.Namespace) -> Found:
    found, end = Found(), time.monotonic() + options.seconds
    numbers = [options.only] if options.only is not None else itertools.count()
    with Wire() as wire:
        for done, number in enumerate(numbers):
            if done >= options.inputs or time.monotonic() > end:
                break
            began = time.process_time()
            try:
                came = one(options.seed, number, wire)
                took = time.process_time() - began
                demand(took <= options.slowest, f"it took {took:.1f} s")
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                came = "finding"
                found.findings[number] = traceback.format_exc()
                save(options, number, found.findings[number])
            found.add(number, came, time.process_time() - began)
    return found


def save(options: argparse.Namespace, number: int, words: str) -> None:
    """Keep the input, and what was raised."""
    folder = Path(options.save)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{options.seed}-{number}.input").write_bytes(made(f"{options.seed}/{number}")[0])
    (folder / f"{options.seed}-{number}.txt").write_text(f"{again(options.seed, number)}\n\n{words}", "utf-8")


def again(seed: int, number: int) -> str:
    return f"python -m tests.fuzz --seed {seed} --only {number}"


def summary(options: argparse.Namespace, found: Found, took: float) -> str:
    total, (slowest, which) = found.outcomes.total(), found.slowest
    lines = [
        f"seed {options.seed}: {total} inputs in {took:.0f} s, {total / max(took, 0.001):.0f} a second",
        f"{found.outcomes['document']} documents, {found.outcomes['problem']} problems, {len(found.findings)} findings",
        f"the slowest took {slowest * 1000:.0f} ms ({which}), the memory was {peak()} MB at most",
    ]
    by_last_line = {words.strip().splitlines()[-1][:200]: number for number, words in found.findings.items()}
    lines += [f"! {words}\n  {again(options.seed, number)}" for words, number in by_last_line.items()]
    lines += [f"saved under {options.save}"] if found.findings else []
    lines += [f"! more than {MOST_MEMORY} MB"] if peak() > MOST_MEMORY else []
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run; the exit code is 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="how long to go on")
    parser.add_argument("--inputs", type=float, default=float("inf"), help="how many inputs to try at most")
    parser.add_argument("--seed", type=int, default=1, help="which inputs: the same seed gives the same ones")
    parser.add_argument("--only", type=int, help="the number of a single input")
    parser.add_argument("--slowest", type=float, default=10, help="seconds of processor time that an input may take")
    parser.add_argument("--save", default=".fuzz", help="where to keep what is found")
    options = parser.parse_args()
    if options.seconds == options.inputs == float("inf") and options.only is None:
        options.seconds = 60
    warnings.simplefilter("error")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    began = time.monotonic()
    found = run(options)
    sys.stdout.write(summary(options, found, time.monotonic() - began))
    return int(bool(found.findings) or peak() > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
