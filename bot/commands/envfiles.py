"""The env files that `init` and `add` write, and what they may read of those that are there already."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeVar

from pydantic import BaseModel

from bot.config.entries import Entries, Findings, Given, read_entries
from bot.config.envfile import REFERENCE, Line, lines
from bot.config.filled import fill
from bot.config.load import NAME
from bot.model import Mistake, Mistakes
from bot.settings import BotSettings

M = TypeVar("M", bound=BaseModel)
WITHOUT_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS})


def page(about: str, values: Mapping[str, str]) -> str:
    """The text of an env file with these keys."""
    return "\n".join((f"# {about}", *(assignment(key, value) for key, value in values.items()))) + "\n"


def assignment(key: str, value: str) -> str:
    """The line that gives a key this value, and no other, when it is read; in quotes where that is needed."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    for line in (f"{key}={value}", f"{key}='{escaped}'"):
        read = list(lines(line))
        one = read[0] if len(read) == 1 else None
        same = isinstance(one, Line) and (one.key, one.value) == (key, value)
        if isinstance(one, Line) and same and (one.literal or not REFERENCE.search(value)):
            return line
    remedy = f"Put it into a file, and name that as {key}_FILE"
    raise Mistake(f"{key}: the value can't be written on one line", remedy=remedy)


def create(directory: Path, name: str, text: str) -> None:
    """Write a file that is not there yet, whole or not at all, for its owner only; Mistake when it is there."""
    path = directory / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path, text)
    except FileExistsError:
        raise Mistake("this file is there already", where=str(path), remedy="Choose another --name", code=1) from None
    except OSError as error:
        why = (error.strerror or "unknown").lower()
        raise Mistake(f"this file can't be written ({why})", where=str(path), code=1) from None


def _create(path: Path, text: str) -> None:
    # A link is made only where nothing is, so that two who write at once can't lose a file.
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except OSError as error:
            if error.errno not in WITHOUT_LINKS:
                raise
            path.touch(0o600, exist_ok=False)
            Path(file.name).replace(path)
            # What closing removes is no longer there under this name.
            Path(file.name).touch()


def check_name(name: str) -> str:
    """The name of a feed or channel as a person gives it."""
    if not NAME.fullmatch(name):
        remedy = "It may only have a to z, 0 to 9, - and _, and begin with a letter or digit"
        raise Mistake("--name is no name for a file", remedy=remedy)
    return name


def unused(directory: Path, folder: str, name: str) -> str:
    """The name, with a number where it is taken."""
    number, free = 1, name
    while (directory / folder / f"{free}.env").exists():
        number += 1
        free = f"{name}-{number}"
    return free


def check_free(directory: Path, name: str) -> None:
    """Find early that a file is there already."""
    if (directory / name).exists():
        raise Mistake("this file is there already", where=str(directory / name), remedy="Choose another --name", code=1)


# --- What is there ------------------------------------------------------------------------------------------------


def bot_settings(directory: Path, environ: Mapping[str, str]) -> BotSettings:
    """What `bot.env` says, alone: the rest of the configuration need not be there yet."""
    if not (directory / "bot.env").exists():
        return BotSettings()
    findings = Findings()
    entries = read_entries(directory / "bot.env", "bot.env", BotSettings.model_fields, environ, findings)
    settings = fill(BotSettings, entries, findings)
    if mistakes := findings.mistakes():
        raise Mistakes(mistakes)
    return settings or BotSettings()


def settings_of(model: type[M], values: Mapping[str, str]) -> M:
    """The settings that these texts mean, by their fields; Mistakes, with no secret in them, when they mean none."""
    findings = Findings()
    given = {name: Given(name.upper(), 0, text, shown=False) for name, text in values.items()}
    settings = fill(model, Entries("", Path(), given), findings)
    if settings is None or findings.found:
        raise Mistakes(findings.mistakes())
    return settings
