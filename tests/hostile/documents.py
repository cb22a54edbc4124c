"""Documents that are made to fill the memory, to take for ever, or to reach for files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO

from tests.hostile.cases import Case, read

MOST = 9_100_000  # As much as an answer may have.
VERSION = '"version":"https://jsonfeed.org/version/1.1"'
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'>"
SAK = "1 items: Sak <https://klynge.example/1>"
ITEM = "<title>Sak</title><link>https://klynge.example/1</link>"
NOT_MADE = "this is not made as a feed is: "
DEEP = NOT_MADE + "its elements are nested more than 300 deep"
ATTRIBUTES = NOT_MADE + "one of its elements has more than 100 attributes"
BESIDE = NOT_MADE + "there are more than 5 MB beside its items"
BROKEN = "the feed is not well-formed XML: line 1"
CUT = "the feed breaks off at line 1"
OTHER = "this is a file of another sort (a picture, an archive or the like), not a feed"
TEXT = "this is plain text, not a feed"
PAGE = "this is a web page, not a feed"
EMPTY = "the site answers with nothing instead of the feed"

Make = Callable[[], bytes | str]


def rss(inner: str = f"<item>{ITEM}</item>", before: str = "", after: str = "") -> str:
    return f"{before}<rss version='2.0'><channel><title>Klyngen</title>{inner}</channel></rss>{after}"


def item(inner: str, more: str = "") -> str:
    return rss(f"<item>{ITEM}{inner}</item>{more}")


def atom(inner: str) -> str:
    return f"{ATOM}<entry><title>Sak</title><link href='https://klynge.example/1'/>{inner}</entry></feed>"


def jsonfeed(items: str, more: str = "") -> str:
    return f'{{{VERSION},"items":[{items}]{more}}}'


def times(piece: str, size: int = MOST) -> str:
    """The piece as often as it fits."""
    return piece * (size // len(piece.encode()))


def numbered(form: str, count: int) -> str:
    text = StringIO()
    for number in range(count):
        text.write(form.format(number))
    return text.getvalue()


def entities(*declared: str, use: str = "&a;") -> str:
    """A document type with these declarations, and a title that uses them."""
    kind = "<!DOCTYPE rss [" + "".join(f"<!ENTITY {text}>" for text in declared) + "]>"
    return rss(f"<item><title>Sak {use}</title><link>https://klynge.example/1</link></item>", before=kind)


LAUGHS = ("a0 'ha'", *(f"a{n} '{f'&a{n - 1};' * 10}'" for n in range(1, 10)))
JSON_ITEM = '{"id":"1","url":"https://klynge.example/1","title":"Sak"}'

DOCUMENTS: dict[str, tuple[Make, str]] = {
    # --- Costly, if it is read in the wrong way
    "many words of one tag": (
        lambda: item(f"<m:keywords xmlns:m='http://search.yahoo.com/mrss/'>{numbered('{0},', 50_000)}</m:keywords>"),
        SAK,
    ),
    "an endless author": (lambda: item(f"<author>{'a' * 300_000}</author>"), SAK),
    "an endless editor": (lambda: rss(f"<managingEditor>{'a' * 300_000}</managingEditor><item>{ITEM}</item>"), SAK),
    "many tags of the feed": (lambda: rss(times("<category>a</category>", 400_000) + f"<item>{ITEM}</item>"), SAK),
    "a link that climbs for ever": (
        lambda: rss(f"<item><title>Sak</title><link>https://a.example/{'a/../' * 60_000}</link></item>"),
        "1 items: Sak <>",
    ),
    "many unclosed comments": (lambda: "<rss>" + "<!--x>" * 60_000, BROKEN),
    "many unclosed comments before": (lambda: "<!--x>" * 60_000, TEXT),
    "many unclosed document types": (lambda: "<!DOCTYPE [" * 30_000, TEXT),
    "many unclosed sections": (lambda: item("&nbsp;" + "<![CDATA[" * 40_000), BROKEN),
    "many opened scripts": (
        lambda: rss(f"<item><title><![CDATA[{'<script' * 50_000}]]></title></item>"),
        "1 items: " + "<script" * 8 + "<scr <>",
    ),
    "many form fields": (lambda: "<html>" + "<input " * 50_000, PAGE),
    "nested brackets in a document type": (lambda: "<!DOCTYPE x [" + "]   " * 100_000, TEXT),
    "many declarations before": (lambda: "<!X>" * 20_000 + rss(), SAK),
    # --- Entities
    "a billion laughs": (lambda: entities(*LAUGHS, use="&a9;"), "1 items: Sak &a9; <https://klynge.example/1>"),
    "quadratic entities": (
        lambda: entities(f"a '{'a' * 50_000}'", use="&a;" * 50_000),
        "1 items: Sak " + "&a;" * 18 + "&a <https://klynge.example/1>",
    ),
    "an entity that is itself": (lambda: entities("a '&b;'", "b '&a;'"), "1 items: Sak &a; <https://klynge.example/1>"),
    "an external entity, a file": (
        lambda: entities("a SYSTEM 'file:///etc/passwd'"),
        "1 items: Sak &a; <https://klynge.example/1>",
    ),
    "an external entity, inside": (
        lambda: entities("a SYSTEM 'http://169.254.169.254/'"),
        "1 items: Sak &a; <https://klynge.example/1>",
    ),
    "a parameter entity": (
        lambda: entities("% a SYSTEM 'http://127.0.0.1/evil.dtd'> %a; <!ENTITY b 'c'"),
        "1 items: Sak &a; <https://klynge.example/1>",
    ),
    "an external document type": (lambda: rss(before="<!DOCTYPE rss SYSTEM 'http://127.0.0.1/evil.dtd'>"), SAK),
    "a public document type": (lambda: rss(before="<!DOCTYPE rss PUBLIC '-//x' 'file:///dev/random'>"), SAK),
    "a second document type": (
        lambda: rss(before="<!DOCTYPE rss [<!ENTITY a 'x'>]><!DOCTYPE rss [<!ENTITY a 'y'>]>"),
        SAK,
    ),
    "a document type within": (lambda: item("<!DOCTYPE rss [<!ENTITY a 'x'>]>"), BROKEN),
    "a document type that never ends": (lambda: "<!DOCTYPE rss [" + times("<!ENTITY a 'b'>"), TEXT),
    "a file included by XInclude": (
        lambda: item("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>"),
        SAK,
    ),
    "a style sheet to be run": (
        lambda: rss(before="<?xml-stylesheet type='text/xsl' href='http://127.0.0.1/evil.xsl'?>"),
        SAK,
    ),
    "a schema to be fetched": (
        lambda: item(
            "<x xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a http://127.0.0.1/a.xsd'/>"
        ),
        SAK,
    ),
    # --- Too many
    "too many items": (lambda: rss(times("<item/>", 2_200_000)), NOT_MADE + "it has more than 300000 elements"),
    "as many items as fit": (
        lambda: rss(times(f"<item>{ITEM}</item>", 2_000_000)),
        "1000 items: Sak <https://klynge.example/1>",
    ),
    "too many elements of an article": (
        lambda: item(times("<x/>", 2_200_000)),
        NOT_MADE + "it has more than 300000 elements",
    ),
    "too many elements of a feed": (
        lambda: rss(times("<x/>", 2_200_000)),
        NOT_MADE + "it has more than 300000 elements",
    ),
    "too many elements in XHTML": (
        lambda: atom(
            "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
            + times("<b/>", 2_200_000)
            + "</div></content>"
        ),
        NOT_MADE + "it has more than 300000 elements",
    ),
    "a great many names of elements": (
        lambda: item(numbered("<x{0}/>", 100_000)),
        NOT_MADE + "it has elements and attributes of more than 10000 names",
    ),
    "a great many enclosures": (lambda: item(times("<enclosure url='a.png'/>", 1_500_000)), SAK),
    "a great many categories": (lambda: item(times("<category>a</category>", 1_500_000)), SAK),
    "a great many links": (lambda: atom(times("<link href='http://a/'/>", 1_500_000)), SAK),
    "a great many authors": (lambda: f"{ATOM}{times('<author><name>a</name></author>', 1_500_000)}</feed>", "0 items"),
    "a great many contents": (lambda: atom(times("<content>a</content>", 1_500_000)), SAK),
    "a great many attributes": (lambda: item("<x " + numbered("a{0}='' ", 200_000) + "/>"), ATTRIBUTES),
    "a thousand attributes": (lambda: item("<x " + numbered("a{0}='' ", 1_000) + "/>"), ATTRIBUTES),
    "the same attribute twice": (lambda: item("<x a='' a=''/>"), BROKEN),
    "a great many namespaces": (
        lambda: "<rss " + numbered("xmlns:p{0}='u{0}' ", 100_000) + "><channel/></rss>",
        ATTRIBUTES,
    ),
    "a thousand namespaces": (
        lambda: item("".join(f"<x xmlns:p{n}='u{n}'/>" for n in range(1_000))),
        NOT_MADE + "it declares more than 100 namespaces",
    ),
    "a great many prefixes": (lambda: item(numbered("<p{0}:x/>", 200_000)), BROKEN),
    "a great many comments": (lambda: rss(times("<!---->")), BESIDE),
    "a great many instructions": (lambda: rss(times("<?a?>")), BESIDE),
    "a great many ampersands": (lambda: item(f"<description>{times('&')}</description>"), BROKEN),
    "a great many entities of HTML": (lambda: item(f"<description>{times('&aring;')}</description>"), BROKEN),
    "a great many characters by number": (lambda: item(f"<description>{times('&#229;')}</description>"), SAK),
    "a great many signs of less": (lambda: times("<"), TEXT),
    # --- Too deep
    "nested a million deep": (lambda: times("<a>", 2_000_000), DEEP),
    "a feed nested a million deep": (lambda: item(times("<x>")), DEEP),
    "XHTML nested a million deep": (
        lambda: atom("<content type='xhtml'>" + times("<div>", MOST // 2) + times("</div>", MOST // 2) + "</content>"),
        DEEP,
    ),
    "HTML nested a million deep": (lambda: item(f"<description><![CDATA[{times('<b>')}]]></description>"), SAK),
    "feeds within feeds": (lambda: "<rss><channel>" * 140 + f"<item>{ITEM}</item>" + "</channel></rss>" * 140, SAK),
    "items within items": (lambda: rss("<item>" * 100 + ITEM + "</item>" * 100), "100 items:  <>"),
    # --- Too long
    "a title of 10 MB": (lambda: item(f"<title>{times('lang ')}</title>"), SAK),
    "a title of 10 MB with an emoji": (
        lambda: rss(f"<item><title>EMOJI {times('lang ')}</title></item>"),
        "1 items: \U0001f600 " + "lang " * 11 + "lan <>",
    ),
    "a title of 10 MB without a space": (
        lambda: rss(f"<item><title>{times('a')}</title><link>https://klynge.example/1</link></item>"),
        "1 items:  <https://klynge.example/1>",
    ),
    "a link of 10 MB": (
        lambda: rss(f"<item><title>Sak</title><link>https://klynge.example/{times('a')}</link></item>"),
        "1 items: Sak <>",
    ),
    "a guid of 10 MB": (lambda: item(f"<guid>{times('a')}</guid>"), SAK),
    "a date of 10 MB": (lambda: item(f"<pubDate>{times('1 ')}</pubDate>"), SAK),
    "an attribute of 10 MB": (lambda: item(f"<enclosure url='{times('a')}'/>"), SAK),
    "a name of 10 MB": (lambda: f"<{times('a')}/>", NOT_MADE + "one of its elements has a name of more than 10 kB"),
    "a comment of 10 MB within an article": (lambda: item(f"<!--{times('a')}-->"), "0 items"),
    "a comment of 10 MB": (lambda: rss(before=f"<!--{times('a')}-->"), SAK),
    "an article of 10 MB with emoji": (lambda: item(f"<description>EMOJI{times('&lt;b&gt;x ')}</description>"), SAK),
    "a picture of 8 MB written into the text": (
        lambda: item(f'<description>&lt;img src="data:image/png;base64,{"A" * 8_000_000}"></description>'),
        SAK,
    ),
    "10 MB of blank lines before": (lambda: times("\n", 9_000_000) + rss(), SAK),
    "10 MB of nothing": (lambda: times(" "), EMPTY),
}


def cases() -> Iterator[Case]:
    yield from cases_of(DOCUMENTS)


def cases_of(documents: dict[str, tuple[Make, str]]) -> Iterator[Case]:
    for name, (make, expected) in documents.items():
        yield Case(f"document: {name}", lambda make=make: _read(make), expected)  # type: ignore[misc]


async def _read(make: Make) -> str:
    return await read(_encoded(make()))


def _encoded(made: bytes | str) -> bytes:
    """The bytes; as text they would take four times as much memory with an emoji, which is not the program's doing."""
    return made if isinstance(made, bytes) else made.encode().replace(b"EMOJI", "\U0001f600".encode())
