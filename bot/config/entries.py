"""One env file on disk, read into what it gives for each key; what is wrong is found, not raised."""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.config.envfile import LARGEST, NOT_A_LINE, REFERENCE, Complaint, Line, decode, fill_in, lines
from bot.config.wrong import Wrong, did_you_mean, suggest
from bot.model import Mistake

EMPTY = Wrong("has no value", "Write one after the =, or remove the line.")


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found wrong, and what is only worth a warning; `strays` are files that are not read."""

    found: list[tuple[str, int, Mistake]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    exposed: list[Path] = field(default_factory=list)
    strays: list[Mistake] = field(default_factory=list)

    def wrong(self, place: str, number: int, what: str, remedy: str = "") -> None:
        """Note a mistake; `number` is the line, 0 when it has none."""
        self.found.append((place, number, Mistake(what, where=where(place, number), remedy=remedy)))

    def warn(self, place: str, number: int, what: str, remedy: str = "") -> None:
        """Note what works but is probably not meant."""
        self.warnings.append(str(Mistake(what, where=where(place, number), remedy=remedy)))

    def mistakes(self) -> tuple[Mistake, ...]:
        """All mistakes, file by file and line by line."""
        places = list(dict.fromkeys(place for place, _, _ in self.found))
        in_order = sorted(self.found, key=lambda one: (places.index(one[0]), one[1]))
        return (*(mistake for _, _, mistake in in_order), *self.strays) if in_order else ()


def where(place: str, number: int) -> str:
    """A file and a line of it."""
    return f"{place} line {number}" if number else place


@dataclass(frozen=True, slots=True)
class Given:
    """What a file gives for one key.

    `shown` tells that the value stands in the file itself; `target` is the file that X_FILE names.
    """

    key: str
    number: int
    text: str
    shown: bool = True
    target: Path | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """What one file gives, by the names of the settings' fields.

    `tried` are the fields that the file has lines for, good or bad; `unknown` are the lines whose key is none of
    those asked for; `doubtful` tells that some line could not be read at all.
    """

    place: str
    path: Path
    given: dict[str, Given] = field(default_factory=dict)
    tried: dict[str, Line] = field(default_factory=dict)
    unknown: list[Line] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The text given for a field, or nothing."""
        return self.given[name].text if name in self.given else ""

    def at(self, name: str) -> tuple[str, int]:
        """The file, and the line that gives a field or 0."""
        return self.place, self.given[name].number if name in self.given else 0


def contents(path: Path) -> str:
    """The text of a file; Wrong when it can't be read or is not plain text."""
    try:
        mode = path.stat().st_mode
        data = _head(path) if stat.S_ISREG(mode) else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise Wrong(
            f"can't be read ({reason.lower()})", "Check that it is there and that Delebot may read it."
        ) from None
    if not stat.S_ISREG(mode):
        raise Wrong("is a folder, not a file" if stat.S_ISDIR(mode) else "is not an ordinary file")
    if len(data) > LARGEST:
        raise Wrong(f"is larger than {LARGEST // 1024} KB")
    return decode(data)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def read_entries(
    path: Path, place: str, known: Collection[str], environ: Mapping[str, str], findings: Findings
) -> Entries:
    """What the file gives for the known fields."""
    entries = Entries(place, path)
    try:
        text = contents(path)
    except Wrong as wrong:
        findings.wrong(place, 0, f"the file {wrong.what}", wrong.remedy)
        entries.doubtful.append(0)
        return entries
    for line in lines(text):
        if isinstance(line, Complaint):
            _complain(line, entries, known, findings)
        else:
            _enter(line, entries, known, environ, findings)
    return entries


def field_of(key: str, known: Collection[str]) -> str:
    """The field that a key is for, also by a file (URL_FILE); nothing if there is none."""
    for candidate in (key, key.removesuffix("_FILE")):
        if candidate.lower() in known and candidate == candidate.upper():
            return candidate.lower()
    return ""


def _complain(complaint: Complaint, entries: Entries, known: Collection[str], findings: Findings) -> None:
    name = field_of(complaint.key, known)
    what = f"{complaint.key if name else 'the line'} {complaint.wrong.what}"
    findings.wrong(entries.place, complaint.number, what, complaint.wrong.remedy)
    if name:
        entries.tried.setdefault(name, Line(complaint.number, complaint.key, ""))
    else:
        entries.doubtful.append(complaint.number)


def _enter(
    line: Line, entries: Entries, known: Collection[str], environ: Mapping[str, str], findings: Findings
) -> None:
    name = field_of(line.key, known)
    if not name:
        entries.unknown.append(line)
        return
    first = entries.tried.setdefault(name, line)
    if first is not line:
        findings.wrong(entries.place, line.number, *_doubled(first, line))
        return
    try:
        entries.given[name] = _given(line, name, entries.path.parent, environ)
    except Wrong as wrong:
        findings.wrong(entries.place, line.number, f"{line.key} {wrong.what}", wrong.remedy)


def _doubled(first: Line, second: Line) -> tuple[str, str]:
    places = f"lines {first.number} and {second.number}"
    if first.key == second.key:
        return f"{second.key} is given twice, on {places}", "Keep one."
    return f"{first.key} and {second.key} are both given, on {places}", "Keep one."


def _given(line: Line, name: str, folder: Path, environ: Mapping[str, str]) -> Given:
    text = line.value if line.literal else fill_in(line.value, environ)
    if not text.strip():
        raise EMPTY
    if line.key.lower() == name:
        shown = line.literal or not REFERENCE.search(line.value)
        return Given(line.key, line.number, text, shown)
    target = folder / text
    try:
        inside = contents(target).rstrip("\r\n")
    except Wrong as wrong:
        raise Wrong(f"names a file that {wrong.what}", wrong.remedy) from None
    if not inside.strip():
        raise Wrong("names a file that is empty", "Put the value into that file.")
    return Given(line.key, line.number, inside, shown=False, target=target)


def report_unknown(entries: Entries, known: Collection[str], elsewhere: Mapping[str, str], findings: Findings) -> None:
    """Say of each unknown key what was probably meant, or where it belongs.

    A key is repeated only where it reads like one, because a secret may have been pasted on a line of its own.
    """
    for line in entries.unknown:
        at, key = (entries.place, line.number), line.key
        bare, ending = (key[:-5], "_FILE") if key.upper().endswith("_FILE") else (key, "")
        home = elsewhere.get(field_of(key, elsewhere))
        meant = suggest(bare, known) if len(key) <= 40 else ""
        if home:
            findings.wrong(*at, f"{key} belongs in {home}", "Move the line there, or remove it.")
        elif meant:
            entries.tried.setdefault(meant, line)
            findings.wrong(*at, f"{key} is not a key", did_you_mean(meant.upper() + ending))
        elif re.fullmatch(r"[A-Z][A-Z_]{0,29}", key):
            findings.wrong(*at, f"{key} is not a key of this file", "The example beside it lists them.")
        else:
            entries.doubtful.append(line.number)
            findings.wrong(*at, "what stands before the = is not a key", NOT_A_LINE)
