"""The markup of Slack and its like: `*bold*`, `_italic_`, `<address|words>`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from html import escape
from typing import Literal

from bot.model import Block, Entry, Post, Refused, Span, Text
from bot.posts.clip import clip, clip_line
from bot.posts.dates import in_words
from bot.posts.links import safe
from bot.posts.share_links import words_in
from bot.posts.write import ZERO_WIDTH_SPACE, Markup, paragraph, write

TITLE, TITLES_OF_MANY, CALL, LABEL = 300, (150, 20), 200, 60
READ = {"nb": "Les mer", "nn": "Les meir", "sv": "Läs mer", "da": "Læs mere", "en": "Read more"}


def dotted(parts: Iterable[str], room: int | None = None, measure: Callable[[str], int] = len) -> str:
    """The parts that say something in a line, apart by a dot, without those that there is no room for."""
    line = ""
    for part in filter(None, parts):
        longer = f"{line} \u00b7 {part}" if line else part
        line = longer if room is None or measure(longer) <= room else line
    return line


def about(entry: Entry, language: str, room: int = 200) -> str:
    """Who wrote an article, when, and whose feed it is from, in plain words; names have so much room each."""
    authors, source = (clip_line(words, room) for words in (", ".join(entry.authors), entry.source))
    return dotted((authors, in_words(entry.published, language) if entry.published else "", source))


def article(entry: Entry, language: str, lead: Text) -> tuple[Text, Text, Text]:
    """An article as three texts: its title, a link; what stands below that and a picture; the call to share."""
    call = clip_line(entry.share.words, CALL) if entry.share else ""
    below = (*lead, *_line(Span(about(entry, language), italic=True)))
    return _title(entry, TITLE), below, _line(Span(call, bold=True))


def titles(post: Post, most: int, limit: int, measure: Callable[[str], int], write: Callable[[Text], str]) -> Text:
    """Of several articles as many titles as fit, each a link, and how many more there are; or the words of an alert."""
    for count in range(min(len(post.entries), most), 0, -1):
        more = _line(Span(f"+ {len(post.entries) - count}" if count < len(post.entries) else ""))
        for room in TITLES_OF_MANY:
            shown = (*(block for entry in post.entries[:count] for block in _title(entry, room)), *more)
            if measure(write(shown)) <= limit:
                return shown
    if post.entries:
        raise Refused("the article's link is longer than it takes")
    return clip(paragraph(post.words), limit, measure, write)


def _title(entry: Entry, room: int) -> Text:
    return _line(Span(clip_line(entry.title or safe(entry.link), room), safe(entry.link)), "heading")


def _line(span: Span, kind: Literal["paragraph", "heading"] = "paragraph") -> Text:
    return (Block(kind, (span,)),) if span.text else ()


def buttons(entry: Entry, language: str) -> list[tuple[str, str]]:
    """What opens pages with one click, as label and address: the article first, then the networks to share it on."""
    read = [(words_in(READ, language), safe(entry.link))] if entry.link else []
    return [
        *read,
        *((clip_line(link.label, LABEL), safe(link.url)) for link in (entry.share.links if entry.share else ())),
    ]


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
