"""How Microsoft Teams shows a message with an Adaptive Card, drawn from its payload: https://adaptivecards.io/explorer/"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from bot.commands.demo.drawing import anchor, clock, day, dicts, image
from bot.commands.demo.markdown import TEAMS, line, whole

DEEPEST = 8
FUNCTION = re.compile(r"\{\{(DATE|TIME)\(([0-9TZ:+.-]{10,35})(?:,\s*(?:SHORT|LONG|COMPACT))?\)\}\}")
SIZES = {"small", "medium", "large", "extralarge"}


def teams(payload: Mapping[str, Any]) -> str:
    """The cards of a message."""
    cards = [each.get("content") for each in dicts(payload.get("attachments"))]
    text = payload.get("text")
    said = f'<div class="words">{_words(text)}</div>' if text else ""
    return said + "".join(_card(card) for card in cards if isinstance(card, dict))


def _card(card: Mapping[str, Any], depth: int = 0) -> str:
    body = "".join(_element(element, depth) for element in dicts(card.get("body")))
    return f'<div class="card">{body}{_actions(card.get("actions"), depth)}</div>'


def _element(element: Mapping[str, Any], depth: int) -> str:
    if depth > DEEPEST or element.get("isVisible") is False:
        return ""
    match element.get("type"):
        case "TextBlock":
            return f'<div class="{_look(element)}">{_words(element.get("text"))}</div>'
        case "RichTextBlock":
            inlines = element.get("inlines")
            return f'<p class="words">{"".join(map(_run, inlines if isinstance(inlines, list) else []))}</p>'
        case "Image":
            address = _address(element.get("selectAction"))
            return anchor(address, image(element.get("url"), element.get("altText")), "around")
        case "FactSet":
            return f"<dl>{''.join(map(_fact, dicts(element.get('facts'))))}</dl>"
        case "ActionSet":
            return _actions(element.get("actions"), depth)
        case "ColumnSet":
            columns = "".join(_inside(column, depth) for column in dicts(element.get("columns")))
            return f'<div class="columns">{columns}</div>'
        case "Container" | "Column":
            return _inside(element, depth)
        case kind:
            return f'<pre class="raw">{escape(str(kind))}</pre>'


def _inside(element: Mapping[str, Any], depth: int) -> str:
    look = "box emphasis" if element.get("style") == "emphasis" else "box"
    return f'<div class="{look}">{"".join(_element(e, depth + 1) for e in dicts(element.get("items")))}</div>'


def _look(element: Mapping[str, Any]) -> str:
    """The classes for the looks that a TextBlock or a TextRun asks for."""
    size = str(element.get("size", "")).lower()
    looks = ["words", f"size-{size}" if size in SIZES else "", "subtle" if element.get("isSubtle") is True else ""]
    bold = str(element.get("weight", "")).lower() == "bolder" or element.get("style") == "heading"
    return " ".join(filter(None, [*looks, "bold" if bold else ""]))


def _run(run: object) -> str:
    """A run of words in one look, in which no Markdown is meant."""
    if isinstance(run, str):
        return _lines(run)
    if not isinstance(run, dict) or not isinstance(run.get("text"), str):
        return ""
    inner = _lines(_spoken(run["text"]))
    for key, tag in (("italic", "em"), ("strikethrough", "s")):
        inner = f"<{tag}>{inner}</{tag}>" if run.get(key) is True else inner
    address = _address(run.get("selectAction"))
    return f'<span class="{_look(run).replace("words", "run")}">{anchor(address, inner)}</span>'


def _lines(words: str) -> str:
    return escape(words).replace("\n", "<br>")


def _fact(fact: Mapping[str, Any]) -> str:
    title, value = (line(_spoken(fact.get(key)), TEAMS) for key in ("title", "value"))
    return f"<div><dt>{title}</dt><dd>{value}</dd></div>"


def _words(words: object) -> str:
    return whole(_spoken(words), TEAMS)


def _spoken(words: object) -> str:
    """The words, with the functions for dates replaced as a card does it in the reader's own time."""
    return FUNCTION.sub(_moment, words) if isinstance(words, str) else ""


def _moment(found: re.Match[str]) -> str:
    try:
        when = datetime.fromisoformat(found[2])
    except (ValueError, OverflowError):
        return found[0]
    return day(when) if found[1] == "DATE" else clock(when)


def _address(action: object) -> object:
    return action.get("url") if isinstance(action, dict) and action.get("type") == "Action.OpenUrl" else None


def _actions(actions: object, depth: int) -> str:
    shown = "".join(_action(action, depth) for action in dicts(actions))
    return f'<div class="buttons">{shown}</div>' if shown else ""


def _action(action: Mapping[str, Any], depth: int) -> str:
    title = action.get("title")
    label = escape(title if isinstance(title, str) else "")
    inner = action.get("card")
    if action.get("type") == "Action.ShowCard" and isinstance(inner, dict) and depth < DEEPEST:
        return f'<details><summary class="button">{label}</summary>{_card(inner, depth + 1)}</details>'
    return anchor(_address(action), label, "button")
