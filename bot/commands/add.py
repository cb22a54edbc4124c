"""`delebot add`: from the address of a webhook, which nobody sees, to a channel's file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot import kinds
from bot.commands.envfiles import bot_settings, check_free, check_name, create, page, settings_of, unused
from bot.commands.sample import send_sample
from bot.config.platforms import platform_of
from bot.config.values import holds_secret
from bot.config.wrong import did_you_mean, suggest
from bot.model import Mistake
from bot.net.client import Client
from bot.run import user_agent
from bot.sessions import sessions_at
from bot.settings import BotSettings, Channel, ChannelSettings
from bot.story import Event

Ask = Callable[[str, bool], str]
ADDRESS = "The address of the webhook (it is not shown)"
ADDRESS_OR_KIND = "The address of the webhook (it is not shown), or a kind such as mastodon"
LIKE_AN_ADDRESS = re.compile(r"://|[\w-]\.[a-z]{2,}(/|$)|/.*/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says of a new channel; empty is what they leave to us."""

    kind: str = ""
    name: str = ""
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """A channel whose file is written, and what the installation says of itself."""

    channel: Channel
    bot: BotSettings
    path: Path

    def as_json(self) -> dict[str, Any]:
        written = [str(self.path)]
        return {"channel": self.channel.name, "kind": self.channel.kind, "written": written, "next": "delebot check"}


def refuse_secrets(arguments: Sequence[str], *options: str) -> None:
    """Refuse an address on the command line, without repeating it."""
    if any(LIKE_AN_ADDRESS.search(word) for word in (*arguments, *options)):
        what = "the address is not taken from the command line, where it would stand in the shell's history"
        raise Mistake(what, remedy="Run delebot add alone, and paste it when you are asked")
    if arguments:
        raise Mistake("delebot add takes no argument", remedy="A kind is named with --kind, a name with --name")


def add(directory: Path, environ: Mapping[str, str], wish: Wish, ask: Ask) -> Added:
    """Ask for what the kind needs, check it and write the file; Mistakes, with no secret in them, when it won't do.

    `ask` is given a question, and whether the answer is a secret.
    """
    if wish.name:
        check_free(directory, f"channels/{check_name(wish.name)}.env")
    bot = bot_settings(directory, environ)
    kind, values = _asked(wish, ask)
    model = kinds.load(kind).settings
    settings = settings_of(model, values)
    common = {"kind": kind} | ({"allow_private": "yes"} if wish.allow_private else {})
    wishes = settings_of(ChannelSettings, common)
    name = wish.name or unused(directory, "channels", kind)
    told = bool(kinds.recognise(values.get("url", "")))
    lines = {key.upper(): text for key, text in {**common, **values}.items() if key != "kind" or not told}
    about = f"A channel. All keys that it can have are explained in config/channels/{kind}.env.example."
    path = f"channels/{name}.env"
    create(directory, path, page(about, lines))
    return Added(Channel(name=name, kind=kind, settings=settings, wishes=wishes), bot, directory / path)


def _asked(wish: Wish, ask: Ask) -> tuple[str, dict[str, str]]:
    """The kind, and what was answered for each key that it must have."""
    if wish.kind:
        check_kind(wish.kind)
        return wish.kind, _answers(wish.kind, ask)
    url = _whole(ask(ADDRESS_OR_KIND, True))
    if url in kinds.names():
        return url, _answers(url, ask)
    kind = kinds.recognise(url)
    if not kind:
        platform = platform_of(url)
        what = (
            f"this is an address of {platform}" if platform else "the address doesn't tell which kind of channel it is"
        )
        raise Mistake(what, remedy=f"The kinds are {', '.join(kinds.names())}; --kind says which one it is")
    return kind, _answers(kind, ask, kinds.load(kind).held_by(url))


def check_kind(kind: str) -> None:
    """Refuse a name that is no kind's."""
    if kind not in kinds.names():
        remedy = did_you_mean(suggest(kind, kinds.names())) or f"The kinds are {', '.join(kinds.names())}"
        raise Mistake("--kind is not a kind of channel", remedy=remedy)


def _answers(kind: str, ask: Ask, held: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is answered for the keys that a kind must have, the address first; `held` are known already."""
    model, answers = kinds.load(kind).settings, dict(held or {})
    fields = sorted(model.model_fields.items(), key=lambda field: field[0] != "url")
    for name, info in fields:
        if name not in answers and _is_asked(model, name) and (answer := _answer(name, info, ask)):
            answers[name] = answer
    told = kinds.recognise(answers.get("url", ""))
    if told and told != kind:
        raise Mistake(f"--kind is {kind}, but this is the address of a {told} channel", remedy="Leave --kind out")
    return answers


def _is_asked(model: type[BaseModel], name: str) -> bool:
    """Whether a person is asked for a key: one that must be there, that its kind names, or the address if none must."""
    info = model.model_fields[name]
    nothing_must = not any(other.is_required() for other in model.model_fields.values())
    named = isinstance(info.json_schema_extra, dict) and "asked" in info.json_schema_extra
    return info.is_required() or named or (name == "url" and nothing_must)


def _answer(name: str, info: FieldInfo, ask: Ask) -> str:
    if name == "url":
        return _whole(ask(ADDRESS, True))
    about = (info.description or "").rstrip(".")
    answer = ask(f"{name.upper()}: {about}", holds_secret(info)).strip()
    if not answer and info.is_required():
        raise Mistake(f"{name.upper()} is missing", remedy=about)
    return answer


def _whole(url: str) -> str:
    """The address as it was pasted, with the beginning that browsers hide."""
    url = url.strip()
    if not url:
        raise Mistake("no address was given", remedy="Paste the webhook's address when you are asked, or pipe it in")
    return f"https://{url}" if "://" not in url and kinds.recognise(f"https://{url}") else url


# --- Trying it out -------------------------------------------------------------------------------------------------


async def send_test(added: Added, state: Path) -> Event:
    """Send one test post to the new channel, and say how it went."""
    bot = added.bot
    proxy = bot.proxy.get_secret_value() if bot.proxy else None
    with sessions_at(state, bot.database) as sessions:
        async with Client(user_agent=user_agent(bot.contact), proxy=proxy) as client:
            return await send_sample(client, sessions, added.channel, added.channel.wishes.language or bot.language)


def text(added: Added) -> str:
    """What came of it, for a person."""
    head = f"channel {added.channel.name}: {added.channel.kind}"
    return f"{head}\nWritten: {added.path}\nNext: delebot check, then delebot preview"
