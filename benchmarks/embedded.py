"""What the embedded default costs: imports, CPU time, start, memory, size; several checkouts compared in one run.

    python -m benchmarks.embedded --root before=/tmp/before --root after=. [--rounds 15] [--json]

All are run by this Python, turn by turn, so that a noisy machine disturbs them alike: trust the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.loopback import Serving, serving
from benchmarks.machine import ROOT, cpu_of, memory_of, say, table, this_machine

FEEDS = 20
# A few ordinary kinds, and what their addresses look like behind the host.
KINDS = {
    "webhook": "hook",
    "slack": "hook/services/T0000/B0000/secret",
    "teams": "hook/workflows/secret",
    "discord": "hook/api/webhooks/1/secret",
    "mattermost": "hook/hooks/abcdefghijklmnopqrstuvwxyz",
}
SETTLES_IN = 30.0  # Seconds, until the daemon has polled all feeds once and rests.
RESTS_FOR = 20.0
COMMANDS = {
    "--version": ["--version"],
    "--help": ["--help"],
    "status": ["status"],
    "status --alive": ["status", "--alive"],
}

# Runs a command, and writes down what it has imported.
TELLTALE = """
import sys
place, sys.argv[1:] = sys.argv[1], sys.argv[2:]
try:
    from bot.cli import main
    main()
finally:
    open(place, "w").write("\\n".join(sorted(sys.modules)))
"""


@dataclass
class Checkout:
    """One checkout of Delebot with a configuration, a state, and what was measured of it."""

    label: str
    root: Path
    folder: Path
    figures: dict[str, list[float]] = field(default_factory=dict)
    modules: dict[str, list[str]] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        places = {"DELEBOT_CONFIG": str(self.folder / "config"), "DELEBOT_STATE": str(self.state)}
        return {**os.environ, **places, "PYTHONPATH": str(self.root)}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        whole, log = [sys.executable, *words], self.folder / "log"
        with log.open("ab") as heard:
            return subprocess.Popen(whole, env=self.environment, cwd=self.root, stdout=heard, stderr=heard)

    def note(self, what: str, figure: float) -> None:
        self.figures.setdefault(what, []).append(figure)

    def configure(self, served: Serving) -> None:
        """Feeds and channels of every ordinary form, all on this machine."""
        for name, text in {
            "bot": "TIMEZONE=Europe/Oslo\nALERTS=webhook\n",
            **{f"feeds/feed-{n}": f"URL={served.feed(n)}\nALLOW_PRIVATE=yes\n" for n in range(FEEDS)},
            **{
                f"channels/{kind}": f"KIND={kind}\nURL={served.address}/{path}\nALLOW_PRIVATE=yes\n"
                for kind, path in KINDS.items()
            },
        }.items():
            path = self.folder / "config" / f"{name}.env"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            path.chmod(0o600)


# --- What is measured ----------------------------------------------------------------------------------------------


def cpu_to_end(process: subprocess.Popen[bytes]) -> float:
    """The CPU seconds that a process takes from its start to its end."""
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime


@contextmanager
def running(checkout: Checkout, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = checkout.start(*(words or ("-m", "bot")), "run")
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def until_ready(checkout: Checkout, process: subprocess.Popen[bytes]) -> None:
    """Wait for the sign of life, which the daemon gives when it is ready."""
    end = time.monotonic() + 60
    while not (checkout.state / "alive").exists():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{checkout.label}: the daemon did not start:\n{(checkout.folder / 'log').read_text()}")
        time.sleep(0.002)


def measure_start(checkout: Checkout) -> None:
    """From nothing to ready, on a state that exists."""
    began = time.monotonic()
    with running(checkout) as process:
        until_ready(checkout, process)
        checkout.note("start to ready, CPU s", cpu_of(process.pid))
        checkout.note("start to ready, s", time.monotonic() - began)


def measure_rest(checkouts: Sequence[Checkout]) -> None:
    """Memory and CPU time of the daemons at rest, all at the same time, so that the noise is the same for all."""
    with ExitStack() as all_of_them:
        processes = [all_of_them.enter_context(running(checkout)) for checkout in checkouts]
        time.sleep(SETTLES_IN)
        before = [cpu_of(process.pid) for process in processes]
        time.sleep(RESTS_FOR)
        for checkout, process, used in zip(checkouts, processes, before, strict=True):
            checkout.note("at rest, RSS MB", memory_of(process.pid))
            checkout.note(f"at rest, CPU s in {RESTS_FOR:g} s", cpu_of(process.pid) - used)


def note_modules(checkout: Checkout) -> None:
    """What each command imports; of the daemon, what it has imported after some seconds of work."""
    place = checkout.folder / "modules"
    with running(checkout, "-c", TELLTALE, str(place)) as process:
        until_ready(checkout, process)
        time.sleep(10)
    checkout.modules["run"] = place.read_text("utf-8").split()
    for name in ("--version", "status"):
        checkout.start("-c", TELLTALE, str(place), name).wait(60)
        checkout.modules[name] = place.read_text("utf-8").split()


def lines_of(root: Path, modules: Sequence[str]) -> int:
    """The lines of those modules that are ours."""
    total = 0
    for name in modules:
        path = root.joinpath(*name.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if name.split(".")[0] == "bot" and file.is_file():
                total += len(file.read_text("utf-8").splitlines())
    return total


def size_of(root: Path) -> float:
    """Our modules and all that the core install brings along, in MB without compiled bytecode."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    total, seen, todo = 0, set[str](), [Requirement(line) for line in project["dependencies"]]
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if name in seen or not (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = metadata.distribution(name)
        total += sum(file.size or 0 for file in found.files or () if file.suffix != ".pyc")
        todo += [Requirement(line) for line in found.requires or ()]
    total += sum(path.stat().st_size for path in (root / "bot").rglob("*") if path.is_file() and path.suffix != ".pyc")
    return total / 1e6


# --- The whole -----------------------------------------------------------------------------------------------------


def measure(checkouts: Sequence[Checkout], rounds: int, rests: int) -> None:
    for checkout in checkouts:
        say(f"{checkout.label}: modules")
        note_modules(checkout)
        for name, modules in checkout.modules.items():
            checkout.note(f"modules imported by {name}", len(modules))
        checkout.note("our modules in the daemon", sum(n.split(".")[0] == "bot" for n in checkout.modules["run"]))
        checkout.note("lines of our modules in the daemon", lines_of(checkout.root, checkout.modules["run"]))
        checkout.note("core install, MB", size_of(checkout.root))
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        for checkout in checkouts if turn % 2 else reversed(checkouts):
            for name, words in COMMANDS.items():
                checkout.note(f"{name}, CPU s", cpu_to_end(checkout.start("-m", "bot", *words)))
            measure_start(checkout)
    for turn in range(rests):
        say(f"at rest, {turn + 1} of {rests}")
        measure_rest(checkouts)


def as_json(checkouts: Sequence[Checkout]) -> dict[str, object]:
    medians = {c.label: {what: median(figures) for what, figures in c.figures.items()} for c in checkouts}
    first = checkouts[0]
    new = {
        c.label: {name: sorted(set(modules) - set(first.modules[name])) for name, modules in c.modules.items()}
        for c in checkouts[1:]
    }
    return {"machine": this_machine("sqlalchemy"), "medians": medians, f"imported, but not by {first.label}": new}


def as_text(checkouts: Sequence[Checkout]) -> str:
    heads = [
        "",
        *(c.label for c in checkouts),
        *([f"{checkouts[-1].label} : {checkouts[0].label}"] * (len(checkouts) > 1)),
    ]
    rows = []
    for what in checkouts[0].figures:
        figures = [median(c.figures[what]) for c in checkouts]
        rows.append([what, *figures, *([f"{figures[-1] / figures[0]:.2f}"] * (len(figures) > 1))])
    lines = [this_machine("sqlalchemy"), "", table(heads, rows)]
    for checkout in checkouts[1:]:
        for name, modules in checkout.modules.items():
            new = sorted(set(modules) - set(checkouts[0].modules[name]))
            lines.append(
                f"{checkout.label}, {name}: imported, but not by {checkouts[0].label}: {', '.join(new) or 'nothing'}"
            )
    return "\n".join(lines)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.embedded", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", action="append", metavar="[LABEL=]DIR", help="a checkout (default: this one)")
    parser.add_argument("--rounds", type=int, default=15, help="of each command (default %(default)s)")
    parser.add_argument("--rests", type=int, default=3, help="times a daemon is watched at rest (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    asked = arguments(words)
    with TemporaryDirectory(prefix="delebot-embedded-") as made, serving() as served:
        checkouts = []
        for number, named in enumerate(asked.root or [f"this={ROOT}"]):
            label, _, place = named.rpartition("=")
            checkout = Checkout(label or place, Path(place).resolve(), Path(made) / str(number))
            checkout.configure(served)
            checkouts.append(checkout)
        measure(checkouts, asked.rounds, asked.rests)
    sys.stdout.write(json.dumps(as_json(checkouts), indent=2) if asked.json else as_text(checkouts))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
