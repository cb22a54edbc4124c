"""An installation as a user has it: env files, a state directory and the command, run as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PATIENCE = 30.0
LONG_PATIENCE = 150.0  # A trigger waits a minute for a lane that keeps its distance between posts.


class Installation:
    """Env files under `config`, the state under `state`, and the command."""

    def __init__(self, folder: Path) -> None:
        self.config, self.state = folder / "config", folder / "state"
        self._started: list[subprocess.Popen[str]] = []
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
        self, *arguments: str, killed: tuple[str, int] | None = None, before: Sequence[str] = (), **more: Any
    ) -> subprocess.Popen[str]:
        """Start the command; `killed` names the point at which it is killed, and at which time of reaching it.

        `before` is the command that starts it, with its arguments.
        """
        module = ["tests.killed", killed[0], str(killed[1])] if killed else ["bot"]
        process = subprocess.Popen(
            [*before, sys.executable, "-m", *module, *arguments],
            env=self.environment, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **more,
        )  # fmt: skip
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in self._started:
            process.kill()
            process.communicate()

    def run(self, *arguments: str, killed: tuple[str, int] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        process = self.start(*arguments, killed=killed)
        out, err = process.communicate(timeout=LONG_PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Wait until a condition holds, looking often; a test that waits in vain fails."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {PATIENCE:g} s")
        time.sleep(0.02)
