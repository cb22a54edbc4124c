"""The state: its directory, the disk it is on, the database and what lies beside it. Everything is only read."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from pwd import getpwuid

from bot.commands.doctor.finding import Finding, Installation, doubtful, right, wrong
from bot.sessions import FILE as SESSIONS
from bot.store.files import FILE, HEAD, TROUBLES, companions

NETWORKS = {
    "afs", "ceph", "cifs", "davfs", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
    "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "9p", "virtiofs",
}  # fmt: skip
LEAST_ROOM, LITTLE_ROOM = 20_000_000, 200_000_000
LEAST_INODES, LITTLE_INODES = 100, 1000
LARGE_WAL = 100_000_000
LEFTOVERS = (".*.partial*", ".*.arriving", ".*.new", "sessions.new")
OLD_COPY = 31 * 86400
LOCAL = "Keep the state on a disk of this machine, and name it with DELEBOT_STATE"
PART = "Put delebot.sqlite3 back beside it, or bring back a copy with delebot restore"
USUAL_COPIES = "var/backups/delebot"

# --- The directory -------------------------------------------------------------------------------------------------


def directory(installation: Installation) -> Iterator[Finding]:
    """Whether the state is there, belongs to who runs this, can be written, and is nobody else's business."""
    state = installation.state
    if not state.exists():
        remedy = "It is made by the first delebot trigger or delebot run; if there is one, name it with DELEBOT_STATE"
        yield doubtful("there is no state yet", state, remedy)
        return
    if not state.is_dir():
        yield wrong("this is no directory", state, "Set DELEBOT_STATE to a directory")
        return
    found = [*_owner(state, os.geteuid()), *_writable(state), *_modes(state)]
    yield from found or [right("the state directory can be written, and nobody else can look into it", state)]


def _owner(state: Path, me: int) -> Iterator[Finding]:
    """Whether everything belongs to one user, who is the one that asks."""
    owner = state.stat().st_uid
    if owner != me:
        remedy = f"Run every command as that user: sudo -u {_name(owner)} …"
        yield wrong(f"the state belongs to {_name(owner)}, and this is run by {_name(me)}", state, remedy)
    strangers = [path for path in sorted(state.iterdir()) if path.lstat().st_uid != owner]
    if strangers:
        what = f"this belongs to {_name(strangers[0].lstat().st_uid)}, unlike its directory"
        more = f", and {len(strangers) - 1} more" if strangers[1:] else ""
        yield wrong(what + more, strangers[0], f"Run as root: chown -R {_name(owner)}: {state}")


def _name(user: int) -> str:
    try:
        return getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _writable(state: Path) -> Iterator[Finding]:
    if os.statvfs(state).f_flag & os.ST_RDONLY:
        yield wrong("the state is on a disk that can only be read", state, "Mount it so that it can be written")
        return
    databases = (state / f"{FILE}{end}" for end in ("", "-wal", "-shm"))
    for path in (state, state / "lock", *databases):
        if path.exists() and not os.access(path, os.W_OK):
            yield wrong("this can't be written", path, "Give the user that runs Delebot write access to it")


def _modes(state: Path) -> Iterator[Finding]:
    """What others on this machine can read or enter; no mode protects a file if one may change the directory."""
    if state.stat().st_mode & stat.S_IRWXO:
        yield wrong("others on this machine can look into the state", state, f"Run: chmod 700 {state}")
    sessions = state / SESSIONS
    if sessions.exists() and sessions.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield wrong("others on this machine can read the sessions", sessions, f"Run: chmod 600 {sessions}")


# --- The disk ------------------------------------------------------------------------------------------------------


def place(installation: Installation) -> Iterator[Finding]:
    """What kind of disk the state is on."""
    if installation.state.is_dir():
        mount, kind = mounted(installation.state.resolve(), installation.text("proc/self/mounts"))
        yield disk(installation.state, mount, kind, contained=installation.in_container)


def mounted(path: Path, mounts: str) -> tuple[str, str]:
    """Where the file system is mounted that a path is on, and of which kind it is."""
    found = ("", "")
    for line in mounts.splitlines():
        _, at, kind, *_ = [*line.split(" "), "", "", ""]
        at = at.replace("\\040", " ")
        if at.startswith("/") and path.is_relative_to(at) and len(at) >= len(found[0]):
            found = (at, kind)
    return found


def disk(state: Path, mount: str, kind: str, *, contained: bool) -> Finding:
    if kind in NETWORKS and not (kind == "9p" and mount == "/"):
        what = f"the state is on a network drive ({kind}), where the locks of a database can't be trusted"
        return wrong(what, state, LOCAL)
    if contained and kind == "overlay":
        what = "the state is inside the container, and is lost when that is removed"
        return doubtful(what, state, "Give the container a volume for it: -v delebot:/data")
    if kind in ("tmpfs", "ramfs"):
        return doubtful("the state is in memory, and is lost when the machine ends", state, LOCAL)
    return right("the state is on a disk of this machine", state)


def space(installation: Installation) -> Iterator[Finding]:
    """Whether there is room for more."""
    if installation.state.is_dir():
        disk = os.statvfs(installation.state)
        yield room(installation.state, disk.f_bavail * disk.f_frsize, disk.f_favail if disk.f_files else None)


def room(state: Path, free: int, files: int | None) -> Finding:
    """`free` is in bytes; `files` is how many more there may be, None on a disk that doesn't count them."""
    if free < LITTLE_ROOM:
        say = wrong if free < LEAST_ROOM else doubtful
        return say(f"there are only {free // 1_000_000} MB left on the disk", state, "Free some space")
    if files is not None and files < LITTLE_INODES:
        say = wrong if files < LEAST_INODES else doubtful
        return say(f"the disk has room for only {files} files more", state, "Remove files that nobody needs")
    return right(f"{free // 1_000_000} MB are left on the disk", state)


def elsewhere(installation: Installation) -> Iterator[Finding]:
    """Whether another state is kept on this machine, which another command may use."""
    here = installation.state.resolve()
    others = [path for path in installation.elsewhere if (path / FILE).exists() and path.resolve() != here]
    for path in others:
        days = int((time.time() - (path / FILE).stat().st_mtime) // 86400)
        used = f"used {days} days ago" if days > 1 else "used lately"
        remedy = f"Use one: DELEBOT_STATE={path} names it. Remove the other, once nothing is in it that you need"
        yield doubtful(f"there is a second state, {used}", path, remedy)
    if not others:
        yield right("there is one state")


# --- The database --------------------------------------------------------------------------------------------------


def opened(path: Path) -> closing[sqlite3.Connection]:
    """A connection that reads, and makes no file beside the database: one of ours might belong to the wrong user."""
    shared = all(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))
    mode = "mode=ro" if shared else "mode=ro&immutable=1"
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True))


def trouble(path: Path, error: sqlite3.Error) -> Finding:
    """What a database says, in words for a person."""
    for sign, what, remedy in TROUBLES:
        if sign in str(error):
            return wrong(what, path, remedy)
    return wrong("the database can't be read", path, "Bring back a copy with delebot restore")


def database(installation: Installation) -> Iterator[Finding]:
    """Whether the database opens, and was written by this version of Delebot."""
    path = installation.state / FILE
    if not path.exists():
        left = companions(path)
        yield from (wrong("a part of a state is here, but not the state itself", each, PART) for each in left[:1])
        return
    try:
        with opened(path) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            known = "alembic_version" in tables
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    except sqlite3.Error as error:
        yield trouble(path, error)
    else:
        yield schema(path, row[0] if row else "", empty=not tables)


def schema(path: Path, version: str, *, empty: bool) -> Finding:
    if version == HEAD:
        return right(f"the database has this version's form ({HEAD})", path)
    if empty:
        return doubtful("the database is empty", path, "It is filled by the first delebot trigger or delebot run")
    if not version:
        return wrong("this database is no Delebot state", path, "Move it away, or bring back a copy: delebot restore")
    if version > HEAD:
        what = f"the state was written by a newer Delebot (form {version}; this one knows {HEAD})"
        return wrong(what, path, "Install the newer version again, or bring back an older copy with delebot restore")
    what = f"the state has the form of an older version ({version}; this one's is {HEAD})"
    return doubtful(what, path, "It is brought to the new one at the next start: start the running Delebot anew")


def content(installation: Installation) -> Iterator[Finding]:
    """Whether what the database holds is whole, and its log is not growing without end."""
    path = installation.state / FILE
    if not path.exists() or not path.stat().st_size:
        return
    try:
        with opened(path) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        yield trouble(path, error)
        return
    if said != "ok":
        yield wrong("the database is damaged", path, "Look at the disk, and bring back a copy with delebot restore")
    elif orphans:
        what = f"{len(orphans)} rows of {orphans[0][0]} belong to nothing"
        yield wrong(what, path, "Bring back a copy with delebot restore")
    else:
        yield right("the database is whole", path)
    yield from _wal(path.with_name(f"{path.name}-wal"))


def _wal(path: Path) -> Iterator[Finding]:
    if path.exists() and (size := path.stat().st_size) > LARGE_WAL:
        what = f"the database's log has grown to {size // 1_000_000} MB"
        yield doubtful(what, path, "Start Delebot anew; if it stays so, another program keeps the database open")


# --- What lies beside it -------------------------------------------------------------------------------------------


def leftovers(installation: Installation) -> Iterator[Finding]:
    """Files of work that was broken off; what is younger than an hour may still be under way."""
    if not installation.state.is_dir():
        return
    paths = sorted(path for pattern in LEFTOVERS for path in installation.state.glob(pattern))
    old = [path for path in paths if time.time() - path.lstat().st_mtime > 3600]
    yield from (doubtful("this was left behind by work that was broken off", path, "Remove it") for path in old)
    if not old:
        yield right("nothing was left behind", installation.state)


def copies(installation: Installation) -> Iterator[Finding]:
    """How old the last copy is, as far as copies are kept where the documentation puts them."""
    places = (installation.state, installation.system(USUAL_COPIES))
    times = [
        path.stat().st_mtime
        for place in places
        if os.access(place, os.R_OK)
        for path in place.glob("delebot-*.sqlite3")
    ]
    if not times:
        yield right("no copy is kept in the usual places; whether there is one elsewhere is not known")
    elif (age := time.time() - max(times)) > OLD_COPY:
        yield doubtful(f"the last copy of the state is {age // 86400:.0f} days old", remedy="Make one: delebot backup")
    else:
        yield right(f"the last copy of the state is {age // 86400:.0f} days old")


def sessions(installation: Installation) -> Iterator[Finding]:
    """Whether the sessions of the channels can be read; what they are is nobody's business."""
    path = installation.state / SESSIONS
    try:
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except PermissionError:
        yield wrong("the sessions can't be read", path, "Run this as the user that runs Delebot")
        return
    except (OSError, ValueError):
        found = None
    if isinstance(found, dict):
        yield right(f"sessions are kept for {len(found)} channels", path)
    else:
        what = "the sessions are damaged"
        yield wrong(what, path, "Remove the file: they are made anew, but for Threads, which needs a new token")
