"""Writes a text in the markup of a platform: one table for each markup, one walk for all; escaping comes last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.model import Block, Span, Text

ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True, slots=True)
class Markup:
    """How a platform writes words.

    `escape` makes plain words harmless, `escape_code` those that stand as code; everything else is given escaped
    words. The marks of a look stand around them, a tag such as `<b>` and its end; None means that the platform has no
    such look. `within_words` says that a look may begin or end inside a word.
    """

    escape: Callable[[str], str]
    escape_code: Callable[[str], str]
    link: Callable[[str, str], str]
    bold: str | None = None
    italic: str | None = None
    code: str | None = None
    paragraph: Callable[[str], str] = lambda words: words
    heading: Callable[[str, int], str] = lambda words, _: words
    item: Callable[[str, int], str] = lambda words, level: f"{'  ' * level}• {words}"
    quote: Callable[[str], str] = lambda words: words
    block: Callable[[str], str] = lambda words: words
    within_words: bool = False


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
            return markup.paragraph(words)


def _spans(block: Block, markup: Markup) -> Iterator[str]:
    """Each span as written. A look that begins or ends within a word is left out: most platforms would show marks."""
    plain = [span.text for span in block.spans]
    for index, span in enumerate(block.spans):
        before = plain[index - 1][-1:] if index else ""
        after = plain[index + 1][:1] if index + 1 < len(plain) else ""
        inside_word = (before + span.text[:1]).isalnum() and len(before) == 1 and bool(span.text)
        inside_word = inside_word or (len(after) == 1 and (span.text[-1:] + after).isalnum())
        yield _span(span, markup, look=(markup.within_words or not inside_word) and block.kind != "heading")


def _span(span: Span, markup: Markup, *, look: bool) -> str:
    """One span: marks hug the words, so that spaces and line breaks stay outside of them."""
    words = span.text.strip()
    if not words:
        return span.text
    start = span.text.index(words)
    look = look and "\n" not in words
    if look and span.code and markup.code:
        written = _between(markup.code, markup.escape_code(words))
    else:
        written = markup.escape(words)
        for mark in ((span.italic and markup.italic), (span.bold and markup.bold)):
            written = _between(mark, written) if look and mark else written
    if span.link:
        written = markup.link(written, span.link)
    return span.text[:start] + written + span.text[start + len(words) :]


def _between(mark: str, words: str) -> str:
    end = f"</{mark[1:]}" if mark.startswith("<") else mark
    return f"{mark}{words}{end}"


# --- Plain text ----------------------------------------------------------------------------------------------------

PLAIN = Markup(escape=str, escape_code=str, link=lambda words, _: words)


def plain(text: Text) -> str:
    """The words alone."""
    return write(text, PLAIN)
