"""The network: each feed read once, and a connection without a word to each host that a channel posts to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from datetime import timedelta

import httpx

from bot import kinds
from bot.commands.check import read_feed
from bot.commands.doctor.finding import Finding, Installation, right, wrong
from bot.commands.sample import sample_post
from bot.model import Attempt, FeedProblem
from bot.net.addresses import DEFAULT_PORTS, host_of
from bot.net.client import Client, NetProblem
from bot.net.connect import knock
from bot.net.guard import system_lookup
from bot.run import user_agent
from bot.send import private_host_of
from bot.settings import Channel, Config, Feed
from bot.world import clock

PATIENCE = 9.0
LOOK = "Look at the network and the firewall of this machine"
CLOCK_TOLERANCE = timedelta(minutes=2)  # Those who check signatures take them for five minutes.


async def feeds(installation: Installation) -> AsyncIterator[Finding]:
    """Each feed is asked as a poll would ask, and what the sites say of the time is compared."""
    config = usable(installation)
    if config is None:
        return
    proxy = config.bot.proxy.get_secret_value() if config.bot.proxy else None
    agent = user_agent(config.bot.contact)
    async with Client(user_agent=agent, proxy=proxy, lookup=installation.lookup) as client:
        for finding in await asyncio.gather(*(_feed(client, feed) for feed in config.feeds.values())):
            yield finding
        if client.clocks.nearest is not None:
            yield time_of_day(client.clocks.nearest)


async def _feed(client: Client, feed: Feed) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            return right(await read_feed(client, feed))
    except FeedProblem as problem:
        return wrong(problem.why, f"feeds/{feed.name}.env", problem.remedy)
    except TimeoutError:
        why = f"the site did not answer within {PATIENCE:g} s"
        return wrong(why, f"feeds/{feed.name}.env", "Look whether it answers in a browser")


def time_of_day(ahead: timedelta) -> Finding:
    """Whether the clock is right, by that server whose clock is nearest to ours."""
    if abs(ahead) <= CLOCK_TOLERANCE:
        return right("the clock agrees with those of the sites", "clock")
    minutes = round(ahead.total_seconds() / 60)
    what = f"the clock of this machine is {abs(minutes)} minutes {'fast' if minutes > 0 else 'slow'}"
    return wrong(what, "clock", "Set it, and let the system keep it: timedatectl set-ntp true")


def usable(installation: Installation) -> Config | None:
    """The configuration for asking the network; None while `bot.env` is wrong, which may name the only way out."""
    found = installation.found
    if installation.settings is None or found is None or any(place == "bot.env" for place, _, _ in found.found):
        return None
    return installation.settings


async def hosts(installation: Installation) -> AsyncIterator[Finding]:
    """Whether a connection to each host can be made: its name, its address, its certificate. Nothing is said there."""
    config = usable(installation)
    if config is None:
        return
    doors = list(doors_of(config))
    lookup = installation.lookup or system_lookup

    async def tried(where: str, url: httpx.URL, private: str | None) -> Finding:
        try:
            await knock(url, private_host=private, lookup=lookup, within=PATIENCE / 2)
        except NetProblem as problem:
            return wrong(problem.why, where, problem.remedy or LOOK)
        return right(f"{url.host} can be reached", where)

    for finding in await asyncio.gather(*(tried(*door) for door in doors)):
        yield finding


def doors_of(config: Config) -> Iterator[tuple[str, httpx.URL, str | None]]:
    """Each host and port that is connected to, once: whose it is, its address, and the host that may be private."""
    found: dict[tuple[str, int | None], tuple[str, httpx.URL, str | None]] = {}
    for where, url, private in _addresses(config):
        port = url.port or DEFAULT_PORTS.get(url.scheme)
        if url.host and url.scheme in ("http", "https", "smtp"):
            found.setdefault((url.host, port), (where, url, private))
    yield from found.values()


def _addresses(config: Config) -> Iterator[tuple[str, httpx.URL, str | None]]:
    bot = config.bot
    if bot.proxy:
        # The names of all other hosts are then looked up by the proxy, so only this one is ours to reach.
        url = bot.proxy.get_secret_value()
        yield "bot.env: PROXY", httpx.URL(url), host_of(url)
        return
    if bot.heartbeat_url:
        url = bot.heartbeat_url.get_secret_value()
        yield "bot.env: HEARTBEAT_URL", httpx.URL(url), host_of(url)
    for channel in config.channels.values():
        if request := first_request(channel):
            secure = request.extensions.get("mail", {}).get("security") == "tls"
            address = request.url.copy_with(scheme="https") if secure else request.url
            yield f"channels/{channel.name}.env", address, private_host_of(channel)


def first_request(channel: Channel) -> httpx.Request | None:
    """The first that a channel would ask, which tells its host. It is only described, and not sent."""
    kind, attempt = kinds.load(channel.kind), Attempt(clock())
    flows = [verb(attempt, channel.settings) for verb in (kind.renew, kind.verify) if verb]
    for flow in (*flows, kind.publish(sample_post("nb"), attempt, channel.settings)):
        # A flow that needs a session or what was prepared breaks here, and tells no host.
        with suppress(Exception), closing(flow):
            request: httpx.Request = next(flow)
            return request
    return None
