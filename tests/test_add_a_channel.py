"""The page that tells how to add a kind is followed to the letter: its kind is found, and does what its file says."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import kinds
from bot.config.tables import about, page_of
from bot.model import Credentials, Receipt
from tests.goldens import cases_in, play

PAGE = (Path(__file__).parent.parent / "docs/add-a-channel.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def megaphone(tmp_path: Path) -> Iterator[kinds.Kind]:
    """The kind of the page, in a folder that is looked into like the kinds' own."""
    (tmp_path / "megaphone.py").write_text(block("python"), encoding="utf-8")
    kinds.__path__.append(str(tmp_path))
    try:
        yield kinds.load("megaphone")
    finally:
        kinds.__path__.remove(str(tmp_path))
        kinds.load.cache_clear()
        sys.modules.pop("bot.kinds.megaphone", None)


def test_the_kind_is_found_by_its_place(megaphone: kinds.Kind) -> None:
    assert "megaphone" in kinds.names()
    assert megaphone.retract and not megaphone.revise
    assert about(megaphone) == ("Megaphone, by its API", "https://megaphone.example/docs/messages")
    assert "`TOKEN` | The token of a sender" in page_of(megaphone)


def test_its_cases_come_out_as_the_page_lets_one_expect(megaphone: kinds.Kind) -> None:
    first, cases = cases_in(block("text"))
    shown = {case.name: play(megaphone.name, first, case) for case in cases}
    article = "\n".join(shown["an article as it usually is"])
    assert article.endswith("= sent id=m1")
    assert article.index("sølvmerket") < article.index("https://klynge.example/solv/") < article.index("Glem ikke")
    assert shown["the token was revoked"][-1].startswith("= Stopped: Megaphone says token_revoked: make a new token")
    assert shown["the message is taken back"][-1] == "= done"


def test_every_verb_is_in_the_table() -> None:
    assert set(re.findall(r"^  \| `(\w+)\(", PAGE, re.MULTILINE)) == {"publish", *kinds.VERBS}
    assert Receipt.__name__ in PAGE and Credentials.__name__ in PAGE
