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
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal

from pydantic import BaseModel, SecretStr

PICTURES = ("image/png", "image/jpeg", "image/gif")
ALL_PICTURES = (*PICTURES, "image/webp", "image/avif")


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures that a kind takes: media types, most bytes, longest side and most pixels in all; None is no limit.

    With `upload` it is given the fitted picture itself; without, only the address, and none that doesn't fit.
    """

    upload: bool = False
    types: tuple[str, ...] = PICTURES
    bytes: int | None = None
    side: int | None = None
    pixels: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a kind can show: `title` and `lead` in the characters of plain text that compose clips to.

    `share_link` is the longest address that a link to share may have, and `mail_links` says whether such a link may
    open the reader's e-mail instead of a page. `share` is how the call to share is shown: with links, with buttons, or
    in words alone on a network whose posts have a button of their own. `hashtags` is how many are shown where the
    channel's file says nothing of TAGS. `pictures` is None for words alone.
    """

    title: int = 300
    lead: int = 600
    share_link: int = 2000
    mail_links: bool = False
    share: Literal["links", "buttons", "words"] = "links"
    hashtags: int = 0
    pictures: Pictures | None = Pictures()


class Proof(StrEnum):
    """By what it is proved that the platform takes what a kind sends."""

    SERVER = "a real server"
    SCHEMA = "a vendor's schema or library"
    DOCUMENTS = "its documents only"


FOREVER = timedelta(days=3650)
Verb = Callable[..., Any]
Memory = timedelta | Callable[[Any], timedelta | None] | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A platform: its settings, its flows and what it declares of itself.

    `repeatable` is how long the platform remembers our key, None if it does not; a function of the settings where they
    decide it. `spacing` is the least time between
    two posts to one channel. `target` names the settings that tell one destination from another. `urls` is what the
    addresses of this kind look like, None where an address can't tell; its named groups are settings that an address
    holds.
    """

    name: str
    settings: type[BaseModel]
    publish: Verb
    repeatable: Memory
    limits: Limits
    spacing: timedelta
    target: tuple[str, ...]
    urls: re.Pattern[str] | None
    proof: Proof = Proof.DOCUMENTS
    prepare: Verb | None = None
    revise: Verb | None = None
    retract: Verb | None = None
    look_up: Verb | None = None
    verify: Verb | None = None
    renew: Verb | None = None

    def target_of(self, settings: BaseModel) -> str:
        """A fingerprint of the destination, so that a receipt is never used on another one."""
        return self._fingerprint(settings, self.target)

    def origin_of(self, settings: BaseModel) -> str:
        """A fingerprint of all the settings, so that a session is never used with other credentials."""
        return self._fingerprint(settings, tuple(type(settings).model_fields))

    def _fingerprint(self, settings: BaseModel, names: tuple[str, ...]) -> str:
        values = (getattr(settings, name) for name in names)
        plain = (value.get_secret_value() if isinstance(value, SecretStr) else str(value) for value in values)
        return sha256("\n".join((self.name, *plain)).encode()).hexdigest()[:16]

    def address_of(self, settings: BaseModel) -> str | None:
        """The address that a person typed into the channel's file, None where the kind knows its platform's own."""
        typed = next((value for name in ("url", "server", "host") if (value := getattr(settings, name, None))), None)
        return typed.get_secret_value() if isinstance(typed, SecretStr) else typed

    def remembers(self, settings: BaseModel) -> timedelta | None:
        """How long the platform remembers the key of a post to this destination."""
        return self.repeatable(settings) if callable(self.repeatable) else self.repeatable

    def held_by(self, url: str) -> dict[str, str]:
        """The settings that an address of this kind holds: itself, or its parts."""
        found = self.urls.fullmatch(url) if self.urls else None
        return (
            {name: part for name, part in found.groupdict().items() if part}
            if found and found.groupdict()
            else {"url": url}
        )


VERBS = ("prepare", "revise", "retract", "look_up", "verify", "renew")


def kind(
    settings: type[BaseModel],
    *,
    repeatable: Memory = None,
    limits: Limits = Limits(),
    spacing: timedelta = timedelta(0),
    target: tuple[str, ...] = ("url",),
    urls: str | None = None,
    proof: Proof = Proof.DOCUMENTS,
) -> Callable[[Verb], Verb]:
    """Declare a kind by its `publish`; the name of the file is the name of the kind."""

    def declare(publish: Verb) -> Verb:
        name = publish.__module__.rpartition(".")[2]
        pattern = re.compile(urls) if urls else None
        made = Kind(name, settings, publish, repeatable, limits, spacing, target, pattern, proof)
        publish.declared = made  # type: ignore[attr-defined]
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
