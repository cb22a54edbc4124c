"""Categories become hashtags as a person would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.values import tags
from bot.config.wrong import Wrong
from bot.posts.hashtags import ALL, LONGEST, hashtag, hashtags


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("Kunstig intelligens", "KunstigIntelligens"),
        ("grønn omstilling", "GrønnOmstilling"),
        ("nyheter", "nyheter"),
        ("NTNU", "NTNU"),
        ("iPhone og havbruk", "iPhoneOgHavbruk"),
        ("3D-print", "3DPrint"),
        ("Forskning & utvikling", "ForskningUtvikling"),
        ("McDonald\u2019s", "McDonalds"),
        ("#robot", "robot"),
        ("2026", ""),
        ("Uncategorized", ""),
        ("Ukategorisert", ""),
        ("   ", ""),
        ("\U0001f680", ""),
        ("en " * 40, ""),
    ],
)
def test_a_category_is_one_word(category: str, expected: str) -> None:
    assert hashtag(category) == expected


@given(st.text(max_size=80))
def test_a_hashtag_has_letters_and_digits_only(category: str) -> None:
    made = hashtag(category)
    assert all(sign.isalnum() for sign in made) and len(made) <= LONGEST and not made.isdigit()


CATEGORIES = ("Kunstig intelligens", "Robotikk", "robotikk", "Uncategorized", "Havbruk")


@pytest.mark.parametrize(
    ("text", "usual", "expected"),
    [
        (None, 3, ("KunstigIntelligens", "Robotikk", "Havbruk")),
        (None, 1, ("KunstigIntelligens",)),
        (None, 0, ()),
        ("no", 3, ()),
        ("off", 3, ()),
        ("yes", 0, ("KunstigIntelligens", "Robotikk", "Havbruk")),
        ("på=x, havbruk", 0, ("havbruk",)),
        ("kunstig  intelligens = KI, Robotikk=#Roboter", 3, ("KI", "Roboter")),
        ("Uncategorized=Nyheter", 0, ("Nyheter",)),
    ],
)
def test_a_channel_says_which(text: str | None, usual: int, expected: tuple[str, ...]) -> None:
    assert hashtags(CATEGORIES, tags(text) if text is not None else None, usual) == expected


def test_all_is_not_a_category() -> None:
    assert tags("on") == (ALL,) and tags("nei") == ()


@pytest.mark.parametrize("text", ["2024", "Robotikk=", "Robotikk=!!", "a, \U0001f680"])
def test_what_can_be_no_hashtag_is_told(text: str) -> None:
    with pytest.raises(Wrong):
        tags(text)
