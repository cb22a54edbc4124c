"""What only shows when all files are seen together: names that lead nowhere, files that others can read."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot import kinds
from bot.config.entries import Entries, Findings, Given
from bot.config.values import holds_secret
from bot.config.wrong import did_you_mean, printable, quoted, suggest
from bot.settings import BotSettings, Channel, Config, FeedSettings

FREQUENT_SECONDS = 60
CREDENTIAL = re.compile(r"[?&][^=&]*(token|key|secret|auth|pass|pwd|sig|code)[^=&]*=", re.IGNORECASE)


def check_names(
    name: str, entries: Entries, known: Mapping[str, object], what: Literal["feed", "channel"], findings: Findings
) -> None:
    """Find what a list of feeds or channels names without there being such a file."""
    for item in (part.strip() for part in entries.text(name).split(",")):
        if not item or item in known:
            continue
        remedy = did_you_mean(suggest(item, known)) or f"There are: {', '.join(known) or 'none'}."
        if item.casefold() in ("all", "alle", "*"):
            remedy = f"Without this line it is every {what}."
        called = quoted(item) if entries.given[name].shown and quoted(item) != "the value" else "of that name"
        findings.wrong(*entries.at(name), f"{name.upper()}: there is no {what} {called}", remedy)


def check_times(entries: Entries, findings: Findings) -> None:
    """Find a feed that is told twice when to be polled."""
    if {"every", "cron"} <= entries.given.keys():
        first, last = sorted(entries.given[name].number for name in ("every", "cron"))
        findings.wrong(entries.place, last, f"EVERY and CRON are both given, on lines {first} and {last}", "Keep one.")


def check_often(wishes: FeedSettings, entries: Entries, findings: Findings) -> None:
    """Warn about a feed that is polled more often than sites like."""
    if wishes.every.total_seconds() < FREQUENT_SECONDS:
        findings.warn(*entries.at("every"), "EVERY is under a minute", "Few sites like that; 15m is usual.")


def check_reach(config: Config, findings: Findings) -> None:
    """Warn about what is configured but leads nowhere, and about one place that is written to twice."""
    for name, feed in config.feeds.items():
        if not any(channel.takes(feed) for channel in config.channels.values()):
            findings.warn(
                f"feeds/{name}.env", 0, "no channel takes this feed", "Look at CHANNELS here and FEEDS there."
            )
    for name, channel in config.channels.items():
        if name not in config.bot.alerts and not _reaches(config, channel):
            what = "no feed reaches this channel"
            findings.warn(f"channels/{name}.env", 0, what, "Look at FEEDS here and CHANNELS there.")
    for one, other in combinations(config.channels.values(), 2):
        shared = any(one.takes(feed) and other.takes(feed) for feed in config.feeds.values())
        if shared and _target(one) and _target(one) == _target(other):
            what = f"it posts to the same place as channels/{one.name}.env"
            findings.warn(f"channels/{other.name}.env", 0, what, "Remove one, or give them different FEEDS.")


def _reaches(config: Config, channel: Channel) -> bool:
    return any(channel.takes(feed) for feed in config.feeds.values())


def _target(channel: Channel) -> str:
    kind = kinds.load(channel.kind)
    return kind.target_of(channel.settings) if kind.target else ""


def check_alerts(bot: BotSettings, names: Iterable[str], findings: Findings) -> None:
    """Insist that somebody is told when something is wrong."""
    if not bot.alerts:
        example = next(iter(names), "slack")
        what = "ALERTS is missing, so nobody is told when something is wrong"
        findings.warn("bot.env", 0, what, f"Add ALERTS={example}.")


def check_planned(models: Iterable[type[BaseModel]], entries: Entries, findings: Findings) -> None:
    """Warn about keys that are accepted but that nothing acts on yet."""
    for name, info in _fields(models).items():
        extra = info.json_schema_extra
        if name in entries.given and isinstance(extra, dict) and extra.get("planned"):
            findings.warn(*entries.at(name), f"{name.upper()} is not acted on yet in this version")


def _fields(models: Iterable[type[BaseModel]]) -> dict[str, FieldInfo]:
    return {name: info for model in models for name, info in model.model_fields.items()}


def check_modes(models: Iterable[type[BaseModel]], entries: Entries, findings: Findings) -> None:
    """Warn about files with secrets in them that others on this machine can read."""
    fields = _fields(models)
    channel = "kind" in fields
    secret = [name for name, info in fields.items() if holds_secret(info) and name in entries.given]
    paths = [
        given.target or entries.path
        for given in map(entries.given.__getitem__, secret)
        if (given.shown or given.target) and (channel or _gives_access(given))
    ]
    for path in dict.fromkeys(paths):
        if _open_to_others(path):
            what = "others on this machine can read the secrets in this file"
            place = entries.place if path == entries.path else printable(str(path))
            findings.exposed.append(path)
            findings.warn(place, 0, what, f"Run: chmod 600 {printable(shlex.quote(str(path)))}")


def _gives_access(given: Given) -> bool:
    """Whether an address that is often public (a feed's, a proxy's) is one that nobody else should know."""
    return given.key.startswith("HEARTBEAT_URL") or "@" in given.text or bool(CREDENTIAL.search(given.text))


def _open_to_others(path: Path) -> bool:
    """Container runtimes and systemd keep secrets under /run, with modes of their own."""
    if os.name != "posix" or path.is_relative_to("/run"):
        return False
    try:
        return bool(path.stat().st_mode & 0o004)
    except OSError:
        return False
