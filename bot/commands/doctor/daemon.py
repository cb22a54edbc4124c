"""The daemon: whether one runs and lives, what started it, and whether it is of this version."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import bot
from bot.commands.doctor.finding import Finding, Installation, doubtful, right, wrong
from bot.commands.doctor.state import opened
from bot.life import LIFE_SIGN, LIVES_FOR
from bot.store.files import FILE

RESTART = "Start it anew: systemctl restart delebot, or docker restart delebot"


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of who works on a state.

    `sign` is the age of the last sign of life in seconds, None when there is none: a daemon that ends takes it away.
    `pid` is who holds the lock, or said last that it works here; `living` is whether that process is there.
    """

    sign: float | None
    pid: int | None
    living: bool
    began: datetime | None = None


def daemon(installation: Installation) -> Iterator[Finding]:
    state = installation.state
    if not state.is_dir():
        return
    known = life_of(installation)
    yield living(state, known)
    if known.living and known.sign is not None:
        yield started_by(installation.text(f"proc/{known.pid}/cgroup"), contained=installation.in_container)
        changed = datetime.fromtimestamp(Path(bot.__file__).stat().st_mtime, UTC)
        if known.began and changed > known.began:
            yield doubtful("the program is newer than the Delebot that runs", f"process {known.pid}", RESTART)


def life_of(installation: Installation) -> Life:
    """Look for the sign of life, for who holds the lock, and for who said last that it works here."""
    sign = None
    with suppress(OSError):
        sign = time.time() - (installation.state / LIFE_SIGN).stat().st_mtime
    pid, began = _run(installation.state / FILE)
    holds = holder(installation.state / "lock", installation.text("proc/locks"))
    command = installation.text(f"proc/{pid}/cmdline") if pid else ""
    # Another program may have been given the number of one that died.
    is_ours = holds is not None or "delebot" in command or "\0bot\0" in command
    return Life(sign, holds or pid, is_ours, began)


def _run(path: Path) -> tuple[int | None, datetime | None]:
    """The process that said last that it works on this state, and since when."""
    with suppress(sqlite3.Error, OSError, ValueError):
        if path.exists():
            with opened(path) as connection:
                asked = "SELECT pid, began_at FROM runs WHERE ended_at IS NULL ORDER BY began_at DESC"
                row = connection.execute(asked).fetchone()
            if row:
                return int(row[0]), datetime.fromisoformat(row[1]).replace(tzinfo=UTC)
    return None, None


def holder(lock: Path, locks: str) -> int | None:
    """Who holds the lock. It is not tried, for a Delebot that just starts would find it taken."""
    with suppress(OSError):
        inode = str(lock.stat().st_ino)
        for line in locks.splitlines():
            _, form, _, _, pid, place, *_ = [*line.split(), *[""] * 7]
            if form == "FLOCK" and place.rpartition(":")[2] == inode and pid.isdigit() and pid != "0":
                return int(pid)
    return None


def living(state: Path, known: Life) -> Finding:
    """What the sign of life means."""
    sign, who = known.sign, f"process {known.pid}"
    if sign is None:
        if known.living:
            return right("a command works here just now, or a daemon begins", who)
        remedy = "Start it: systemctl start delebot, or delebot run. Without it, delebot trigger shares by hand"
        return doubtful("no daemon runs, so nothing is shared by itself", state, remedy)
    if sign < -LIVES_FOR:
        return doubtful("the last sign of life is from the future", state, "Check the clock of this machine")
    if sign < LIVES_FOR and known.pid and not known.living:
        remedy = "Ask again in a minute, and there if it is another container"
        return doubtful("the daemon has just died, or is not to be seen from here", who, remedy)
    if sign < LIVES_FOR:
        return right(f"a daemon runs; its last sign of life is {max(sign, 0):.0f} s old", state)
    ago = f"{sign / 60:.0f} minutes" if sign < 7200 else f"{sign / 3600:.0f} hours"
    if known.living:
        return wrong(f"the daemon hangs: its last sign of life was {ago} ago", who, RESTART)
    remedy = "Look at its last words (journalctl -u delebot, docker logs delebot), and start it again"
    return wrong(f"the daemon is dead: its last sign of life was {ago} ago, and it did not say good-bye", state, remedy)


def started_by(cgroup: str, *, contained: bool) -> Finding:
    """Whether somebody starts the daemon again when it ends."""
    unit = cgroup.strip().rpartition("/")[2]
    if contained:
        return right("the daemon runs in a container")
    if unit.endswith(".service"):
        return right(f"systemd keeps the daemon running ({unit})")
    remedy = "Let systemd or a container run it: docs/running.md tells how"
    return doubtful("the daemon was started by hand, and does not come back after a restart", remedy=remedy)
