"""What LinkedIn is sent for any post, and which settings it takes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from bot.kinds import load, recognise
from bot.model import Post, ShareCall, ShareLink
from bot.posts.characters import clean, utf16
from bot.posts.links import safe
from bot.posts.markups.plain import little
from tests.test_kinds import ANY_WORDS, posts, requests_of

TO = {"organization": "5583111", "token": "hemmelig"}
RESERVED = r"\\|{}@\[\]()<>#*_~"
HASHTAG = re.compile(r"{hashtag\|\\#\|((?:[^\W_]|\\_)+)}")


def bodies(post: Post) -> list[dict[str, Any]]:
    """What is sent for it; nothing where the links of several articles are too long."""
    requests = requests_of("linkedin", post, "201 [x-restli-id: urn:li:share:1]", **TO)
    assert len(requests) == 1 or any(len(entry.link) > 1500 for entry in post.entries[1:] and post.entries)
    return [json.loads(request.content) for request in requests]


def read_little(words: str) -> tuple[str, str]:
    """What LinkedIn shows of a «little text», and the signs in it that are neither escaped nor a hashtag of ours."""
    bare = HASHTAG.sub("", words)
    return re.sub(r"\\(.)", r"\1", bare, flags=re.DOTALL), "".join(
        re.findall(f"[{RESERVED}]", re.sub(r"\\.", "", bare, flags=re.DOTALL))
    )


@settings(max_examples=20)
@given(posts("linkedin"))
def test_linkedin_gets_nothing_beyond_its_limits(post: Post) -> None:
    for body in bodies(post):
        assert 0 < utf16(body["commentary"]) <= 3000
        card = body.get("content", {}).get("article", {"title": "x"})
        assert 0 < utf16(card["title"]) <= 400
        assert utf16(card.get("description", "")) <= 4086


@settings(max_examples=20)
@given(posts("linkedin"))
def test_nothing_that_linkedin_would_stumble_over_or_take_for_a_mention_is_left_unescaped(post: Post) -> None:
    for body in bodies(post):
        shown, active = read_little(body["commentary"])
        assert active == ""
        assert shown.strip()


@settings(max_examples=20)
@given(posts("linkedin"))
def test_the_link_of_an_article_reaches_linkedin_whole(post: Post) -> None:
    for body in bodies(post):
        lines = read_little(body["commentary"])[0].split("\n")
        links = [*lines, body.get("content", {}).get("article", {}).get("source")]
        assert all(safe(entry.link) in links for entry in post.entries)


@settings(max_examples=10)
@given(posts("linkedin"))
def test_the_call_and_the_hashtags_end_the_words(post: Post) -> None:
    call = ShareCall("Glem ikke å dele dette!", (ShareLink("x", "X", "https://x.com/"),))
    asking = replace(post, entries=tuple(replace(entry, share=call, hashtags=("KI", "Æ_ø")) for entry in post.entries))
    end = "\n\nGlem ikke å dele dette!\n\n{hashtag|\\#|KI} {hashtag|\\#|Æ\\_ø}"
    for body in bodies(asking):
        assert body["commentary"].endswith(end) or len(post.entries) != 1


@given(ANY_WORDS.map(clean))
def test_words_come_out_of_little_text_as_they_went_in(words: str) -> None:
    assert read_little(little(words)) == (words, "")


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("organization", ["5583111", "urn:li:organization:5583111"])
def test_a_page_is_known_by_its_number(organization: str) -> None:
    assert load("linkedin").settings(organization=organization, token="x") is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("organization", "klyngen"),
        ("organization", "urn:li:person:1"),
        ("version", "2026-09"),
        ("version", "202613"),
        ("token_until", "i morgen"),
    ],
)
def test_what_linkedin_would_not_take_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name) as refused:
        load("linkedin").settings(**{**TO, name: value})
    assert "hemmelig" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/company/5583111/admin/dashboard/",
        "https://linkedin.com/showcase/5583111?x=y",
        "urn:li:organization:5583111",
    ],
)
def test_the_address_of_a_page_tells_the_page(url: str) -> None:
    assert recognise(url) == "linkedin"
    assert load("linkedin").held_by(url) == {"organization": "5583111"}


def test_the_token_is_shown_by_nothing() -> None:
    assert "hemmelig" not in repr(load("linkedin").settings(**TO))
