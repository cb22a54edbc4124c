"""`delebot demo`: a sample site on loopback, the real pipeline, and a channel that is this terminal."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from bot.commands.errand import errand
from bot.commands.trigger import Ask
from bot.config.load import load
from bot.story import Event
from bot.world import clock

SAMPLE = Path(__file__).parent / "site.xml"

FILES = {
    "bot.env": "ALERTS=terminal\n",
    "feeds/fjordklyngen.env": "URL={address}/feed/\nFIRST_RUN=latest\nALLOW_PRIVATE=yes\n",
    "channels/terminal.env": "KIND=console\n",
}


async def demo(tell: Callable[[Event], None]) -> bool:
    """Poll the sample site once and share its newest article on the terminal; whether it went well."""
    with tempfile.TemporaryDirectory(prefix="delebot-demo-") as folder:
        async with site(clock()) as address:
            print(f"A sample site serves its feed at {address}/feed/\n")
            config = load(written(Path(folder), address), os.environ)
            ok = await errand(config, Path(folder) / "state", Ask(), tell)
    print("\nThat was the real pipeline: fetch, parse, plan, save, compose, send. Yours begins with README.md, step 1.")
    return ok


def written(folder: Path, address: str) -> Path:
    """The env files of the demo, with the address of its site."""
    for name, text in FILES.items():
        path = folder / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(address=address), encoding="utf-8")
        path.chmod(0o600)
    return folder / "config"


@asynccontextmanager
async def site(now: datetime) -> AsyncIterator[str]:
    """The sample site on a free port of loopback; its address."""
    body = sample(now)

    async def feed(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/rss+xml", charset="utf-8")

    app = web.Application()
    app.router.add_get("/feed/", feed)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def sample(now: datetime) -> bytes:
    """The sample feed, its articles dated an hour, a day and three days ago."""
    text = SAMPLE.read_text(encoding="utf-8")
    for mark, ago in (
        ("{an hour ago}", timedelta(hours=1)),
        ("{yesterday}", timedelta(days=1)),
        ("{earlier}", timedelta(days=3)),
    ):
        text = text.replace(mark, format_datetime(now - ago))
    return text.encode()
