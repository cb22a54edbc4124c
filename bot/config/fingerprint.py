"""A fingerprint of a configuration, by which replicas tell whether theirs are the same. It tells nothing else."""

from __future__ import annotations

import json
from collections.abc import Set
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, SecretStr

from bot.settings import Config

OWN = {"database_url", "log_format", "proxy"}  # What may differ from machine to machine.


def fingerprint(config: Config) -> str:
    """The same for the same settings, whatever the order in which they are written."""
    told = {"bot": _plain(config.bot, OWN), "feeds": _plain(config.feeds), "channels": _plain(config.channels)}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any, without: Set[str] = frozenset()) -> Any:
    """A value as JSON knows it, with the secrets in it, for a token that differs makes a difference."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields if name not in without}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
