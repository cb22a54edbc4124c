"""The replicas: real processes, each with a directory of its own, on one configuration and one database."""

from __future__ import annotations

import resource
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from bot.life import LIFE_SIGN
from tests.faults.daemon import stumbled
from tests.installation import Installation, Process

NAMES = ("anna", "berit", "cato", "dina", "eivind", "frida")
NOW, NEXT = "tests.replicas.started", "tests.replicas.next_version"
PATIENCE = 60.0


class Replica:
    """One of them, which runs this version or the next one."""

    def __init__(self, name: str, folder: Path, config: Path) -> None:
        self.name, self.folder, self.version = name, folder, NOW
        self.it = Installation(folder / name, config)
        self.log = folder / f"{name}.log"
        self.process: Process | None = None
        self.ends: list[str] = []
        self.most_memory = 0
        self.began_at = 0.0
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        process = self.process
        return process.pid if process else 0

    def start(self, *, fresh: bool = False) -> None:
        """Start it; `fresh` is on a new machine, where its directory is empty."""
        if fresh:
            shutil.rmtree(self.it.state, ignore_errors=True)
        self.began_at = time.time()
        self.process = self.it.start(str(self.folder), str(self.log), "run", main=self.version, cold=True)

    def do(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on its machine, of its version."""
        return self.it.run(str(self.folder), "-", *words, main=self.version, cold=True)

    def works(self) -> bool:
        """Whether it says that it lives; it says so once it has begun to work."""
        sign = self.it.state / LIFE_SIGN
        return sign.exists() and sign.stat().st_mtime > self.began_at

    def kill(self) -> None:
        """As a machine does that loses its power."""
        if process := self._taken():
            process.kill()
            self._wait(process, "a kill")

    def stop(self) -> None:
        """As a machine does that is shut down."""
        if process := self._taken():
            process.terminate()
            if code := self._wait(process, "SIGTERM"):
                self.ends.append(f"{self.name} ended with {code} after SIGTERM")

    def look(self) -> None:
        """Notice whether it has ended by itself, which it never should, and how much memory it has."""
        with self._lock:
            if self.process is None:
                return
            if self.process.poll() is not None:
                self.ends.append(f"{self.name} ended by itself with {self.process.returncode}")
                self.process.communicate()
                self.process = None
                return
            with suppress(OSError):
                fields = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()
                self.most_memory = max(self.most_memory, int(fields[1]) * resource.getpagesize())

    def _taken(self) -> Process | None:
        """The process, whose end is nobody's surprise from now on."""
        with self._lock:
            process, self.process = self.process, None
        return process

    def _wait(self, process: Process, what: str) -> int | None:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.ends.append(f"{self.name} did not end within {PATIENCE:g} s of {what}")
            process.kill()
        process.communicate()
        return process.returncode

    def stumbles(self) -> list[str]:
        """Ends that nobody had thought of, and what went wrong inside, as its log tells it."""
        return [*self.ends, *(f"{self.name}: {line}" for line in stumbled(self.log))]
