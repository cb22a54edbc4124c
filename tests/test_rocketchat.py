"""What Rocket.Chat is sent for any post, by an integration and by its API, and how it is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.kinds import FOREVER, load, recognise
from bot.model import Attempt, Busy, Entry, Occasion, Picture, Post, ShareCall, ShareLink
from bot.posts.characters import clean, utf16
from bot.posts.compose import words_post
from bot.posts.links import safe
from bot.posts.markups.markdown import escape_rocketchat, link_rocketchat, picture_rocketchat, rocketchat
from bot.posts.read import read
from tests.goldens import NOW, answer_of
from tests.test_kinds import ADDRESSES, ANY_WORDS, posts, requests_of

URL = "https://chat.example.org/hooks/abcdefghij1234567/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst"
API = {
    "server": "https://chat.example.org/",
    "user_id": "brukerbrukerbruk1",
    "token": "hemmelig",
    "room_id": "GENERAL",
}
WAYS: list[dict[str, str]] = [{"url": URL}, API]
LINKS = st.builds(ShareLink, st.just("x"), ANY_WORDS.map(clean), ADDRESSES)
CALLS = st.builds(ShareCall, ANY_WORDS.map(clean), st.lists(LINKS, max_size=8).map(tuple))
PICTURE = re.compile(r"!\[[^\[\]()*_`~|{}^\\]*\]\((https?://[^()\s]*)\)")


def with_call(post: Post, call: ShareCall | None) -> Post:
    return replace(post, entries=tuple(replace(entry, share=call) for entry in post.entries))


SHARED = st.builds(with_call, posts("rocketchat"), st.none() | CALLS)


def message(post: Post, **to: str) -> str:
    """The words of the post, whichever way it goes; nothing if it can't be shown."""
    for request in requests_of("rocketchat", post, "400", **to)[:1]:
        body = json.loads(request.content)
        written: str = body["message"]["msg"] if "message" in body else body["text"]
        assert body.get("message", body)["parseUrls"] is False
        return written
    return ""


def closed(address: str) -> str:
    return safe(address).replace("(", "%28").replace(")", "%29")


@settings(max_examples=20)
@given(SHARED, st.sampled_from(WAYS))
def test_rocket_chat_gets_no_more_than_it_takes_and_every_link_whole(post: Post, to: dict[str, str]) -> None:
    written = message(post, **to)
    assert 0 < utf16(written) <= 5000
    for entry in post.entries[:1]:
        assert f"]({closed(entry.link)})" in written


@settings(max_examples=20)
@given(SHARED, st.sampled_from(WAYS))
def test_nobody_is_mentioned_in_rocket_chat_and_nothing_is_slipped_in(post: Post, to: dict[str, str]) -> None:
    spans = [span for entry in post.entries for block in entry.text for span in block.spans]
    ours = {closed(span.link) for span in spans if span.link} | {closed(entry.link) for entry in post.entries}
    ours |= {closed(link.url) for entry in post.entries for link in (entry.share.links if entry.share else ())}
    pictures = {closed(entry.picture.url) for entry in post.entries if entry.picture}
    written = message(post, **to)
    assert set(PICTURE.findall(written)) <= pictures
    rest = PICTURE.sub("", written)
    assert "![" not in re.sub(r"!\[(?=[^\[\]]*\](?!\())", "", rest) or set(re.findall(r"\]\(([^)]*)\)", rest)) <= ours
    assert set(re.findall(r"\]\(([^)]*)\)", rest)) <= ours
    assert not re.search(r"(^|\s|>)[@#][0-9a-zA-Z_.-]", written, re.MULTILINE)
    assert not re.search(r"<(?!\u200b)", written)


# --- The message ---------------------------------------------------------------------------------------------------

CALL = ShareCall("Glem *ikke* å dele dette!", (ShareLink("x", "X", "https://x.com/y"),))
PHOTO = Picture("https://klynge.example/b.jpg", "Fire personer")
ENTRY = Entry("item-1", "Tittel", "https://klynge.example/1", read("<p>Ord.</p>"), PHOTO, source="Klyngen", share=CALL)


def test_the_call_ends_the_message_and_the_picture_stands_above_it() -> None:
    assert message(Post("k-1", Occasion.SHARE, NOW, (ENTRY,)), url=URL).split("\n\n") == [
        "[*Tittel*](https://klynge.example/1)",
        "Ord.",
        "![Fire personer](https://klynge.example/b.jpg)",
        "_Klyngen_",
        "*Glem \u2217ikke\u2217 å dele dette!*\n[X](https://x.com/y)",
    ]


def test_what_there_is_no_room_for_goes_by_its_weight() -> None:
    long = "https://x.com/" + "d" * 3000
    heavy = replace(ENTRY, picture=Picture("https://klynge.example/" + "b" * 1900))
    without_picture = replace(heavy, share=replace(CALL, links=(ShareLink("x", "X", long),)))
    without_links = replace(without_picture, link="https://klynge.example/" + "a" * 3000)
    for entry, picture, link in ((heavy, True, True), (without_picture, False, True), (without_links, False, False)):
        written = message(Post("k-1", Occasion.SHARE, NOW, (entry,)), url=URL)
        assert ("![" in written, "https://x.com/" in written) == (picture, link)
        assert "å dele dette!" in written and f"]({entry.link})" in written and "Ord." in written


def test_several_articles_are_titles_with_links() -> None:
    written = message(Post("k-1", Occasion.DIGEST, NOW, (ENTRY, replace(ENTRY, title="To"))), url=URL)
    assert written == "[*Tittel*](https://klynge.example/1)\n\n[*To*](https://klynge.example/1)"


# --- The API -------------------------------------------------------------------------------------------------------


def test_a_message_has_an_id_of_our_own_that_is_another_in_another_room() -> None:
    post = words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    ids = []
    for to in (API, API, {**API, "room_id": "annet"}):
        request = requests_of("rocketchat", post, "500", **to)[0]
        assert str(request.url) == "https://chat.example.org/api/v1/chat.sendMessage"
        assert (request.headers["x-auth-token"], request.headers["x-user-id"]) == ("hemmelig", "brukerbrukerbruk1")
        sent = json.loads(request.content)["message"]
        assert sent["rid"] == to["room_id"] and re.fullmatch("[A-Za-z0-9]{17}", sent["_id"])
        ids.append(sent["_id"])
    assert ids[0] == ids[1] != ids[2]


def test_only_the_api_remembers_a_post() -> None:
    kind = load("rocketchat")
    assert kind.remembers(kind.settings(url=URL)) is None
    assert kind.remembers(kind.settings(**API)) == FOREVER


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        (f"x-ratelimit-reset: {int(NOW.timestamp() * 1000) + 42_500}", timedelta(seconds=42.5)),
        (f"x-ratelimit-reset: {int(NOW.timestamp() * 1000) - 5}", timedelta(0)),
        (f"x-ratelimit-reset: {int(NOW.timestamp() * 1000) + 42_500}; retry-after: 7", timedelta(seconds=7)),
        ("x-ratelimit-reset: snart", None),
    ],
)
def test_how_long_to_wait_is_told_in_milliseconds(headers: str, after: timedelta | None) -> None:
    kind = load("rocketchat")
    post = words_post("Prøve", key="k-1", occasion=Occasion.TEST, made_at=NOW, language="nb")
    flow = kind.publish(post, Attempt(NOW), kind.settings(url=URL))
    told: Any = answer_of(f"429 [{headers}]", next(flow))
    with pytest.raises(Busy) as busy:
        flow.throw(told)
    waited = busy.value.after
    assert (waited is None) is (after is None)
    assert waited is None or after is None or abs(waited - after) < timedelta(milliseconds=1)


# --- Words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("*fet* _skrå_ ~strøket~ `kode`", "\u2217fet\u2217 \u02cdskrå\u02cd \u223cstrøket\u223c \u02cbkode\u02cb"),
        ("snake_case og 2 > 1", "snake_case og 2 > 1"),
        ("@all x.@here a@b.no", "@\u200ball x.@\u200bhere a@b.no"),
        ("<https://x.example|x> <t:1>", "<\u200bhttps://x.example|x> <\u200bt:1>"),
        ("[her](https://x.example) [x]", "[her]\u200b(https://x.example) [x]"),
        ("![b](https://x.example/b.png)", "![b]\u200b(https://x.example/b.png)"),
        (":tada: ||skjult|| #kanal", ":\u200btada: |\u200b|skjult|\u200b| #\u200bkanal"),
        ("https://x.example/en_to_tre_~", "https://x.example/en_to_tre\u02cd\u223c"),
        ("# a\n> b\n- c\n20. mai\n20.30", "\u200b# a\n\u200b> b\n\u200b- c\n\u200b20. mai\n20.30"),
        ("\\[x\\] $$y$$", "\\\u200b[x\\\u200b] $\u200b$y$\u200b$"),
    ],
)
def test_rocket_chat_sees_only_words(words: str, written: str) -> None:
    assert escape_rocketchat(words) == written


@settings(max_examples=100)
@given(st.text() | ANY_WORDS)
def test_no_word_is_lost(words: str) -> None:
    alike = str.maketrans({"\u2217": "*", "\u02cd": "_", "\u223c": "~", "\u02cb": "`", "\u200b": None})
    assert escape_rocketchat(words).translate(alike) == words.translate(alike)


def test_links_and_pictures_hold_no_sign_that_ends_them() -> None:
    assert link_rocketchat("a](b) [c", "https://x.example/a)b") == "[a)(b) (c](https://x.example/a%29b)"
    assert link_rocketchat("post", "mailto:a@b.example") == "post"
    assert picture_rocketchat("a](https://y) *b* @all", "https://x.example/(1).png") == (
        "![a \u200b https://y \u2217b\u2217 @\u200ball](https://x.example/%281%29.png)"
    )


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ("<p><b>fet</b> og <i>skrå</i> og <b><i>begge</i></b></p>", "*fet* og _skrå_ og *_begge_*"),
        ("<ul><li>en</li><li>to<ul><li>tre</li></ul></li></ul>", "• en\n• to\n\u2003• tre"),
        ("<pre>a @all\n  b</pre>", "```\na @\u200ball\n  b\n```"),
    ],
)
def test_rocket_chat_markup_is_written_from_looks(markup: str, written: str) -> None:
    assert rocketchat(read(markup)) == written


# --- The two ways in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL.replace("/hooks/abcdefghij1234567/", "/hooks/abcdefghij1234567/brukerbrukerbruk1/"),
        URL.replace("abcdefghij1234567", "0123456789abcdef01234567"),
        URL.replace("https://chat.example.org", "http://10.0.0.1:3000/chat") + "/",
    ],
)
def test_an_integration_is_known_by_its_address(url: str) -> None:
    assert recognise(url) == "rocketchat"
    kind = load("rocketchat")
    assert kind.address_of(kind.settings(url=url)) == url


@pytest.mark.parametrize(
    "to", [{}, {"url": URL, "token": "hemmelig"}, {"url": URL, **API}, {**API, "room_id": None}, {"token": "hemmelig"}]
)
def test_exactly_one_way_in_is_taken(to: dict[str, str]) -> None:
    with pytest.raises(
        ValidationError, match=r"either URL is needed, .* or SERVER, USER_ID, TOKEN and ROOM_ID"
    ) as refused:
        load("rocketchat").settings(**to)
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://chat.example.org/channel/hemmelig", "https://chat.example.org/hooks/hemmelig", URL[:60]]
)
def test_what_is_no_integration_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="not the whole address of an incoming webhook") as refused:
        load("rocketchat").settings(url=url)
    assert "hemmelig" not in str(refused.value)


def test_two_rooms_are_two_destinations_and_no_secret_is_shown() -> None:
    kind = load("rocketchat")
    ways = [kind.settings(**to) for to in ({"url": URL}, API, {**API, "room_id": "annet"})]
    assert len({kind.target_of(to) for to in ways}) == 3
    assert "hemmelig" not in repr(ways) and URL[-40:] not in repr(ways)
