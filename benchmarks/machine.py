"""What all benchmarks share: the machine they ran on, what processes cost, and how figures are shown."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent


def this_machine(*packages: str) -> str:
    """The machine and the versions that count for a benchmark, in one line."""
    with suppress(OSError):
        names = [
            line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")
        ]
        cpu = names[0].partition(": ")[2] if names else platform.machine()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
        return f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GiB, Python {platform.python_version()}, {versions}"
    return f"{platform.platform()}, Python {platform.python_version()}"


def cpu_of(pid: int) -> float:
    """The CPU seconds that a process has used so far, its threads included, to the nanosecond (Linux)."""
    return time.clock_gettime((~pid << 3) | 2)  # As the C library's clock_getcpuclockid makes it.


def cpu_of_tree(pid: int) -> float:
    """The CPU seconds of a process, of those it has waited for, and of its children that run now (in clock ticks)."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
            own = int(stat.parent.name) == pid
            if own or int(fields[1]) == pid:
                ticks = sum(map(int, fields[11:15] if own else fields[11:13]))
                total += ticks / os.sysconf("SC_CLK_TCK")
    return total


def memory_of(pid: int) -> float:
    """The resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return 0.0


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown, ready for docs/scale.md."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(shown, line)) + " |" for line in lines)


def shown(value: object) -> str:
    """A figure with three digits that count; large ones whole, with commas."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def say(words: str) -> None:
    """How far it is, on standard error; standard output is for the figures."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
