"""Draws the HTML that a payload holds: a few tags anew, each closed, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

from bot.commands.demo.drawing import OUTSIDE, image, is_picture, is_safe
from bot.commands.demo.face_parts import stand_in

HEADING, DROPPED = '<p class="heading">', {"head", "script", "style", "title", "template", "noscript", "iframe"}
SAME = ("strong", "em", "s", "u", "code", "pre", "blockquote", "ul", "ol", "li", "p", "div")
DRAWN = {
    **{tag: f"<{tag}>" for tag in SAME},
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), HEADING),
    "b": "<strong>",
    "i": "<em>",
    "del": "<s>",
    "figure": "<div>",
    "figcaption": '<p class="caption">',
    "font": '<span class="subtle">',
}
# What a style says is known by these words, for a page that shows a mail must not take its styles.
HINTS = {"color:": "subtle", "border-top:": "apart"}
DEEPEST = 100  # Of what is nested deeper only the words are drawn.


class _Drawing(HTMLParser):
    def __init__(self, mark: Callable[[str], str]) -> None:
        super().__init__()
        self.mark, self.parts, self.open, self.hidden = mark, list[str](), list[tuple[str, str]](), 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in DROPPED:
            self.hidden += 1
        elif tag in ("br", "hr", "img") and not self.hidden:
            self.parts.append(_image(values) if tag == "img" else f"<{tag}>")
        elif tag == "a":
            may = is_safe(values.get("href")) and "a" not in dict(self.open)
            start = f'<a href="{escape(values["href"])}" {OUTSIDE}>' if may else ""
            self._begin(tag, start, "</a>" if may else "")
        elif tag in DRAWN:
            start = DRAWN[tag]
            hint = next((look for word, look in HINTS.items() if word in values.get("style", "")), "")
            marked = f'{start[:-1]} class="{hint}">' if hint and "class" not in start else start
            self._begin(tag, marked, f"</{start[1:].split(' ')[0].rstrip('>')}>")

    def _begin(self, tag: str, start: str, end: str) -> None:
        if not self.hidden and len(self.open) < DEEPEST:
            self.parts.append(start)
            self.open.append((tag, end))

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED:
            self.hidden = max(0, self.hidden - 1)
        elif not self.hidden and tag in dict(self.open):
            while self.open:
                name, end = self.open.pop()
                self.parts.append(end)
                if name == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(escape(data) if "</a>" in dict(self.open).values() else self.mark(data))

    def whole(self) -> str:
        ends = (end for _, end in reversed(self.open))
        return "".join((*self.parts, *ends))


def _image(values: dict[str, str]) -> str:
    source, described = values.get("src", ""), values.get("alt", "")
    return image(source, described) if is_picture(source) else stand_in(described)


def html(words: object, mark: Callable[[str], str] = escape) -> str:
    """The HTML in a payload as HTML that may be shown; `mark` makes HTML of the plain words in it."""
    if not isinstance(words, str):
        return ""
    drawing = _Drawing(mark)
    drawing.feed(words)
    drawing.close()
    return drawing.whole()
