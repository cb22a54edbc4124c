"""From the bytes of a document to text that is XML: its characters, its beginning, and the slips that are safe to mend.

The order in which the characters' encoding is believed: a byte order mark; UTF-8, if the bytes are UTF-8 (which no
other encoding is by accident); the Content-Type; the document's own word; windows-1252.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.entities import html5

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

HEAD = 100_000  # Characters in which the beginning of the XML is looked for, behind what a broken plugin printed.
NOT_FOR_TEXT = {"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
MODAL = ("iso2022", "hz")  # Encodings in which other letters are written with the bytes of ASCII.

OPENING = re.compile(r"<\?xml\b|<(?:[A-Za-z][\w.-]*:)?(?:rss|feed|RDF)\b")
DECLARATION = re.compile(r"(?is)<!DOCTYPE\b[^<>\[]*(?:\[.*?\]\s*)?>|<!--.*?-->|<\?.*?\?>|<!(?!--|DOCTYPE)[^>]*>")
PRINTED = re.compile(r"<(?:br|b|p|div|pre|font|table|span)\b", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z_][\w.-]*")
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
KEPT_OR_ENTITY = re.compile(
    r"(?s)<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?:#(\d{1,9});|#[xX]([0-9A-Fa-f]{1,8});|([A-Za-z]\w{0,31});)?"
)
OWN = ("amp", "lt", "gt", "quot", "apos")
PREFIX = re.compile(r"[<\s/]([A-Za-z_][\w.-]{0,30}):[A-Za-z_]")
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


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a body, whatever is said about its encoding. Never fails: what fits nothing is windows-1252."""
    marked, mark = read_bom(body)
    if marked and mark:
        return body[len(mark) :].decode(marked, "replace")
    wide = _without_mark(body)
    if wide:
        return body.decode(wide, "replace")
    return _decode_narrow(body, (http_content_type_encoding(content_type), html_body_declared_encoding(body)))


def _without_mark(body: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark shows by the zeros around the first `<`."""
    shapes = {b"<\0\0\0": "utf-32-le", b"\0\0\0<": "utf-32-be"}
    return shapes.get(body[:4]) or {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(body[:2], "")


def _decode_narrow(body: bytes, said: tuple[str | None, ...]) -> str:
    labels = [label for label in said if label and label not in NOT_FOR_TEXT]
    modal = [label for label in labels if re.sub(r"[-_]", "", label).startswith(MODAL)]
    read = _first_that_fits(body, (*modal, "utf-8"))
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


def from_root(text: str) -> str | None:
    """The document from its outermost element on, after as many line feeds as stood before; None when there is none.

    What stands before is not needed, and some of it is harm: white space, warnings that a plugin printed, a document
    type whose entities swell or point at files, an encoding that is no longer true.
    """
    at = _opening(text)
    while 0 <= at < HEAD and text.startswith(("<?", "<!"), at):
        declaration = DECLARATION.match(text, at)
        at = text.find("<", declaration.end()) if declaration else -1
    return "\n" * text.count("\n", 0, at) + text[at:] if at >= 0 and NAME.match(text, at + 1) else None


def _opening(text: str) -> int:
    """Where the XML begins: at once, or behind a warning that the site printed before it."""
    first = len(text) - len(text.lstrip("\ufeff\0 \t\r\n"))
    if text.startswith("<", first) and not PRINTED.match(text, first):
        return first
    opening = OPENING.search(text, 0, HEAD)
    return opening.start() if opening else -1


# --- The slips -----------------------------------------------------------------------------------------------------


def mend(text: str) -> str:
    """A document with the slips mended that leave no doubt about what was meant.

    Forbidden control characters go; entities of HTML become their characters; an ampersand that is none stays one;
    prefixes that are used and never declared are declared.
    """
    readable = KEPT_OR_ENTITY.sub(_entity, FORBIDDEN.sub("", text))
    declared = set(re.findall(r"\bxmlns:([\w.-]{1,31})\s*=", readable))
    used = dict.fromkeys(PREFIX.findall(readable))
    lacking = [prefix for prefix in used if prefix.isascii() and prefix not in declared | {"xml", "xmlns"}][:50]
    bound = "".join(f' xmlns:{prefix}="{KNOWN_PREFIXES.get(prefix, "urn:undeclared:" + prefix)}"' for prefix in lacking)
    start = readable.find("<") + 1
    name = re.compile(r"[^\s/>]+").match(readable, start)
    return f"{readable[: name.end()]}{bound}{readable[name.end() :]}" if name else readable


def _entity(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if not found[0].startswith("&"):
        return found[0]
    if decimal or hexadecimal:
        return found[0] if _may_be_written(int(decimal) if decimal else int(hexadecimal, 16)) else ""
    if name in OWN:
        return found[0]
    letters = html5.get(f"{name};", "") if name else ""
    return letters.replace("&", "&amp;").replace("<", "&lt;") or "&amp;" + found[0][1:]


def _may_be_written(code: int) -> bool:
    """Whether XML lets a character of this number be."""
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
