"""What a fresh clone installs: every package that is needed is pinned, and by nothing but its name and version."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINS = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]


def needed(name: str, extras: frozenset[str]) -> set[tuple[str, frozenset[str]]]:
    """What an installed package asks for on this machine, with those of its extras."""
    asked = [Requirement(line) for line in requires(name) or ()]
    wanted = [r for r in asked if not r.marker or any(r.marker.evaluate({"extra": e}) for e in (*extras, ""))]
    return {(canonicalize_name(r.name), frozenset(r.extras)) for r in wanted}


def closure(name: str, extras: frozenset[str]) -> set[str]:
    """Everything that a package needs, and what that needs in turn."""
    seen: set[tuple[str, frozenset[str]]] = set()
    ahead = {(name, extras)}
    while ahead:
        seen |= ahead
        ahead = {more for name, extras in ahead for more in needed(name, extras)} - seen
    return {found for found, _ in seen} - {name}


def test_everything_that_is_installed_is_pinned() -> None:
    pinned = {canonicalize_name(line.partition("==")[0]) for line in PINS}
    assert closure("delebot", frozenset({"dev"})) - pinned == set()


def test_a_pin_is_a_name_and_a_version_and_no_address() -> None:
    assert [line for line in PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", line)] == []
