"""Documents that are made to fill the memory, to take for ever, to reach for files, or that are no feeds at all."""

from __future__ import annotations

import gzip
import json
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
    # --- JSON
    "JSON nested a million deep": (
        lambda: jsonfeed("[" * 400_000),
        "the feed is written in a way that Delebot cannot read",
    ),
    "JSON of nothing but brackets": (lambda: times("["), TEXT),
    "JSON of a million objects": (
        lambda: jsonfeed(times("{},", 4_100_000) + "{}"),
        NOT_MADE + "it is JSON with more values than any feed has",
    ),
    "JSON of 10 MB": (lambda: jsonfeed('{"title":"' + times("a") + '"}'), NOT_MADE + "it is JSON of more than 5 MB"),
    "JSON with a number of a million digits": (
        lambda: jsonfeed('{"id":' + "9" * 1_000_000 + "}"),
        "the feed is written in a way that Delebot cannot read",
    ),
    "JSON with a number beyond all": (
        lambda: jsonfeed('{"id":1e999999,"url":"https://klynge.example/1","title":"Sak"}'),
        SAK,
    ),
    "JSON with what is no number": (lambda: jsonfeed('{"id":NaN,"url":"https://klynge.example/1","title":"Sak"}'), SAK),
    "JSON with the same key twice": (
        lambda: jsonfeed('{"id":"1","title":"Annen","title":"Sak","url":"https://klynge.example/1"}'),
        SAK,
    ),
    "JSON of the wrong sorts": (
        lambda: jsonfeed('{"id":[],"url":{},"title":7,"tags":{"a":1},"authors":"x","image":[]},null,7,"x"'),
        "1 items:  <>",
    ),
    "JSON with half of a pair": (
        lambda: jsonfeed('{"id":"\\ud800","title":"Sak\\udfff","url":"https://klynge.example/1"}'),
        SAK,
    ),
    "JSON with zeros": (lambda: jsonfeed(JSON_ITEM.replace("Sak", "S\\u0000ak")), SAK),
    "JSON that breaks off": (lambda: jsonfeed(JSON_ITEM)[:-9], "the JSON breaks off at line 1"),
    "JSON in UTF-16": (lambda: jsonfeed(JSON_ITEM).encode("utf-16"), SAK),
    # --- Characters
    "zeros within": (lambda: rss().replace("Sak", "S\0ak"), SAK),
    "control characters": (
        lambda: rss().replace("Sak", "S\x01\x1b[2J\x08ak"),
        "1 items: S[2Jak <https://klynge.example/1>",
    ),
    "UTF-16 with a mark": (lambda: rss().encode("utf-16"), SAK),
    "UTF-16 without a mark": (lambda: rss().encode("utf-16-be"), SAK),
    "UTF-32": (lambda: rss().encode("utf-32"), SAK),
    "UTF-7, which hides tags": (
        lambda: rss(before="<?xml version='1.0' encoding='utf-7'?>").replace("Sak", "+ADw-b+AD4-Sak"),
        "1 items: +ADw-b+AD4-Sak <https://klynge.example/1>",
    ),
    "UTF-8 in too many bytes": (
        lambda: rss().encode().replace(b"Sak", b"\xc0\xbcb\xc0\xbeSak"),
        "1 items: À¼bÀ¾Sak <https://klynge.example/1>",
    ),
    "halves of pairs in UTF-8": (
        lambda: rss().encode().replace(b"Sak", b"Sak\xed\xa0\x80"),
        "1 items: Sakí € <https://klynge.example/1>",
    ),
    "an encoding that runs code": (lambda: rss(before="<?xml version='1.0' encoding='unicode-escape'?>"), SAK),
    "an encoding that nobody knows": (lambda: rss(before="<?xml version='1.0' encoding='x-evil'?>"), SAK),
    "an encoding that is a path": (lambda: rss(before="<?xml version='1.0' encoding='../../etc/passwd'?>"), SAK),
    "ends of lines of all sorts": (
        lambda: rss().replace("><", ">\r\n\r\u0085\u2028<"),
        "1 items: Sak <https://klynge.example/1>",
    ),
    "two marks of byte order": (lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + rss().encode(), SAK),
    "bytes that are no text": (lambda: bytes(range(256)) * 1000, TEXT),
    "a quoted end of CDATA": (
        lambda: rss("<item><title><![CDATA[Sak]]]]><![CDATA[>]]></title><link>https://klynge.example/1</link></item>"),
        "1 items: Sak]]> <https://klynge.example/1>",
    ),
    # --- Words that are meant to hurt
    "a script in a title": (lambda: rss().replace("Sak", "&lt;script>alert(1)&lt;/script>Sak"), SAK),
    "a title of two storeys of entities": (lambda: rss().replace("Sak", "&amp;lt;b&amp;gt;Sak"), SAK),
    "a script as a link": (lambda: rss().replace("https://klynge.example/1", "javascript:alert(1)"), "1 items: Sak <>"),
    "data as a link": (lambda: rss().replace("https://klynge.example/1", "data:text/html,x"), "1 items: Sak <>"),
    "a file as a link": (lambda: rss().replace("https://klynge.example/1", "file:///etc/passwd"), "1 items: Sak <>"),
    "a link with another name before an @": (
        lambda: rss().replace("klynge.example", "klynge.example@evil.example"),
        "1 items: Sak <https://evil.example/1>",
    ),
    "a link with line breaks": (lambda: rss().replace("klynge.example", "klynge\r\n.exa\tmple"), SAK),
    "a link with a quotation mark": (
        lambda: rss().replace("example/1", 'example/1"><img src=x>'[:11]),
        "1 items: Sak <https://klynge.example/1%22%3E>",
    ),
    "a date in the year 99999": (lambda: item("<pubDate>99999-01-01T00:00:00Z</pubDate>"), SAK),
    "a date in the year 0": (lambda: item("<pubDate>0000-00-00T00:00:00Z</pubDate>"), SAK),
    "a date in a zone far away": (lambda: item("<pubDate>Fri, 20 Nov 2026 10:00:00 +9999</pubDate>"), SAK),
    "an address as base that is none": (lambda: atom("<content xml:base='http://[' type='html'>x</content>"), SAK),
    # --- No feeds
    "nothing": (lambda: b"", EMPTY),
    "a mark of byte order and nothing": (lambda: b"\xef\xbb\xbf\r\n", EMPTY),
    "a PDF": (lambda: b"%PDF-1.7\n" + bytes(1000), OTHER),
    "a PNG": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000), OTHER),
    "a JPEG": (lambda: b"\xff\xd8\xff\xe0" + bytes(1000), OTHER),
    "an archive": (lambda: b"PK\x03\x04" + bytes(1000), OTHER),
    "gzip that is not told": (lambda: gzip.compress(rss().encode(), mtime=0), OTHER),
    "a picture in SVG": (
        lambda: "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "this is a picture (SVG), not a feed",
    ),
    "a page of HTML": (lambda: "<!doctype html><html><body>Hei</body></html>", PAGE),
    "a page of 10 MB": (lambda: "<html>" + times("<a>"), PAGE),
    "a page of a million attributes": (lambda: "<html><p " + times("a "), PAGE),
    "a form to log in": (
        lambda: "<html><form><input type=password></form></html>",
        "the site answers with a login form, not with the feed",
    ),
    "a wall against bots": (
        lambda: "<html><title>Just a moment...</title></html>",
        "the site answers with a page that keeps bots out, not with the feed",
    ),
    "a question for consent": (
        lambda: "<html><title>Samtykke</title></html>",
        "the site answers with a page that asks for consent, not with the feed",
    ),
    "an error of PHP": (
        lambda: "Fatal error: Uncaught Error in /var/www/x.php on line 3",
        "the site answers with an error of its own (PHP) instead of the feed",
    ),
    "an error in JSON": (
        lambda: json.dumps({"error": "\x1b[31m" + "x" * 5000}),
        "the site answers with an error message (JSON) instead of the feed",
    ),
    "a list of feeds": (lambda: "<opml version='2.0'><body/></opml>", "this is a list of feeds (OPML), not a feed"),
    "a map of the site": (
        lambda: "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>",
        "this is a sitemap, not a feed",
    ),
    "a message of SOAP": (
        lambda: "<s:Envelope xmlns:s='a'><s:Body/></s:Envelope>",
        "this is a SOAP message, not a feed",
    ),
    "words of 10 MB": (lambda: times("Warning: "), TEXT),
    # --- Broken
    "a feed that breaks off": (lambda: rss()[:-20], CUT),
    "a feed that breaks off in a letter": (lambda: rss("<item><title>æ").encode()[:-40], CUT),
    "two feeds, one after the other": (lambda: rss() * 2, SAK),
    "a page behind the feed": (lambda: rss(after="<html><script>alert(1)</script></html>"), SAK),
    "warnings before the feed": (lambda: rss(before="<br />\n<b>Warning</b>: x on line 3<br />\n"), SAK),
    "tags that cross": (lambda: rss("<item><a><b></a></b></item>"), BROKEN),
}


def cases() -> Iterator[Case]:
    for name, (make, expected) in DOCUMENTS.items():
        yield Case(f"document: {name}", lambda make=make: _read(make), expected)  # type: ignore[misc]


async def _read(make: Make) -> str:
    return await read(_encoded(make()))


def _encoded(made: bytes | str) -> bytes:
    """The bytes; as text they would take four times as much memory with an emoji, which is not the program's doing."""
    return made if isinstance(made, bytes) else made.encode().replace(b"EMOJI", "\U0001f600".encode())
