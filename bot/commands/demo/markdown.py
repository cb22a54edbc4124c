"""Draws the Markdown that chats understand as HTML, by a library; no HTML in it survives as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.commands.demo.drawing import image, is_safe
from bot.commands.demo.face_parts import linked


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return is_safe(url)


def _reader(*without: str) -> MarkdownIt:
    reader = _Reader("commonmark", {"html": False, "breaks": True, "linkify": False, "typographer": False})
    return reader.disable([*without, "image", "html_block", "html_inline", "reference", "lheading", "hr", "code"])


DISCORD = _reader().enable("strikethrough")
TEAMS = _reader("heading", "fence", "blockquote", "backticks")
MATTERMOST, ZULIP = _reader().enable("strikethrough"), _reader().enable("strikethrough")
ROCKETCHAT = _reader().enable(["strikethrough", "image"])


def _by_signs(**tags: str) -> Callable[..., str]:
    """A rule for emphasis that asks by which sign it is marked; a sign that marks nothing is one to read."""

    def draw(reader: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:  # noqa: ARG001
        mark = tokens[at].markup
        tag = tags.get("star" if "*" in mark else "line")
        return f"<{'/' if tokens[at].nesting < 0 else ''}{tag}>" if tag else mark

    return draw


def _picture(reader: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:  # noqa: ARG001
    return image(tokens[at].attrs.get("src"), tokens[at].content)


def _plain(reader: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:  # noqa: ARG001
    """Words in which chats find addresses, unless they are those of a link already."""
    within = sum(token.nesting for token in tokens[:at] if token.type.startswith("link_"))
    return escape(tokens[at].content) if within else linked(tokens[at].content, tags=False)


for _reader_of_chat in (MATTERMOST, ZULIP, ROCKETCHAT):
    _reader_of_chat.add_render_rule("text", _plain)
for _type in ("em_open", "em_close"):
    ROCKETCHAT.add_render_rule(_type, _by_signs(star="strong", line="em"))
    ZULIP.add_render_rule(_type, _by_signs(star="em"))
for _type in ("strong_open", "strong_close"):
    ZULIP.add_render_rule(_type, _by_signs(star="strong"))
ROCKETCHAT.add_render_rule("image", _picture)


def whole(words: object, reader: MarkdownIt, below: Callable[[object], str] = lambda _: "") -> str:
    """A text of several paragraphs as HTML; `below` says what stands below a paragraph with a link to an address."""
    if not isinstance(words, str):
        return ""
    tokens = list[Token]()
    for token in _tamed(reader.parse(words)):
        hrefs = [child.attrs.get("href") for child in token.children or () if child.type == "link_open"]
        shown = "".join(map(below, hrefs))
        tokens += [token, *([Token("html_block", "", 0, content=shown)] if shown else [])]
    return str(reader.renderer.render(tokens, reader.options, {}))


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
