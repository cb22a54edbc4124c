"""`delebot preview`: what would go where, why or why not, when, and how it looks. Saves and sends nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from bot import kinds
from bot.commands.draw import box
from bot.commands.fate import Fate, Subject, fate_of, local
from bot.commands.trigger import Ask, check_names
from bot.feeds.fetch import Memory, fetch
from bot.hush import secrets_of
from bot.keys import link_key
from bot.model import Attempt, Document, FeedProblem, Flow, Item, Mistake, Post, Problem, Refused
from bot.net.client import Client
from bot.outcome import State
from bot.plan import Past, Plan, plan
from bot.poll import read, target_of
from bot.posts.characters import one_line
from bot.posts.compose import same_post
from bot.run import user_agent
from bot.settings import Channel, Config, Feed
from bot.store import desk, lanes, polls
from bot.store.database import Store, known_store
from bot.store.lanes import POST
from bot.store.polls import ITEM
from bot.world import clock, draft_of, post_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

MADE_LATER = "(made when it is sent)"


@dataclass(frozen=True, slots=True)
class Look:
    """One channel's answer: the fate of the post, and the payload that would be sent; `wrong` when there is none."""

    channel: Channel
    fate: Fate
    payload: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "channel": self.channel.name, "kind": self.channel.kind, "goes": self.fate.goes, "why": self.fate.why,
            "at": self.fate.at.isoformat(timespec="seconds") if self.fate.at else None,
            "payload": self.payload.decode(errors="replace"), "wrong": self.wrong,
        }  # fmt: skip


async def preview(config: Config, state: Path, names: Sequence[str], wanted: str) -> tuple[Subject, list[Look]]:
    """The article and how it would go on each channel; Mistake when no such article can be found."""
    check_names(Ask(channels=tuple(names)), config)
    # A state that is not there is not made: a preview leaves no trace.
    store = known_store(state, config.bot.database)
    try:
        subject = store.read_now(_known, config, wanted) if store else None
        if subject is None and not wanted.isdigit():
            subject = await _fresh(config, store, wanted)
        if subject is None:
            remedy = "Take its address, or its number from delebot status --json"
            raise Mistake(f"no article is known as «{wanted}»", remedy=remedy, code=1)
        channels = [config.channels[name] for name in names or config.channels]
        if store:
            return subject, store.read_now(_looks, config, channels, subject, clock())
        return subject, _looks(None, config, channels, subject, clock())
    finally:
        if store:
            store.close()


# --- Which article -------------------------------------------------------------------------------------------------


def _known(connection: Connection, config: Config, wanted: str) -> Subject | None:
    row = desk.find_item(connection, list(config.feeds), wanted)
    if row is None:
        return None
    feed = polls.feed_row(connection, row["feed"])
    item = ITEM.validate_python(row["data"])
    return Subject(config.feeds[row["feed"]], item, feed.get("title", ""), row["id"])


async def _fresh(config: Config, store: Store | None, wanted: str) -> Subject | None:
    """The article as the feeds hold it now."""
    found: list[tuple[Item, Feed, Document]] = []
    proxy = config.bot.proxy.get_secret_value() if config.bot.proxy else None
    async with Client(user_agent=user_agent(config.bot.contact), proxy=proxy) as client:
        for feed in config.feeds.values():
            document = await _read(client, feed)
            found += [(item, feed, document) for item in document.items if _is_wanted(item, wanted)]
    if not found:
        return None
    now = clock()
    item, feed, document = max(found, key=lambda one: _moment(one[0], now))
    planned = store.read_now(_plan, config, feed, document) if store else _plan(None, config, feed, document)
    owed = {owed.channel: owed for new in planned.new if new.item == item for owed in new.owed}
    return Subject(feed, item, document.title, owed=owed, first_poll=planned.baseline)


async def _read(client: Client, feed: Feed) -> Document:
    try:
        private = feed.wishes.allow_private
        fetched = await fetch(client, feed.url, Memory(), now=clock(), allow_private=private)
        return await read(fetched) or Document()
    except FeedProblem as problem:
        where = f"feeds/{feed.name}.env: URL"
        raise Mistake(problem.why, where=where, remedy=problem.remedy, code=1) from None


def _is_wanted(item: Item, wanted: str) -> bool:
    return wanted == "latest" or (bool(item.link) and link_key(item.link) == link_key(wanted))


def _moment(item: Item, now: datetime) -> tuple[bool, datetime]:
    return item.published is not None, item.published or now


def _plan(connection: Connection | None, config: Config, feed: Feed, document: Document) -> Plan:
    """What a poll at this moment would lead to."""
    past, now = Past(), clock()
    if connection:
        row = polls.feed_row(connection, feed.name)
        watched = row.get("ok_at") if row.get("target") == target_of(feed) else None
        past = polls.past_of(connection, feed.name, document, watched, now)

    def compose(channel: Channel, item: Item) -> Post:
        return draft_of(channel, config, item, document.title, now)

    channels = tuple(config.channels.values())
    return plan(document, past, feed, channels, now=now, compose=compose, same=same_post)


# --- How it looks --------------------------------------------------------------------------------------------------


def _looks(
    connection: Connection | None, config: Config, channels: Iterable[Channel], subject: Subject, now: datetime
) -> list[Look]:
    looks = []
    for channel in channels:
        fate = fate_of(connection, config, channel, subject, now)
        looks.append(_look(channel, fate, _post(connection, config, channel, subject, fate, now), now))
    return looks


def _post(
    connection: Connection | None, config: Config, channel: Channel, subject: Subject, fate: Fate, now: datetime
) -> Post:
    """The post as it would be made now; what was composed already is kept for all tries."""
    if connection and fate.row is not None:
        if fate.row["post"] and fate.row["state"] != State.SENT:
            return POST.validate_python(fate.row["post"])
        return post_of(channel, config, lanes.owing(connection, fate.row), lanes.key_of(fate.row), now)
    post = draft_of(channel, config, subject.item, subject.source, now)
    ours = f"{subject.feed.name}-{subject.id}"
    return replace(post, entries=tuple(replace(e, id=ours) for e in post.entries)) if subject.id is not None else post


def _look(channel: Channel, fate: Fate, post: Post, now: datetime) -> Look:
    """The request that the kind would show the post with, without any secret."""
    try:
        request = _request(channel, post, now)
    except Problem as problem:
        return Look(channel, replace(fate, goes=False), wrong=f"it can't be shown here: {problem.why}")
    plain = "message/rfc822" if request.url.scheme == "smtp" else "text/plain; charset=utf-8"
    headers = {"content-type": request.headers.get("content-type", plain)}
    return Look(channel, fate, without_secrets(request.content, channel), headers)


def _request(channel: Channel, post: Post, now: datetime) -> httpx.Request:
    """The first request that says the post's words: of `publish`, or of `prepare` where that says them already."""
    kind = kinds.load(channel.kind)
    made_later: Mapping[str, str] = defaultdict(lambda: MADE_LATER)
    plainly, fully = Attempt(now, kept=made_later), Attempt(now, made_later, made_later)
    verbs = [verb for verb in (kind.prepare, kind.publish) if verb]
    firsts = [_first(verb, post, attempt, channel) for verb in verbs for attempt in (plainly, fully)]
    found = [first for first in firsts if isinstance(first, httpx.Request)]
    if not found:
        problems = [first for first in firsts if isinstance(first, Problem)]
        raise problems[0] if problems else Refused("the kind sends nothing for it")
    links = [quote(entry.link, safe="").encode() for entry in post.entries] + [e.link.encode() for e in post.entries]
    return next((request for request in found if any(link in request.content for link in links)), found[-1])


def _first(verb: kinds.Verb, post: Post, attempt: Attempt, channel: Channel) -> httpx.Request | Problem | None:
    """The first request of a flow, or why there is none; None where it needs what is only made when it is sent."""
    flow: Flow[object] = verb(post, attempt, channel.settings)
    try:
        return next(flow)
    except Problem as problem:
        return problem
    except (StopIteration, KeyError, ValueError):
        return None
    finally:
        flow.close()


def without_secrets(payload: bytes, channel: Channel) -> bytes:
    """The payload without any secret of the channel's that a kind may have put into it.

    A piece of an address, such as the topic of ntfy, may be an ordinary word, so it counts only as a whole value.
    """
    whole = {value.get_secret_value() for _, value in channel.settings if isinstance(value, SecretStr)}
    for secret in filter(None, whole):
        payload = payload.replace(secret.encode(), "…".encode())
    for piece in secrets_of(channel.settings):
        payload = payload.replace(f'"{piece}"'.encode(), '"…"'.encode())
    return payload


def report(subject: Subject, looks: Sequence[Look]) -> dict[str, Any]:
    """Everything that preview tells."""
    item = subject.item
    about = {"id": subject.id, "feed": subject.feed.name, "title": one_line(item.title), "link": item.link}
    return {**about, "channels": [look.as_json() for look in looks]}


def text(subject: Subject, looks: Sequence[Look], config: Config) -> str:
    """The same for a person."""
    said = [f"«{one_line(subject.item.title)}» from {subject.feed.name}"]
    for look in looks:
        drawn = [_drawn(look)] if look.payload else []
        said.append("\n".join((_head(look, config), *drawn)))
    return "\n\n".join(said)


def _drawn(look: Look) -> str:
    return box(f"{look.channel.name} ({look.channel.kind})", look.payload, look.headers.get("content-type", ""))


def _head(look: Look, config: Config) -> str:
    name, fate = look.channel.name, look.fate
    when = f" {local(fate.at, config)}" if fate.at else ""
    return f"{name}: goes{when}: {fate.why}" if fate.goes else f"{name}: does not go: {look.wrong or fate.why}"


def write_page(path: Path, subject: Subject, looks: Sequence[Look], config: Config) -> None:
    """Write one web page with each channel's post as its platform shows it."""
    from bot.commands.demo.faces import face, page

    fragments = [
        f"<h2>{escape(_head(look, config))}</h2>{face(look.channel.kind, look.payload, look.headers)}"
        for look in looks
        if look.payload
    ]
    try:
        path.write_text(page(one_line(subject.item.title), fragments), encoding="utf-8")
    except OSError as error:
        why = (error.strerror or "unknown").lower()
        raise Mistake(f"the page can't be written ({why})", where=str(path), code=1) from None
