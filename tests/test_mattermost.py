"""What Mattermost is sent for any post, by a webhook and by its API, and how it is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Attempt, Entry, Occasion, Post, Receipt, Refused, ShareCall, ShareLink
from bot.posts.characters import clean
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.markdown import escape_mattermost, link_mattermost, mattermost
from bot.posts.read import read
from tests.goldens import NOW
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts, requests_of

URL = "https://chat.example.org/sub/hooks/abcdefghijklmnopqrstuvwx12"
BOT = {"server": "https://chat.example.org/sub/", "token": "hemmelig", "channel_id": "kanalkanalkanalkanalkanal1"}
WAYS: list[dict[str, str]] = [{"url": URL}, BOT]
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES | st.just("mailto:?body=x"))
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=8).map(tuple))
MARKDOWN = MarkdownIt("commonmark")


def with_call(post: Post, call: ShareCall | None) -> Post:
    return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))


SHARED = st.builds(with_call, posts("mattermost"), st.none() | CALLS)


def shown(post: Post, **to: str) -> tuple[str, list[dict[str, Any]]]:
    """The words and the cards of a post, whichever way it goes."""
    (request,) = requests_of("mattermost", post, "400", **to)
    body = json.loads(request.content)
    return body.get("text", body.get("message", "")), body.get("props", body).get("attachments", [])


def where_names_ping(post: Post, **to: str) -> list[str]:
    """The texts in which the server looks for names of people."""
    words, cards = shown(post, **to)
    values = [field["value"] for card in cards for field in card.get("fields", [])]
    return [words, *(card.get("text", "") for card in cards), *values]


def tokens_of(written: str) -> list[Token]:
    parsed = MARKDOWN.parse(written)
    return [inner for token in parsed for inner in (token, *(token.children or ()))]


def mentioned(words: str) -> list[str]:
    """The words that the server takes for names, by the signs that it parts words at."""
    told = re.split(r"[^\w.:@-]|(?<=[^\W_])[.:-]+(?=@)", words)
    parts = [part for word in told for part in (word.strip("_.:-"), *re.split("[.:-]", word))]
    return [part for part in parts if re.fullmatch(r"@[\w.-]+", part)]


@settings(max_examples=20)
@given(SHARED, st.sampled_from(WAYS))
def test_nobody_is_mentioned_and_neither_link_nor_picture_is_slipped_in(post: Post, to: dict[str, str]) -> None:
    spans = [span for entry in post.entries for block in entry.text for span in block.spans]
    ours = {span.link for span in spans} | {
        link.url for entry in post.entries for link in (entry.share.links if entry.share else ())
    }
    allowed = {MARKDOWN.normalizeLink(safe(url).replace("(", "%28").replace(")", "%29")) for url in ours}
    for written in where_names_ping(post, **to):
        assert "<" not in written
        tokens = tokens_of(written)
        assert not [token for token in tokens if token.type == "text" and mentioned(token.content)]
        assert not [token for token in tokens if token.type in {"image", "html_inline", "html_block", "hr"}]
        assert {token.attrs["href"] for token in tokens if token.type == "link_open"} <= allowed


@settings(max_examples=20)
@given(SHARED, st.sampled_from(WAYS))
def test_mattermost_gets_nothing_that_it_would_split_and_every_link_whole(post: Post, to: dict[str, str]) -> None:
    words, cards = shown(post, **to)
    assert words or cards
    assert len(words) <= 16_383
    assert len(json.dumps(cards, ensure_ascii=False)) <= 800_000
    assert [card["title_link"] for card in cards] == [safe(entry.link) for entry in post.entries]
    assert all(
        card["title"] and safe(entry.link) in card["fallback"] for card, entry in zip(cards, post.entries, strict=False)
    )


# --- The card ------------------------------------------------------------------------------------------------------

CALL = ShareCall("Glem *ikke* å dele dette!", (ShareLink("x", "X", "https://x.com/a(b)"),))
ENTRY = Entry("item-1", "Tittel med *stjerner*", "https://klynge.example/1", read("<p>Ord.</p>"), share=CALL)


def test_what_is_shown_as_it_is_written_is_not_escaped() -> None:
    _, (card,) = shown(Post("k-1", Occasion.SHARE, NOW, (ENTRY,)), url=URL)
    assert card["title"] == "Tittel med *stjerner*"
    assert card["fields"] == [
        {"short": False, "title": "Glem *ikke* å dele dette!", "value": "[X](https://x.com/a%28b%29)"}
    ]


def test_a_title_without_a_link_is_read_as_markdown_and_so_escaped() -> None:
    _, (card,) = shown(Post("k-1", Occasion.SHARE, NOW, (replace(ENTRY, link=""),)), url=URL)
    assert card["title"] == r"Tittel med \*stjerner\*"
    assert "title_link" not in card


@settings(max_examples=40)
@given(st.text() | ANY_WORDS | st.just("[klikk](https://ond.example) www.ond.example mailto:a@ond.example"))
def test_a_title_without_a_link_leads_nowhere(words: str) -> None:
    entry = replace(ENTRY, title=" ".join(clean(words).split()), link="")
    _, (card,) = shown(Post("k-1", Occasion.SHARE, NOW, (entry,)), url=URL)
    assert not [token for token in tokens_of(card.get("title", "")) if token.type in {"link_open", "image"}]
    assert not re.search(r"(?i)[a-z]:[^\s\u200b]|www\.|\w@\w", card.get("title", ""))


def test_only_one_article_asks_to_be_shared() -> None:
    _, cards = shown(Post("k-1", Occasion.DIGEST, NOW, (ENTRY, ENTRY)), url=URL)
    assert not [card for card in cards if "fields" in card]


def test_a_bot_s_post_carries_its_key_and_so_does_its_correction() -> None:
    post, kind = Post("k-1", Occasion.SHARE, NOW, (ENTRY,)), load("mattermost")
    (request,) = requests_of("mattermost", post, "400", **BOT)
    assert str(request.url) == "https://chat.example.org/sub/api/v4/posts"
    assert request.headers["authorization"] == "Bearer hemmelig"
    made = json.loads(request.content)
    assert made["channel_id"] == BOT["channel_id"]
    assert made["pending_post_id"] == made["props"]["delebot"] == "k-1"
    assert kind.revise
    flow = kind.revise(post, Receipt("a"), Attempt(NOW), kind.settings(**BOT))
    there = next(flow)
    assert json.loads(flow.send(answered(there)).content)["props"] == made["props"]


def answered(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": "a"}, request=request)


@pytest.mark.parametrize("count", [999, 1000])
def test_a_post_is_not_taken_for_missing_where_the_server_may_have_left_some_out(count: int) -> None:
    kind = load("mattermost")
    assert kind.look_up
    post = words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    flow = kind.look_up(post, Attempt(NOW), kind.settings(**BOT))
    request = next(flow)
    held = httpx.Response(200, json={"posts": {str(n): {"props": {}} for n in range(count)}}, request=request)
    with pytest.raises(Refused if count == 1000 else StopIteration) as end:
        flow.send(held)
    assert getattr(end.value, "value", None) is None


# --- Words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (
            "*fet* _skrå_ ~~strøket~~ `kode`",
            "\\*fet\\* \\_skrå\\_ \\~\u200b\\~\u200bstrøket\\~\u200b\\~\u200b \\`kode\\`",
        ),
        ("snake_case og 2 > 1", "snake_case og 2 > 1"),
        ("å_b_å", r"å\_b\_å"),
        ("<!channel> <@id> <https://x.example|x>", "&lt;!channel> &lt;@\u200bid> &lt;https://x.example|x>"),
        ("&#64;all &amp; AT&T", "&amp;#64;all &amp;amp; AT&T"),
        ("@all x.@here a@b.no", "@\u200ball x.@\u200bhere a@b.no"),
        ("[her](https://x.example) ![b](c)", r"\[her\](https://x.example) !\[b\](c)"),
        (":tada: ~by #tag C# #1", ":\u200btada: \\~\u200bby #\u200btag C# #1"),
        ("https://x.example/@all/en_to_tre_", r"https://x.example/%40all/en_to_tre\_"),
        ("# a\n> b\n- c\n20. mai\n20.30\n    kode", "\\# a\n\\> b\n\\- c\n20\u200b. mai\n20.30\n\u200bkode"),
        ("C:\\sti \\*", "C:\\sti \\\\\\*"),
    ],
)
def test_mattermost_sees_only_words(words: str, written: str) -> None:
    assert escape_mattermost(words) == written


@settings(max_examples=100)
@given(st.text() | ANY_WORDS)
def test_no_words_mean_anything_in_markdown_and_none_is_lost(words: str) -> None:
    words = " ".join(clean(words).replace("\\", "").split())
    tokens = tokens_of(escape_mattermost(words))
    assert {token.type for token in tokens} <= {
        "paragraph_open",
        "inline",
        "paragraph_close",
        "text",
        "softbreak",
        "text_special",
    }
    said = "".join(token.content for token in tokens if token.type in ("text", "text_special"))
    assert (
        said.replace("\u200b", "").strip()
        == re.sub(r"https?://[\w.~/?#&=%:@+,;!$'-]*[A-Za-z0-9/]", lambda url: url[0].replace("@", "%40"), words)
        .replace("\u200b", "")
        .strip()
    )


def test_brackets_in_a_link_s_words_end_it_nowhere() -> None:
    words = escape_mattermost("a](https://y.example) [b")
    assert link_mattermost(words, "https://x.example/a)b") == "[a)(https://y.example) (b](https://x.example/a%29b)"
    assert link_mattermost("ord", "javascript:alert(1)") == "ord"


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("<p><b>fet</b> og <i>skrå</i> og <b><i>begge</i></b></p>", "**fet** og _skrå_ og **_begge_**"),
        ("<h2>En overskrift</h2><p>x</p>", "**En overskrift**\n\nx"),
        ("<blockquote>en<br>to</blockquote>", "> en\n> to"),
        ("<ul><li>en</li><li>to<ul><li>tre</li></ul></li></ul><p>x</p>", "- en\n- to\n  - tre\n\nx"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
    ],
)
def test_mattermost_markup_is_written_from_looks(markup: str, written: str) -> None:
    assert mattermost(read(markup)) == written


# --- The two ways in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", [URL, "http://10.0.0.1:8065/hooks/abcdefghijklmnopqrstuvwx12", "https://m.example/hooks/" + "a" * 26 + "/"]
)
def test_a_webhook_is_known_by_its_address(url: str) -> None:
    assert recognise(url) == "mattermost"
    kind = load("mattermost")
    assert kind.address_of(kind.settings(url=url)) == url


@pytest.mark.parametrize(
    "to",
    [
        {},
        {"url": URL, "token": "hemmelig"},
        {"url": URL, **BOT},
        {"server": BOT["server"]},
        {"server": BOT["server"], "token": "hemmelig"},
        {"token": "hemmelig", "channel_id": BOT["channel_id"]},
    ],
)
def test_exactly_one_way_in_is_taken(to: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"either URL is needed, .* or SERVER, TOKEN and CHANNEL_ID") as refused:
        load("mattermost").settings(**to)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.org/lag/channels/hemmelig",
        "https://chat.example.org/hooks/hemmelig",
        "https://chat.example.org/hooks/ABCDEFGHIJKLMNOPQRSTUVWX12?hemmelig",
    ],
)
def test_what_is_no_webhook_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="not the whole address of an incoming webhook") as refused:
        load("mattermost").settings(url=url)
    assert "hemmelig" not in str(refused.value)


def test_a_channel_s_name_is_not_its_id() -> None:
    with pytest.raises(ValidationError):
        load("mattermost").settings(**{**BOT, "channel_id": "town-square"})


def test_two_channels_are_two_destinations_and_no_secret_is_shown() -> None:
    kind = load("mattermost")
    ways = [kind.settings(**to) for to in ({"url": URL}, BOT, {**BOT, "channel_id": "b" * 26})]
    assert len({kind.target_of(to) for to in ways}) == 3
    assert "hemmelig" not in repr(ways)
    assert [kind.address_of(to) for to in ways[:2]] == [URL, BOT["server"]]
