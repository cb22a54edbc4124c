"""From the bytes of a document to XML in UTF-8: its characters, its beginning, and the slips that are safe to mend.

The order in which the characters' encoding is believed: a byte order mark; UTF-8, if the bytes are UTF-8 (which no
other encoding is by accident); the Content-Type; the document's own word; windows-1252. From then on a document stays
bytes, for as text it takes four times as much memory when a single emoji is in it.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable
from html.entities import html5

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

HEAD = 100_000  # Bytes in which the beginning of the XML is looked for, behind what a broken plugin printed.
PIECE = 262_144
PREFIXES = 1_000  # Prefixes that are looked at when some are declared that were forgotten.
NOT_FOR_TEXT = {"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
MODAL = ("iso2022", "hz")  # Encodings in which other letters are written with the bytes of ASCII.

BLANKS = b"\0 \t\r\n\f\v\xef\xbb\xbf"  # White space, and the bytes of byte order marks.
# A picture that is written into the text itself: never shown, and large enough to hide the article behind it.
EMBEDDED = re.compile(rb"data:[a-z]{1,20}/[^\"'\s<>\\]{500,}+")
OPENING = re.compile(rb"<\?xml\b|<(?:[A-Za-z][\w.-]*:)?(?:rss|feed|RDF)\b")
DECLARATION = re.compile(rb"(?is)<!DOCTYPE\b[^<>\[]*(?:\[.*?\]\s*)?>|<!--.*?-->|<\?.*?\?>|<!(?!--|DOCTYPE)[^>]*>")
PRINTED = re.compile(rb"<(?:br|b|p|div|pre|font|table|span)\b", re.IGNORECASE)
NAME = re.compile(rb"[A-Za-z_][\w.-]*")
FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
KEPT_OR_ENTITY = re.compile(
    rb"(?s)<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?!(?:amp|lt|gt|quot|apos);)(?:#(\d{1,9});|#[xX]([0-9A-Fa-f]{1,8});|([A-Za-z]\w{0,31});)?"
)
SLIPS = 50_000  # Slips that are mended; a document with more is not one with slips.
DECLARED = re.compile(rb"\bxmlns:([\w.-]{1,31})\s*=")
PREFIX = re.compile(rb"[<\s/]([A-Za-z_][\w.-]{0,30}):[A-Za-z_]")
KNOWN_PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}


# --- Characters ----------------------------------------------------------------------------------------------------


def in_utf8(body: bytes, content_type: str = "") -> bytes:
    """A body in UTF-8, whatever it says of its encoding, without white space around it and pictures written into it."""
    is_utf8 = not _is_other(body, content_type) and _fits_utf8(body)
    text = body if is_utf8 else decode(body, content_type).encode("utf-8", "replace")
    text = text.rstrip(BLANKS)
    return EMBEDDED.sub(b"", text) if b"data:" in text else text


def _is_other(body: bytes, content_type: str) -> bool:
    """Whether a body shows, or is told, to be in an encoding that could be taken for UTF-8."""
    return read_bom(body)[0] not in (None, "utf-8") or bool(_without_mark(body) or _modal(_labels(body, content_type)))


def _fits_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8, found out piece by piece."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), PIECE):
            decoder.decode(body[start : start + PIECE])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def beginning(text: bytes, most: int) -> str:
    """The first characters of a text, as words to judge it by."""
    return text[: most * 4].decode("utf-8", "ignore")[:most]


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a body, whatever is said about its encoding. Never fails: what fits nothing is windows-1252."""
    marked, mark = read_bom(body)
    if marked and mark:
        return body[len(mark) :].decode(marked, "replace")
    wide = _without_mark(body)
    if wide:
        return body.decode(wide, "replace")
    return _decode_narrow(body, _labels(body, content_type))


def _labels(body: bytes, content_type: str) -> list[str]:
    """The encodings that a body is said to be in, the likeliest first."""
    said = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
    return [label for label in said if label and label not in NOT_FOR_TEXT]


def _modal(labels: list[str]) -> list[str]:
    return [label for label in labels if re.sub(r"[-_]", "", label).startswith(MODAL)]


def _without_mark(body: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark shows by the zeros around the first `<`."""
    shapes = {b"<\0\0\0": "utf-32-le", b"\0\0\0<": "utf-32-be"}
    return shapes.get(body[:4]) or {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(body[:2], "")


def _decode_narrow(body: bytes, labels: list[str]) -> str:
    read = _first_that_fits(body, (*_modal(labels), "utf-8"))
    if read is not None:
        return read
    # One letter that was cut in two must not spoil the others: text that is mostly UTF-8 is UTF-8.
    text = body.decode("utf-8", "replace")
    if len(body) - len(text) > text.count("\ufffd") * 2:
        return body.decode("utf-8", "ignore")
    read = _first_that_fits(body, labels)
    return body.decode("cp1252", "replace") if read is None else read


def _first_that_fits(body: bytes, labels: Iterable[str]) -> str | None:
    for label in labels:
        try:
            return body.decode(label)
        except (UnicodeError, LookupError):
            continue
    return None


# --- The beginning -------------------------------------------------------------------------------------------------


def from_root(text: bytes) -> bytes | None:
    """The document from its outermost element on, after as many line feeds as stood before; None when there is none.

    What stands before is not needed, and some of it is harm: white space, warnings that a plugin printed, a document
    type whose entities swell or point at files, an encoding that is no longer true.
    """
    at = _opening(text)
    while 0 <= at < HEAD and text.startswith((b"<?", b"<!"), at):
        declaration = DECLARATION.match(text, at)
        at = text.find(b"<", declaration.end()) if declaration else -1
    if at < 0 or not NAME.match(text, at + 1):
        return None
    return b"\n" * text.count(b"\n", 0, at) + text[at:] if at else text


def _opening(text: bytes) -> int:
    """Where the XML begins: at once, or behind a warning that the site printed before it."""
    first = len(text) - len(text.lstrip(BLANKS))
    if text.startswith(b"<", first) and not PRINTED.match(text, first):
        return first
    opening = OPENING.search(text, 0, HEAD)
    return opening.start() if opening else -1


# --- The slips -----------------------------------------------------------------------------------------------------


def mend(text: bytes) -> bytes:
    """A document with the slips mended that leave no doubt about what was meant.

    Forbidden control characters go; entities of HTML become their characters; an ampersand that is none stays one;
    prefixes that are used and never declared are declared.
    """
    readable = KEPT_OR_ENTITY.sub(_entity, FORBIDDEN.sub(b"", text, SLIPS), SLIPS)
    declared = {b"xml", b"xmlns", *_first_names(DECLARED, readable)}
    lacking = [prefix.decode() for prefix in _first_names(PREFIX, readable) if prefix not in declared][:50]
    bound = "".join(f' xmlns:{prefix}="{KNOWN_PREFIXES.get(prefix, "urn:undeclared:" + prefix)}"' for prefix in lacking)
    start = readable.find(b"<") + 1
    name = re.compile(rb"[^\s/>]+").match(readable, start)
    return readable[: name.end()] + bound.encode() + readable[name.end() :] if name else readable


def _first_names(pattern: re.Pattern[bytes], text: bytes) -> dict[bytes, None]:
    """The names that a pattern finds, in their order, and no more than anybody would use."""
    found: dict[bytes, None] = {}
    for match in pattern.finditer(text):
        found.setdefault(match[1])
        if len(found) >= PREFIXES:
            break
    return found


def _entity(found: re.Match[bytes]) -> bytes:
    decimal, hexadecimal, name = found.groups()
    if not found[0].startswith(b"&"):
        return found[0]
    if decimal or hexadecimal:
        return found[0] if _may_be_written(int(decimal) if decimal else int(hexadecimal, 16)) else b""
    letters = html5.get(f"{name.decode()};", "") if name else ""
    return letters.replace("&", "&amp;").replace("<", "&lt;").encode() or b"&amp;" + found[0][1:]


def _may_be_written(code: int) -> bool:
    """Whether XML lets a character of this number be."""
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
