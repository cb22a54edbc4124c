"""The real processes: `run`, and what a person starts beside it; how they are killed, and how they ended."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from bot.life import LIFE_SIGN
from bot.points import Point
from tests.faults.clock import Clock
from tests.faults.rows import Rows
from tests.installation import Installation, Process

# What the log says where a poll, a drain or a command met what nobody had thought of.
STUMBLED = re.compile(r"(poll|drain) of \S+ failed: \w+ in |^Traceback |was never (awaited|retrieved)")
Fate = tuple[Point, int] | None
FOR_A_POINT = 2.0  # Seconds more for who has not reached the point at which it is to die.
PATIENCE = 60.0  # Seconds that a command may take whose end is waited for.


class Processes:
    """What runs on the bench's installation."""

    def __init__(self, it: Installation, rows: Rows, clock: Clock, log: Path) -> None:
        self.it, self.rows, self.clock, self.log = it, rows, clock, log
        self.daemon: Process | None = None
        self.others: list[tuple[tuple[str, ...], Process]] = []
        self.kills = 0
        self.left_work: list[float] = []
        self.at_points: Counter[str] = Counter()
        self.victims: Counter[str] = Counter()
        self.odd_ends: list[str] = []
        self.reloads = 0
        self._begun = 0.0
        self._fates: dict[int, Fate] = {}

    # --- Starting --------------------------------------------------------------------------------------------------

    def _start(self, *words: str, fate: Fate = None) -> Process:
        point, nth = fate or ("-", 0)
        told = (str(self.clock.file), str(self.log), point, str(nth), *words)
        process = self.it.start(*told, main="tests.faults.started")
        self._fates[process.pid] = fate
        return process

    def have_daemon(self, fate: Fate) -> None:
        """Start the daemon, unless it runs."""
        self._look()
        if self.daemon is None:
            self._begun = time.time()
            self.daemon = self._start("run", fate=fate)

    def beside(self, *words: str, fate: Fate = None) -> None:
        """Start a command beside whatever runs."""
        self.others.append((words, self._start(*words, fate=fate)))

    def do(self, *words: str) -> None:
        """Run a command to its end."""
        process = self._start(*words)
        self._wait(words[0], process)
        self._ended(words[0], process)

    def reload(self) -> None:
        """Have the daemon read its files again, once it says that it lives: before, a hang-up ends any process."""
        sign = self.it.state / LIFE_SIGN
        if self.daemon and sign.exists() and sign.stat().st_mtime > self._begun:
            self.daemon.send_signal(signal.SIGHUP)
            self.reloads += 1

    # --- Ending ----------------------------------------------------------------------------------------------------

    def kill_one(self, within: float, chance: random.Random) -> None:
        """Wait until somebody has been killed at a point; when the time is over, kill somebody.

        Who has a point to die at is given time to get there, if there is work on the way.
        """
        before = self.kills
        self._await_kill(within)
        if self.kills == before and self._doomed() and self.rows.owing():
            self._await_kill(FOR_A_POINT)
        if self.kills == before and (alive := self._alive()):
            # Who has not come to its point yet may do so in the next round, if there is another to be killed.
            victim = chance.choice([p for p in alive if not self._fates[p.pid]] or alive)
            self._fates[victim.pid] = None
            victim.kill()
            victim.wait(PATIENCE)
            self._look()

    def _await_kill(self, seconds: float) -> None:
        before, end = self.kills, time.monotonic() + seconds
        while self.kills == before and time.monotonic() < end:
            time.sleep(0.01)
            self._look()

    def kill_all(self) -> None:
        """Kill all that runs, as a power cut does."""
        for process in self._alive():
            self._fates[process.pid] = None
            process.kill()
            process.wait(PATIENCE)
        self._look()

    def _alive(self) -> list[Process]:
        return [process for process in (self.daemon, *(p for _, p in self.others)) if process]

    def _doomed(self) -> bool:
        return any(self._fates[process.pid] for process in self._alive())

    def _look(self) -> None:
        """Notice who has ended, and how."""
        if self.daemon and self.daemon.poll() is not None:
            self._ended("run", self.daemon)
            self.daemon = None
        for words, process in [each for each in self.others if each[1].poll() is not None]:
            self._ended(words[0], process)
            self.others.remove((words, process))

    def _ended(self, what: str, process: Process) -> None:
        process.communicate()
        fate = self._fates.pop(process.pid)
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
            if self.rows.owing():
                self.left_work.append(time.monotonic())
            self.victims[what] += 1
            self.at_points[fate[0] if fate else "a random moment"] += 1
        elif process.returncode not in (0, 1, -signal.SIGTERM):
            self.odd_ends.append(f"{what} ended with {process.returncode}")

    def stop(self) -> None:
        """End the daemon as a machine does that is shut down, so that what is in flight ends."""
        if self.daemon:
            self.daemon.terminate()
            self._wait("run", self.daemon)
            self._look()

    def end(self) -> None:
        """Let everything end by itself."""
        self.stop()
        for words, process in self.others:
            self._wait(words[0], process)
        self._look()

    def stumbles(self) -> list[str]:
        """What should never be: ends that nobody had thought of, and what went wrong inside, as the log tells it."""
        return [*self.odd_ends, *stumbled(self.log)]

    def _wait(self, what: str, process: Process) -> None:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.odd_ends.append(f"{what} did not end within {PATIENCE:g} s")
            process.kill()
            process.wait()


def stumbled(log: Path) -> list[str]:
    """The lines of a log that tell of what nobody had thought of."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    return [line for line in lines if STUMBLED.search(line)]
