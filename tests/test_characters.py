"""Which characters are junk, and what people and platforms count as one."""

from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.posts.characters import clean, code_points, graphemes, graphemes_of, one_line, utf8, utf16

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
EMOJI = [
    "👩\u200d👩\u200d👧",
    "🏳️\u200d🌈",
    "🇳🇴",
    "👍🏽",
    "1️⃣",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_stays_whole_and_counts_as_one(emoji: str) -> None:
    assert clean(f"før {emoji} etter") == f"før {emoji} etter"
    assert graphemes(emoji) == 1


@pytest.mark.parametrize(
    ("words", "cleaned"),
    [
        ("\x1b[31mrød\x1b[0m", "[31mrød[0m"),
        ("a\x00b\x07c\x7fd\x9be", "abcde"),
        ("\u202eteksten snus\u202c", "teksten snus"),
        ("\u2066skilt\u2069", "skilt"),
        ("null\u200bbredde\ufeff\u2060", "nullbredde"),
        ("myk\u00adbinde", "mykbinde"),
        ("fast\u00a0mellomrom\u202fog\ttabulator", "fast mellomrom og tabulator"),
        ("linje\r\nskift\u2028og\x85enda", "linje\nskift\nog\nenda"),
        ("halv\ud83dpart", "halvpart"),
        ("ord\u200dbinding i ord\u200c", "ordbinding i ord"),
        ("ikon\ue001 fra en skrift", "ikon fra en skrift"),
        ("merke\U000e0041lapp", "merkelapp"),
        ("a\u030a", "å"),
    ],
)
def test_what_nobody_typed_is_removed(words: str, cleaned: str) -> None:
    assert clean(words) == cleaned


@pytest.mark.parametrize("words", ["می\u200cرود", "क्\u200dष", "עברית \u200fעם סימון", "ไทย", "Tiếng Việt"])
def test_what_other_scripts_need_stays(words: str) -> None:
    assert clean(words) == unicodedata.normalize("NFC", words)


def test_accents_are_not_piled_up() -> None:
    assert len(clean("z" + "\u0301" * 500)) < 12


@given(ANYTHING)
def test_cleaning_leaves_nothing_that_steers_a_terminal_or_turns_the_text_around(words: str) -> None:
    cleaned = clean(words)
    assert not regex.search(r"[\p{Cs}\u202a-\u202e\u2066-\u2069]|[^\P{Cc}\n]", cleaned)
    cleaned.encode()


@given(ANYTHING)
def test_one_line_has_no_break_and_no_double_space(words: str) -> None:
    line = one_line(words)
    assert "\n" not in line
    assert "  " not in line
    assert line == line.strip()


@given(ANYTHING)
def test_the_signs_of_a_text_are_the_text(words: str) -> None:
    assert "".join(graphemes_of(words)) == words


def test_flags_are_found_one_by_one_however_many_there_are() -> None:
    assert graphemes("🇳🇴" * 50_000) == 50_000


def test_each_platform_counts_in_its_own_unit() -> None:
    assert [measure("æ👩\u200d👧") for measure in (graphemes, code_points, utf16, utf8)] == [2, 4, 6, 13]
