"""The pictures of an item: judged by what they are, and no reason for a post to fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.feeds.pictures import look, named_on, type_of
from bot.model import Item, Picture
from bot.net.client import Client
from tests.servers import Answer, Server, Taken

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PAGE = b"""<html><head><meta property="og:image" content="/delt.png?a=1&amp;b=2">
<meta property="og:image:alt" content="B&oslash;ya"></head></html>"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(10), "image/jpeg"),
        (b"GIF89a" + bytes(10), "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"<html><img></html>", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
        (b"", ""),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(content: bytes, expected: str) -> None:
    assert type_of(content) == expected


def test_the_picture_that_a_page_names_comes_whole_and_with_its_words() -> None:
    assert named_on(PAGE, "https://klynge.example/sak/") == Picture("https://klynge.example/delt.png?a=1&b=2", "Bøya")


@pytest.mark.parametrize("html", [b"", b"<meta property='og:image'>", b"<meta property='og:image' content='data:x'>"])
def test_a_page_may_name_none(html: bytes) -> None:
    assert named_on(html, "https://klynge.example/sak/") is None


FILES = {"/real": Answer(body=PNG), "/page": Answer(body=b"<html>"), "/gone": Answer(404), "/wall": Answer(403)}


@pytest.fixture
def site() -> Iterator[Server]:
    def answer(taken: Taken) -> Answer:
        if taken.path == "/moved":
            return Answer(302, headers={"Location": "/real"})
        return FILES.get(taken.path) or Answer(body=PAGE.replace(b"/delt.png?a=1&amp;b=2", b"/real"))

    with Server(answer) as made:
        yield made


class Reaching(Client):
    """The real client, let through to this machine: pictures never use ALLOW_PRIVATE, and tests have no other site."""

    async def send(self, request, **more):  # type: ignore[no-untyped-def]
        return await super().send(request, **{**more, "private_host": request.url.host})


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("real",), "real"),
        (("moved",), "moved"),
        (("page", "real"), "real"),
        (("gone", "real"), "real"),
        (("wall",), "wall"),
        (("page", "gone"), None),
    ],
)
async def test_the_first_that_is_a_picture_is_taken(names: tuple[str, ...], expected: str | None, site: Server) -> None:
    item = Item("1", "", "Sak", pictures=tuple(Picture(f"{site.address}/{name}") for name in names))
    async with Reaching(user_agent="test") as client:
        found = await look(client, item)
    assert (found.url if found else None) == (f"{site.address}/{expected}" if expected else None)


async def test_an_article_without_pictures_has_that_of_its_page(site: Server) -> None:
    async with Reaching(user_agent="test") as client:
        assert await look(client, Item("1", f"{site.address}/sak/", "Sak")) == Picture(
            f"{site.address}/real", "Bøya", type="image/png", size=len(PNG)
        )


async def test_what_cannot_be_looked_at_keeps_the_benefit_of_the_doubt() -> None:
    picture = Picture("http://127.0.0.1:1/bilde.jpg")
    async with Reaching(user_agent="test") as client:
        assert await look(client, Item("1", "", "Sak", pictures=(picture,))) == picture


async def test_a_picture_at_a_private_address_is_shown_to_nobody() -> None:
    async with Client(user_agent="test") as client:
        assert await look(client, Item("1", "", "Sak", pictures=(Picture("http://127.0.0.1:1/bilde.jpg"),))) is None
