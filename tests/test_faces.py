"""How the inbox and the preview draw a message: from what was really sent, and with nothing of it let through raw."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.demo.faces import face, page, platform

ATTACK = "<img src=x onerror=alert(1)><script>alert(2)</script>\"' javascript:alert(3)"


def slack(text: str, url: str = "https://klynge.example/") -> bytes:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    image = {"type": "image", "image_url": url, "alt_text": text}
    return json.dumps({"text": text, "blocks": [*blocks, image]}).encode()


def discord(text: str, url: str = "https://klynge.example/") -> bytes:
    embed = {"title": text, "url": url, "description": text, "image": {"url": url}, "footer": {"text": text}}
    row = {"type": 1, "components": [{"type": 2, "style": 5, "label": text[:80], "url": url}]}
    return json.dumps({"content": text, "embeds": [embed], "components": [row]}).encode()


def teams(text: str, url: str = "https://klynge.example/") -> bytes:
    card = {
        "type": "AdaptiveCard",
        "body": [{"type": "TextBlock", "text": text}, {"type": "Image", "url": url, "altText": text}],
        "actions": [{"type": "Action.OpenUrl", "title": text, "url": url}],
    }
    return json.dumps({"type": "message", "attachments": [{"content": card}]}).encode()


def webhook(text: str, url: str = "https://klynge.example/") -> bytes:
    return json.dumps({"type": "item.published", "data": {"title": text, "link": url}}).encode()


KINDS = {"slack": slack, "discord": discord, "teams": teams, "webhook": webhook}


class Seen(HTMLParser):
    """The tags and the attributes that a browser would act on."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")


def check(html: str) -> None:
    seen = Seen(html)
    assert not {"script", "iframe", "object", "style", "base", "form", "meta"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert all(re.match(r"(https?|mailto):", link) for link in seen.attributes.get("href", []))
    assert all(re.match(r"https?:", source) for source in seen.attributes.get("src", []))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ["https://klynge.example/", "javascript:alert(4)", "data:text/html,x", ATTACK])
def test_nothing_that_a_feed_says_becomes_markup(kind: str, url: str) -> None:
    check(face(kind, KINDS[kind](ATTACK, url), {}))


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=60))
def test_any_words_are_drawn_without_harm(kind: str, text: str) -> None:
    check(face(kind, KINDS[kind](text), {}))


@pytest.mark.parametrize(
    "payload", [b"", b"no json", b"[]", b"{}", b'{"blocks": 3, "embeds": "x", "attachments": [1]}']
)
@pytest.mark.parametrize("kind", [*KINDS, "somebody"])
def test_what_cannot_be_understood_is_shown_as_it_is(kind: str, payload: bytes) -> None:
    check(face(kind, payload, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_shows_its_words_and_links(kind: str) -> None:
    html = face(kind, KINDS[kind]("Blåbær og ærlighet"), {})
    assert "Blåbær og ærlighet" in html and "klynge.example" in html


def test_slack_is_drawn_with_its_looks() -> None:
    html = face("slack", slack("*<https://klynge.example/|Sak &amp; søk>*\n_kursiv_"), {})
    assert '<a href="https://klynge.example/"' in html and "Sak &amp; søk" in html
    assert "<strong>" in html and "<em>kursiv</em>" in html


def test_a_corrected_message_says_so() -> None:
    assert "redigert" in face("discord", discord("Sak"), {}, edited=True)


def test_a_page_needs_nothing_beside_itself() -> None:
    html = page("Forhåndsvisning", [face("slack", slack("Sak"), {})])
    seen = Seen(html)
    assert "link" not in seen.tags and "script" not in seen.tags and "default-src 'none'" in html


def test_platforms_have_names() -> None:
    names: list[Any] = [platform(kind) for kind in KINDS]
    assert names[:3] == ["Slack", "Discord", "Microsoft Teams"]
