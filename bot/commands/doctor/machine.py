"""The machine and the program: versions, time zones, limits, certificates, the environment."""

from __future__ import annotations

import os
import re
import resource
import sqlite3
import ssl
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.commands.doctor.finding import Finding, Installation, doubtful, right, wrong

OLDEST_SQLITE = (3, 35)
LEAST_MEMORY, LEAST_FILES = 150_000_000, 256
UNLIMITED = 2**60  # The first version of control groups says so by the largest number there is.
AGAIN = "Install Delebot once more, with --constraint constraints.txt"
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")

# --- The program ---------------------------------------------------------------------------------------------------


def python(_: Installation) -> Iterator[Finding]:
    yield right(f"Python {sys.version.split()[0]}", sys.executable)
    yield sqlite(sqlite3.sqlite_version_info)


def sqlite(version: tuple[int, ...]) -> Finding:
    """Whether the database library that Python was built with knows all that is asked of it."""
    named = ".".join(map(str, version))
    if version < OLDEST_SQLITE:
        return wrong(f"SQLite {named} is too old", remedy="Use a Python with SQLite 3.35 or newer")
    return right(f"SQLite {named}")


def libraries(
    installation: Installation,
    required: Callable[[str], list[str] | None] = metadata.requires,
    version_of: Callable[[str], str] = metadata.version,
) -> Iterator[Finding]:
    """Each library that the installed program asks for is there, in a version that it can use."""
    try:
        asked = required("delebot") or []
    except metadata.PackageNotFoundError:
        yield doubtful("Delebot runs from its source without being installed", remedy="Run: make setup")
        return
    channels = installation.settings.channels.values() if installation.settings else ()
    extra = any(channel.kind == "apprise" for channel in channels)
    needed = [line for line in asked if ";" not in line or (extra and re.search("extra == .apprise.", line))]
    faults = [fault for line in needed if (fault := _fault(line, version_of))]
    yield from faults
    if not faults:
        yield right(f"{len(needed)} libraries are there, in versions that fit")


def _fault(requirement: str, version_of: Callable[[str], str]) -> Finding | None:
    """What is wrong with one library; `requirement` is such as «httpx<1,>=0.28»."""
    line, _, extra = requirement.partition(";")
    name = re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0]
    try:
        version = version_of(name)
    except metadata.PackageNotFoundError:
        remedy = "Install it: pip install 'delebot[apprise]'" if extra else AGAIN
        return wrong(f"the library {name} is not installed", remedy=remedy)
    if all(fits(version, bound, limit) for bound, limit in re.findall(r"(>=|<)\s*([\d.]+)", line)):
        return None
    return wrong(f"{name} {version} is not a version that Delebot can use ({line.strip()})", remedy=AGAIN)


def fits(version: str, bound: str, limit: str) -> bool:
    """Whether a version is within one bound, `>=` or `<`; only the numbers count."""
    here, there = ([int(number) for number in re.findall(r"\d+", text)] for text in (version, limit))
    length = max(len(here), len(there))
    mine, theirs = (numbers + [0] * (length - len(numbers)) for numbers in (here, there))
    return mine >= theirs if bound == ">=" else mine < theirs


def programs(installation: Installation, mine: Path | None = None) -> Iterator[Finding]:
    """Whether the shell would start another Delebot than this one."""
    here, called = (mine or Path(sys.prefix)).resolve(), Path(sys.argv[0]).resolve()
    folders = dict.fromkeys(filter(None, installation.environ.get("PATH", "").split(os.pathsep)))
    found = [path for folder in folders if (path := Path(folder) / "delebot").is_file() and os.access(path, os.X_OK)]
    others = [path for path in found if path.resolve() != called and not path.resolve().is_relative_to(here)]
    for path in others:
        if path == found[0]:
            remedy = "Remove the old one, or call this one by its whole path"
            yield doubtful(f"typing delebot starts this one{_version_of(path)}, and you asked another", path, remedy)
        else:
            yield doubtful(f"there is a second Delebot{_version_of(path)}", path, "Remove the one you don't use")
    if not others:
        yield right("there is no other Delebot on the PATH")


def _version_of(program: Path) -> str:
    """The version that is installed beside a program, in brackets."""
    place = program.resolve().parent.parent
    named = sorted(path.name.split("-")[1] for path in place.glob("lib/python3*/site-packages/delebot-*.dist-info"))
    return f" ({named[-1].removesuffix('.dist')})" if named else ""


def time_zone(installation: Installation, load: Callable[[str], object] = ZoneInfo) -> Iterator[Finding]:
    """Whether the machine or the package tzdata knows the zone that is configured."""
    name = str(installation.settings.bot.timezone) if installation.settings else "Europe/Oslo"
    try:
        load(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        yield wrong(f"no time zone data for {name}", remedy="Install them: pip install tzdata")
    else:
        yield right(f"the time zone {name} is known")


# --- The machine ---------------------------------------------------------------------------------------------------


def limits(installation: Installation) -> Iterator[Finding]:
    """How much memory and how many files the system grants this process."""
    granted = min([*_cgroup(installation), *_soft(resource.RLIMIT_AS)], default=None)
    if granted is not None and granted < LEAST_MEMORY:
        what = f"only {granted // 1_000_000} MB of memory may be used; Delebot needs 75 MB at rest, more for pictures"
        yield wrong(what, "memory", "Allow 150 MB: MemoryMax in the unit, --memory of the container")
    else:
        yield right("there is memory enough" if granted is None else f"{granted // 1_000_000} MB may be used", "memory")
    yield from map(files_allowed, _soft(resource.RLIMIT_NOFILE))


def files_allowed(number: int) -> Finding:
    if number < LEAST_FILES:
        return doubtful(f"only {number} files may be open at once", "files", "Allow 1024: LimitNOFILE, or ulimit -n")
    return right(f"{number} files may be open at once", "files")


def _soft(which: int) -> list[int]:
    soft, _ = resource.getrlimit(which)
    return [] if soft == resource.RLIM_INFINITY else [soft]


def _cgroup(installation: Installation) -> Iterator[int]:
    """The limits of memory of this process's control group and of all above it."""
    for line in installation.text("proc/self/cgroup").splitlines():
        number, _, path = line.split(":", 2) if line.count(":") > 1 else ("", "", "")
        folders = [Path(path.lstrip("/")), *Path(path.lstrip("/")).parents]
        for folder in folders if number == "0" else ():
            text = installation.text(f"sys/fs/cgroup/{folder}/memory.max").strip()
            if text.isdigit():
                yield int(text)
    old = installation.text("sys/fs/cgroup/memory/memory.limit_in_bytes").strip()
    if old.isdigit() and int(old) < UNLIMITED:
        yield int(old)


def certificates(installation: Installation, trusted: Callable[[], ssl.SSLContext] | None = None) -> Iterator[Finding]:
    """Whether there is anything that a TLS certificate can be compared with."""
    from bot.net.client import tls_context

    for key in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        named = installation.environ.get(key)
        there = Path(named).is_file() if named and key.endswith("FILE") else named and Path(named).is_dir()
        if named and not (there and os.access(named, os.R_OK)):
            yield wrong(f"{key} names what is not there or can't be read", named, f"Correct {key}, or remove it")
            return
    number = len((trusted or tls_context)().get_ca_certs())
    folder = ssl.get_default_verify_paths().capath
    if not number and not (folder and any(Path(folder).iterdir())):
        yield wrong("no certificate authority is trusted", remedy="Install the system's package ca-certificates")
    else:
        yield right(f"{number or 'the'} certificate authorities are trusted")


def proxy(installation: Installation) -> Iterator[Finding]:
    """Whether the environment names a proxy that Delebot doesn't use; its address may hold a password."""
    named = [key for key in PROXIES if installation.environ.get(key)]
    used = installation.settings and installation.settings.bot.proxy
    if named and not used:
        what = f"{named[0]} is set in the environment, and Delebot does not use it"
        yield doubtful(what, "bot.env", f"If there is no other way out, add PROXY=${{{named[0]}}}")
    else:
        yield right("everything goes through PROXY" if used else "no proxy is asked for")
