"""The kinds of channels: one file each, found by looking into this folder.

A kind's file has settings (what a channel of it is configured with) and flows (generators that yield requests, are
told the answers and return a value). `@kind` on `publish` makes it known; `prepare`, `revise`, `retract`, `look_up`,
`verify` and `renew` are found by their names when the file has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel, SecretStr


@dataclass(frozen=True, slots=True)
class Limits:
    """What a kind can show: `title` and `lead` in the characters of plain text that compose clips to.

    `share_link` is the longest address that a link to share may have, and `mail_links` says whether such a link may
    open the reader's e-mail instead of a page.
    """

    title: int = 300
    lead: int = 600
    share_link: int = 2000
    mail_links: bool = False


Verb = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A platform: its settings, its flows and what it declares of itself.

    `repeatable` is how long the platform remembers our key, None if it does not. `spacing` is the least time between
    two posts to one channel. `target` names the settings that tell one destination from another. `urls` is what the
    addresses of this kind look like, None where an address can't tell.
    """

    name: str
    settings: type[BaseModel]
    publish: Verb
    repeatable: timedelta | None
    limits: Limits
    spacing: timedelta
    target: tuple[str, ...]
    urls: re.Pattern[str] | None
    prepare: Verb | None = None
    revise: Verb | None = None
    retract: Verb | None = None
    look_up: Verb | None = None
    verify: Verb | None = None
    renew: Verb | None = None

    def target_of(self, settings: BaseModel) -> str:
        """A fingerprint of the destination, so that a receipt is never used on another one."""
        values = (getattr(settings, name) for name in self.target)
        plain = (value.get_secret_value() if isinstance(value, SecretStr) else str(value) for value in values)
        return sha256("\n".join((self.name, *plain)).encode()).hexdigest()[:16]


VERBS = ("prepare", "revise", "retract", "look_up", "verify", "renew")


def kind(
    settings: type[BaseModel],
    *,
    repeatable: timedelta | None = None,
    limits: Limits = Limits(),
    spacing: timedelta = timedelta(0),
    target: tuple[str, ...] = ("url",),
    urls: str | None = None,
) -> Callable[[Verb], Verb]:
    """Declare a kind by its `publish`; the name of the file is the name of the kind."""

    def declare(publish: Verb) -> Verb:
        name = publish.__module__.rpartition(".")[2]
        pattern = re.compile(urls) if urls else None
        publish.declared = Kind(name, settings, publish, repeatable, limits, spacing, target, pattern)  # type: ignore[attr-defined]
        return publish

    return declare


def names() -> tuple[str, ...]:
    """The names of all kinds, in alphabetical order."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def load(name: str) -> Kind:
    """The kind of that name; KeyError when there is none."""
    if name not in names():
        raise KeyError(name)
    module = import_module(f"{__name__}.{name}")
    declared: Kind = module.publish.declared
    fields = {field: getattr(declared, field) for field in Kind.__dataclass_fields__}
    return Kind(**{**fields, **{verb: getattr(module, verb, None) for verb in VERBS}})


def recognise(url: str) -> str | None:
    """The name of the kind that this address can only belong to, or None."""
    for name in names():
        pattern = load(name).urls
        if pattern and pattern.fullmatch(url):
            return name
    return None
