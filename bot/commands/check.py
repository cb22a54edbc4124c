"""Checks an installation: the files, each feed once, what the platforms say of the credentials; posts only if asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from bot import kinds
from bot.commands.sample import send_sample
from bot.feeds.fetch import Memory, fetch
from bot.hush import hush_feed
from bot.model import Attempt, Credentials, Document, FeedProblem, Problem
from bot.net.client import Client
from bot.poll import read
from bot.run import user_agent
from bot.send import perform, sender
from bot.sessions import Sessions, sessions_at, with_session
from bot.settings import Channel, Config, Feed
from bot.story import Event
from bot.world import clock, language_of

Tell = Callable[[Event], None]


async def check(config: Config, state: Path, tell: Tell, *, offline: bool, send: bool = False) -> bool:
    """Tell of each feed and channel how it is; whether nothing is wrong. `send` then tries each channel out."""
    tell_warnings(config, tell)
    if offline:
        tell(Event("idle", why=f"the files are right: {len(config.feeds)} feeds, {len(config.channels)} channels"))
        return not config.exposed
    proxy = config.bot.proxy.get_secret_value() if config.bot.proxy else None
    with sessions_at(state, config.bot.database) as sessions:
        return await _check(config, sessions, proxy, tell, send=send)


async def _check(config: Config, sessions: Sessions, proxy: str | None, tell: Tell, *, send: bool) -> bool:
    async with Client(user_agent=user_agent(config.bot.contact), proxy=proxy) as client:
        feeds = await asyncio.gather(*(_feed(client, feed) for feed in config.feeds.values()))
        channels = await asyncio.gather(*(_channel(client, sessions, channel) for channel in config.channels.values()))
        for event in (*feeds, *channels):
            tell(event)
        well = not config.exposed and all(event.ok for event in (*feeds, *channels))
        return await _send(client, sessions, config, tell) if send and well else _unsent(tell, well=well, send=send)


def _unsent(tell: Tell, *, well: bool, send: bool) -> bool:
    if send:
        tell(Event("trouble", why="no test post was sent: mend what is wrong first", ok=False))
    return well


async def _send(client: Client, sessions: Sessions, config: Config, tell: Tell) -> bool:
    """Send one test post to each channel, one after the other; whether all arrived."""
    well = True
    for channel in config.channels.values():
        event = await send_sample(client, sessions, channel, language_of(channel, config))
        tell(event)
        well = well and event.ok
    return well


def tell_warnings(config: Config, tell: Tell) -> None:
    """Say what works but is probably not meant."""
    for warning in config.warnings:
        tell(Event("trouble", why=f"warning: {warning}", ok=False))


async def read_feed(client: Client, feed: Feed) -> str:
    """Read a feed once, as a poll would, and remember nothing: what it is, in words. FeedProblem says why it can't."""
    try:
        fetched = await fetch(
            client, feed.url, Memory(url=feed.url), now=clock(), allow_private=feed.wishes.allow_private
        )
        document = await read(fetched) or Document()
    except FeedProblem as problem:
        hush_feed(problem, feed.url)
        raise
    title = f"«{document.title}», " if document.title else ""
    return f"feed {feed.name}: {title}{len(document.items)} articles"


async def _feed(client: Client, feed: Feed) -> Event:
    try:
        return Event("idle", feed=feed.name, why=await read_feed(client, feed))
    except FeedProblem as problem:
        why = ". ".join(filter(None, (problem.why, problem.remedy)))
        return Event("trouble", feed=feed.name, why=f"feeds/{feed.name}.env: URL: {why}", ok=False)


async def _channel(client: Client, sessions: Sessions, channel: Channel) -> Event:
    """Ask the platform about the credentials, where it can be asked."""
    kind = kinds.load(channel.kind)
    if kind.verify is None:
        return Event(
            "idle",
            channel=channel.name,
            why=f"channel {channel.name}: {channel.kind}, in order as far as can be seen without posting",
        )
    try:
        send = sender(client, channel)
        attempt = await with_session(Attempt(clock()), channel, sessions, send, clock)
        said: Credentials = await perform(kind.verify(attempt, channel.settings), send, doing="ask", now=clock)
    except Problem as problem:
        return Event("trouble", channel=channel.name, why=f"channels/{channel.name}.env: {problem.why}", ok=False)
    until = f", good until {said.until:%Y-%m-%d}" if said.until else ""
    return Event("idle", channel=channel.name, why=f"channel {channel.name}: {channel.kind}, {said.whose}{until}")
