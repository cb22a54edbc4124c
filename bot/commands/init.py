"""`delebot init`: from the address of a site to a feed's file, after the feed was really read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bot.commands.envfiles import bot_settings, check_free, check_name, create, page
from bot.config.checks import CREDENTIAL
from bot.config.load import plain_name
from bot.config.values import LANGUAGES, address
from bot.config.wrong import Wrong, printable
from bot.feeds.discover import candidates, guesses
from bot.feeds.fetch import Fetched, Memory, entitled, fetch
from bot.feeds.parse import parse
from bot.model import Document, FeedProblem, Item, Mistake
from bot.net.addresses import admits, authority, host_of, shown
from bot.net.client import Client
from bot.posts.characters import one_line
from bot.run import user_agent
from bot.settings import BotSettings
from bot.world import clock

MOST_ASKED = 12
ADMIT = "--allow-private admits it"
LONGEST_NAME = 40
Say = Callable[[str], None]
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person gave: the site's address, and whether it may be a private one."""

    address: str = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that was read: `url` may hold a password, `place` is the address for people to see."""

    url: str = field(repr=False)
    document: Document
    private: bool = False

    @property
    def place(self) -> str:
        return printable(shown(self.url))

    @property
    def title(self) -> str:
        return one_line(self.document.title) or host_of(self.url)

    @property
    def size(self) -> str:
        number = len(self.document.items)
        return "1 article" if number == 1 else f"{number} articles"


def refuse_passwords(argument: str) -> None:
    """Refuse an address with a password in it on the command line, without repeating it."""
    if "@" in argument.partition("://")[2].partition("/")[0] or CREDENTIAL.search(argument):
        what = "an address with a password or key in it would stand in the shell's history"
        raise Mistake(what, remedy="Run delebot init alone, and give it when you are asked")


async def init(
    directory: Path, environ: Mapping[str, str], typed: Typed, choose: Callable[[Sequence[Found]], Found], name: str
) -> dict[str, Any]:
    """Find the site's feeds, have one chosen and write its files; what came of it, ready for JSON."""
    if name:
        check_free(directory, f"feeds/{check_name(name)}.env")
    bot = bot_settings(directory, environ)
    chosen = choose(await look(typed, bot))
    called = name or name_of(chosen)
    written = write(directory, called, chosen)
    return {
        "feed": called, "title": chosen.title, "url": chosen.place, "articles": len(chosen.document.items),
        "latest": [_told(item) for item in latest(chosen.document.items)], "written": written, "next": "delebot add",
    }  # fmt: skip


# --- Looking -------------------------------------------------------------------------------------------------------


async def look(typed: Typed, bot: BotSettings) -> tuple[Found, ...]:
    """The feeds of a site, each read once, in the order in which the site names them; Mistake when there is none."""
    proxy = bot.proxy.get_secret_value() if bot.proxy else None
    async with Client(user_agent=user_agent(bot.contact), proxy=proxy) as client:
        url, fetched = await _first(client, typed)
        body = fetched.body or b""
        document = await _read(fetched)
        if isinstance(document, Document):
            return (Found(url, document, typed.allow_private),)
        named = [candidate.url for candidate in candidates(body, fetched.address)[:MOST_ASKED]]
        found = await asyncio.gather(*(_look_at(client, place, url, typed) for place in named))
        feeds = tuple(_different(feed for feed in found if feed)) or await _guess(client, fetched.address, url, typed)
    if not feeds:
        what = f"no feed was found at {printable(shown(url))}: {document.why}"
        remedy = document.remedy or "Look for a link called RSS or feed on the site, and give its address"
        raise Mistake(what, remedy=remedy, code=1)
    return feeds


async def _first(client: Client, typed: Typed) -> tuple[str, Fetched]:
    """The page that was typed, and its address; one without https:// may be there under http:// only."""
    problems = []
    for url in _spelt_out(typed.address):
        try:
            return url, await fetch(client, url, Memory(), now=clock(), allow_private=typed.allow_private)
        except FeedProblem as problem:
            problems.append(problem)
        except (httpx.InvalidURL, ValueError):  # A host that only looks like IDNA is a ValueError.
            problems.append(FeedProblem("that is not a web address", remedy="Copy the address once more"))
    remedy = problems[0].remedy.replace("write it into URL", "give that address")
    raise Mistake(problems[0].why, remedy=ADMIT if "ALLOW_PRIVATE" in remedy else remedy, code=1)


def _spelt_out(typed: str) -> tuple[str, ...]:
    """The whole addresses that may be meant. A password is never tried without encryption unless so typed."""
    text = typed.strip()
    if not text:
        raise Mistake("no address was given", remedy="Say delebot init and the address of your site")
    urls = (text,) if "://" in text else (f"https://{text}", *(() if "@" in text else (f"http://{text}",)))
    try:
        address(urls[0])
    except Wrong as wrong:
        raise Mistake(f"the site's address {wrong.what}", remedy=wrong.remedy.rstrip(".")) from None
    return urls


async def _read(fetched: Fetched) -> Document | FeedProblem:
    """The feed that was fetched, or what it is instead."""
    try:
        return await asyncio.to_thread(
            parse, fetched.body or b"", content_type=fetched.content_type, address=fetched.address
        )
    except FeedProblem as problem:
        return problem


async def _look_at(client: Client, place: str, url: str, typed: Typed) -> Found | None:
    """The feed at a place that a page named or that we guessed. Only the typed host itself may be a private one."""
    try:
        place = _as_typed(place, url)
        private = typed.allow_private and admits(authority(url), httpx.URL(place))
        fetched = await fetch(client, place, Memory(), now=clock(), allow_private=private)
    except (FeedProblem, httpx.InvalidURL, ValueError):
        return None
    document = await _read(fetched)
    return Found(place, document, private) if isinstance(document, Document) else None


async def _guess(client: Client, page: str, url: str, typed: Typed) -> tuple[Found, ...]:
    for place in guesses(page):
        if found := await _look_at(client, place, url, typed):
            return (found,)
    return ()


def _as_typed(place: str, url: str) -> str:
    """A place of the same site with the user name and password that were typed."""
    return str(httpx.URL(place).copy_with(userinfo=httpx.URL(url).userinfo)) if entitled(url, place) else place


def _different(found: Iterable[Found]) -> Iterator[Found]:
    """Each feed once: a site may offer the same one as RSS and as Atom."""
    seen = []
    for feed in found:
        essence = (feed.document.title, [(item.title, item.link) for item in feed.document.items])
        if essence not in seen:
            seen.append(essence)
            yield feed


# --- Choosing ------------------------------------------------------------------------------------------------------


def chooser(say: Say, ask: Ask | None, *, first: bool) -> Callable[[Sequence[Found]], Found]:
    """How one of several feeds is chosen: by the person who is asked, or the first; `ask` is None without a person."""

    def choose(found: Sequence[Found]) -> Found:
        if len(found) == 1 or first:
            return found[0]
        if ask is None:
            listed = "; ".join(f"{feed.place} («{feed.title}», {feed.size})" for feed in found)
            remedy = "Give the address of one, or --yes for the first"
            raise Mistake(f"{len(found)} feeds were found: {listed}", remedy=remedy)
        for number, feed in enumerate(found, 1):
            say(f"{number}  {feed.title}, {feed.size}  {feed.place}")
        return found[_number(ask, len(found), say) - 1]

    return choose


def _number(ask: Ask, most: int, say: Say) -> int:
    while True:
        answer = ask(f"Which one? (1 to {most})").strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= most:
            return int(answer)
        say(f"Write a number from 1 to {most}.")


# --- Writing -------------------------------------------------------------------------------------------------------


def name_of(found: Found) -> str:
    """A name for the feed: from its title, or else from its host."""
    titled = plain_name(found.document.title).replace("_", "-")
    if len(titled) > LONGEST_NAME:
        titled = titled[: LONGEST_NAME + 1].rpartition("-")[0] or titled[:LONGEST_NAME]
    return titled.strip("-") or plain_name(host_of(found.url).removeprefix("www.")).replace("_", "-") or "news"


def write(directory: Path, name: str, found: Found) -> list[str]:
    """Write the feed's file, and bot.env if there is none; the paths of what was written."""
    values = {"URL": found.url} | ({"ALLOW_PRIVATE": "yes"} if found.private else {})
    about = "A feed. All keys that it can have are explained in config/feeds/news.env.example."
    create(directory, f"feeds/{name}.env", page(about, values))
    written = [str(directory / f"feeds/{name}.env")]
    if not (directory / "bot.env").exists():
        about = "The whole installation. All keys that it can have are explained in config/bot.env.example."
        language = language_of(found.document.language)
        create(directory, "bot.env", page(about, {"LANGUAGE": language} if language else {}))
        written.append(str(directory / "bot.env"))
    return written


def language_of(code: str) -> str:
    """The language for Delebot's own words that fits a feed's language, or nothing."""
    main = code.strip().casefold().replace("_", "-").partition("-")[0]
    meant = {"no": "nb"}.get(main, main)
    return meant if meant in LANGUAGES else ""


# --- Telling -------------------------------------------------------------------------------------------------------


def latest(items: Sequence[Item], number: int = 3) -> list[Item]:
    """The newest articles; those without a date come last, in the order of the feed."""
    dated = [item for item in items if item.published or item.updated]
    dated.sort(key=lambda item: item.published or item.updated or clock(), reverse=True)
    return [*dated, *(item for item in items if not (item.published or item.updated))][:number]


def _told(item: Item) -> dict[str, str | None]:
    when = item.published or item.updated
    return {"title": one_line(item.title), "link": item.link, "published": when.isoformat() if when else None}


def text(came: Mapping[str, Any]) -> str:
    """What came of it, for a person."""
    head = f"feed {came['feed']}: «{came['title']}», {came['articles']} articles at {came['url']}"
    last = [f"  {(item['published'] or 'no date')[:10]:10}  {item['title']}" for item in came["latest"]]
    files = ", ".join(came["written"])
    return "\n".join((head, *last, f"Written: {files}", "Next: delebot add, which sets up where its articles go"))
