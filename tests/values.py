"""Values that tests begin from: an article, a feed and a channel in their most ordinary form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from bot.identity import Known, own_key, shared_keys
from bot.keys import content_hash
from bot.model import Document, Item
from bot.settings import BotSettings, Channel, ChannelSettings, Config, Feed, FeedSettings, Values

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOME = "https://klynge.example"


def article(number: int = 1, **changes: Any) -> Item:
    """An article of its own: guid, address, title, text and date all follow from the number."""
    values: dict[str, Any] = {
        "guid": f"{HOME}/?p={number}",
        "link": f"{HOME}/nyhet-{number}/",
        "title": f"{TITLES[number % len(TITLES)]} {number}",
        "html": f"<p>{TEXTS[number % len(TEXTS)]} Sak {number}.</p>",
        "published": NOW - timedelta(hours=number),
    }
    return Item(**{**values, **changes})


TITLES = (
    "Ny batterifabrikk åpner i Mosseregionen",
    "Studentene vant gull i robotkonkurransen",
    "Klyngen får tre nye medlemmer",
    "Havvind: slik blir leverandørene med",
    "Frokostseminar om kvantesensorer",
)
TEXTS = (
    "Førti personer får jobb når produksjonen starter til våren, forteller fabrikksjefen på Jeløy.",
    "Laget fra Høgskolen bygde en arm som sorterer skruer raskere enn noe menneske klarer.",
    "To programvarehus og et verksted kom til på årsmøtet, og alle vil dele erfaringer med sensorer.",
    "Kontraktene ligger ute på anbud i januar. Da må papirene være klare, sier rådgiveren.",
    "Kaffe fra klokka åtte. Etterpå viser forskerne hva en klokke av atomer kan brukes til.",
)


def document(*items: Item, link: str = HOME) -> Document:
    return Document("Klyngen", link, "nb-NO", items)


def remembered(*items: Item) -> list[Known]:
    """The items as a first poll would have remembered them, numbered from 1."""
    shared = shared_keys(items, HOME)
    return [Known(n, frozenset({own_key(i, shared)}), i, content_hash(i)) for n, i in enumerate(items, 1)]


def a_feed(name: str = "klyngen", **wishes: Any) -> Feed:
    return Feed(name=name, wishes=FeedSettings(**{"url": SecretStr(f"{HOME}/feed/"), **wishes}))


def a_channel(name: str = "terminal", kind: str = "console", settings: Any = None, **wishes: Any) -> Channel:
    return Channel(name=name, kind=kind, settings=settings or Values(), wishes=ChannelSettings(kind=kind, **wishes))


def a_config(feeds: list[Feed], channels: list[Channel], **bot: Any) -> Config:
    return Config(bot=BotSettings(**bot), feeds={f.name: f for f in feeds}, channels={c.name: c for c in channels})
