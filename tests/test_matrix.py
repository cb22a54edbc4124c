"""What Matrix is sent for any post, and how it is written."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from selectolax.lexbor import LexborHTMLParser

from bot.kinds import load, recognise
from bot.model import (
    Attempt,
    Block,
    Entry,
    Image,
    Occasion,
    Picture,
    Post,
    Receipt,
    Refused,
    ShareCall,
    ShareLink,
    Span,
)
from bot.posts.characters import clean
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.html import addressed, page
from bot.posts.read import read
from tests.goldens import NOW, answer_of
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts

WAY = {"server": "https://matrix.klynge.example", "room": "!rom:klynge.example", "token": "syt_hemmelig"}
LARGEST = 60_000  # Of the 65,536 bytes of an event; the server adds its own fields, signatures and hashes.
# What programs show of a message's HTML: https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes
TAGS = {"p", "a", "strong", "em", "code", "pre", "br", "h4", "ul", "li", "blockquote"}
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=8).map(tuple))
IMAGE = '{"msgtype": "m.image", "url": "mxc://klynge.example/abc", "filename": "bilde.png", "info": {"w": 1, "h": 1}}'


def shared_posts() -> st.SearchStrategy[Post]:
    """Posts whose articles ask to be shared, or do not."""

    def with_call(post: Post, call: ShareCall | None) -> Post:
        return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))

    return st.builds(with_call, posts("matrix"), st.none() | CALLS)


def event(post: Post, verb: str = "publish", **prepared: str) -> dict[str, Any]:
    """What is sent for a post, or for its correction; nothing if the post is refused."""
    kind, before = load("matrix"), (Receipt("$hendelse", data={"room": "!rom"}),) if verb == "revise" else ()
    with suppress(Refused):
        request = next(getattr(kind, verb)(post, *before, Attempt(NOW, prepared), kind.settings(**WAY)))
        sent: dict[str, Any] = json.loads(request.content)
        assert canonical(sent) <= LARGEST
        return sent
    return {}


def canonical(value: object) -> int:
    """The bytes of a value in the form that a server measures."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "replace"))


def nodes(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags of a message's HTML, with their attributes."""
    body = LexborHTMLParser(html).body
    assert body
    return [(node.tag or "", node.attributes) for node in body.traverse() if node.tag not in ("body", "-text")]


def numbers(value: object) -> list[object]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, float) else [found for part in inner for found in numbers(part)]


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(shared_posts(), st.sampled_from(["publish", "revise"]))
def test_an_event_is_never_too_large_and_mentions_nobody(post: Post, verb: str) -> None:
    sent = event(post, verb, image=IMAGE)
    for content in filter(None, (sent, sent.get("m.new_content"))):
        assert content["m.mentions"] == {}
        assert content["no.delebot.key"] == post.key
        assert content["body"]
        assert not content["body"].startswith(("!", "/"))
    assert not numbers(sent)


@settings(max_examples=25)
@given(shared_posts())
def test_no_word_of_an_article_becomes_a_tag_a_picture_or_a_link_elsewhere(post: Post) -> None:
    html = event(post).get("formatted_body", "")
    for tag, attributes in nodes(html):
        assert tag in TAGS
        assert attributes.keys() <= ({"href"} if tag == "a" else set())
        assert (attributes.get("href") or "https://").startswith(("https://", "http://", "mailto:"))
    assert html.count("\n") == html.partition("<pre>")[2].count("\n")


@settings(max_examples=25)
@given(shared_posts())
def test_the_link_of_an_article_and_the_links_to_share_it_are_whole(post: Post) -> None:
    if not (sent := event(post)):
        return
    links = {attributes["href"] for tag, attributes in nodes(sent["formatted_body"]) if tag == "a"}
    shown = [safe(entry.link) for entry in post.entries]
    if len(post.entries) == 1 and (call := post.entries[0].share):
        shown += [safe(link.url) for link in call.links if link.label.strip()]
    assert set(filter(None, shown)) <= links
    assert all(link in sent["body"] for link in shown)


@given(ANY_WORDS)
def test_an_alert_is_never_empty(words: str) -> None:
    post = words_post(words, key="k-1", occasion=Occasion.ALERT, made_at=NOW, language="nb")
    assert event(post)["body"].strip()


@given(ANY_WORDS)
def test_a_picture_has_a_file_name_whatever_its_words_are(alt: str) -> None:
    picture, kind = Picture("https://klynge.example/b.png", alt), load("matrix")
    post = Post("k-1", Occasion.SHARE, NOW, (Entry("1", "Sølv", "https://klynge.example", picture=picture),))
    attempt = Attempt(NOW, images={picture.url: Image(b"png", "image/png", 1, 1)})
    assert kind.prepare
    flow = kind.prepare(post, attempt, kind.settings(**WAY))
    answer = answer_of('200 {"content_uri": "mxc://klynge.example/abc"}', next(flow), "prepare")
    with pytest.raises(StopIteration) as ended:
        flow.send(answer)
    name = json.loads(ended.value.value["image"])["filename"]
    assert name.endswith(".png")
    assert 4 < len(name) <= 110
    assert not set('\\/:*?"<>|\n') & set(name)


def test_a_call_without_links_is_a_line_of_its_own() -> None:
    post = Post("k-1", Occasion.SHARE, NOW, (Entry("1", "Sølv", "https://klynge.example", share=ShareCall("Del!")),))
    assert event(post)["formatted_body"].endswith("<p><strong>Del!</strong></p>")


def test_only_as_many_articles_are_shown_as_there_is_room_for() -> None:
    entries = [Entry(str(n), f"Sak {n}", f"https://klynge.example/{'a' * 1000}/{n}") for n in range(30)]
    body = event(Post("k-1", Occasion.DIGEST, NOW, tuple(entries)))["body"]
    shown = body.count("Sak ")
    assert 10 < shown < 30
    assert body.endswith(f"+ {30 - shown}")


# --- How it is written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<p>én<br><b>to</b></p>", "<p>én<br><strong>to</strong></p>"),
        ("<p><i>én</i></p><p>to &amp; &lt;tre&gt;</p>", "<p><em>én</em></p>\n\n<p>to &amp; &lt;tre&gt;</p>"),
        ("<ul><li>én</li><li>to</li></ul>", "<ul><li>én</li><li>to</li></ul>"),
        ("<blockquote>én<br>to</blockquote>", "<blockquote>én<br>to</blockquote>"),
        ("<pre>a\n&lt;b&gt;</pre>", "<pre><code>a\n&lt;b&gt;</code></pre>"),
    ],
)
def test_a_text_is_a_page_of_paragraphs_lists_and_quotes(html: str, written: str) -> None:
    assert page(read(html)) == written


def test_beside_a_page_stand_the_addresses_of_its_links() -> None:
    text = (Block("paragraph", (Span("Les "), Span("mer", "https://klynge.example/?a&b"), Span("."))),)
    assert addressed(text) == "Les mer https://klynge.example/?a&b."
    assert addressed((Block("paragraph", (Span("https://a.example", "https://a.example"),)),)) == "https://a.example"


# --- Settings ------------------------------------------------------------------------------------------------------

ACCOUNT = {"user": "@nyheter:klynge.example", "password": "hemmelig"}
PLACE = {name: WAY[name] for name in ("server", "room")}


@pytest.mark.parametrize("way", [{"token": "syt_hemmelig"}, ACCOUNT])
@pytest.mark.parametrize(
    "room", ["!rom:klynge.example", "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", "#nyheter:klynge.example"]
)
def test_a_token_or_an_account_is_taken_and_never_shown(way: dict[str, str], room: str) -> None:
    assert "hemmelig" not in repr(load("matrix").settings(**{**PLACE, "room": room}, **way))


@pytest.mark.parametrize(
    "way", [{}, {**ACCOUNT, "token": "syt_hemmelig"}, {"user": ACCOUNT["user"]}, {"password": ACCOUNT["password"]},
            {"token": "syt_hemmelig", "password": "hemmelig"}]
)  # fmt: skip
def test_any_other_way_in_is_refused_without_being_shown(way: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either TOKEN is given, or USER and PASSWORD") as refused:
        load("matrix").settings(**PLACE, **way)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize("room", ["nyheter", "@nyheter:klynge.example", "https://matrix.to/#/!rom", "! rom", ""])
def test_what_is_no_room_is_refused(room: str) -> None:
    with pytest.raises(ValidationError):
        load("matrix").settings(**{**WAY, "room": room})


@pytest.mark.parametrize(
    ("address", "room"),
    [
        ("https://matrix.to/#/#nyheter:klynge.example", "#nyheter:klynge.example"),
        ("https://matrix.to/#/!rom:klynge.example?via=klynge.example", "!rom:klynge.example"),
    ],
)
def test_a_link_to_a_room_tells_the_room(address: str, room: str) -> None:
    assert recognise(address) == "matrix"
    assert load("matrix").held_by(address) == {"room": room}


@pytest.mark.parametrize("address", ["https://matrix.to/#/@kari:klynge.example", "https://matrix.klynge.example"])
def test_what_is_no_link_to_a_room_is_not_known(address: str) -> None:
    assert recognise(address) is None


def test_another_account_is_another_destination() -> None:
    kind = load("matrix")
    one, other = (kind.settings(**PLACE, **{**ACCOUNT, "user": name}) for name in ("@a:x.example", "@b:x.example"))
    assert kind.target_of(one) != kind.target_of(other)
    assert kind.address_of(one) == PLACE["server"]
