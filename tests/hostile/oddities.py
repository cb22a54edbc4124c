"""Documents that are written strangely, say strange things, are broken, or are no feeds at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

from tests.hostile.cases import Case
from tests.hostile.documents import (
    BROKEN,
    CUT,
    EMPTY,
    JSON_ITEM,
    NOT_MADE,
    OTHER,
    PAGE,
    SAK,
    TEXT,
    Make,
    atom,
    cases_of,
    item,
    jsonfeed,
    rss,
    times,
)

DOCUMENTS: dict[str, tuple[Make, str]] = {
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
    yield from cases_of(DOCUMENTS)
