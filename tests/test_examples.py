"""The example files are what the settings say, and a configuration made of them works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import kinds
from bot.config.examples import channel_example, pages, write
from bot.config.load import load
from bot.settings import BotSettings, ChannelSettings, Config, FeedSettings
from tests.goldens import usual

CONFIG = Path(__file__).parent.parent / "config"
MODELS = (BotSettings, FeedSettings, ChannelSettings)


def filled(text: str, kind: str = "", *, every_key: bool = False) -> str:
    """An example as a person fills it in: what its kind needs, or also every key that any channel knows."""
    if every_key:
        common = "|".join(name.upper() for model in MODELS for name in model.model_fields if name != "cron")
        text = re.sub(rf"^#(?=({common})=)", "", text, flags=re.MULTILINE)
    needed = usual(kind).get("to", {}) if kind in kinds.names() else {"url": "https://example.org/feed"}
    for name, value in needed.items():
        line = f"{name.upper()}={write(value)}".replace("\\", r"\\")
        text = re.sub(rf"^#?{name.upper()}=.*$", line, text, flags=re.MULTILINE)
    return text


def made(folder: Path, *, every_key: bool) -> Config:
    """The configuration made of all examples."""
    for name, text in pages().items():
        path = folder / name.removesuffix(".example")
        path.parent.mkdir(exist_ok=True)
        path.write_text(filled(text, path.stem, every_key=every_key), encoding="utf-8")
        path.chmod(0o600)
    return load(folder, {})


def test_there_is_no_example_of_what_is_not_there_any_more() -> None:
    assert {path.relative_to(CONFIG).as_posix() for path in CONFIG.rglob("*.example")} == set(pages())


def test_the_examples_with_what_is_required_are_a_configuration_of_defaults(tmp_path: Path) -> None:
    config = made(tmp_path, every_key=False)
    assert config.bot == BotSettings()
    assert set(config.channels) == set(kinds.names())
    for channel in config.channels.values():
        assert channel.wishes == ChannelSettings(kind=channel.kind)
    assert config.feeds["news"].wishes == FeedSettings(url=config.feeds["news"].wishes.url)


def test_the_examples_with_every_key_are_a_configuration(tmp_path: Path) -> None:
    config = made(tmp_path, every_key=True)
    assert config.bot.alerts == ("slack",)
    assert all(channel.wishes.hours for channel in config.channels.values())


@pytest.mark.parametrize("name", kinds.names())
def test_a_kind_s_own_keys_come_before_those_of_every_channel(name: str) -> None:
    keys = re.findall(r"^#?([A-Z_]+)=", channel_example(kinds.load(name)), flags=re.MULTILINE)
    own = [field.upper() for field in kinds.load(name).settings.model_fields]
    assert keys[0] == "KIND"
    assert sorted(keys[1 : len(own) + 1]) == sorted(own)


def test_the_platform_is_named_where_its_address_can_t_tell() -> None:
    assert "\nKIND=webhook\n" in channel_example(kinds.load("webhook"))
    assert "\n#KIND=slack\n" in channel_example(kinds.load("slack"))


def test_what_is_only_planned_is_marked_so() -> None:
    assert "Not acted on yet in this version.\n#RECEIPTS=" in pages()["bot.env.example"]
