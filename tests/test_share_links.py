"""The links by which a reader shares an article in one click."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.posts.characters import graphemes, one_line
from bot.posts.share_links import CALLS, DEFAULT, NETWORKS, default_call, is_network, is_web, links_of, weight

URL = "https://klynge.example/sak/?p=1&q=å"
TITLE = "Ny leder: «vi må dele» & vokse 100 % #1"
FAMILY = "👨\u200d👩\u200d👧"


def link(network: str, title: str = TITLE, url: str = URL, limit: int | None = None) -> str:
    return "".join(made.url for made in links_of([network], title, url, "nb", limit))


def fields(address: str) -> dict[str, str]:
    parts = urlsplit(address)
    return {name: value for name, (value,) in parse_qs(parts.query or parts.fragment, strict_parsing=True).items()}


@pytest.mark.parametrize(
    ("network", "page", "values"),
    [
        ("linkedin", "https://www.linkedin.com/sharing/share-offsite/", {"url": URL}),
        ("facebook", "https://www.facebook.com/sharer/sharer.php", {"u": URL}),
        ("x", "https://x.com/intent/post", {"text": TITLE, "url": URL}),
        ("bluesky", "https://bsky.app/intent/compose", {"text": f"{TITLE} {URL}"}),
        ("mastodon", "https://share.joinmastodon.org/", {"text": f"{TITLE} {URL}"}),
        ("threads", "https://www.threads.com/intent/post", {"text": TITLE, "url": URL}),
        ("whatsapp", "https://wa.me/", {"text": f"{TITLE} {URL}"}),
        ("telegram", "https://t.me/share/url", {"url": URL, "text": TITLE}),
        ("reddit", "https://www.reddit.com/submit", {"type": "LINK", "url": URL, "title": TITLE}),
        ("teams", "https://teams.microsoft.com/share", {"href": URL, "msgText": TITLE, "preview": "true"}),
        ("email", "mailto:", {"subject": TITLE, "body": f"{TITLE}\r\n\r\n{URL}"}),
    ],
)
def test_each_network_gets_what_it_wants(network: str, page: str, values: dict[str, str]) -> None:
    address = link(network)
    assert address.split("?")[0].split("#")[0] == page
    assert fields(address) == values
    assert "+" not in address and " " not in address


def test_every_network_is_tested_and_the_usual_ones_exist() -> None:
    assert set(DEFAULT) <= set(NETWORKS)
    assert is_network("bluesky") and not is_network("myspace")


def test_links_come_in_the_order_that_is_asked_for_and_each_once() -> None:
    found = links_of(["x", "nowhere", "email", "x", "linkedin"], TITLE, URL, "nb")
    assert [(one.network, one.label) for one in found] == [("x", "X"), ("email", "E-post"), ("linkedin", "LinkedIn")]


def test_mail_is_told_from_what_every_platform_takes() -> None:
    assert [one.network for one in links_of(NETWORKS, TITLE, URL, "en") if not is_web(one)] == ["email"]


def test_mastodon_takes_its_text_behind_a_number_sign() -> None:
    assert link("mastodon").startswith("https://share.joinmastodon.org/#text=")


@pytest.mark.parametrize("url", ["", "ftp://a.example", "javascript:alert(1)", "/sak"])
def test_an_article_without_an_address_has_no_links(url: str) -> None:
    assert links_of(DEFAULT, TITLE, url, "nb") == ()


def test_campaign_parameters_are_not_passed_on() -> None:
    assert (
        fields(link("linkedin", url="https://a.example/?utm_source=rss&p=1&fbclid=x#top"))["url"]
        == "https://a.example/?p=1#top"
    )
    assert fields(link("linkedin", url="https://a.example/?utm_source=rss"))["url"] == "https://a.example/"


def test_the_text_is_shortened_and_the_address_is_not() -> None:
    for network in NETWORKS:
        address = link(network, "Så fint vær " * 60, limit=512)
        assert len(address) <= 512 and unquote(address).count(URL) == 1


def test_a_link_that_cannot_be_short_enough_is_left_out() -> None:
    long = f"https://klynge.example/{'a' * 470}/"
    fitting = {one.network for one in links_of(NETWORKS, TITLE, long, "nb", 555)}
    assert {"facebook", "x"} <= fitting and "linkedin" not in fitting
    assert links_of(["bluesky"], TITLE, long, "nb") == ()


def test_bluesky_and_x_count_as_they_do() -> None:
    text = fields(link("bluesky", FAMILY * 400))["text"]
    assert graphemes(text) <= 300 and text.startswith(FAMILY) and f"{FAMILY}\u2026 {URL}" in text
    assert weight(fields(link("x", "ord " * 100))["text"]) <= 280 - 24
    assert fields(link("x", FAMILY * 400))["text"] == FAMILY * 127 + "\u2026"


@pytest.mark.parametrize(
    ("words", "count"), [("abc", 3), ("blåbær", 6), ("日本", 4), (FAMILY, 2), ("🇳🇴", 2), ("«–»", 3), ("1️⃣", 2)]
)
def test_x_counts_emoji_and_wide_scripts_twice(words: str, count: int) -> None:
    assert weight(words) == count


@pytest.mark.parametrize("language", ["nb", "nn", "sv", "da", "en", "nb-NO", "no", "SV", "fi", ""])
def test_there_are_words_in_every_language(language: str) -> None:
    assert default_call(language) in CALLS.values()
    assert links_of(["email"], TITLE, URL, language)[0].label


@given(st.text(), st.text(max_size=50), st.none() | st.integers(min_value=0, max_value=600))
def test_any_title_and_address_make_links_that_fit(title: str, path: str, limit: int | None) -> None:
    for one in links_of(NETWORKS, title, f"https://klynge.example/{path}", "nb", limit):
        assert limit is None or len(one.url) <= limit
        assert one.url.isascii() and " " not in one.url
        if one.network == "x" and limit is None:
            assert one_line(title).startswith(fields(one.url).get("text", "").rstrip("\u2026"))
