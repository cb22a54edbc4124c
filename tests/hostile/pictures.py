"""Pictures that are none, that unpack to fill the memory, or that lead somewhere else."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import repeat
from typing import Any

import httpx
from PIL import Image as Pillow

from bot.feeds.pictures import look
from bot.kinds import Pictures
from bot.model import Item, Picture
from bot.net.client import Client
from bot.posts.fit import fit
from tests.hostile.cases import ENOUGH, HERE, PATIENCE, Case, Said, serving
from tests.hostile.servers import GZIP, OK, bomb, moved, whole
from tests.test_pictures import PNG

WANTED = Pictures(upload=True, types=("image/jpeg",), bytes=900_000, side=2000)
NONE = "no picture"
NAMED = "only named"  # It could not be looked at, which is no reason to leave it out.
LATE = "only named, for it took too long"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, more: bytes = b"", rows: int | None = None) -> bytes:
    """A picture of one colour, which packs to next to nothing."""
    packer = zlib.compressobj(9)
    row = bytes(width * 3 + 1)
    data = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def drawn(form: str, width: int, height: int, mode: str = "RGB", **how: object) -> bytes:
    held = BytesIO()
    Pillow.new(mode, (width, height)).save(held, form, **how)
    return held.getvalue()


def words(times: int) -> bytes:
    """So many megabytes of words, packed."""
    return b"".join(chunk(b"zTXt", b"k%d\0\0" % n + zlib.compress(bytes(1_000_000), 9)) for n in range(times))


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "as large as is unpacked": (lambda: png(4000, 3100), "2000 x 1550"),
    "too large to be unpacked": (lambda: png(6000, 5000), NONE),
    "60 000 signs wide and high": (lambda: png(60_000, 60_000, rows=1), NONE),
    "four thousand million wide": (lambda: png(2**32 - 1, 1, rows=0), NONE),
    "no wider than nothing": (lambda: png(0, 0), NONE),
    "60 MB of packed words": (lambda: png(2500, 100, words(60)), "2000 x 80"),
    "70 MB of packed words": (lambda: png(2500, 100, words(70)), NONE),
    "a JPEG that is unpacked in parts": (lambda: drawn("JPEG", 5000, 4000, "L"), "2000 x 1600"),
    "a JPEG that can't be unpacked in parts": (lambda: drawn("JPEG", 4200, 3000, "L", progressive=True), NONE),
    "a large WebP": (lambda: drawn("WEBP", 2600, 2000), NONE),
    "an AVIF that is none": (lambda: b"\0\0\0\x1cftypavif" + bytes(1000), NONE),
    "an EPS, which is a program": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n", NONE),
    "a TIFF": (lambda: drawn("TIFF", 2500, 10), NONE),
    "a PNG that breaks off": (lambda: png(2500, 100)[:-200], NONE),
    "a GIF that lies about its size": (lambda: b"GIF89a\xff\xff\xff\xff\x00\x00\x00;", NONE),
}

SERVERS: dict[str, tuple[tuple[Said, ...], str]] = {
    "an SVG with a script": ((whole(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),), NONE),
    "a page instead": ((whole(b"<html>Hei</html>", b"Content-Type: image/png"),), NONE),
    "a PDF instead": ((whole(b"%PDF-1.7", b"Content-Type: image/png"),), NONE),
    "nothing instead": ((whole(b""),), NONE),
    "an endless one": ((OK + b"\r\n" + PNG, repeat(bytes(65_536))), NAMED),
    "one of 10 GB": ((OK + b"Content-Length: 10000000000\r\n\r\n" + PNG, 5.0), NAMED),
    "one that never comes": ((5.0,), LATE),
    "one of which a byte comes now and then": (
        (OK + b"\r\n", *(part for _ in range(30) for part in (b"a", 0.1))),
        LATE,
    ),
    "a bomb of gzip": ((whole(bomb(), b"Content-Encoding: gzip"),), NAMED),
    "an endless name within gzip": (
        (OK + GZIP + b"\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0", repeat(bytes([97]) * 65_536)),
        NAMED,
    ),
    "redirects in a circle": ((moved(b"/x"),), NAMED),
    "a redirect inside": ((moved(b"http://[fd00:ec2::254]/a.png"),), NONE),
    "a redirect to a file": ((moved(b"file:///etc/passwd"),), NONE),
    "a redirect to nowhere": ((moved(b"http://[/"),), NONE),
}


def page(address: str) -> bytes:
    return whole(b"<html><meta property='og:image' content='%s'></html>" % address.encode())


PAGES: dict[str, tuple[bytes, str]] = {
    "names one inside": (page("http://169.254.169.254/latest/a.png"), NONE),
    "names one on another port of this machine": (page("http://2130706433:1/a.png"), NONE),
    "names a file": (page("file:///etc/passwd"), NONE),
    "names data": (page("data:image/png;base64,AAAA"), NONE),
    "names a script": (page("javascript:alert(1)"), NONE),
    "names a picture of a million signs": (page("http://klynge.example/" + "a" * 1_000_000), NONE),
    "has a million attributes": (whole(b"<html><meta " + b"a " * 900_000 + b">"), NONE),
    "is nested a million deep": (whole(b"<html>" + b"<a>" * 600_000), NONE),
    "has a million pictures": (whole(b"<meta property='og:image' content='x:y'>" * 40_000), NONE),
}


class Outside(Client):
    """The client of these cases: it takes this machine, by its one usual address, for the world outside."""

    async def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        return await super().send(request, **{**more, "private_host": HERE})


def cases() -> Iterator[Case]:
    for name, (make, expected) in FILES.items():
        yield Case(f"picture: {name}", lambda make=make: _fitted(make), expected)  # type: ignore[misc]
    for name, (said, expected) in SERVERS.items():
        yield Case(f"picture: {name}", lambda said=said, late=expected == LATE: _looked_at(*said, late=late), expected)  # type: ignore[misc]
    for name, (answer, expected) in PAGES.items():
        yield Case(f"picture: a page that {name}", lambda answer=answer: _looked_at(answer, page=True), expected)  # type: ignore[misc]


async def _fitted(make: Callable[[], bytes]) -> str:
    image = fit(make(), WANTED)
    return f"{image.width} x {image.height}" if image else NONE


async def _looked_at(*said: Said, page: bool = False, late: bool = False) -> str:
    async with serving(*said) as port, Outside(user_agent="test") as client:
        url = f"http://{HERE}:{port}/x"
        item = Item("1", url, "Sak") if page else Item("1", "", "Sak", pictures=(Picture(url),))
        found = await look(client, item, patience=PATIENCE if late else ENOUGH)
    if found is None:
        return NONE
    if found.type or found.url != url:
        return f"{found.url} {found.type}"
    return LATE if late else NAMED
