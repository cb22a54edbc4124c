"""What Google Chat is sent for any post: its own description of a message judges it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Entry, Occasion, Picture, Post, ShareCall, ShareLink
from bot.posts.characters import clean
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.html import card
from bot.posts.read import read
from tests.goldens import NOW
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts, requests_of

URL = "https://chat.googleapis.com/v1/spaces/AAAA1234/messages?key=AIzaSy-nokkel_&token=hemmelig%2Fhemmelig%3D"
REFUSED = '400 {"error": {"code": 400, "status": "INVALID_ARGUMENT"}}'
DESCRIBED = files("googleapiclient") / "discovery_cache/documents/chat.v1.json"
SCHEMAS = json.loads(DESCRIBED.read_text("utf-8"))["schemas"]
TYPES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=8).map(tuple))


def with_call(post: Post, call: ShareCall | None) -> Post:
    return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))


SHARED = st.builds(with_call, posts("googlechat"), st.none() | CALLS)


def bodies(post: Post) -> list[dict[str, Any]]:
    """What is sent when Google Chat refuses every form of the post."""
    return [json.loads(request.content) for request in requests_of("googlechat", post, REFUSED, url=URL)]


def widgets_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    (only,) = body["cardsV2"]
    return [widget for section in only["card"]["sections"] for widget in section["widgets"]]


def texts_of(body: dict[str, Any]) -> list[str]:
    return [widget["textParagraph"]["text"] for widget in widgets_of(body) if "textParagraph" in widget]


def buttons_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    lists = [widget["buttonList"]["buttons"] for widget in widgets_of(body) if "buttonList" in widget]
    return [button for buttons in lists for button in buttons]


class Tags(HTMLParser):
    """The tags and the addresses that some HTML holds."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: set[str] = set()
        self.open: list[str] = []
        self.feed(written)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses |= {value or "" for name, value in attrs if name == "href"}
        self.open += [tag] if tag != "br" else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def unlike(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    """What Google's own description of a value does not know: keys, types, choices."""
    if "$ref" in schema:
        known = SCHEMAS[schema["$ref"]]
        yield from (f"{path}: {name}" for name in value.keys() - known["properties"].keys())
        for name, part in value.items():
            yield from unlike(part, known["properties"].get(name, {}), f"{path}.{name}")
    elif schema:
        yield from [] if isinstance(value, TYPES[schema["type"]]) else [f"{path}: {value!r}"]
        yield from [] if value in schema.get("enum", [value]) else [f"{path}: {value!r}"]
        for part in value if schema["type"] == "array" else ():
            yield from unlike(part, schema["items"], path)


def test_the_judge_finds_what_google_does_not_know() -> None:
    message = {"cardsV2": [{"card": {"sections": [{"widgets": [{"textParagraph": {"txt": "x", "textSyntax": "X"}}]}]}}]}
    assert len(list(unlike(message, {"$ref": "Message"}, "message"))) == 2


@settings(max_examples=20)
@given(SHARED)
def test_google_s_own_description_knows_all_that_is_sent_and_it_is_within_the_limits(post: Post) -> None:
    sent = requests_of("googlechat", post, REFUSED, url=URL)
    assert len(sent) <= 3
    for request in sent:
        assert len(request.content) <= 32_000
        body = json.loads(request.content)
        assert list(unlike(body, {"$ref": "Message"}, "message")) == []
        assert 1 <= len(widgets_of(body)) <= 100


@settings(max_examples=20)
@given(SHARED)
def test_nobody_is_mentioned_in_google_chat_and_no_link_is_slipped_in_or_lost(post: Post) -> None:
    spans = [span for entry in post.entries for block in entry.text for span in block.spans]
    ours = {safe(span.link) for span in spans if span.link} | {safe(entry.link) for entry in post.entries}
    ours |= {safe(link.url) for entry in post.entries for link in (entry.share.links if entry.share else ())}
    for body in bodies(post):
        assert "text" not in body
        for words in (body["fallbackText"], *texts_of(body)):
            assert "<users/" not in unescape(words)
        found = [Tags(written) for written in texts_of(body)]
        assert all(part.tags <= {"b", "i", "font", "a", "br"} and not part.open for part in found)
        linked = {address for part in found for address in part.addresses}
        assert {safe(entry.link) for entry in post.entries} <= linked <= ours


# --- The forms of a post -------------------------------------------------------------------------------------------

ENTRY = Entry(
    "item-1",
    "Tittel",
    "https://klynge.example/1",
    read("<p>Ord.</p>"),
    share=ShareCall(
        "Glem ikke å dele dette!",
        (ShareLink("x", "X", "https://x.com/y?a=1&b=2"), ShareLink("email", "E-post", "mailto:?body=x")),
    ),
)


def test_the_call_stands_apart_at_the_end_above_buttons_to_read_and_to_share() -> None:
    rich, again, bare = bodies(Post("k-1", Occasion.SHARE, NOW, (ENTRY,), language="nb"))
    call, buttons = rich["cardsV2"][0]["card"]["sections"][-1]["widgets"]
    assert call == {"textParagraph": {"text": "<b>Glem ikke å dele dette!</b>"}}
    assert [button["text"] for button in buttons["buttonList"]["buttons"]] == ["Les mer", "X"]
    assert again == rich
    assert not buttons_of(bare)
    assert texts_of(bare)[-1].startswith("<b>Glem ikke å dele dette!</b> · <a href=")


def test_a_picture_that_is_not_on_a_safe_address_is_left_out() -> None:
    entry = replace(ENTRY, picture=Picture("http://klynge.example/b.jpg"))
    assert not [w for w in widgets_of(bodies(Post("k-1", Occasion.SHARE, NOW, (entry,)))[0]) if "image" in w]


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("<p><b>fet</b> og <i>skrå</i></p><p>to</p>", "<b>fet</b> og <i>skrå</i><br><br>to"),
        ("<p><code>a &lt; b</code></p>", "a &lt; b"),
        ("<p>&lt;users/all&gt; &lt;code&gt;</p>", "&lt;\u200busers/all&gt; &lt;code&gt;"),
    ],
)
def test_a_card_knows_few_looks(markup: str, written: str) -> None:
    assert card(read(markup)) == written


# --- Names and addresses -------------------------------------------------------------------------------------------


def test_the_address_is_kept_byte_for_byte_and_the_ids_of_the_post_are_added() -> None:
    post = words_post("Prøve", key="A" * 64, occasion=Occasion.TEST, made_at=NOW, language="nb")
    first, again, last = requests_of("googlechat", post, REFUSED, url=f"{URL}&threadKey=a%2Bb#bit")
    assert str(first.url).startswith(f"{URL}&threadKey=a%2Bb&")
    named = parse_qs(first.url.query.decode())
    assert named["requestId"] == ["A" * 64]
    assert named["messageId"] == ["client-" + "a" * 56]
    for request in (again, last):
        assert str(request.url) == f"{URL}&threadKey=a%2Bb&requestId={'A' * 64}"


def test_a_webhook_is_known_by_its_address() -> None:
    assert recognise(URL) == "googlechat"
    assert load("googlechat").held_by(URL) == {"url": URL}


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.google.com/room/hemmelig",
        "https://mail.google.com/chat/u/0/#chat/space/hemmelig",
        "https://chat.googleapis.com/v1/spaces/AAAA/messages",
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=hemmelig",
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=x&token=&x=hemmelig",
        URL.replace("https", "http"),
    ],
)
def test_what_is_no_webhook_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="is not the whole address of a webhook") as refused:
        load("googlechat").settings(url=url)
    assert "hemmelig" not in str(refused.value)


def test_the_address_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(load("googlechat").settings(url=URL))
