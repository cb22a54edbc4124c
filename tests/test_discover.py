"""Which feeds a page names, and in which order they are worth a try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds.discover import Candidate, candidates, guesses

BASE = "https://cluster.example/nyheter/"
WORDPRESS = """<!doctype html><html lang="nb-NO"><head><meta charset="UTF-8"><title>Klyngen</title>
<link rel="alternate" type="application/rss+xml" title="Klyngen &raquo; kommentarstrøm" href="https://cluster.example/comments/feed/">
<link rel="alternate" type="application/rss+xml" title="Klyngen &raquo;
    strøm" href="https://cluster.example/feed/">
<link rel="alternate" title="JSON" type="application/json" href="https://cluster.example/wp-json/wp/v2/pages/2">
<link rel="alternate" type="application/json+oembed" href="https://cluster.example/wp-json/oembed/1.0/embed?url=x">
<link rel="stylesheet alternate" type="application/rss+xml" href="/style">
<link rel="alternate" hreflang="en" href="https://cluster.example/en/">
</head><body>Hei</body></html>"""


def urls(html: bytes | str, base: str = BASE, header: str = "") -> list[str]:
    return [candidate.url for candidate in candidates(html, base, header)]


def link(href: str, kind: str = "application/rss+xml", rel: str = "alternate") -> str:
    return f'<link rel="{rel}" type="{kind}" href="{href}">'


def test_the_feed_of_a_wordpress_page_comes_first_and_that_of_its_comments_last() -> None:
    assert candidates(WORDPRESS, BASE) == (
        Candidate("https://cluster.example/feed/", "Klyngen » strøm", "application/rss+xml"),
        Candidate("https://cluster.example/comments/feed/", "Klyngen » kommentarstrøm", "application/rss+xml"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_page_may_come_as_bytes(encoding: str) -> None:
    assert candidates(WORDPRESS.encode(encoding), BASE) == candidates(WORDPRESS, BASE)


@pytest.mark.parametrize(
    "kind",
    [
        "application/rss+xml",
        "application/atom+xml",
        "Application/Feed+JSON; charset=utf-8",
        "application/rdf+xml",
        "text/xml",
        "application/json",
    ],
)
def test_every_usual_type_is_known(kind: str) -> None:
    assert urls(link("/feed", kind)) == ["https://cluster.example/feed"]


@pytest.mark.parametrize("kind", ["", "text/html", "application/pdf", "application/opensearchdescription+xml"])
def test_other_types_are_no_feeds(kind: str) -> None:
    assert urls(link("/x", kind)) == []


def test_rel_is_a_list_of_words_in_any_case() -> None:
    page = link("/a", rel="HOME  Alternate") + link("/b", rel="alternates") + link("/c", "", rel="feed")
    assert urls(page) == ["https://cluster.example/a", "https://cluster.example/c"]


def test_addresses_are_relative_to_the_page_or_to_its_base() -> None:
    assert urls(link("feed.xml")) == ["https://cluster.example/nyheter/feed.xml"]
    assert urls('<base href="/blogg/">' + link("feed.xml")) == ["https://cluster.example/blogg/feed.xml"]
    assert urls('<base href="http://[">' + link("feed.xml")) == ["https://cluster.example/nyheter/feed.xml"]
    assert urls(link("//cdn.example/feed#top")) == ["https://cdn.example/feed"]


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "mailto:x@y.example", "file:///etc/passwd", "http://[", "feed:x"]
)
def test_only_web_addresses_are_given(href: str) -> None:
    assert urls(link(href)) == []


def test_a_plain_type_comes_after_a_feeds_own() -> None:
    page = link("/a", "application/json") + link("/b", "text/xml") + link("/c", "application/atom+xml")
    assert urls(page) == ["https://cluster.example/c", "https://cluster.example/a", "https://cluster.example/b"]


def test_each_address_comes_once_and_a_page_of_links_ends() -> None:
    assert urls(link("/a") * 3) == ["https://cluster.example/a"]
    assert len(urls("".join(link(f"/{number}") for number in range(500)))) == 50


def test_the_link_header_is_read_too() -> None:
    header = (
        '<https://cluster.example/wp-json/>; rel="https://api.w.org/", '
        '</feed.json>; rel="alternate"; type="application/feed+json"; title="Nytt, og mer", '
        "</rss>;rel=alternate;type=application/rss+xml,</style.css>; rel=preload"
    )
    assert candidates("", BASE, header) == (
        Candidate("https://cluster.example/feed.json", "Nytt, og mer", "application/feed+json"),
        Candidate("https://cluster.example/rss", "", "application/rss+xml"),
    )


@given(st.text() | st.binary(), st.text(), st.text())
def test_nothing_can_break_it(html: str | bytes, base: str, header: str) -> None:
    candidates(html, base, header)
    guesses(base)


def test_a_blog_in_a_folder_is_tried_before_the_root() -> None:
    assert guesses("https://cluster.example/blogg?x=1") == (
        "https://cluster.example/blogg/feed/",
        "https://cluster.example/feed/",
        "https://cluster.example/rss",
        "https://cluster.example/rss.xml",
        "https://cluster.example/atom.xml",
        "https://cluster.example/index.xml",
        "https://cluster.example/feed.xml",
        "https://cluster.example/feed.json",
    )


def test_guesses_are_about_the_folder_of_a_page() -> None:
    assert guesses("https://cluster.example/a/index.html")[0] == "https://cluster.example/a/feed/"
    assert guesses("https://cluster.example")[0] == "https://cluster.example/feed/"
    assert len(guesses("https://cluster.example/")) == 7
    assert guesses("ftp://cluster.example/") == ()
