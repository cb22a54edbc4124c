"""The example files in `config/`, made from the settings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot import kinds
from bot.config.times import written
from bot.kinds import Kind
from bot.settings import BotSettings, ChannelSettings, FeedSettings

HOW = """A line is KEY=value; a line that begins with # is a comment. To set a key, remove the # before it.
Durations are 90s, 15m, 24h or 7d; switches are yes or no; lists have commas between.
KEY_FILE=/run/secrets/name takes the value from a file, ${NAME} takes it from the environment."""


def bot_example() -> str:
    """The text of `bot.env.example`."""
    head = "Copy this file to bot.env: what concerns the whole installation. Every key can be left out."
    return _page(head, _keys(BotSettings))


def feed_example() -> str:
    """The text of `feeds/news.env.example`."""
    head = "Copy this file to feeds/news.env: one feed. The name of the file is the name of the feed."
    return _page(head, _keys(FeedSettings))


def channel_example(kind: Kind) -> str:
    """The text of `channels/<kind>.env.example`: the kind's own keys, and then those that every channel knows."""
    head = f"Copy this file to channels/{kind.name}.env: one channel. The name of the file is the name of the channel."
    own = kind.settings.model_fields
    common = {name: info for name, info in ChannelSettings.model_fields.items() if name not in {"kind", *own}}
    told = kind.urls is not None and "url" in own and own["url"].is_required()
    active = f"#KIND={kind.name}" if told else f"KIND={kind.name}"
    about = ChannelSettings.model_fields["kind"]
    return _page(
        head, [_entry(about, active), *_keys(kind.settings)], [_key(name, info) for name, info in common.items()]
    )


def pages() -> Mapping[str, str]:
    """The text of each example by its path under `config/`."""
    return {
        "bot.env.example": bot_example(),
        "feeds/news.env.example": feed_example(),
        **{f"channels/{name}.env.example": channel_example(kinds.load(name)) for name in kinds.names()},
    }


def _page(head: str, *groups: Iterable[str]) -> str:
    intro = "\n".join(f"# {line}" for line in (*wrap(head, 116), *HOW.splitlines()))
    return "\n\n".join((intro, *(entry for group in groups for entry in group))) + "\n"


def _keys(model: type[BaseModel]) -> list[str]:
    """The required keys, and then the others."""
    fields = model.model_fields.items()
    return [_key(name, info) for name, info in sorted(fields, key=lambda field: not field[1].is_required())]


def _key(name: str, info: FieldInfo) -> str:
    mark = "" if info.is_required() else "#"
    return _entry(info, f"{mark}{name.upper()}={_example(info)}")


def _entry(info: FieldInfo, line: str) -> str:
    extra = info.json_schema_extra
    planned = isinstance(extra, dict) and extra.get("planned")
    about = f"{info.description or ''}{' Not acted on yet in this version.' if planned else ''}".strip()
    return "\n".join((*(f"# {part}" for part in wrap(about, 116)), line))


def _example(info: FieldInfo) -> str:
    """The example that the settings give, or the default as it would be written."""
    if info.examples:
        return str(info.examples[0])
    default = info.get_default(call_default_factory=True)
    return "" if info.is_required() or default is None else write(default)


def write(value: Any) -> str:
    """A value in the form that `values.py` reads."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return written(value)
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, tuple | list):
        return ", ".join(map(write, value))
    return str(value)
