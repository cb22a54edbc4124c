"""Writes a text in the markup of a platform: one table for each markup, one walk for all; escaping comes last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from bot.model import Block, Span, Text
from bot.posts.links import safe

ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True, slots=True)
class Markup:
    """How a platform writes words.

    `escape` makes plain words harmless, `escape_code` those that stand as code; everything else is given escaped
    words. The marks of a look stand around them; None means that the platform has no such look.
    """

    escape: Callable[[str], str]
    escape_code: Callable[[str], str]
    link: Callable[[str, str], str]
    bold: str | None = None
    italic: str | None = None
    code: str | None = None
    heading: Callable[[str, int], str] = lambda words, _: words
    item: Callable[[str, int], str] = lambda words, level: f"{'  ' * level}• {words}"
    quote: Callable[[str], str] = lambda words: words
    block: Callable[[str], str] = lambda words: words


def paragraph(words: str) -> Text:
    """Plain words as a text."""
    return (Block("paragraph", (Span(words),)),) if words else ()


def write(text: Text, markup: Markup) -> str:
    """The text in that markup, its blocks apart by an empty line and the items of a list by none."""
    written = ""
    before: Block | None = None
    for block in text:
        close = before is not None and before.kind == block.kind == "item"
        written += ("\n" if close else "\n\n") if before else ""
        written += _block(block, markup)
        before = block
    return written


def _block(block: Block, markup: Markup) -> str:
    if block.kind == "code":
        return markup.block(markup.escape_code("".join(span.text for span in block.spans)))
    words = "".join(_spans(block, markup))
    match block.kind:
        case "heading":
            return markup.heading(words, block.level)
        case "item":
            return markup.item(words, block.level)
        case "quote":
            return markup.quote(words)
        case _:
            return words


def _spans(block: Block, markup: Markup) -> Iterator[str]:
    """Each span as written. A look that begins or ends within a word is left out: most platforms would show marks."""
    plain = [span.text for span in block.spans]
    for index, span in enumerate(block.spans):
        before = plain[index - 1][-1:] if index else ""
        after = plain[index + 1][:1] if index + 1 < len(plain) else ""
        inside_word = (before + span.text[:1]).isalnum() and len(before) == 1 and bool(span.text)
        inside_word = inside_word or (len(after) == 1 and (span.text[-1:] + after).isalnum())
        yield _span(span, markup, look=not inside_word and block.kind != "heading")


def _span(span: Span, markup: Markup, *, look: bool) -> str:
    """One span: marks hug the words, so that spaces and line breaks stay outside of them."""
    words = span.text.strip()
    if not words:
        return span.text
    start = span.text.index(words)
    look = look and "\n" not in words
    if look and span.code and markup.code:
        written = f"{markup.code}{markup.escape_code(words)}{markup.code}"
    else:
        written = markup.escape(words)
        for mark in ((span.italic and markup.italic), (span.bold and markup.bold)):
            written = f"{mark}{written}{mark}" if look and mark else written
    if span.link:
        written = markup.link(written, span.link)
    return span.text[:start] + written + span.text[start + len(words) :]


# --- Plain text ----------------------------------------------------------------------------------------------------

PLAIN = Markup(escape=str, escape_code=str, link=lambda words, _: words)


def plain(text: Text) -> str:
    """The words alone."""
    return write(text, PLAIN)


# --- Slack ---------------------------------------------------------------------------------------------------------

# Slack has no way to escape these; a sign without width beside them keeps them from meaning anything.
MEANINGFUL = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])|`")
EMOJI_NAME = re.compile(r":(?=[a-z0-9_+'-]+:)")
QUOTE_AT_START = re.compile(r"^( *)&gt;", re.MULTILINE)


def escape_mrkdwn(words: str) -> str:
    """Plain words for Slack's mrkdwn: nothing in them is a mention, a link, a look or an emoji's name.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    words = MEANINGFUL.sub(lambda sign: f"{ZERO_WIDTH_SPACE}{sign[0]}{ZERO_WIDTH_SPACE}", words)
    words = EMOJI_NAME.sub(f":{ZERO_WIDTH_SPACE}", words)
    return QUOTE_AT_START.sub(rf"\1{ZERO_WIDTH_SPACE}&gt;", escape(words, quote=False))


def escape_mrkdwn_code(words: str) -> str:
    """The same for words within code, where only a backtick means something."""
    return escape(words.replace("`", f"{ZERO_WIDTH_SPACE}`{ZERO_WIDTH_SPACE}"), quote=False)


def link_mrkdwn(words: str, address: str) -> str:
    """A link of Slack's; a bar or a line break in its words would end them."""
    label = words.replace("|", "\u2502").replace("\n", " ")
    return f"<{escape(safe(address), quote=False)}|{label}>"


def date_mrkdwn(when: datetime, day: str) -> str:
    """A moment that Slack shows in each reader's own time; the day in words is for where it can't."""
    seconds = int(when.timestamp())
    words = f"{day} {when.astimezone(UTC):%H:%M} UTC"
    return f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{words}>" if seconds > 0 else words


MRKDWN = Markup(
    escape=escape_mrkdwn,
    escape_code=escape_mrkdwn_code,
    link=link_mrkdwn,
    bold="*",
    italic="_",
    code="`",
    heading=lambda words, _: f"*{words}*",
    item=lambda words, level: f"{'    ' * level}• {words}",
    quote=lambda words: "\n".join(f"> {line}" for line in words.split("\n")),
    block=lambda words: f"```\n{words}\n```",
)


def mrkdwn(text: Text) -> str:
    """The text as Slack's mrkdwn."""
    return write(text, MRKDWN)
