"""Draws the Markdown that Discord and Teams understand as HTML, by a library; no HTML in it survives as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.commands.demo.drawing import is_safe


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return is_safe(url)


def _reader(*without: str) -> MarkdownIt:
    reader = _Reader("commonmark", {"html": False, "breaks": True, "linkify": False, "typographer": False})
    return reader.disable([*without, "image", "html_block", "html_inline", "reference", "lheading", "hr", "code"])


DISCORD = _reader().enable("strikethrough")
TEAMS = _reader("heading", "fence", "blockquote", "backticks")


def whole(words: object, reader: MarkdownIt) -> str:
    """A text of several paragraphs as HTML."""
    if not isinstance(words, str):
        return ""
    return str(reader.renderer.render(_tamed(reader.parse(words)), reader.options, {}))


def line(words: object, reader: MarkdownIt) -> str:
    """One line as HTML, without a paragraph around it."""
    if not isinstance(words, str):
        return ""
    return str(reader.renderer.render(_tamed(reader.parseInline(words)), reader.options, {}))


def _tamed(tokens: Sequence[Token]) -> Sequence[Token]:
    """Links open elsewhere, and a heading in a post is none of the page that shows it."""
    for token in tokens:
        if token.type == "link_open":
            token.attrs |= {"target": "_blank", "rel": "noopener noreferrer"}
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
        if token.type == "heading_open":
            token.attrs |= {"class": "heading"}
        _tamed(token.children or ())
    return tokens
