"""What the words of an env file mean: text becomes a value, or a mistake that says what was expected. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.config.times import cron, duration, every, hours
from bot.config.wrong import Wrong, did_you_mean, public, suggest
from bot.posts.hashtags import ALL, hashtag
from bot.posts.share_links import ALWAYS, DEFAULT, NETWORKS, is_network
from bot.settings import Window

LANGUAGES = ("nb", "nn", "en", "sv", "da")
NEIGHBOURS = ("NO", "SE", "DK", "FI", "IS", "GB")  # They are taken without asking the library, which costs memory.

# --- The forms of values -------------------------------------------------------------------------------------------

Form = Callable[[str], Any]


def words(text: str) -> str:
    """Plain words on one line."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise Wrong("has a line break or a control character in it", "Write it on one line.")
    return text


def secret(text: str) -> str:
    """A secret, as it is: a key may run over several lines."""
    return text


def listed(text: str) -> tuple[str, ...]:
    """What stands between the commas, each once and in order."""
    items = tuple(dict.fromkeys(item for part in words(text).split(",") if (item := part.strip())))
    if not items:
        raise Wrong("is a list with nothing in it", "Remove the line, or write names with commas between.")
    return items


MEANT = {"true": "yes", "on": "yes", "1": "yes", "ja": "yes", "y": "yes", "j": "yes"}
MEANT |= {"false": "no", "off": "no", "0": "no", "nei": "no", "n": "no"}


def switch(text: str) -> bool:
    """Exactly yes or no."""
    word = text.strip().casefold()
    if word not in ("yes", "no"):
        raise Wrong("is neither yes nor no", hint=did_you_mean(MEANT.get(word, "")))
    return word == "yes"


def number(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Wrong("is not a whole number")
    return int(text)


def choice(*options: str) -> Form:
    """One of a few words."""

    def form(text: str) -> str:
        if text not in options:
            expected = " or ".join((", ".join(options[:-1]), options[-1])) if options[1:] else options[0]
            raise Wrong(f"is not {expected}", hint=did_you_mean(suggest(text, options)))
        return text

    return form


def first_run(text: str) -> int:
    """How many articles: none, latest (one) or a number."""
    named = {"none": 0, "latest": 1}
    if text in named:
        return named[text]
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise Wrong("is not none, latest or a number", hint=did_you_mean(suggest(text, named)))
    return int(text)


CAMPAIGN = ("source", "medium", "campaign", "term", "content", "id")


def utm(text: str) -> dict[str, str]:
    """Campaign parameters by their names without utm_."""
    pairs: dict[str, str] = {}
    for part in listed(text):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in CAMPAIGN:
            hint = did_you_mean(suggest(name.casefold().removeprefix("utm_"), CAMPAIGN))
            raise Wrong(f"has a name that is not one of {' '.join(CAMPAIGN)}", hint=hint)
        if not value or name in pairs:
            raise Wrong(f"must give {name} one value", "Write it like source=slack, medium=social.")
        pairs[name] = value
    return pairs


def share(text: str) -> tuple[str, ...]:
    """The networks to share on; with `always` also where the article does not ask for it, and none for `no`."""
    if text == "no":
        return ()
    names = tuple(name.casefold() for name in listed(text))
    for name in names:
        if name != ALWAYS and not is_network(name):
            known = (*NETWORKS, ALWAYS, "no")
            raise Wrong(f"has a name that is not one of {' '.join(known)}", hint=did_you_mean(suggest(name, known)))
    return (*DEFAULT, ALWAYS) if names == (ALWAYS,) else names


def tags(text: str) -> tuple[str, ...]:
    """Categories to show as hashtags, some under another word; ALL for yes and none for no."""
    word = MEANT.get(text.strip().casefold(), text.strip().casefold())
    if word in ("yes", "no"):
        return (ALL,) if word == "yes" else ()
    for part in listed(text):
        category, sign, name = part.partition("=")
        if not category.strip() or not hashtag(name if sign else category):
            raise Wrong(
                "has a category that can't be a hashtag", "Write it like: Robotics, Artificial intelligence=AI."
            )
    return listed(text)


def zone(text: str) -> ZoneInfo:
    """A time zone by its name."""
    known = available_timezones()
    if text not in known:
        cities = {name.rpartition("/")[2].casefold(): name for name in sorted(known)}
        meant = cities.get(text.casefold().replace(" ", "_")) or suggest(text, known)
        raise Wrong("is not a time zone such as Europe/Oslo", hint=did_you_mean(meant))
    return ZoneInfo(text)


def country(text: str) -> str:
    """A country whose holidays are known, by its two letters; empty for no."""
    if text == "no" or text in NEIGHBOURS:
        return text.removeprefix("no")
    from bot.feeds.rhythm import countries

    known = countries()
    if text in known.values():
        return text
    names = known | dict.fromkeys(("none", "ingen", *(word for word in MEANT if MEANT[word] == "no")), "no")
    names |= {"no": "NO", "norge": "NO", "noreg": "NO", "sverige": "SE", "danmark": "DK", "uk": "GB"}
    word = text.casefold().replace(" ", "_")
    meant = names.get(word) or names.get(word.partition("-")[0]) or names.get(suggest(word, names), "")
    raise Wrong("is not a country such as NO, SE, DK or GB, and not no", hint=did_you_mean(meant))


def language(text: str) -> str:
    """One of the languages that Delebot has words in."""
    if text in LANGUAGES:
        return text
    names = {"no": "nb", "nor": "nb", "norsk": "nb", "bokmål": "nb", "nynorsk": "nn"}
    names |= {"english": "en", "engelsk": "en", "svensk": "sv", "svenska": "sv", "dansk": "da"}
    word = text.casefold()
    meant = names.get(word) or next((names.get(part, part) for part in re.split("[-_]", word)), "")
    raise Wrong("is not nb, nn, en, sv or da", hint=did_you_mean(meant if meant in LANGUAGES else ""))


def address(text: str) -> str:
    """A web address with a host."""
    if not text.isprintable() or " " in text:
        raise Wrong("has a space or an invisible character in it", "Copy the address once more.")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Wrong("is not a web address", "Copy the address once more.") from None
    if parts.scheme not in ("http", "https"):
        rest = public(text.removeprefix("feed://")).partition("://")[2]
        hint = did_you_mean(f"https://{rest}" if rest else "")
        raise Wrong("must begin with https:// or http://", "Copy the whole address.", hint)
    if not host:
        raise Wrong("names no host after https://", "Copy the address once more.")
    return text


def database(text: str) -> str:
    """Where the state is, if it is not in the state directory: a database of PostgreSQL."""
    if text.startswith("sqlite"):
        raise Wrong("names SQLite, which is used without this line", "Remove it; DELEBOT_STATE names the directory.")
    if not re.fullmatch(r"postgres(ql)?(\+psycopg)?://[^/?#\s]*/[^/?#\s]+(\?\S*)?", words(text)):
        form = "postgresql+psycopg://user:password@host/database"
        raise Wrong("is no address of a PostgreSQL database", f"Write it as {form}, or remove the line for SQLite.")
    return text


def day(text: str) -> date:
    """A day of the calendar."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong("is not a day", "Write it like 2027-01-31.") from None


def contact(text: str) -> str:
    """What a site owner reads in a header, which holds plain letters only."""
    if not text.isascii() or not text.isprintable():
        raise Wrong("has a letter that can't be sent with a request", "Use a to z: a page's address or an e-mail.")
    return text


# --- Which form a key has ------------------------------------------------------------------------------------------

BY_NAME: dict[str, Form] = {
    "url": address,
    "server": address,
    "heartbeat_url": address,
    "proxy": address,
    "database_url": database,
    "language": language,
    "holidays": country,
    "cron": cron,
    "every": every,
    "first_run": first_run,
    "utm": utm,
    "share": share,
    "tags": tags,
    "contact": contact,
}
BY_TYPE: dict[Any, Form] = {
    str: words,
    SecretStr: secret,
    bool: switch,
    int: number,
    timedelta: duration,
    date: day,
    ZoneInfo: zone,
    tuple[Window, ...]: hours,
    tuple[str, ...]: listed,
}


def plain(annotation: Any) -> Any:
    """A type without what was annotated and without None."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kept = [part for part in get_args(annotation) if part is not type(None)]
        return plain(kept[0]) if len(kept) == 1 else annotation
    return annotation


def _form(name: str, info: FieldInfo) -> Form:
    kind = plain(info.annotation)
    if get_origin(kind) is Literal:
        return choice(*map(str, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return choice(*(str(option.value) for option in kind))
    if get_origin(kind) in (tuple, list, frozenset, set) and kind not in BY_TYPE:
        return listed
    any_address = isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("any_address")
    named = None if any_address else BY_NAME.get(name)
    return named or BY_TYPE.get(kind, words)


def read(name: str, info: FieldInfo, text: str) -> Any:
    """The value of a settings' field that this text means; Wrong when it means none.

    A field `url` is a web address unless its `json_schema_extra` says `any_address`.
    """
    value = _form(name, info)(text)
    if isinstance(value, timedelta) and not value and info.default != value:
        raise Wrong("must be more than nothing", "Write a duration such as 15m.")
    return value


def holds_secret(info: FieldInfo) -> bool:
    """Whether the value of this field must never be shown."""
    return "SecretStr" in repr(info.annotation)
