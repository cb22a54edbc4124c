"""Runs the whole table in this process, case after case, and prints each with what it came to, and the memory it took.

`python -m tests.hostile` prints it for people, `--json` for a program; with a word, only the cases that have it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
import warnings
from pathlib import Path

from tests.hostile import addresses, answers, documents, oddities, pictures, servers, words
from tests.hostile.cases import Case

TABLES = (addresses, servers, documents, oddities, words, pictures, answers)


def all_cases() -> list[Case]:
    return [case for table in TABLES for case in table.cases()]


async def ended(case: Case) -> str:
    """What a case came to; an exception is its name and words, which no case expects."""
    try:
        return await case.end()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the table must show
        return f"{type(error).__name__}: {error}"


def peak() -> int:
    """The most memory that this process has had, in MB. What the system gives for a process counts its parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        return (
            int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
        )
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 20)


def show(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(word: str, *, as_json: bool) -> int:
    """Run them; the exit code is 1 if any ended otherwise than expected."""
    warnings.simplefilter("error")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    rows = []
    for case in all_cases():
        if word not in case.name:
            continue
        began, before = time.perf_counter(), peak()
        came = asyncio.run(ended(case))
        row = {"name": case.name, "expected": case.expected, "came": came, "ms": (time.perf_counter() - began) * 1000}
        rows.append(row | {"grew": peak() - before})
        if not as_json:
            right = "  " if came == case.expected else "! "
            show(f"{right}{case.name:<58} {row['ms']:6.0f} ms +{rows[-1]['grew']:<3} {came}")
            if came != case.expected:
                show(f"  {'expected:':>72} {case.expected}")
    show(json.dumps({"cases": rows, "peak": peak()}) if as_json else f"{len(rows)} cases, {peak()} MB at most")
    return int(any(row["came"] != row["expected"] for row in rows))


if __name__ == "__main__":
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    sys.exit(main(" ".join(wanted), as_json="--json" in sys.argv))
