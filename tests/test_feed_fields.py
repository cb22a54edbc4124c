"""What one field of a feed says, whatever the format: titles, addresses, pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feeds import fields
from bot.model import Picture


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("AT&T", "AT&T"),
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("&amp;amp;amp;", "&amp;"),
        ("&#8217; &#x2019; &rsquo;", "’ ’ ’"),
        ("&amp;#8217;", "’"),
        ("<5 min", "<5 min"),
        ("a < b > c", "a < b > c"),
        ("&lt;5 min", "<5 min"),
        ("&lt;b&gt;fet&lt;/b&gt;", "fet"),
        ("<p>En</p><p>To</p>", "En To"),
        ("H<sub>2</sub>O", "H2O"),
        ("før<!-- hemmelig -->etter", "føretter"),
        ("<style>p{}</style>Tekst", "Tekst"),
        ("<img src='x' alt='y'>Tekst", "Tekst"),
        ("vector<int> og <ukjent>", "vector<int> og <ukjent>"),
        ("a\u00a0b\u2003c\r\n\td", "a b c d"),
        ("a\x00b\x1fc\x7fd\ufeff", "abcd"),
        ("👩‍👩‍👧 og e\u0301", "👩‍👩‍👧 og e\u0301"),
        ("&#0;&#xD800;&#1114112;", "\ufffd\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_a_title_is_read_as_plain_words(written: str, read: str) -> None:
    assert fields.plain(written) == read


@given(st.text())
def test_any_title_becomes_one_line_of_readable_characters(written: str) -> None:
    for markup in (True, False):
        line = fields.plain(written, markup=markup)
        assert line == " ".join(line.split())
        assert not fields.UNREADABLE.search(line)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        "data:text/html,x",
        "mailto:a@b.no",
        "ftp://a.example/",
        "http://",
        "x" * 5_000,
    ],
)
def test_what_is_no_web_address_is_no_link(written: str) -> None:
    assert fields.absolute(written) == ""


def test_a_relative_address_needs_a_base_that_is_one() -> None:
    assert fields.absolute("a", "", "javascript:x", "https://a.example/b/c") == "https://a.example/b/a"
    assert fields.absolute("a", "b/c") == ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_a_safe_address_or_none(written: str, base: str) -> None:
    address = fields.absolute(written, base, "https://a.example/b/")
    assert address == "" or address.startswith(("http://", "https://"))
    assert not any(letter in address for letter in ' <>"\n\t\\') or not address


def test_a_picture_that_is_named_twice_is_one() -> None:
    twice = [Picture("https://a.example/a.png", alt="Ku"), Picture("/a.png", width=900)]
    assert fields.best_first(twice, "https://a.example/") == (Picture("https://a.example/a.png", "Ku", "", 900),)
