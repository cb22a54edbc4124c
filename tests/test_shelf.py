"""A picture is fetched once, whatever number of channels show it, and is not kept for ever."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image as Pillow

from bot.feeds.pictures import look
from bot.kinds import Kind, load
from bot.model import Entry, Item, Occasion, Picture, Post
from bot.shelf import KEPT_FOR, Shelf, images_of
from tests.servers import Answer, Server, Taken
from tests.test_pictures import Reaching

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def drawn(side: int) -> bytes:
    held = BytesIO()
    Pillow.effect_noise((side, side), 90).convert("RGB").save(held, "PNG")
    return held.getvalue()


def a_post(url: str) -> Post:
    return Post("k", Occasion.SHARE, NOW, (Entry("1", "Sak", "https://klynge.example/", picture=Picture(url)),))


def uploading() -> list[Kind]:
    return [load("bluesky"), load("linkedin"), load("matrix")]


async def test_a_picture_is_fetched_once_and_fitted_for_each_kind(tmp_path: Path) -> None:
    asked: list[Taken] = []

    def answer(taken: Taken) -> Answer:
        asked.append(taken)
        return Answer(body=drawn(1500), headers={"Content-Type": "image/png"})

    shelf = Shelf(tmp_path)
    with Server(answer) as site:
        async with Reaching(user_agent="test") as client:
            found = await look(client, Item("1", "", "Sak", pictures=(Picture(f"{site.address}/a.png"),)), shelf.put)
            assert found and found.type == "image/png" and found.size
            for kind in uploading():
                (image,) = (await images_of(a_post(found.url), kind, shelf, client)).values()
                limits = kind.limits.pictures
                assert limits and image.type in limits.types and len(image.content) <= (limits.bytes or 10**9)
    assert len(asked) == 1


async def test_a_picture_that_the_shelf_lost_is_fetched_again_and_one_that_is_gone_is_left_out(tmp_path: Path) -> None:
    answers = [Answer(body=drawn(50)), Answer(404)]
    with Server(lambda _: answers.pop(0)) as site:
        async with Reaching(user_agent="test") as client:
            kind = load("bluesky")
            assert await images_of(a_post(f"{site.address}/a.png"), kind, Shelf(tmp_path), client)
            assert await images_of(a_post(f"{site.address}/b.png"), kind, Shelf(tmp_path), client) == {}


async def test_a_kind_that_names_addresses_is_given_no_picture(tmp_path: Path) -> None:
    async with Reaching(user_agent="test") as client:
        assert await images_of(a_post("http://127.0.0.1:1/a.png"), load("slack"), Shelf(tmp_path), client) == {}


def test_old_pictures_are_dropped_and_new_ones_stay(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.prune(NOW)
    shelf.put("https://klynge.example/gammel.png", b"gammel")
    shelf.put("https://klynge.example/ny.png", b"ny")
    old, new = (shelf._path(f"https://klynge.example/{name}.png") for name in ("gammel", "ny"))
    os.utime(old, times=((NOW - KEPT_FOR - timedelta(hours=1)).timestamp(),) * 2)
    os.utime(new, times=(NOW.timestamp(),) * 2)
    shelf.prune(NOW)
    assert shelf.get("https://klynge.example/gammel.png") is None
    assert shelf.get("https://klynge.example/ny.png") == b"ny"
    assert (tmp_path / "pictures").stat().st_mode & 0o077 == 0


def test_a_full_disk_costs_no_post(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("a file where the folder should be")
    Shelf(tmp_path).put("https://klynge.example/a.png", b"x")
    assert Shelf(tmp_path).get("https://klynge.example/a.png") is None
