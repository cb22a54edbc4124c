"""A feed's bytes become a document, or a problem that says what they are instead; never anything else.

The samples are in `feeds/`: each `NAME.gives.json` says what the file of the same name gives.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.feeds.fields import TITLE
from bot.feeds.measure import ITEMS, PICTURES, TAGS
from bot.feeds.parse import parse
from bot.model import FeedProblem, Item

FEEDS = Path(__file__).parent / "feeds"
EXPECTED = sorted(FEEDS.glob("*.gives.json"))
SAMPLES = sorted(path for path in FEEDS.iterdir() if not path.name.endswith(".gives.json"))


def sample_of(expected: Path) -> Path:
    stem = expected.name.removesuffix(".gives.json")
    return next(path for path in SAMPLES if path.stem == stem)


def shown(value: object) -> Any:
    """A value as a sample's file shows it: what is not given is left out."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [shown(part) for part in value]
    if is_dataclass(value):
        given_fields = (field for field in fields(value) if getattr(value, field.name) != field.default)
        always = {field.name: shown(getattr(value, field.name)) for field in fields(value) if field.default is MISSING}
        return always | {field.name: shown(getattr(value, field.name)) for field in given_fields}
    return value


def rss(*items: str, head: str = "") -> bytes:
    """A feed of those items, with the prefixes that feeds use."""
    prefixes = 'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    written = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {prefixes}><channel><title>Prøve</title>{head}{written}</channel></rss>'.encode()


def only(body: bytes, **where: str) -> Item:
    (item,) = parse(body, **where).items
    return item


def why_not(body: bytes, **where: str) -> str:
    with pytest.raises(FeedProblem) as caught:
        parse(body, **where)
    assert caught.value.remedy
    return caught.value.why


# --- The samples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name.removesuffix(".gives.json"))
def test_a_sample_gives_what_the_file_beside_it_says(expected: Path) -> None:
    said = json.loads(expected.read_text("utf-8"))
    body = sample_of(expected).read_bytes()
    where = {name: said[name] for name in ("content_type", "address") if name in said}
    if "problem" in said:
        assert why_not(body, **where) == said["problem"]
    else:
        assert shown(parse(body, **where)) == said["document"]


def test_each_sample_has_its_expectation() -> None:
    assert sorted(path.stem for path in SAMPLES) == sorted(path.name.removesuffix(".gives.json") for path in EXPECTED)


def test_a_secret_in_the_feeds_address_gets_into_no_item() -> None:
    body = rss("<title>a</title><link>nyhet</link>", "<title>b</title><link>?p=1</link>", "<link>#topp</link>")
    document = parse(body, address="https://bruker:hemmelig@a.example/x/feed?nokkel=hemmelig")
    assert [item.link for item in document.items] == [
        "https://a.example/x/nyhet",
        "https://a.example/x/feed?p=1",
        "https://a.example/x/feed#topp",
    ]
    assert "hemmelig" not in repr(document)


def test_what_a_problem_says_of_a_foreign_document_is_short_and_harmless() -> None:
    assert why_not(b"<" + b"x" * 5_000 + b"/>") == f"this is an XML document of another sort (<{'x' * 40}>), not a feed"


# --- Anything may come ---------------------------------------------------------------------------------------------


def readable(body: bytes, content_type: str = "", address: str = "") -> list[Item]:
    """The items of a body, none if it is no feed, after checking what must hold of whatever comes."""
    try:
        document = parse(body, content_type=content_type, address=address)
    except FeedProblem as caught:
        problem = caught
    else:
        return [tidy(item) for item in document.items]
    assert problem.why
    assert problem.remedy
    return []


def tidy(item: Item) -> Item:
    """The item, after checking what holds of every item."""
    assert item.link == "" or item.link.startswith(("http://", "https://"))
    assert item.guid == item.guid.strip()
    assert len(item.title) <= TITLE
    assert "\n" not in item.title
    assert all(date is None or date.utcoffset() == timedelta(0) for date in (item.published, item.updated))
    assert all(picture.url.startswith(("http://", "https://")) for picture in item.pictures)
    for text in (item.guid, item.title, item.html, item.summary, item.language, *item.authors, *item.tags):
        text.encode("utf-8")
    return item


@given(st.binary(max_size=2_000), st.text(max_size=40), st.text(max_size=40))
@example(b"\xff\xfe<\0", "", "")
@example(b"<?xml", "", "")
@example(b"<!DOCTYPE", "", "http://[")
@example(b'{"version": "https://jsonfeed.org/version/1", "items": {"id": 1}}', "", "")
@example(b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "\\ud800", "title": "\\udfff"}]}', "", "")
@example(b"[" * 100_000, "", "")
@example(b'{"a":' * 100_000, "", "")
@example(b"[" + b"9" * 10_000 + b"]", "", "")
def test_any_bytes_give_a_document_or_a_problem(body: bytes, content_type: str, address: str) -> None:
    readable(body, content_type, address)


PIECES = [
    *(
        b"<item>",
        b"</item>",
        b"<entry>",
        b"</rss>",
        b"<link/>",
        b"<guid>",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"\0",
    ),
    *(
        b"&aring;",
        b"&",
        b"&#0;",
        b"<media:content url='x'>",
        b"<content type='xhtml'>",
        b"<source>",
        b"<image>",
        b"\xe5",
    ),
    *(
        b"<title type='application/octet-stream'>",
        b"<author/>",
        b"<textInput>",
        b"<category/>",
        b"<svg>",
        b"xml:base=''",
    ),
    *(
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
        b"<?xml version='1.0'?>",
        b"<m:x xmlns:m=''/>",
        b"\xff\xfe",
        b"null",
        b"[",
        b"{",
    ),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sample in which pieces were removed, doubled, moved or put in."""
    body = draw(st.sampled_from([path.read_bytes() for path in SAMPLES if path.stat().st_size < 20_000]))
    for _ in range(draw(st.integers(1, 6))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
        piece = draw(st.sampled_from([b"", body[start:end], *PIECES]) | st.binary(max_size=4))
        end = draw(st.sampled_from([start, min(end, start + 12), end]))
        body = body[:start] + piece + body[end:]
    return body


@given(damaged())
@settings(max_examples=120)
def test_a_damaged_feed_gives_a_document_or_a_problem(body: bytes) -> None:
    readable(body, address="https://a.example/feed/")


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    """Well-formed feeds of the elements that feeds have, where no feed has them."""
    names = "title link guid id author name category content summary description enclosure source image item entry x:y "
    names += "media:content media:group media:title pubDate updated dc:creator content:encoded textInput cloud div svg"
    attributes = ["", " type='xhtml'", " type='html'", " rel='self'", " href='a'", " url='b.png'", " xml:base='../'"]
    words = st.sampled_from(["", "x", "2026-11-20", "&lt;b&gt;", "<![CDATA[<p>]]>", "æ"])

    def element(inner: str) -> str:
        name = draw(st.sampled_from(names.split()))
        return f"<{name}{draw(st.sampled_from(attributes))}>{inner}</{name}>"

    parts: list[str] = []
    for _ in range(draw(st.integers(1, 25))):
        taken = [parts.pop() for _ in range(min(len(parts), draw(st.integers(0, 3))))]
        parts.append(element(draw(words) + "".join(taken)))
    root = draw(st.sampled_from(["rss version='2.0'", "feed xmlns='http://www.w3.org/2005/Atom'", "rdf:RDF"]))
    return f"<{root}><channel>{''.join(parts)}</channel></{root.partition(' ')[0]}>".encode()


@given(trees())
@settings(max_examples=120)
def test_elements_in_the_wrong_place_give_a_document_or_a_problem(body: bytes) -> None:
    readable(body)


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), max_size=5))
def test_no_article_of_a_well_formed_feed_is_lost(guids: list[str]) -> None:
    items = (f'<guid isPermaLink="false"><![CDATA[{guid.replace("]]>", "")}]]></guid>' for guid in guids)
    assert len(parse(rss(*items)).items) == len(guids)


# --- Too much ------------------------------------------------------------------------------------------------------


def test_a_large_feed_is_read_in_portions_and_nothing_of_it_is_lost() -> None:
    items = [f"<title>Sak {n}</title><description>{n} {'ord ' * 2_000}</description>" for n in range(400)]
    document = parse(rss(*items, head="<language>nb</language>"))
    assert (document.title, document.language, len(document.items)) == ("Pr\u00f8ve", "nb", 400)
    assert [item.title for item in document.items] == [f"Sak {n}" for n in range(400)]
    assert [item.html.split()[0] for item in document.items] == [str(n) for n in range(400)]


def test_each_article_may_declare_the_namespaces_of_its_text() -> None:
    entry = (
        '<entry><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Tekst</p></div></content></entry>'
    )
    document = parse(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry * 500}</feed>'.encode())
    assert [item.html for item in document.items] == ["<p>Tekst</p>"] * 500


def test_pictures_written_into_the_text_do_not_hide_the_article() -> None:
    picture = f"&lt;img src='data:image/png;base64,{'QUJD' * 500_000}'&gt;"
    assert "Her er teksten" in only(rss(f"<description>{picture}Her er teksten</description>")).html


def test_only_the_first_items_of_a_huge_feed_are_read() -> None:
    body = rss(*(f"<title>{n}</title>" for n in range(100_000)))
    titles = [item.title for item in parse(body).items]
    assert titles == [str(n) for n in range(ITEMS)]
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": n} for n in range(ITEMS + 5)]}
    assert len(parse(json.dumps(feed).encode()).items) == ITEMS


def test_what_stands_behind_the_last_item_that_is_read_is_still_read() -> None:
    items = "".join(f"<item><title>{n}</title></item>" for n in range(ITEMS + 10))
    body = f"<rss><channel>{items}<title>Bakerst</title></channel></rss>".encode()
    assert (parse(body).title, len(parse(body).items)) == ("Bakerst", ITEMS)


def test_a_huge_title_is_clipped() -> None:
    title = only(rss(f"<title>{'lang ' * 1_000_000}</title>")).title
    assert len(title) <= TITLE
    assert title.endswith("lang…")


def test_an_item_has_no_more_tags_and_pictures_than_anybody_would_read() -> None:
    tags = "".join(f"<category>emne {n}</category>" for n in range(TAGS * 2))
    pictures = "".join(f'<media:content url="https://a.example/{n}.png"/>' for n in range(PICTURES * 2))
    item = only(rss(tags + pictures + "<title>Fortsatt her</title>"))
    assert (len(item.tags), len(item.pictures), item.title) == (TAGS, PICTURES, "Fortsatt her")
