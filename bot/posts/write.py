"""Writes a text in the markup of a platform: one table for each markup, one walk for all; escaping comes last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import Any

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


# --- Discord -------------------------------------------------------------------------------------------------------

# An address is left as it is, for Discord shows it as one and a backslash within would lead elsewhere. Signs within
# ASCII words mean nothing there, but a letter such as ø is no letter to Discord.
MEANINGFUL_TO_DISCORD = re.compile(
    r"(https?://[\w.~/?#&=%:@+,;!$'-]+)"
    r"|(?:[\\*~`\[\]<]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<![^|])\||\|(?![^|]))"
    r"|:(?=(?!\d+:)[\w+~-]{1,40}:)|@(?=everyone|here)"
)
LINE_START_IN_DISCORD = re.compile(r"^( *)(#{1,3}(?=\s|$)|-(?=[#\s]|$)|>)|^( *\d+)(\.)(?=\s|$)", re.MULTILINE)


def escape_discord(words: str) -> str:
    """Plain words for Discord's Markdown: nothing in them is a mention, a masked link, a look, a list or an emoji."""
    words = MEANINGFUL_TO_DISCORD.sub(lambda found: found[1] or f"\\{found[0]}", words)
    return LINE_START_IN_DISCORD.sub(_escape_start, words)


def _escape_start(found: re.Match[str]) -> str:
    return f"{found[1] or found[3] or ''}\\{found[2] or found[4]}"


def escape_discord_code(words: str) -> str:
    """The same for words within code, which only a backtick could end, and which nothing can escape."""
    return words.replace("`", "\u02cb")


def link_discord(words: str, address: str) -> str:
    """A masked link. Discord masks web addresses only, and shows the marks if the words look like an address."""
    if not address.startswith(("https://", "http://")):
        return words
    label = words.replace("\n", " ").replace("://", f":{ZERO_WIDTH_SPACE}//")
    return f"[{label}]({_in_parentheses(address)})"


def _in_parentheses(address: str) -> str:
    return safe(address).replace("(", "%28").replace(")", "%29")


DISCORD = Markup(
    escape=escape_discord,
    escape_code=escape_discord_code,
    link=link_discord,
    bold="**",
    italic="_",
    code="`",
    heading=lambda words, _: f"**{words}**",
    item=lambda words, level: f"{'  ' * level}- {words}",
    quote=lambda words: "\n".join(f"> {line}" for line in words.split("\n")),
    block=lambda words: f"```\n{words}\n```",
)


def discord(text: Text) -> str:
    """The text as Discord's Markdown."""
    return write(text, DISCORD)


# --- Teams ---------------------------------------------------------------------------------------------------------

# Only titles and links are written in the Markdown of Adaptive Cards; other words are runs of text without any.
MEANINGFUL_TO_TEAMS = re.compile(r"[\\*~`\[\]<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
LINE_START_IN_TEAMS = re.compile(r"^( *)([#>+=-])|^( *\d+)([.)])(?=\s|$)", re.MULTILINE)


def escape_teams(words: str) -> str:
    """Plain words for the Markdown of a TextBlock.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
    """
    words = MEANINGFUL_TO_TEAMS.sub(lambda found: f"\\{found[0]}", words)
    return without_functions(LINE_START_IN_TEAMS.sub(_escape_start, words))


def without_functions(words: str) -> str:
    """The words without `{{DATE(…)}}` and `{{TIME(…)}}`, which an Adaptive Card replaces in any text."""
    return re.sub(r"\{(?=\{)", f"{{{ZERO_WIDTH_SPACE}", words)


def link_teams(words: str, address: str) -> str:
    """A link in a TextBlock, around words that are escaped already."""
    return f"[{words}]({_in_parentheses(address)})"


def runs_teams(text: Text) -> list[dict[str, Any]]:
    """The text as elements of a card, whose runs of words no Markdown is read in.

    Each line is an element of its own, for a line break within a run is not shown everywhere.
    """
    elements: list[dict[str, Any]] = []
    before = ""
    for block in text:
        space = {"spacing": "Small"} if before == block.kind == "item" else {}
        mark = (Span("\u2003" * block.level + "\u2022 "),) if block.kind == "item" else ()
        for spans in _split((*mark, *block.spans)):
            if runs := [_run_teams(span, block.kind) for span in spans if span.text]:
                elements.append({"type": "RichTextBlock", "inlines": runs, **space})
                space = {"spacing": "None"}
        before = block.kind
    return elements


def _split(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The spans of each line."""
    line: list[Span] = []
    for span in spans:
        first, *rest = span.text.split("\n")
        line.append(replace(span, text=first))
        for words in rest:
            yield line
            line = [replace(span, text=words)]
    yield line


def _run_teams(span: Span, kind: str) -> dict[str, Any]:
    opens = span.link.startswith(("https://", "http://"))
    looks: dict[str, Any] = {
        "weight": "Bolder" if span.bold or kind == "heading" else "",
        "italic": span.italic,
        "fontType": "Monospace" if span.code or kind == "code" else "",
        "isSubtle": kind == "quote",
        "selectAction": {"type": "Action.OpenUrl", "url": safe(span.link)} if opens else {},
    }
    return {"type": "TextRun", "text": without_functions(span.text), **{name: on for name, on in looks.items() if on}}
