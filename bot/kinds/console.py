"""The terminal that Delebot runs in: posts as plain text, for trying things out.

Its requests go to `console:///`, which no network knows: whoever drives the flow prints their content.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from bot.kinds import ALL_PICTURES, Limits, Pictures, kind
from bot.model import Attempt, Entry, Flow, Post, Receipt
from bot.posts.characters import clean
from bot.posts.dates import in_words
from bot.posts.write import plain
from bot.settings import Values

LINE = "\u2500" * 60
CORRECTED = {"nb": "Rettet", "nn": "Retta", "sv": "Rättad", "da": "Rettet", "en": "Corrected"}


class Settings(Values):
    """Nothing: there is only one terminal."""


@kind(Settings, target=(), limits=Limits(mail_links=True, pictures=Pictures(types=ALL_PICTURES)))
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Print the post."""
    yield _printed(_lines(post))
    return Receipt()


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Print it once more, marked as a correction."""
    yield _printed(_lines(post, f"{CORRECTED.get(post.language, CORRECTED['en'])}: "))
    return receipt


def _printed(lines: Iterator[str]) -> httpx.Request:
    # What a feed says was cleaned when the post was made; here nothing may ever steer the terminal.
    words = clean("\n".join(lines)).rstrip("\n")
    return httpx.Request("POST", "console:///", content=f"{words}\n".encode("utf-8", "replace"))


def _lines(post: Post, before: str = "") -> Iterator[str]:
    yield LINE
    if post.words:
        yield before + post.words
    for number, entry in enumerate(post.entries):
        if number:
            yield ""
        yield from _of_entry(entry, before, post.language)


def _of_entry(entry: Entry, before: str, language: str) -> Iterator[str]:
    yield before + (entry.title or entry.link)
    if entry.title and entry.link:
        yield entry.link
    if entry.text:
        yield f"\n{plain(entry.text)}\n"
    if entry.picture:
        yield " ".join(filter(None, (f"[{entry.picture.alt}]" if entry.picture.alt else "", entry.picture.url)))
    day = in_words(entry.published, language) if entry.published else ""
    about = [", ".join(entry.authors), day, entry.source, " ".join(f"#{tag}" for tag in entry.tags)]
    if any(about):
        yield " \u00b7 ".join(filter(None, about))
    if entry.share:
        yield f"\n{entry.share.words}"
        for link in entry.share.links:
            yield f"  {link.label}: {link.url}"
