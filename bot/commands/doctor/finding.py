"""What the doctor looks at, and what it finds there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.config.entries import Findings
    from bot.net.guard import Lookup
    from bot.settings import Config

MARKS = {"ok": "✓", "warn": "!", "bad": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, what and where, and what to do. It holds no secret.

    `warn` is what works and is worth a look, `bad` what is wrong. The table of checks gives it its name.
    """

    how: Literal["ok", "warn", "bad"]
    what: str
    where: str = ""
    remedy: str = ""
    name: str = ""

    def as_json(self) -> dict[str, str]:
        """Only what is said."""
        return {key: value for key, value in asdict(self).items() if value}

    def __str__(self) -> str:
        cure = f". {self.remedy}" if self.remedy else ""
        return f"{MARKS[self.how]} {self.where or self.name}: {self.what}{cure}"


def right(what: str, where: object = "") -> Finding:
    return Finding("ok", what, str(where))


def doubtful(what: str, where: object = "", remedy: str = "") -> Finding:
    return Finding("warn", what, str(where), remedy)


def wrong(what: str, where: object = "", remedy: str = "") -> Finding:
    return Finding("bad", what, str(where), remedy)


@dataclass(frozen=True)
class Installation:
    """What is looked at: the folders, the environment, and as much of the configuration as can be used.

    `found` is what was found while reading the files, None when they could not be read at all. `elsewhere` are folders
    in which the state of another installation may be. Files of the system are looked for below `root`.
    """

    config: Path
    state: Path
    environ: Mapping[str, str]
    settings: Config | None = None
    found: Findings | None = None
    elsewhere: tuple[Path, ...] = ()
    root: Path = Path("/")
    lookup: Lookup | None = None

    def system(self, path: str) -> Path:
        """A file of the system, such as `proc/self/mounts`."""
        return self.root / path

    def text(self, path: str) -> str:
        """What a file of the system says, nothing where it isn't there or may not be read."""
        try:
            return self.system(path).read_text("utf-8", "replace")
        except OSError:
            return ""

    @property
    def in_container(self) -> bool:
        return self.system(".dockerenv").exists() or self.system("run/.containerenv").exists()
