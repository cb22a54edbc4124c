"""Says what is wrong with an installation, and what to do about it. Asks the network, posts nothing, changes nothing.

Each check is a small function that gives findings; `CHECKS` is where the next one is added. A check that stumbles or
hangs is a finding too, so that all others are still made.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from bot.commands.doctor.finding import Finding, Installation, wrong

T = TypeVar("T")

# The checks of each module here, in the order in which they are told; the next one is added by its name.
CHECKS = {
    "machine": ("python", "libraries", "time_zone", "limits", "certificates", "proxy", "programs"),
    "files": ("configuration", "permissions", "told"),
    "state": (
        "directory", "place", "space", "elsewhere", "database", "content", "leftovers", "copies", "sessions",
    ),
    "daemon": ("daemon",),
    "replicas": ("server", "replicas"),
    "network": ("feeds", "hosts"),
}  # fmt: skip
# What is looked at only where one works alone, on a state that is a file.
ALONE = {"place", "space", "elsewhere", "database", "content", "copies", "sessions", "daemon"}
READING = 5.0  # Seconds for the configuration, and then for every check, all of which are made at once.
CHECKING = 12.0
USUAL_STATES = ("/var/lib/delebot", "/data")


async def examine(installation: Installation, patience: float = CHECKING) -> list[Finding]:
    """Everything that is found, in the order of the table; each check has so many seconds for it."""
    read = await _read(installation)
    shared = read.settings is not None and read.settings.bot.database
    checks = [(module, name) for module, names in CHECKS.items() for name in names if not (shared and name in ALONE)]
    found = await asyncio.gather(*(_made(module, name, read, patience) for module, name in checks))
    # What several checks stumble over is told once.
    return list({(one.how, one.what, one.where or one.name): one for several in found for one in several}.values())


async def _read(installation: Installation) -> Installation:
    """The same installation with its configuration, as far as that can be used."""

    def load() -> Installation:
        from bot.config.load import look

        settings, findings = look(installation.config, installation.environ)
        return replace(installation, settings=settings, found=findings)

    try:
        async with asyncio.timeout(READING):
            return await aside(load)
    except Exception:  # noqa: BLE001 - that nothing could be read is told by the check of the configuration
        return installation


async def _made(module: str, name: str, installation: Installation, patience: float) -> list[Finding]:
    try:
        async with asyncio.timeout(patience):
            found = await _findings(module, name, installation)
    except TimeoutError:
        remedy = "Something that it asks hangs, such as a disk, a network drive or a name server"
        found = [wrong(f"this look did not end within {patience:g} s", remedy=remedy)]
    except ImportError as error:
        found = [wrong(f"a part of it is missing ({error.name})", "the program", "Install Delebot once more")]
    except Exception as error:  # noqa: BLE001 - whatever is broken here, the other checks are still made
        found = [wrong(f"this could not be looked at ({type(error).__name__})")]
    return [replace(finding, name=name.replace("_", " ")) for finding in found]


async def _findings(module: str, name: str, installation: Installation) -> list[Finding]:
    # Imported only here, so that a library that is missing is a finding, and not the end of all.
    check: Any = getattr(await aside(lambda: import_module(f"{__name__}.{module}")), name)
    if inspect.isasyncgenfunction(check):
        return [finding async for finding in check(installation)]
    return await aside(lambda: list(check(installation)))


async def aside(work: Callable[[], T]) -> T:
    """Do it in a thread that nobody waits for at the end: what hangs on a dead disk can't be cancelled."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[Any], None], value: object) -> None:
        if not done.done():
            how(value)

    def run() -> None:
        how: Callable[[Any], None] = done.set_result
        try:
            value: object = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            how, value = done.set_exception, error
        with suppress(RuntimeError):  # The loop has ended meanwhile.
            loop.call_soon_threadsafe(settle, how, value)

    Thread(target=run, name="doctor", daemon=True).start()
    return await done


def at(config: Path, state: Path, environ: Mapping[str, str], default_state: Path) -> Installation:
    """The installation that a person means by these folders."""
    usual = (default_state, *map(Path, USUAL_STATES))
    return Installation(config, state, environ, elsewhere=tuple(path for path in usual if path != state))


# --- What is said --------------------------------------------------------------------------------------------------


def is_well(findings: Iterable[Finding]) -> bool:
    return all(finding.how != "bad" for finding in findings)


def report(findings: list[Finding]) -> dict[str, Any]:
    return {"ok": is_well(findings), "findings": [finding.as_json() for finding in findings]}


def text(findings: list[Finding]) -> str:
    """What is wrong and what is worth a look, line by line, and how much is right."""
    told = [str(finding) for finding in findings if finding.how != "ok"]
    number = len(findings) - len(told)
    things = "1 thing is" if number == 1 else f"{number} things are"
    begin = "Nothing is wrong: " if is_well(findings) else ""
    return "\n".join((*told, f"{begin}{things} right (--json lists them)"))
