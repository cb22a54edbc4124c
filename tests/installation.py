"""An installation as a user has it: env files, a state directory and the command, run as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import warm

ROOT = Path(__file__).parent.parent
PATIENCE = 30.0
LONG_PATIENCE = 150.0  # A trigger waits a minute for a lane that keeps its distance between posts.

Process = subprocess.Popen[str] | warm.Forked


class Installation:
    """Env files under `config`, the state under `state`, and the command; `config` may be shared with others."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        self.config, self.state = config or folder / "config", folder / "state"
        self._started: list[Process] = []
        if config is None:
            self.write("bot.env", "TIMEZONE=Europe/Oslo\n")

    def write(self, name: str, text: str | bytes, mode: int = 0o600) -> Path:
        path = self.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    def feed(self, url: str, name: str = "klyngen", more: str = "") -> None:
        self.write(f"feeds/{name}.env", f"URL={url}\nALLOW_PRIVATE=yes\n{more}")

    def channel(self, name: str, kind: str, url: str, more: str = "") -> None:
        # The pictures and pages of sample articles are on no real site, so nobody looks for them.
        self.write(f"channels/{name}.env", f"KIND={kind}\nURL={url}\nALLOW_PRIVATE=yes\nIMAGES=no\n{more}")

    @property
    def environment(self) -> dict[str, str]:
        places = {"DELEBOT_CONFIG": str(self.config), "DELEBOT_STATE": str(self.state)}
        return {**os.environ, **places, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}

    def start(
        self,
        *arguments: str,
        killed: tuple[str, int] | None = None,
        main: str = "bot",
        typed: str | None = None,
        cold: bool = False,
        before: Sequence[str] = (),
        **more: Any,
    ) -> Process:
        """Start the command, as a fork of a process that has imported everything (`tests.warm`).

        `killed` names the point at which it is killed, and at which time of reaching it. `main` is another module to
        run with the arguments, as `python -m` would: `Installation.start("run", main="tests.faults.started")`. `typed`
        is what its standard input holds. It is started by a new Python when it is `cold`, for tests of the start
        itself; when `before` is the command that starts it, with its arguments; or when there is `more` for Popen.
        """
        module, first = ("tests.killed", [killed[0], str(killed[1])]) if killed else (main, [])
        words = [*first, *arguments]
        with _holding(typed) as stdin:
            if warm.POSSIBLE and not (cold or before or more):
                process: Process = warm.start(module, words, self.environment, ROOT, stdin)
            else:
                process = subprocess.Popen(
                    [*before, sys.executable, "-m", module, *words], env=self.environment, cwd=ROOT, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=stdin, **more,
                )  # fmt: skip
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in self._started:
            process.kill()
            process.communicate()

    def run(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run the command to its end; started in the same ways."""
        process = self.start(*arguments, **how)
        out, err = process.communicate(timeout=LONG_PATIENCE)
        assert process.returncode is not None
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@contextmanager
def _holding(text: str | None) -> Iterator[int]:
    """A file descriptor from which this text can be read, or nothing."""
    if text is None:
        number = os.open(os.devnull, os.O_RDONLY)
    else:
        number, end = os.pipe()
        os.write(end, text.encode())
        os.close(end)
    try:
        yield number
    finally:
        os.close(number)


def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Wait until a condition holds, looking often; a test that waits in vain fails."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {PATIENCE:g} s")
        time.sleep(0.02)
