"""Delebot itself, as the process that a user starts: it is begun, heard, killed and ended from here."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import bot

# It holds the other end of our pipe, and ends when that closes: also when nobody of us is left to end it.
ON_A_LEASH = """
import os, signal, threading
def hold():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=hold, daemon=True).start()
from bot.cli import main
main()
"""
PATIENCE = 20.0  # Seconds that the process gets to end by itself.
NOT_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS")


class Daemon:
    """`delebot run` on that folder; `told` is what its log has said, line by line."""

    def __init__(self, folder: Path) -> None:
        self.config, self.state = folder / "config", folder / "state"
        self.told: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def id(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it in a session of its own, so that it hears Ctrl-C from us and not from the terminal."""
        mine = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        places = {"DELEBOT_CONFIG": str(self.config), "DELEBOT_STATE": str(self.state), "PYTHONUNBUFFERED": "1"}
        self.told.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ON_A_LEASH, "run",
            cwd=Path(bot.__file__).parent.parent, env=mine | places, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._listening = asyncio.create_task(self._listen(self._process))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        async for line in process.stderr:
            try:
                said = json.loads(line)
            except ValueError:
                said = {"event": line.decode(errors="replace").rstrip(), "level": "warning"}
            self.told.append(said)

    def heard(self, what: str, **values: str) -> bool:
        """Whether its log has told of that since it was started."""
        wanted = {"what": what, **values}
        return any(all(said.get(name) == value for name, value in wanted.items()) for said in list(self.told))

    async def kill(self) -> None:
        """As a power cut does it: without a warning."""
        await self._end(signal.SIGKILL)

    async def end(self) -> None:
        """As a user does it: it finishes what it is about."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._listening is None:
            return
        if self.runs:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._listening
