"""Looks at an item's pictures, and at its page when the feed names none: judged by what they are, not by their names.

What can't be looked at from here keeps the benefit of the doubt; a post never fails because of its picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
from selectolax.lexbor import LexborHTMLParser

from bot.model import Picture
from bot.net.client import Client, NetProblem
from bot.posts.links import resolved
from bot.posts.markup import tamed
from bot.posts.read import alt_of, pictures

if TYPE_CHECKING:
    from bot.model import Item

PATIENCE = 8.0  # Seconds for all the looks at one item; a post waits no longer for its picture.
LOOKED_AT = 3
LARGEST = 15_000_000
PAGE = 2_000_000
REDIRECTS = 3
PICTURE_OF_PAGE = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")

# How the files of the kinds of pictures begin that every platform shows.
BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}

GONE = httpx.Response(404)
Keep = Callable[[str, bytes], None]


def type_of(content: bytes) -> str:
    """The media type of these bytes if they are a picture (PNG, JPEG, GIF, WebP or AVIF), else nothing."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return next((kind for beginning, kind in BEGINNINGS.items() if content.startswith(beginning)), "")


async def look(client: Client, item: Item, keep: Keep | None = None, *, patience: float = PATIENCE) -> Picture | None:
    """The first picture of an item that is one, in the order of feed, text and page; None when there is none.

    `keep` is given the address and the bytes of the picture that was found.
    """
    named = (*item.pictures, *pictures(item.html or item.summary, item.base or item.link))
    try:
        async with asyncio.timeout(patience):
            return await _first(client, item, named, keep)
    except Exception:  # noqa: BLE001 - whatever a picture is, it is no reason for a post to fail
        return _described(named[0], named) if named else None


async def picture_at(client: Client, url: str) -> bytes | None:
    """The bytes of the picture at this address, None when there is none to be had."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await _get(client, url, LARGEST)
    except TimeoutError:
        return None
    return answer.content if answer is not None and answer.is_success and type_of(answer.content) else None


async def _first(client: Client, item: Item, named: tuple[Picture, ...], keep: Keep | None) -> Picture | None:
    for picture in _distinct(named)[:LOOKED_AT]:
        if seen := await _seen(client, picture, keep):
            return _described(seen, named)
    found = await on_page(client, item.link) if item.link and not named else None
    return await _seen(client, found, keep) if found else None


def _distinct(named: Iterable[Picture]) -> list[Picture]:
    return list({picture.url: picture for picture in reversed([*named])}.values())[::-1]


def _described(picture: Picture, named: Iterable[Picture]) -> Picture:
    """The picture with the words that the article has for it, when the feed has none."""
    if picture.alt:
        return picture
    return replace(picture, alt=next((p.alt for p in named if p.alt and p.url == picture.url), ""))


async def on_page(client: Client, link: str) -> Picture | None:
    """The picture that the article's page names for sharing (og:image), with its words."""
    answer = await _get(client, link, PAGE)
    if answer is None or not answer.is_success:
        return None
    return named_on(answer.content, str(answer.request.url))


def named_on(html: bytes, address: str) -> Picture | None:
    """What a page names as its picture: https://ogp.me/#structured"""
    says: dict[str, str] = {}
    for node in LexborHTMLParser(tamed(html.decode("utf-8", "replace"))).css("meta[property], meta[name]"):
        name = node.attributes.get("property") or node.attributes.get("name") or ""
        says.setdefault(name.casefold(), node.attributes.get("content") or "")
    url = (
        says.get("og:image:secure_url") or says.get("og:image") or says.get("og:image:url") or says.get("twitter:image")
    )
    whole = resolved(url.strip(), address) if url else ""
    alt = alt_of(says.get("og:image:alt", "") or says.get("twitter:image:alt", ""))
    return Picture(whole, alt) if whole.startswith(("http://", "https://")) else None


async def _seen(client: Client, picture: Picture, keep: Keep | None) -> Picture | None:
    """The picture as it was found at its address, as far as can be seen from here; None where there is none."""
    answer = await _get(client, picture.url, LARGEST)
    if answer is None:
        return picture
    if answer.status_code in (404, 410):
        return None
    if not answer.is_success:
        return picture
    kind = type_of(answer.content)
    if kind and keep:
        await asyncio.to_thread(keep, picture.url, answer.content)
    return replace(picture, type=kind, size=len(answer.content)) if kind else None


async def _get(client: Client, url: str, limit: int) -> httpx.Response | None:
    """The answer at the end of a few redirects, None when nobody answers. What no reader could ask is gone for us."""
    try:
        for _ in range(REDIRECTS + 1):
            request = httpx.Request("GET", url, headers={"Accept": "image/*, text/html;q=0.5"})
            answer = await client.send(request, limit=limit)
            if not answer.has_redirect_location:
                return answer
            url = str(httpx.URL(url).join(answer.headers["Location"]))
    except NetProblem as problem:
        return GONE if problem.kind == "guard" else None
    except httpx.InvalidURL:
        return GONE
    return None
