"""The addresses in a text: made absolute, compared, given campaign parameters."""

from __future__ import annotations

import pytest

from bot.posts.links import is_home_of, misleads, resolved, safe, same_page, with_campaign

BASE = "https://klynge.example/nyheter/sak/"


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("/kontakt?a=1&b=2#c", "https://klynge.example/kontakt?a=1&b=2#c"),
        ("../annen/", "https://klynge.example/nyheter/annen/"),
        ("//annen.example/x", "https://annen.example/x"),
        (" https://klynge.example/med mellomrom ", "https://klynge.example/med%20mellomrom"),
        ("https://klynge.example/æ\n/ø", "https://klynge.example/æ/ø"),
        ("mailto:post@klynge.example", "mailto:post@klynge.example"),
        ("https://klynge.example/a|b<c>", "https://klynge.example/a%7Cb%3Cc%3E"),
    ],
)
def test_a_link_becomes_absolute_and_safe_in_any_markup(address: str, absolute: str) -> None:
    assert resolved(address, BASE) == absolute


@pytest.mark.parametrize(
    "address",
    [
        "",
        "#fotnote",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "tel:+4712345678",
        "ftp://x.example/",
        "https://",
        "http://[::1",
        "https://x.example:port/",
        "mailto:",
        "https://x.example/" + "a" * 9000,
    ],
)
def test_what_a_reader_cannot_follow_is_no_link(address: str) -> None:
    assert resolved(address, BASE) == ""


def test_without_a_base_only_whole_addresses_are_links() -> None:
    assert resolved("/kontakt") == ""


def test_half_a_sign_in_an_address_is_left_out() -> None:
    assert safe("https://x.example/\ud83d") == "https://x.example/"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://www.x.example/a/", "https://x.example/a?utm_source=rss", True),
        ("https://x.example/a", "https://x.example/b", False),
        ("https://x.example/?p=1", "https://x.example/?p=2", False),
        ("https://x.example/?p=1", "https://www.x.example/?p=1&y=2", True),
        ("", "", False),
        ("http://[", "http://[", False),
    ],
)
def test_addresses_of_the_same_page_are_known(one: str, other: str, same: bool) -> None:
    assert same_page(one, other) is same


@pytest.mark.parametrize(
    ("home", "address", "is_home"),
    [
        ("https://x.example", "https://www.x.example/2026/sak", True),
        ("https://x.example/en/", "https://x.example/en/story", True),
        ("https://annen.example/", "https://x.example/sak", False),
        ("https://x.example/rapporter/2026/lang", "https://x.example/sak", False),
        ("", "https://x.example/sak", False),
    ],
)
def test_the_front_page_of_a_site_is_known(home: str, address: str, is_home: bool) -> None:
    assert is_home_of(home, address) is is_home


@pytest.mark.parametrize(
    ("link", "campaign", "expected"),
    [
        ("https://x.example/a", {"source": "slack"}, "https://x.example/a?utm_source=slack"),
        ("https://x.example/a?b=%20c&d#e?f", {"source": "s"}, "https://x.example/a?b=%20c&d&utm_source=s#e?f"),
        ("https://x.example/?utm_source=rss&x=1", {"source": "slack"}, "https://x.example/?x=1&utm_source=slack"),
        ("https://x.example/", {"source": "a b&c", "id": "ø"}, "https://x.example/?utm_source=a%20b%26c&utm_id=%C3%B8"),
        ("https://x.example/?a=1", {}, "https://x.example/?a=1"),
        ("", {"source": "slack"}, ""),
    ],
)
def test_campaign_parameters_join_what_the_link_has(link: str, campaign: dict[str, str], expected: str) -> None:
    assert with_campaign(link, campaign) == expected
    assert with_campaign(expected, campaign) == expected


@pytest.mark.parametrize(
    ("words", "address", "yes"),
    [
        ("https://bank.example/", "https://ond.example/x", True),
        ("www.bank.example.", "https://ond.example/", True),
        ("https://klynge.example/sak\u2026", "https://www.klynge.example/sak-1/", False),
        ("www.klynge.example", "http://klynge.example/", False),
        ("Les mer p\u00e5 https://bank.example/", "https://ond.example/", False),
        ("https://bank.example/", "mailto:a@b.example", False),
        ("Les mer", "https://ond.example/", False),
    ],
)
def test_words_that_are_another_address_than_they_lead_to_mislead(words: str, address: str, yes: bool) -> None:
    assert misleads(words, address) is yes


def test_an_address_with_a_name_before_an_at_sign_is_none() -> None:
    assert resolved("https://bank.example@ond.example/") == ""
    assert resolved("https://klynge.example/@kari") == "https://klynge.example/@kari"
