"""The characters of a text: what is junk, what a person sees as one sign, and how platforms count."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

MOST_MARKS = 8  # No script stacks more accents on a letter; text that does is meant to cover its neighbours.

BREAKS = regex.compile(r"\r\n?|[\x85\u2028\u2029]")
SPACES = regex.compile(r"[\p{Zs}\t\x0b\x0c]")
JOINERS = r"\u200c\u200d"
MARKS_OF_DIRECTION = r"\u200e\u200f\u061c"
TAGS = r"\U000E0020-\U000E007F"
PREPENDED = r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110BD\U000110CD"
JUNK = regex.compile(
    rf"[[\p{{Cc}}\p{{Cs}}\p{{Co}}\p{{Cf}}\p{{Noncharacter_Code_Point}}\ufffc\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]"
    rf"--[\n{JOINERS}{MARKS_OF_DIRECTION}{PREPENDED}{TAGS}]]",
    regex.V1,
)
# A joiner has a meaning between two pictures (a family of one) and between letters of scripts that join.
STRAY_JOINER = regex.compile(
    r"(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u20e3])\u200d(?=\p{Extended_Pictographic})"
    r"|\u200d(?![\p{Extended_Pictographic}\p{L}])"
    r"|(?<![[\p{L}\p{M}]--[\p{Latin}\p{Greek}\p{Cyrillic}\p{Common}\p{Inherited}]])\u200d(?=\p{L})"
    r"|(?<![[\p{L}\p{M}]--[\p{Latin}\p{Greek}\p{Cyrillic}]])\u200c|\u200c(?!\p{L})",
    regex.V1,
)
STRAY_TAG = regex.compile(rf"(\U0001F3F4[\U000E0030-\U000E0039\U000E0061-\U000E007A]{{1,8}}\U000E007F)|[{TAGS}]")
TOO_MANY_MARKS = regex.compile(rf"(\p{{M}}{{{MOST_MARKS}}})\p{{M}}+")

# Runs of flags are cut into short pieces first: finding where a flag begins means counting back to the first one.
PIECES = regex.compile(r"(?:\p{RI}\p{RI}[\p{M}\u200d]*){1,20}|[^\p{RI}]+|\p{RI}")
GRAPHEME = regex.compile(r"\X")


def clean(words: str) -> str:
    """The text without what a person would not have typed: control characters, invisible and reordering signs.

    Every kind of space becomes a plain one and every line break `\\n`; what makes up an emoji is kept.
    """
    if words.isascii() and words.isprintable():
        return words
    words = SPACES.sub(" ", BREAKS.sub("\n", words))
    words = JUNK.sub("", words)
    words = STRAY_TAG.sub(r"\1", STRAY_JOINER.sub("", words))
    return unicodedata.normalize("NFC", TOO_MANY_MARKS.sub(r"\1", words))


def one_line(words: str) -> str:
    """The same on one line, with single spaces."""
    return " ".join(clean(words).split())


def graphemes_of(words: str) -> Iterator[str]:
    """What a person sees as single signs, in order; time is linear in the length of any text."""
    for piece in PIECES.findall(words):
        yield from GRAPHEME.findall(piece)


def graphemes(words: str) -> int:
    """The length in signs as a person counts them (Bluesky, Mastodon)."""
    return sum(1 for _ in graphemes_of(words))


def code_points(words: str) -> int:
    """The length in Unicode code points (Discord, Telegram)."""
    return len(words)


def utf16(words: str) -> int:
    """The length in UTF-16 units (JavaScript: Slack, Rocket.Chat)."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


def utf8(words: str) -> int:
    """The length in bytes of UTF-8 (Teams, Matrix, ntfy)."""
    return len(words.encode("utf-8", "surrogatepass"))
