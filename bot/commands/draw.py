"""Draws a payload on the terminal: a box with the words that people will read, whatever platform they are for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from html import unescape
from textwrap import TextWrapper
from typing import Any

from bot.posts.characters import clean

WIDTH = 76
POSTS = ("blocks", "embeds", "components", "attachments", "content", "text")  # One of these makes a platform's post.
WORDS = ("name", "title", "label", "text", "content", "description", "value")
ALTS = ("alt_text", "altText", "description")
WRAPPER = partial(TextWrapper, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
ZERO_WIDTH_SPACE = "\u200b"
SLACK_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
MASKED_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(([^()\s]+)\)")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def box(head: str, payload: bytes) -> str:
    """The post in a box that is open to the right, since signs differ in width."""
    lines = [line for part in texts(payload) for line in _wrapped(part)]
    top = f"\u250c\u2500 {head} ".ljust(WIDTH, "\u2500")
    return "\n".join((top, *(f"\u2502 {line}".rstrip() for line in lines), "\u2514" + "\u2500" * (WIDTH - 1)))


def texts(payload: bytes) -> list[str]:
    """The texts of a payload in the order in which they are read; JSON that is no platform's post as it is."""
    words = payload.decode(errors="replace")
    try:
        value = json.loads(words)
    except ValueError:
        return [clean(words.strip("\n"))]
    if not isinstance(value, dict) or not any(name in value for name in POSTS):
        return [clean(json.dumps(value, ensure_ascii=False, indent=2))]
    # What stands beside blocks is for notifications and old programs, and would be the same words twice.
    found = _walk(value["blocks"] if value.get("blocks") else value)
    plainly = _of_slack if "blocks" in value or "unfurl_links" in value else _of_markdown
    return [clean(plainly(part)) for part in found if part.strip()]


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _walk(part)
    elif isinstance(value, dict):
        address = value.get("url") or value.get("image_url")
        yield from _with_address(value, str(address)) if address else _own(value)
        for part in value.values():
            if isinstance(part, dict | list):
                yield from _walk(part)


def _own(value: Mapping[str, Any]) -> Iterator[str]:
    """The words of one object; pieces that run on in one line are one text."""
    if isinstance(runs := value.get("inlines"), list):
        yield "".join(str(run.get("text", "")) if isinstance(run, dict) else str(run) for run in runs)
    if value.get("type") != "TextRun":
        yield from (words for name in WORDS if isinstance(words := value.get(name), str))


def _with_address(value: Mapping[str, Any], address: str) -> Iterator[str]:
    """What leads somewhere, or a picture: the words and the address together."""
    name = next((value[name] for name in ("title", "label") if isinstance(value.get(name), str)), "")
    if name:
        yield f"{name} <{address}>"
        yield from _own({key: words for key, words in value.items() if key not in ("title", "label")})
    elif not str(value.get("type")).startswith("Action"):
        alt = next((value[name] for name in ALTS if value.get(name)), "picture")
        yield f"[{alt}] {address}"


def _of_slack(words: str) -> str:
    """Slack's markup as plain words; a date is shown as those see it who have no Slack."""
    words = SLACK_LINK.sub(lambda link: link[2] if link[1].startswith("!") else f"{link[2]} <{link[1]}>", words)
    return unescape(words).replace(ZERO_WIDTH_SPACE, "")


def _of_markdown(words: str) -> str:
    return ESCAPED.sub(r"\1", MASKED_LINK.sub(r"\1 <\2>", words)).replace(ZERO_WIDTH_SPACE, "")


def _wrapped(words: str) -> Iterator[str]:
    for line in words.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        yield from WRAPPER(subsequent_indent=indent).wrap(line) or [""]
