"""What Zulip is sent for any post: within its limits, nothing but our own looks and links, and nobody mentioned."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.kinds import load
from bot.model import Attempt, Block, Post, Receipt, Span
from bot.posts.links import safe
from bot.posts.markups.markdown import address_zulip, escape_zulip, link_zulip, picture_zulip, zulip
from bot.posts.read import read
from tests.goldens import NOW
from tests.test_kinds import ADDRESSES, WORDS, requests_of
from tests.test_telegram import shared_posts

TO = {
    "server": "https://klynge.zulipchat.example",
    "email": "nyhetsbot@klynge.zulipchat.example",
    "key": "hemmelighemmelig",
    "stream": "nyheter",
}
REFUSED = '400 {"result": "error", "code": "BAD_REQUEST", "msg": "no"}'
OUR_LINK = re.compile(r"\[[^\[\]]*\]\((?:https?://|mailto:)[^\s()*'\"`<>]*\)")
# What Zulip would make something of; asterisks and backticks that are left are no marks of ours.
MEANINGFUL = re.compile(
    r"\]\(|!\[|@_?\*|#\*|(?<![A-Za-z0-9])@(?=\w)|\*|`|\$\$|~~|<time:|&#?\w+;|:[\w+-]+:|^ *(?:[#>+|/-]|\d+\.)|^ {4}",
    re.MULTILINE,
)


def sent(post: Post, **settings: str) -> dict[str, str]:
    """The fields of the one form that a post is sent as; none when it is refused before."""
    requests = requests_of("zulip", post, REFUSED, **TO, **settings)
    assert len(requests) <= 1
    return fields(requests[0]) if requests else {}


def fields(request: httpx.Request) -> dict[str, str]:
    return {name: one for name, (one,) in parse_qs(request.content.decode(), strict_parsing=True).items()}


def without_ours(content: str) -> str:
    """The content without the links and looks that are made by us."""
    rest = re.sub(r"^```\n.*?\n```$", "", content, flags=re.DOTALL | re.MULTILINE)
    rest = re.sub(r"`[^`\n]*`", "", OUR_LINK.sub("…", rest))
    rest = re.sub(r"^(?: *\* |> )", "", rest, flags=re.MULTILINE)
    for marks in (r"\*\*\*", r"\*\*", r"\*"):
        rest = re.sub(rf"{marks}([^*\n]+){marks}", r"\1", rest)
    return re.sub(r"https?://[\w.~/?#&=%:@+,;!$'-]*[A-Za-z0-9/]", "", rest)


# --- For any post --------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(shared_posts("zulip"))
def test_zulip_takes_whatever_an_article_says(post: Post) -> None:
    form = sent(post)
    assert set(form) in ({"type", "to", "topic", "content"}, set())  # It would only tell that it has ignored another.
    if form:
        assert 0 < len(form["content"]) <= 10_000
        assert 0 < len(form["topic"]) <= 60
        assert form["content"].strip()
        assert "\n" not in form["topic"]
        assert not MEANINGFUL.search(without_ours(form["content"]))
        assert all(f"]({address_zulip(entry.link)})" in form["content"] for entry in post.entries)
        a_correction_changes_the_content_alone(post, form)


def a_correction_changes_the_content_alone(post: Post, form: dict[str, str]) -> None:
    module = load("zulip")
    assert module.revise
    request = next(module.revise(post, Receipt("42"), Attempt(NOW), module.settings(**TO)))
    assert (request.method, request.url.path) == ("PATCH", "/api/v1/messages/42")
    assert fields(request) == {"content": form["content"]}


@given(ADDRESSES)
def test_an_address_leads_to_the_same_page(address: str) -> None:
    assert httpx.URL(address_zulip(address)).path == httpx.URL(safe(address)).path


@settings(max_examples=25)
@given(st.lists(st.tuples(WORDS, st.booleans(), st.booleans()), max_size=4))
def test_no_words_are_more_than_words_however_they_are_divided(parts: list[tuple[str, bool, bool]]) -> None:
    spans = tuple(Span(" ".join(words.split()), bold=bold, italic=italic) for words, bold, italic in parts)
    assert not re.search(r"\]\(|@_?\*{1,2}[^*\s]+\*|\$\$|<time:", zulip((Block("paragraph", spans),)))


# --- How it is written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("@**alle** og @*gruppe*", "@\u200b\u2217\u2217alle\u2217\u2217 og @\u200b\u2217gruppe\u2217"),
        ("a@b.example", "a@b.example"),
        ("#**kanal**", "\u200b#\u2217\u2217kanal\u2217\u2217"),
        ("nr. #1 og C#", "nr. #1 og C#"),
        ("pris $$x$$", "pris $\u200b$x$\u200b$\u200b"),
        ("/poll Hva?", "\u200b/poll Hva?"),
        ("og/eller", "og/eller"),
        ("[her](https://x.example)", "[her]\u200b(https://x.example)"),
        (":tada: kl. 10:30", ":\u200btada: kl. 10:30"),
        ("&amp; <time:2026>", "&\u200bamp; <\u200btime:2026>"),
        ("https://x.example/@a_b~c", "https://x.example/@a_b~c"),
        ("```\n~~~", "\u02cb\u02cb\u02cb\n~\u200b~\u200b~\u200b"),
        ("snake_case og 3 * 4", "snake_case og 3 \u2217 4"),
    ],
)
def test_only_what_zulip_would_make_something_of_is_changed(words: str, written: str) -> None:
    assert escape_zulip(words) == written


def test_a_look_stands_around_a_link() -> None:
    text = read("<p>Les <a href='https://x.example/a_(b)'><b>alt [her]</b></a>, <i>nå</i>.</p>")
    assert zulip(text) == "Les **[alt (her)\u200b](https://x.example/a_%28b%29)**, *nå*."


def test_a_link_opens_a_page_or_the_mail() -> None:
    assert link_zulip("her", "javascript:x") == "her"
    assert link_zulip("post", "mailto:a@b.example") == "[post](mailto:a@b.example)"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://x.example/i.jpg", "[Alt](https://x.example/i.jpg)"),
        ("https://x.example/i.PNG?w=800", "[Alt](https://x.example/i.PNG?w=800)"),
        ("https://x.example/i", ""),
        ("https://x.example/?i=a.jpg", ""),
    ],
)
def test_only_what_zulip_knows_for_a_picture_is_linked_as_one(address: str, shown: str) -> None:
    assert picture_zulip("Alt", address) == shown


# --- Settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("server", "klynge.zulipchat.example", "is not the address of a server"),
        ("server", "https://kari:hemmelig@zulip.example", "is not the address of a server"),
        ("email", "nyhetsbot", "is not an e-mail address"),
        ("key", "hemmelig nøkkel", "is not an API key"),
    ],
)
def test_what_can_not_be_is_refused_without_being_shown(key: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        load("zulip").settings(**{**TO, key: value})
    assert "hemmelig" not in str(refused.value)


def test_no_setting_of_zulip_shows_its_key() -> None:
    assert "hemmelig" not in repr(load("zulip").settings(**TO))
