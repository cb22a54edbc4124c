"""What an env file says, line by line, and what in it would surprise whoever wrote it. Pure: bytes in, lines out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from dotenv.parser import Binding, parse_stream

from bot.config.wrong import Wrong

LARGEST = 65536
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?:'[^']+'|[^=\s]+)\s*=[^\S\r\n]*(?P<raw>.*)", re.DOTALL)
CURLY = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b"
NOT_A_LINE = "Write KEY=value, or begin the line with # if it is a comment."


@dataclass(frozen=True, slots=True)
class Line:
    """One assignment: its number counts from 1, and `literal` tells that ${…} is meant as it stands."""

    number: int
    key: str
    value: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a line; `key` is empty when no key can be told."""

    number: int
    key: str
    wrong: Wrong


def decode(data: bytes) -> str:
    """The text of a file; Wrong when it is not plain UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Wrong("is saved as UTF-16", "Save it as UTF-8 (without BOM).")
    if data.startswith(codecs.BOM_UTF8):
        raise Wrong("begins with an invisible mark (a BOM)", "Save it as UTF-8 without BOM.")
    if b"\0" in data:
        raise Wrong("is not a text file, or is saved as UTF-16", "Save it as UTF-8 (without BOM).")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        number = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        what = f"is not saved as UTF-8: line {number} has a letter, such as æ, ø or å, in an older encoding"
        raise Wrong(what, "Save it as UTF-8.") from None


def lines(text: str) -> Iterator[Line | Complaint]:
    """What the file assigns, in order, and the lines that can't be read or that would lose something."""
    for binding in parse_stream(StringIO(text, newline="")):
        if binding.error or binding.key is not None:
            yield _line(binding)


def _line(binding: Binding) -> Line | Complaint:
    number = _number(binding)
    if binding.error or binding.key is None or binding.value is None:
        return Complaint(number, "", _unreadable(binding))
    match = ASSIGNMENT.fullmatch(binding.original.string)
    raw = match["raw"].strip() if match else ""
    wrong = _surprise(raw, binding.value)
    if wrong:
        return Complaint(number, binding.key, wrong)
    return Line(number, binding.key, binding.value, literal=raw.startswith("'"))


def _number(binding: Binding) -> int:
    """The line of the assignment itself: the parser counts the empty lines before it as a part of it."""
    string = binding.original.string
    before = string[: len(string) - len(string.lstrip())]
    return binding.original.line + len(re.findall(r"\r\n|\r|\n", before))


def _unreadable(binding: Binding) -> Wrong:
    raw = binding.original.string.strip()
    if re.match(r"""(?:export\s+)?[^=\s]+\s*=\s*["']""", raw):
        what = "has a quote that is not closed, or something after the closing quote"
        return Wrong(what, "Close it, or leave both out.")
    if "=" not in raw:
        return Wrong("has no =", NOT_A_LINE)
    return Wrong("can't be read", NOT_A_LINE)


def _surprise(raw: str, value: str) -> Wrong | None:
    """What the parser would take differently from what is seen on the line."""
    if raw[:1] in ('"', "'"):
        if re.search(r"[\r\n]", raw):
            return Wrong("runs over several lines", "Close the quote on its own line; a long secret goes into a file.")
        return None
    if raw != value:
        return Wrong(
            "has a # after a space, and what follows it would be lost",
            'Put the value in "quotes" if the # belongs to it; put a comment on its own line.',
        )
    if raw and (raw[0] in CURLY or raw[-1] in CURLY):
        return Wrong("has curly quotes", 'Use straight ones ("), or none.')
    return None


REFERENCE = re.compile(r"\$\{([^}]*)\}")


def fill_in(text: str, environ: Mapping[str, str]) -> str:
    """The text with each ${NAME} replaced by its value in the environment."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,60}", name):
            raise Wrong("has a ${…} without a plain name in it", "Write ${NAME}; 'single quotes' keep a text as it is.")
        if not environ.get(name):
            state = "empty" if name in environ else "not set"
            # A name in small letters may be a secret that was pasted between the braces.
            told = name if name.isupper() else "…"
            raise Wrong(f"takes its value from ${{{told}}}, which is {state} in the environment", "Set it there.")
        return environ[name]

    return REFERENCE.sub(value, text)
