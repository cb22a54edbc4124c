"""Replicas tell by a fingerprint whether their configurations are the same, and nobody learns more from it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from bot import kinds
from bot.config.fingerprint import fingerprint
from bot.settings import Config
from tests.values import a_channel, a_config, a_feed


def configured(*, secret: str = "hemmeligSom000000000000a", **bot: Any) -> Config:
    settings = kinds.load("slack").settings(url=SecretStr(f"https://hooks.slack.com/services/T0000/B0000/{secret}"))
    feeds = [a_feed("en"), a_feed("to", channels=("rom", "sal"))]
    return a_config(feeds, [a_channel("rom", "slack", settings), a_channel("sal")], **bot)


def test_the_order_in_which_it_is_written_makes_no_difference() -> None:
    config = configured()
    turned = Config(
        bot=config.bot, feeds=dict(reversed(config.feeds.items())), channels=dict(reversed(config.channels.items()))
    )
    assert fingerprint(turned) == fingerprint(config) == fingerprint(configured())


@pytest.mark.parametrize(
    "other",
    [
        configured(secret="hemmeligSom000000000000b"),
        configured(language="nn"),
        configured(alerts=("rom",)),
        configured().model_copy(update={"feeds": {"en": a_feed("en")}}),
        configured().model_copy(update={"channels": {"sal": a_channel("sal")}}),
    ],
    ids=["a secret", "the language", "who is told", "a feed less", "a channel less"],
)
def test_whatever_replicas_go_by_makes_a_difference(other: Config) -> None:
    assert fingerprint(other) != fingerprint(configured())


@pytest.mark.parametrize(
    "own",
    [
        {"database_url": SecretStr("postgresql+psycopg://u:p@elsewhere/db")},
        {"log_format": "json"},
        {"proxy": SecretStr("http://proxy.example:3128")},
    ],
    ids=["database", "log", "proxy"],
)
def test_what_may_differ_from_machine_to_machine_makes_none(own: dict[str, Any]) -> None:
    assert fingerprint(configured(**own)) == fingerprint(configured())


def test_it_is_too_short_to_hold_anything() -> None:
    told = fingerprint(configured())
    assert len(told) == 16 and set(told) <= set("0123456789abcdef")
