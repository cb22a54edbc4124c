"""Keeps the pictures of articles until they are posted, so that each is fetched once, whatever number of channels."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from bot import kinds
from bot.feeds.pictures import picture_at
from bot.model import Image, Post
from bot.posts.fit import fit

if TYPE_CHECKING:
    from bot.net.client import Client
    from bot.settings import Config

FOLDER = "pictures"
KEPT_FOR = timedelta(days=7)
MOST_BYTES = 500_000_000


class Shelf:
    """A folder of pictures by the hashes of their addresses. Losing it costs another look at the site, no more."""

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER

    def put(self, url: str, content: bytes) -> None:
        """Keep a picture, if the disk lets us: all of it, for half a picture would be posted as it is."""
        path = self._path(url)
        arriving = path.with_name(f"{path.name}.{uuid4().hex}")
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            arriving.write_bytes(content)
            arriving.replace(path)
        except OSError:
            with suppress(OSError):
                arriving.unlink(missing_ok=True)

    def get(self, url: str) -> bytes | None:
        try:
            return self._path(url).read_bytes()
        except OSError:
            return None

    def prune(self, now: datetime) -> None:
        """Drop what is old, and the oldest of too much."""
        with suppress(OSError):
            files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.iterdir())
            room = MOST_BYTES
            for moment, size, path in reversed(files):
                room -= size
                if room < 0 or now.timestamp() - moment > KEPT_FOR.total_seconds():
                    path.unlink()

    def _path(self, url: str) -> Path:
        return self.folder / sha256(url.encode()).hexdigest()


def anybody_uploads(config: Config) -> bool:
    """Whether there is a channel that has to be given pictures themselves."""
    limits = [kinds.load(c.kind).limits.pictures for c in config.channels.values() if c.wishes.images]
    return any(pictures and pictures.upload for pictures in limits)


async def images_of(post: Post, kind: kinds.Kind, shelf: Shelf, client: Client) -> dict[str, Image]:
    """The post's pictures, fitted to what its kind takes; those that can't be had are left out."""
    limits, images = kind.limits.pictures, dict[str, Image]()
    if limits is None or not limits.upload:
        return images
    for url in {entry.picture.url for entry in post.entries if entry.picture}:
        content = await asyncio.to_thread(shelf.get, url)
        if content is None and (content := await picture_at(client, url)):
            await asyncio.to_thread(shelf.put, url, content)
        image = await asyncio.to_thread(fit, content, limits) if content else None
        images |= {url: image} if image else {}
    return images
