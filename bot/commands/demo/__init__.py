"""`delebot demo`: a sample site, the real daemon and an inbox, all on loopback, as a show of about a minute."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from errno import EADDRINUSE
from pathlib import Path

from aiohttp import web

from bot import kinds
from bot.commands.demo.inbox import Inbox
from bot.commands.demo.process import Daemon
from bot.commands.demo.show import Say, Show
from bot.commands.demo.site import Site
from bot.model import Mistake
from bot.world import clock

SHOWN = ("slack", "discord", "teams", "webhook")
NEXT = "Next: delebot init sets Delebot up for your own site, delebot add adds a channel."
AFTERWARDS = "The inbox stays open: {address}  Ctrl-C ends the demo."


async def demo(*, port: int = 0, once: bool = False, pace: float = 1.0, as_json: bool = False) -> bool:
    """Play the show; whether nothing was lost and nothing was there twice.

    `port` is where the inbox is found (0: a free one). With `once`, or without a terminal, it ends by itself.
    """
    say = _teller(as_json=as_json)
    once = once or not sys.stdout.isatty()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="delebot-demo-")))
        work = asyncio.create_task(_play(folder, say, port=port, once=once, pace=pace, as_json=as_json))
        stack.callback(_on_signals(work.cancel))
        try:
            return await work
        except asyncio.CancelledError:
            say("")
            say(f"The demo has ended, and nothing of it is left behind. {NEXT}")
            return True


async def _play(folder: Path, say: Say, *, port: int, once: bool, pace: float, as_json: bool) -> bool:
    """The site, the inbox and the daemon around the show; all of it ends however this ends."""
    site, daemon = Site(clock), Daemon(folder)
    inbox = Inbox([kind for kind in SHOWN if kind in kinds.names()], lambda: clock().astimezone())
    inbox.published = lambda: [a.slug for a in site.published if not a.hours_ago]
    async with serving(site.application(), 0) as at_home, serving(inbox.application(), port) as address:
        site.address = inbox.site = at_home
        written(folder, at_home, [(kind, inbox.hook(address, kind)) for kind in inbox.kinds])
        say(f"Open this page and watch: {address}/   (a sample site is at {at_home}/)")
        try:
            figures = await Show(site, inbox, daemon, say, pace).play()
            if as_json:
                print(json.dumps(asdict(figures)), flush=True)
            if not once:
                say("")
                say(AFTERWARDS.format(address=f"{address}/"))
                await asyncio.Event().wait()
        finally:
            # What is still in flight is waited for here, so that no process outlives the demo.
            inbox.mute.clear()
            await asyncio.shield(daemon.end())
    say(NEXT)
    return figures.lost == 0 and figures.twice == 0


def written(folder: Path, site: str, hooks: Sequence[tuple[str, str]]) -> None:
    """The env files, as a user writes them; only the addresses are on this machine."""
    files = {
        "bot.env": "TIMEZONE=Europe/Oslo\nLANGUAGE=nb\nLOG_FORMAT=json\n",
        "feeds/fjordklyngen.env": f"URL={site}/feed/\nEVERY=10s\nALLOW_PRIVATE=yes\n",
    }
    files |= {f"channels/{kind}.env": f"KIND={kind}\nURL={hook}\nALLOW_PRIVATE=yes\n" for kind, hook in hooks}
    for name, text in files.items():
        path = folder / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


@asynccontextmanager
async def serving(application: web.Application, port: int) -> AsyncIterator[str]:
    """The application on loopback; its address."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await _start(web.TCPSite(runner, "127.0.0.1", port), port)
        host, taken = runner.addresses[0][:2]
        yield f"http://{host}:{taken}"
    finally:
        await runner.cleanup()


async def _start(site: web.TCPSite, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        why = f"port {port} is taken" if error.errno == EADDRINUSE else f"port {port} can't be used"
        raise Mistake(why, where="--port", remedy="Choose another one, or leave it out") from None


def _teller(*, as_json: bool) -> Say:
    """How the story reaches the terminal: each line with its time of day."""

    def say(words: str) -> None:
        at = f"{clock().astimezone():%H:%M:%S}"
        if as_json:
            line = json.dumps({"at": at, "said": words}, ensure_ascii=False) if words else ""
        else:
            line = f"{at}  {words}" if words else ""
        if line or not as_json:
            print(line, flush=True)

    return say


def _on_signals(work: Callable[[], object]) -> Callable[[], None]:
    """Have Ctrl-C and SIGTERM do that; what is returned gives them back to whoever had them."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, work)

    def give_back() -> None:
        for number in numbers:
            with suppress(ValueError):
                loop.remove_signal_handler(number)

    return give_back
