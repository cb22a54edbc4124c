"""Makes inputs that nobody would think of, out of the samples of feeds: the same ones for the same number, always."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.hostile.addresses import HOSTS
from tests.hostile.words import WORDS

FEEDS = Path(__file__).parent.parent / "feeds"
SAMPLES = [path.read_bytes() for path in sorted(FEEDS.iterdir()) if not path.name.endswith(".gives.json")]
LARGEST = 400_000  # Bytes of an input; what is larger is in the table of hostile documents.

TAG = re.compile(rb"<[^<>]{1,2000}>")
ELEMENT = re.compile(rb"<([A-Za-z][\w:.-]*)[^<>]*(?:/>|>.{0,3000}?</\1>)", re.DOTALL)
TEXT = re.compile(rb"(?<=>)[^<>]+(?=<)")
VALUE = re.compile(rb"(?<==)(\"[^\"<]*\"|'[^'<]*')")
JSON_VALUE = re.compile(rb"(?<=:)\s*(\"(?:[^\"\\]|\\.)*\"|[\d.]+|null|true|false|\[\]|\{\})")
ITEM = re.compile(rb"<(item|entry)\b.*?</\1>", re.DOTALL)

DATES = (
    "Fri, 20 Nov 2026 10:00:00 +0100", "Fri, 99 Foo 0000 99:99:99 XYZ", "2026-11-20T10:00:00Z", "99999-01-01", "0",
    "1e400", "-1", "20. november 2026 kl. 10", "2026-02-30T25:61:61+99:99", "\u0661\u0662", "Thu, 01 Jan 1970 00:00:00",
)  # fmt: skip
ADDRESSES = (
    "javascript:alert(1)", "http://[", "//", "http://klynge.example:99999/", "https://a.example/" + "x" * 5000,
    "mailto:a@b", "data:text/html,x", "http://a b/", "https://\u00e6\u00f8\u00e5.example/\u00f8?\u00e5", "../" * 500,
    "https://klynge.example@evil.example/", "http://xn--a--/", "?", "#", "\t\nhttps://a.example/\r", "%", "%zz%00",
    *(f"http://{host}/x" for host, _ in HOSTS.values()),
)  # fmt: skip
NUMBERS = ("1e999", "-0", "9" * 400, "NaN", "null", "true", "[]", "{}", '[[[["x"]]]]', '{"a":{"a":{}}}', '"\\ud800"')
SIGNS = (
    "\0", "\x01", "\x1b[31m", "\u202e", "\u200d", "\ud83d\ude00", "\u0301" * 30, "\ufeff", "\ufffe", "\u2028", "\x85",
    "\U0001f1f3\U0001f1f4", "\u05e9\u05dc\u05d5\u05dd", "&#0;", "&#x110000;", "&nbsp;", "&aring;", "&a;", "&", "]]>",
)  # fmt: skip
MARKUP = (
    "<![CDATA[", "]]>", "<!--", "-->", "<?xml version='1.0'?>", "<?a?>", "<!DOCTYPE rss [<!ENTITY a 'ha'>]>", "<item>",
    "</item>", "<entry>", "</entry>", "</channel>", "<title type='xhtml'>", "<content type='html'>", "<link/>",
    "<media:content url='a.png' medium='image'/>", "<media:group>", "</media:group>", "<guid isPermaLink='true'>",
    "<enclosure url='a.jpg' type='image/jpeg' length='-1'/>", "<source url='x'>", "<image><url>x</url></image>",
    "<category domain='x'>", "<dc:creator>", "<itunes:image href='x'/>", "<x:y xmlns:x='urn:z'/>", "<svg>", "<base/>",
    "<description>&lt;p>Glem ikke \u00e5 dele dette!&lt;/p></description>", "<content:encoded>", "<author><name>",
    "<div class='sharedaddy'>", "<table><td>", "<ul><li>", "<pre><code>", "<blockquote>", "<h2>", "<a href='",
    "<img srcset='a 1w, b 99999w' alt='", "<script>", "<style>", "<template>", "<iframe>", "[caption]", "[/caption]",
)  # fmt: skip
STRINGS = [text.encode("utf-8", "replace") for text in (*WORDS.values(), *DATES, *ADDRESSES, *NUMBERS, *SIGNS, *MARKUP)]
NAMES = (
    b"title link guid id item entry channel feed rss rdf:RDF content content:encoded description summary pubDate "
    b"published updated dc:date author name email dc:creator category media:content media:title itunes:author div p"
).split()
TYPES = (
    "", "text/xml", "application/rss+xml; charset=utf-8", "application/atom+xml", "application/feed+json", "text/html",
    "text/xml; charset=iso-8859-1", "text/xml; charset=utf-16", "text/plain; charset=shift_jis", "charset=utf-7",
    "\x00",
    "text/xml; charset=iso-2022-jp", "text/xml; charset=zip", "image/png", "text/xml; charset=" + "a" * 3000,
)  # fmt: skip
ENCODINGS = (
    "utf-16",
    "utf-16-be",
    "utf-32",
    "utf-8-sig",
    "latin-1",
    "cp1252",
    "shift_jis",
    "iso2022_jp",
    "utf-7",
    "koi8_r",
)

Mutation = Callable[[Random, bytes], bytes]


def made(seed: str) -> tuple[bytes, str]:
    """The input of a seed: a body and the type that a server says it has."""
    chance = Random(seed)
    body = chance.choice(SAMPLES)
    mutations = GENTLE if chance.random() < 0.7 else WILD
    for _ in range(chance.choice((1, 1, 2, 2, 3, 5, 8, 20))):
        body = chance.choice(mutations)(chance, body)[:LARGEST]
    return body, chance.choice(TYPES)


def times(piece: bytes, number: int) -> bytes:
    """The piece so often, but no oftener than an input has room for it."""
    return piece * min(number, LARGEST // (len(piece) + 1) + 1)


# --- Of any bytes ----------------------------------------------------------------------------------------------------


def flip(chance: Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 10)) if body else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncate(chance: Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)] if chance.random() < 0.7 else body[chance.randrange(len(body) + 1) :]


def repeat(chance: Random, body: bytes) -> bytes:
    start, end = _stretch(chance, body, 300)
    return body[:end] + times(body[start:end], chance.choice((1, 2, 10, 100, 1000))) + body[end:]


def remove(chance: Random, body: bytes) -> bytes:
    start, end = _stretch(chance, body, 300)
    return body[:start] + body[end:]


def insert(chance: Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + times(chance.choice(STRINGS), chance.choice((1, 1, 1, 2, 300))) + body[at:]


def noise(chance: Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.randbytes(chance.choice((1, 4, 64))) + body[at:]


def splice(chance: Random, body: bytes) -> bytes:
    other = chance.choice(SAMPLES)
    return body[: _border(chance, body)] + other[_border(chance, other) :]


def encode(chance: Random, body: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def lines(chance: Random, body: bytes) -> bytes:
    return body.replace(b"\n", chance.choice((b"\r", b"\r\n", b"\n\r", b"\xe2\x80\xa8", b"\0")))


def pack(_: Random, body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


# --- Of elements and values -------------------------------------------------------------------------------------------


def _at(pattern: re.Pattern[bytes], change: Callable[[Random, bytes], bytes]) -> Mutation:
    """Change one of the places that a pattern finds."""

    def mutation(chance: Random, body: bytes) -> bytes:
        found = _one_of(chance, pattern, body)
        return body[: found.start()] + change(chance, found[0]) + body[found.end() :] if found else body

    return mutation


def _wrapped(chance: Random, element: bytes) -> bytes:
    name, deep = chance.choice(NAMES), chance.choice((1, 2, 30, 400))
    return b"<%s>" % name * deep + element + b"</%s>" % name * deep


def _renamed(chance: Random, tag: bytes) -> bytes:
    return re.sub(rb"[A-Za-z][\w:.-]*", chance.choice(NAMES), tag, count=1)


def _quoted(chance: Random) -> bytes:
    return b'"%s"' % _escaped(chance.choice(STRINGS)).replace(b'"', b"&quot;")


def _json(chance: Random) -> bytes:
    return json.dumps(chance.choice(STRINGS).decode("utf-8", "replace")).encode()


def _escaped(words: bytes) -> bytes:
    return words.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b"]]>", b"]]&gt;")


def _harmless(chance: Random) -> bytes:
    """A string as text that leaves the document well-formed, so that it comes out as HTML or as words."""
    words = b" ".join(chance.choice(STRINGS) for _ in range(chance.choice((1, 1, 4))))
    return chance.choice((_escaped(words), b"<![CDATA[%s]]>" % words.replace(b"]]>", b"]]&gt;")))


def _worded(chance: Random, text: bytes, words: bytes) -> bytes:
    return chance.choice(
        (words, text + words, words + text, times(text, chance.choice((1, 50, 2000))), times(words, 200))
    )


def _attributed(chance: Random, tag: bytes) -> bytes:
    """The tag with more attributes; of an end tag, none."""
    head = re.match(rb"<[A-Za-z][\w:.-]*", tag)
    names = chance.sample(
        (b"xml:base", b"href", b"url", b"type", b"rel", b"a", b"medium", b"xml:lang"), chance.choice((1, 2, 4))
    )
    return (
        head[0] + b"".join(b" %s=%s" % (name, _quoted(chance)) for name in names) + tag[head.end() :] if head else tag
    )


def _many(chance: Random, item: bytes) -> bytes:
    """So many of an item, each a little different, or not at all."""
    changed, count = chance.choice((0, 1, 3)), min(chance.choice((2, 20, 1200)), LARGEST // len(item) + 1)
    if not changed:
        return times(item, count)
    return b"".join(re.sub(rb"\d+", b"%d" % number, item, count=changed) for number in range(count))


def swap(chance: Random, body: bytes) -> bytes:
    found = [_one_of(chance, ELEMENT, body) for _ in range(2)]
    one, other = sorted(filter(None, found), key=lambda match: match.start()) if all(found) else (None, None)
    if one is None or other is None or one.end() > other.start():
        return body
    return b"".join((body[: one.start()], other[0], body[one.end() : other.start()], one[0], body[other.end() :]))


# Those that leave a document well-formed, so that what is behind the parser meets strange things too.
GENTLE: tuple[Mutation, ...] = (
    swap, swap, encode, lines,
    _at(ELEMENT, _wrapped), _at(ELEMENT, lambda *_: b""), _at(ITEM, _many), _at(TAG, _attributed),
    _at(ELEMENT, lambda chance, element: times(element, chance.choice((2, 60, 2000)))),
    *[_at(VALUE, lambda chance, _: _quoted(chance))] * 4,
    *[_at(TEXT, lambda chance, text: _worded(chance, text, _harmless(chance)))] * 8,
    *[_at(JSON_VALUE, lambda chance, _: chance.choice((chance.choice(NUMBERS).encode(), _json(chance))))] * 2,
)  # fmt: skip
WILD: tuple[Mutation, ...] = (
    *GENTLE, flip, truncate, repeat, remove, insert, insert, noise, splice, splice, pack,
    _at(TAG, _renamed), _at(TAG, lambda chance, tag: tag + chance.choice(STRINGS)),
    _at(VALUE, lambda chance, _: b'"%s"' % chance.choice(STRINGS)),
    _at(TEXT, lambda chance, text: _worded(chance, text, chance.choice(STRINGS))),
)  # fmt: skip


def _stretch(chance: Random, body: bytes, longest: int) -> tuple[int, int]:
    start = chance.randrange(len(body) + 1)
    return start, min(len(body), start + chance.randrange(longest))


def _border(chance: Random, body: bytes) -> int:
    """A place between two tags if there is one, else any place."""
    found = _one_of(chance, TAG, body)
    return found.end() if found else chance.randrange(len(body) + 1)


def _one_of(chance: Random, pattern: re.Pattern[bytes], body: bytes) -> re.Match[bytes] | None:
    """The first thing that is found from some place on, or from the beginning."""
    at = chance.randrange(len(body) + 1)
    return pattern.search(body, at, at + 20_000) or pattern.search(body, 0, 20_000)
