"""Draws a payload on the terminal: a box with the words that people will read, whatever platform they are for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from functools import partial
from html import unescape
from textwrap import TextWrapper
from typing import Any
from urllib.parse import parse_qsl

from bot.posts.characters import clean

WIDTH = 76
# One of these makes a platform's post; what is else JSON is for programs, and shown as it is.
POSTS = {"blocks", "embeds", "components", "attachments", "content", "text", "cardsV2", "record", "rich_message"}
POSTS |= {"message", "status", "commentary", "msgtype", "body"}
WORDS = ["name", "title", "label", "status", "commentary", "html", "text", "content", "message", "body", "description"]
WORDS += ["value"]
SILENT = {"fallbackText", "formatted_body"}  # The same words once more, for programs that show nothing else.
ALTS = ("alt_text", "altText", "description")
WRAPPER = partial(TextWrapper, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
ZERO_WIDTH_SPACE = "\u200b"
SLACK_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
MASKED_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(([^()\s]+)\)")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
ANCHOR = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
BREAK = re.compile(r"<br ?/?>|</(?:p|h\d|li|figure|blockquote)>")
TAG = re.compile(r"</?(?:a|b|i|p|h\d|br|font|strong|em|code|pre|blockquote|figure|figcaption|img|ul|li)(?: [^<>]*)?/?>")


def box(head: str, payload: bytes, kind: str = "") -> str:
    """The post in a box that is open to the right, since signs differ in width; `kind` is its media type."""
    lines = [line for part in texts(payload, kind) for line in _wrapped(part)]
    top = f"\u250c\u2500 {head} ".ljust(WIDTH, "\u2500")
    return "\n".join((top, *(f"\u2502 {line}".rstrip() for line in lines), "\u2514" + "\u2500" * (WIDTH - 1)))


def texts(payload: bytes, kind: str = "") -> list[str]:
    """The texts of a payload in the order in which they are read; JSON that is no platform's post as it is."""
    if kind.startswith("multipart/alternative") or kind == "message/rfc822":
        return _of_mail(payload)
    words = payload.decode(errors="replace")
    if "urlencoded" in kind:
        return [clean(_of_markdown(f"{name}: {said}")) for name, said in parse_qsl(words)]
    try:
        value = json.loads(words)
    except ValueError:
        return [clean(words.strip("\n"))]
    if not isinstance(value, dict) or not POSTS & value.keys():
        return [clean(json.dumps(value, ensure_ascii=False, indent=2))]
    # What stands beside blocks is for notifications and old programs, and would be the same words twice.
    found = _walk(value["blocks"] if value.get("blocks") else value)
    plainly = _of_slack if "blocks" in value or "unfurl_links" in value else _of_markdown
    return [clean(plainly(_of_html(part))) for part in found if part.strip()]


def _of_mail(payload: bytes) -> list[str]:
    """The subject of an e-mail, and its words as programs show them that know no HTML."""
    mail = message_from_bytes(payload, policy=policy.default)
    plain = mail.get_body(("plain",))
    return [clean(str(mail["subject"])), "", clean(str(plain.get_content()) if plain else "")]


def _of_html(words: str) -> str:
    """Words with a few tags as plain ones, their links behind them; other words stay as they are."""
    if not TAG.search(words):
        return words
    return unescape(TAG.sub("", BREAK.sub("\n", ANCHOR.sub(r"\2 \1", words)))).strip()


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _walk(part)
    elif isinstance(value, dict):
        value = {name: part for name, part in value.items() if name not in SILENT}
        address = value.get("url") or value.get("image_url") or value.get("uri") or value.get("link")
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
    name = next((value[name] for name in ("title", "label", "text") if isinstance(value.get(name), str)), "")
    if name:
        yield f"{name} <{address}>"
        yield from _own({key: words for key, words in value.items() if words != name})
    elif value.keys() == {"url"}:
        yield f"<{address}>"
    elif {"uri", "link"} & value.keys():
        yield from (*_own(value), f"<{address}>")
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
